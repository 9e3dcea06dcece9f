"""The line of a pass: names that stay, numbers that add up."""

from datetime import timedelta
from typing import Any

import pytest

from shared.glance import Glance
from shared.tally import Tally, quota_passed
from tests.unit.nouns import NOW


def known(**changes: Any) -> Glance:
    fields: dict[str, Any] = {
        **dict.fromkeys(("cluster_id", "resource_uid", "body", "policy", "reason"), ""),
        **dict.fromkeys(("settled", "deleted", "seen", "untold", "provisioned"), False),
        **dict.fromkeys(("since", "turn_at", "requeue_at"), None),
        "ready": "Unknown",
        "held": {},
        "grants": {},
    }
    return Glance(**{**fields, **changes})


def line(*seen: Glance) -> dict[str, str]:
    tally = Tally()
    for each in seen:
        tally.see(each)
    parts = (part.partition("=") for part in tally.line(NOW).split())
    return {name: number for name, _, number in parts}


def test_clusters_are_counted_by_ready_and_reason_and_grants_by_state() -> None:
    ready = known(ready="True", reason="Probe", settled=True, grants={"effective": 3})
    late = known(ready="False", reason="WindowExceeded", grants={"effective": 1, "readable": 2})
    assert line(ready, ready, late) == {
        "clusters": "3",
        "ready.True.Probe": "2",
        "ready.False.WindowExceeded": "1",
        "grants.effective": "7",
        "grants.readable": "2",
        "oldest_unready_seconds": "0",
    }


def test_the_age_is_that_of_the_cluster_that_is_not_ready_for_longest() -> None:
    old = known(since=NOW - timedelta(seconds=70))
    young = known(since=NOW - timedelta(seconds=7))
    settled = known(ready="False", settled=True, since=NOW - timedelta(days=1))
    assert line(young, old, settled)["oldest_unready_seconds"] == "70"


def test_what_is_gone_is_history() -> None:
    assert line(known(deleted=True, since=NOW - timedelta(days=9))) == {
        "oldest_unready_seconds": "0"
    }


@pytest.mark.parametrize(
    ("assignments", "percent"), [(0, 0), (3199, 0), (3200, 80), (3599, 80), (3600, 90), (4000, 90)]
)
def test_a_subscription_that_fills_up_is_told_at_80_and_at_90_percent(
    assignments: int, percent: int
) -> None:
    assert quota_passed(assignments) == percent
