"""Everything about the emulator that can be turned, with its default, and how to read changes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Range = tuple[Seconds, Seconds]
"""A lowest and a highest number of emulated seconds; values are drawn evenly between them."""


@dataclass(frozen=True)
class Knobs:
    """All tunables. Times are emulated seconds unless said otherwise; ranges are (low, high).

    The defaults are Azure's own figures where they are known: a cluster took 3:45 to 5:46 in the
    recordings of the Azure CLI's tests; role assignments act within 10 minutes (Azure RBAC page).
    """

    seed: int = 0
    """All identifiers and drawn times follow from it."""
    subscriptions: Annotated[int, msgspec.Meta(ge=1)] = 1
    """How many subscriptions exist (read at start only)."""
    subscription_ids: tuple[str, ...] = ()
    """Their ids, instead of so many made-up ones (read at start only)."""
    location: str = "westus2"
    """Where the app's own resource group lies (read at start only)."""

    provisioning_seconds: Range = (225.0, 346.0)
    """From the PUT of a new cluster to its terminal state."""
    update_seconds: Range = (60.0, 120.0)
    """From the PUT or PATCH of an existing cluster or agent pool to its terminal state."""
    deletion_seconds: Range = (120.0, 240.0)
    """From the DELETE of a cluster or agent pool to its absence."""
    provisioning_checks_access: bool = False
    """Whether a cluster's PUT ends as Failed while its identity may not join its subnets or
    addresses, as it can with API server VNet integration (aks/api-server-vnet-integration)."""
    group_deletion_seconds: Range = (30.0, 60.0)
    """From the DELETE of a resource group to its absence."""
    run_command_seconds: Range = (5.0, 15.0)
    """From the POST of a run command to its result."""
    run_command_cut_probability: Probability = 0.0
    """How often a run command is cut off after some of its steps: its pod or its node is gone."""
    retry_after_seconds: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Retry-After (wall seconds) on polls of long-running operations; 0 sends none."""

    app_roles: tuple[str, ...] = ("Contributor", "Role Based Access Control Administrator")
    """Built-in roles of the app's own identity on every subscription (read at start only), until
    `PUT /_emulator/app-rights` tells others."""
    token_lifetime_seconds: int = 86_400
    """Life of access tokens, in wall seconds, since clients judge it by their own clocks."""
    unregistered_providers: tuple[str, ...] = ()
    """Resource providers that answer 409 MissingSubscriptionRegistration until registered."""

    throttled: bool = False
    """Whether the app is held to ARM's limits: 429 when its bucket of requests is empty."""
    page_size: Annotated[int, msgspec.Meta(ge=1)] = 1000
    """Most items of a page of clusters or role assignments; `nextLink` leads to the rest. Azure
    documents no number."""
    stale_read_probability: Probability = 0.0
    """How often a GET is answered with what the same GET would have said before the last change."""
    stale_read_seconds: Seconds = 30.0
    """How old such an answer may be."""

    readable_seconds: Range = (0.0, 0.0)
    """From the PUT of a role assignment until reads show it."""
    effective_seconds: Range = (60.0, 600.0)
    """From the PUT of a role assignment until it takes effect."""
    effective_distribution: Literal["uniform", "lognormal"] = "uniform"
    """`lognormal` has a long tail: one draw in twenty lies above `effective_seconds`."""
    principal_replication_seconds: Seconds = 60.0
    """How long a role assignment without principalType says PrincipalNotFound for a new one."""
    role_assignment_limit: int = 4000
    """Role assignments per subscription, those of groups and resources included."""

    events_at_acceptance: bool = False
    """Raise an event for a cluster's PUT at once, too, not only at its terminal state."""
    event_drop_probability: Probability = 0.0
    """How often an event is lost for good."""
    event_duplicate_probability: Probability = 0.0
    """How often an event is delivered twice."""
    event_delay_probability: Probability = 0.0
    """How often an event is late by `event_delay_seconds`."""
    event_delay_seconds: Range = (30.0, 600.0)
    """How late a late event is."""
    event_reorder_probability: Probability = 0.0
    """How often an event is overtaken by the next one."""
    event_retry_seconds: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)] = (
        *(10.0, 30.0, 60.0, 300.0, 600.0, 1800.0),
        *(3600.0, 10_800.0, 21_600.0, 43_200.0),
    )
    """Waits before delivery attempts; the last one repeats."""
    webhook_timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How long a webhook may take to answer, in wall seconds."""

    def changed(self, changes: Mapping[str, Any]) -> Knobs:
        """A copy with some values replaced; ValueError names what is unknown or ill-formed."""
        known = {each.name for each in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"no such knob: {', '.join(unknown)}; there are {', '.join(known)}")
        try:
            knobs = msgspec.convert({**dataclasses.asdict(self), **changes}, Knobs)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None
        for name in _RANGES & set(changes):
            low, high = getattr(knobs, name)
            if high < low:
                raise ValueError(f"{name}: the range {low:g}-{high:g} ends below its start")
        return knobs


# Annotations are text here (PEP 563).
_RANGES = {each.name for each in dataclasses.fields(Knobs) if each.type == "Range"}


def parse_range(text: str) -> Range:
    """'3-5' or '4' as a range of seconds; ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?", text.strip())
    if not found:
        raise ValueError(f"expected SECONDS or LOW-HIGH, not {text!r}")
    return float(found[1]), float(found[2] or found[1])


def parse_setting(text: str) -> tuple[str, Any]:
    """'NAME=VALUE' from the command line: VALUE is JSON, LOW-HIGH, or else plain text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"expected NAME=VALUE, not {text!r}")
    if name in _RANGES:
        return name, parse_range(value)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
