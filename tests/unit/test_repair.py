"""When a Failed cluster's PUT is sent again: by table."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.model import Cluster, Progress, Record
from shared.profiles import REQUEST_TAG
from shared.repair import MOST, advice, due, lacks_permission, tried
from tests.unit.nouns import (
    KUBELET_PRINCIPAL,
    NET,
    NOW,
    PRINCIPAL,
    SUBNET,
    at,
    cluster,
    grant,
    progress,
    record,
    request,
)

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
THERE = progress(written_at=NOW, readable_at=NOW, effective_at=NOW, evidence="Readable")
OURS = record(request=request(), put_at=NOW)


def text(principal: str = PRINCIPAL, scope: str = SUBNET) -> str:
    return (
        f"LinkedAuthorizationFailed: The client 'c' with object id '{principal}' has permission to "
        f"perform action 'A.B/write' on scope '/x'; however, it does not have permission to "
        f"perform action '{JOIN}' on the linked scope(s) '{scope}' or the linked scope(s) are "
        "invalid."
    )


def failed(**changes: Any) -> Cluster:
    usual = cluster(provisioning_state="Failed", tags={REQUEST_TAG: "r-1"}, etag="e")
    return replace(usual, **{"failure": text(), **changes})


@pytest.mark.parametrize(
    ("failure", "lacks"),
    [
        (text(), True),
        ("AuthorizationFailed: in other words", True),
        ("CustomPrivateDNSZoneMissingPermissionError: no", True),
        (f"ControlPlaneAddOnsNotReady: {text()}", True),
        ("RequestDisallowedByPolicy: no", False),
        ("QuotaExceeded: no", False),
        ("InvalidParameter: AuthorizationFailed is no name", False),
        ("", False),
    ],
)
def test_a_lack_of_permission_is_told_from_other_failures(failure: str, lacks: bool) -> None:
    assert lacks_permission(failed(failure=failure)) is lacks


@pytest.mark.parametrize("state", ["Succeeded", "Updating", "Canceled", "Deleting"])
def test_only_a_failed_cluster_lacks_anything(state: str) -> None:
    assert not lacks_permission(failed(provisioning_state=state))


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (replace(OURS, request=None), {}),
        (replace(OURS, put_at=None), {}),
        (OURS, {"tags": {}}),
        (OURS, {"tags": {REQUEST_TAG: "another"}}),
        (OURS, {"etag": ""}),
        (OURS, {"failure": "QuotaExceeded: no"}),
        (OURS, {"provisioning_state": "Succeeded"}),
        (replace(OURS, repairs=MOST), {}),
    ],
)
def test_not_every_cluster_is_sent_again(known: Record, changes: dict[str, Any]) -> None:
    assert due(replace(known, grants=(THERE,)), failed(**changes)) is None


@pytest.mark.parametrize(
    ("grants", "sent"),
    [
        ((THERE,), True),
        ((), False),
        ((progress(),), False),
        ((progress(written_at=NOW),), False),
        ((progress(written_at=NOW, readable_at=NOW, reason="AwaitingProbe"),), True),
        ((progress(written_at=NOW, readable_at=NOW, reason="DenyAssignment"),), False),
        ((progress(written_at=NOW, readable_at=NOW, reason="RoleLacksAction"),), False),
        ((progress(grant=grant(refused="RoleNotAllowed")),), False),
        ((THERE, progress(grant=grant(scope=f"{NET}/routeTables/r"))), False),
        ((THERE, progress(grant=grant(principal_id=KUBELET_PRINCIPAL))), True),
        ((replace(THERE, grant=grant(scope=f"{NET}/routeTables/r")),), False),
    ],
)
def test_it_is_sent_when_what_the_refused_identity_needs_is_there(
    grants: tuple[Progress, ...], sent: bool
) -> None:
    assert (due(replace(OURS, grants=grants), failed()) is not None) is sent


def test_without_a_name_in_the_text_all_that_is_known_has_to_be_there() -> None:
    unnamed = failed(failure="AuthorizationFailed: no")
    other = progress(grant=grant(principal_id=KUBELET_PRINCIPAL))
    absent = progress(grant=grant(principal_id=""))
    assert due(replace(OURS, grants=(THERE, other)), unnamed) is None
    assert due(replace(OURS, grants=(THERE, absent)), unnamed) == NOW


def test_each_gap_is_longer_and_the_last_is_the_window() -> None:
    window = timedelta(minutes=60)
    known = replace(OURS, grants=(THERE,), failing_since=NOW)
    first = tried(known, window, NOW)
    assert (first.repairs, first.repair_at, first.failing_since) == (1, at(minutes=10), None)
    second = tried(first, window, at(minutes=10))
    assert (second.repairs, second.repair_at) == (2, at(minutes=70))
    assert due(second, failed()) == at(minutes=70)
    assert due(tried(second, window, at(minutes=70)), failed()) is None


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (OURS, "it is sent again once its roles work (0 of 3 times so far)"),
        (replace(OURS, repairs=MOST), "it was sent again 3 times, in vain; once its roles work: "),
        (record(), "once its roles work: az aks update --subscription "),
    ],
)
def test_people_are_told_what_happens_or_what_to_run(known: Record, says: str) -> None:
    assert advice(known, failed()).startswith(says)


def test_of_other_failures_nothing_is_said() -> None:
    assert advice(OURS, failed(failure="QuotaExceeded: no")) == ""
