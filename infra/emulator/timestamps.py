"""Moments as ARM and Event Grid write them."""

from __future__ import annotations

from datetime import UTC, datetime


def arm_time(moment: datetime) -> str:
    """An aware moment in UTC with seven digits of fraction: '2026-01-01T00:04:00.0000000Z'."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
