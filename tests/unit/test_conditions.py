"""What people read: the six conditions, their reasons, and since when."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.conditions import merge, update
from shared.model import Cluster, Condition, Denial, Link, Record
from shared.roles import NETWORK_CONTRIBUTOR
from tests.unit.nouns import (
    NOW,
    PRINCIPAL,
    REGISTRY,
    SUBNET,
    at,
    cluster,
    grant,
    policy,
    progress,
    record,
    request,
)

EFFECTIVE = progress(
    written_at=NOW, readable_at=NOW, effective_at=NOW, evidence="Readable", deadline=at(hours=1)
)
PROVEN = progress(written_at=NOW, effective_at=NOW, evidence="Probe", deadline=at(hours=1))
PASSED = progress(written_at=NOW, effective_at=NOW, evidence="WindowPassed", deadline=NOW)
WRITTEN = progress(written_at=NOW, deadline=at(hours=1), reason="Written")


def said(known: Record, seen: Cluster | None, moment: Any = NOW) -> dict[str, tuple[str, str]]:
    found = update(known, seen, policy(), moment)
    return {condition.type: (condition.status, condition.reason) for condition in found}


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (record(request=request()), None, ("Unknown", "Requested")),
        (record(request=request(), put_at=NOW), None, ("Unknown", "Creating")),
        (record(seen_at=NOW, absent_since=NOW), None, ("Unknown", "NotFound")),
        (record(seen_at=NOW, absent_since=at(-60)), None, ("False", "Deleted")),
        (record(failure="QuotaExceeded: no cores"), None, ("False", "QuotaExceeded")),
        (record(), cluster(), ("True", "Succeeded")),
        (record(), cluster(provisioning_state="Creating"), ("Unknown", "Creating")),
        (record(), cluster(provisioning_state="Failed"), ("False", "ProvisioningFailed")),
        (record(), cluster(provisioning_state="Canceled"), ("False", "ProvisioningCanceled")),
        (record(), cluster(provisioning_state=""), ("Unknown", "Unknown")),
    ],
)
def test_cluster_provisioned(
    known: Record, seen: Cluster | None, expected: tuple[str, str]
) -> None:
    assert said(known, seen)["ClusterProvisioned"] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("True", "SystemAssigned")),
        ({"identity_type": "UserAssigned"}, ("True", "UserAssigned")),
        ({"service_principal": "MSI"}, ("True", "SystemAssigned")),
        ({"service_principal": ""}, ("True", "SystemAssigned")),
        ({"service_principal": "1234"}, ("False", "ServicePrincipal")),
        ({"identity_type": "None"}, ("False", "ServicePrincipal")),
    ],
)
def test_managed_identity(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert said(record(), cluster(**changes))["ManagedIdentity"] == expected


@pytest.mark.parametrize(
    ("grants", "assigned", "effective"),
    [
        ((), ("True", "NothingNeeded"), ("True", "NothingNeeded")),
        ((progress(),), ("Unknown", "Pending"), ("Unknown", "Pending")),
        ((WRITTEN,), ("True", "Written"), ("Unknown", "Written")),
        ((EFFECTIVE,), ("True", "Written"), ("True", "Readable")),
        ((PROVEN, PASSED), ("True", "Written"), ("True", "WindowPassed")),
        ((PROVEN, PASSED, EFFECTIVE), ("True", "Written"), ("True", "Readable")),
        ((PROVEN,), ("True", "Written"), ("True", "Probe")),
        ((EFFECTIVE, WRITTEN), ("True", "Written"), ("Unknown", "Written")),
        ((progress(grant=grant(refused="RoleNotAllowed")), EFFECTIVE), ("False", "RoleNotAllowed"),
         ("Unknown", "RoleNotAllowed")),
        ((progress(failing_since=NOW, reason="ScopeLocked"), EFFECTIVE), ("False", "ScopeLocked"),
         ("Unknown", "ScopeLocked")),
    ],
)  # fmt: skip
def test_roles_assigned_and_permissions_effective(
    grants: Any, assigned: tuple[str, str], effective: tuple[str, str]
) -> None:
    found = said(record(grants=grants), cluster())
    assert (found["RolesAssigned"], found["PermissionsEffective"]) == (assigned, effective)


REFUSED = progress(
    grant=grant(refused="ScopeNotAllowed"), reason="ScopeNotAllowed", message="az role …"
)
ODD = progress(
    grant=grant(refused="InvalidScope", scope="'x'", because="etcd encryption key"),
    reason="InvalidScope",
    message="keyId names no scope",
)
UNREAD = Link(REGISTRY, None, {}, NOW, at(60), "AuthorizationFailed", "not allowed to read it")
STALE = Link(REGISTRY, NOW, {}, NOW, at(60), "TooManyRequests", "slow down")
FAULT = "properties.agentPoolProfiles[0].vnetSubnetID is not a text"


def assigned(known: Record) -> Condition:
    found = update(known, cluster(), policy(), NOW)
    return next(c for c in found if c.type == "RolesAssigned")


def test_refused_grants_come_with_what_an_administrator_can_do() -> None:
    said_of = assigned(record(grants=(EFFECTIVE, REFUSED, ODD)))
    assert (said_of.status, said_of.reason) == ("False", "ScopeNotAllowed")
    assert said_of.message == (
        f"not granted: controlPlane: Network Contributor at {SUBNET}; "
        "controlPlane: Network Contributor at 'x'; "
        "keyId names no scope; an administrator can run: az role …"
    )


def test_a_refused_grant_that_somebody_else_made_is_as_good_as_ours() -> None:
    made = replace(EFFECTIVE, grant=REFUSED.grant)
    found = said(record(grants=(made,)), cluster())
    assert found["RolesAssigned"] == ("True", "Written")
    assert found["Ready"] == ("True", "Readable")


def test_a_property_that_could_not_be_read_is_named() -> None:
    said_of = assigned(record(grants=(EFFECTIVE,), faults=(FAULT, "tags.a is not a text")))
    assert (said_of.status, said_of.reason) == ("False", "InvalidProperty")
    assert said_of.message == f"{FAULT}; tags.a is not a text"


def test_a_message_names_twenty_and_counts_the_rest() -> None:
    faults = tuple(f"tags.t{number} is not a text" for number in range(25))
    message = assigned(record(faults=faults)).message
    assert message == f"{'; '.join(faults[:20])}; and 5 more"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (record(grants=(REFUSED,), faults=(FAULT,), links=(UNREAD,)), ("False", "ScopeNotAllowed")),
        (record(faults=(FAULT,), links=(UNREAD,)), ("False", "InvalidProperty")),
        (record(grants=(WRITTEN,), links=(UNREAD,)), ("Unknown", "AuthorizationFailed")),
        (record(grants=(WRITTEN,), links=(STALE,)), ("True", "Written")),
        (record(links=(Link(REGISTRY, NOW),)), ("True", "NothingNeeded")),
    ],
)
def test_what_is_known_for_sure_is_said_first(known: Record, expected: tuple[str, str]) -> None:
    assert said(known, cluster())["RolesAssigned"] == expected


def test_a_resource_that_cannot_be_read_is_named() -> None:
    said_of = assigned(record(links=(STALE, UNREAD)))
    assert said_of.message == f"cannot be read: {REGISTRY}: not allowed to read it"
    silent = assigned(record(links=(replace(UNREAD, message=""),)))
    assert silent.message == f"cannot be read: {REGISTRY}: AuthorizationFailed"


def test_ready_is_true_when_all_are_and_says_by_what_evidence() -> None:
    assert said(record(grants=(PASSED,)), cluster())["Ready"] == ("True", "WindowPassed")


def test_ready_gives_the_first_reason_that_is_in_its_way() -> None:
    creating = cluster(provisioning_state="Creating")
    assert said(record(grants=(progress(),)), creating)["Ready"] == ("False", "Creating")
    assert said(record(grants=(progress(),)), cluster())["Ready"] == ("False", "Pending")
    assert said(record(), cluster(identity_type="None"))["Ready"] == ("False", "ServicePrincipal")


def test_late_is_false_and_names_the_grant() -> None:
    found = update(record(grants=(WRITTEN,)), cluster(), policy(), at(hours=1))
    effective = next(c for c in found if c.type == "PermissionsEffective")
    assert (effective.status, effective.reason) == ("False", "WindowExceeded")
    assert f"controlPlane: Network Contributor at {SUBNET}" in effective.message


def test_nothing_is_late_of_a_cluster_that_is_gone() -> None:
    gone = record(grants=(WRITTEN,), seen_at=NOW, absent_since=NOW)
    found = {c.type: (c.status, c.reason) for c in update(gone, None, policy(), at(hours=1))}
    assert found["PermissionsEffective"] == ("Unknown", "NoCluster")


def test_since_moves_only_with_the_status() -> None:
    first = merge((), {"Ready": ("False", "A", "")}, NOW)
    second = merge(first, {"Ready": ("False", "B", "new")}, at(60))
    third = merge(second, {"Ready": ("True", "C", "")}, at(120))
    assert second == (Condition("Ready", "False", "B", "new", NOW),)
    assert third == (Condition("Ready", "True", "C", "", at(120)),)


def test_a_stall_ends_with_the_next_turn() -> None:
    stalled = merge((), {"Stalled": ("True", "Poisoned", "")}, NOW)
    assert said(record(conditions=stalled), cluster())["Stalled"] == ("False", "Reconciled")
    assert "Stalled" not in said(record(), cluster())


def test_an_identity_of_an_unknown_type_is_not_called_a_service_principal() -> None:
    seen = cluster(identity_type="Unknown")
    conditions = {c.type: c for c in update(record(), seen, policy(), NOW)}
    assert conditions["ManagedIdentity"].reason == "UnknownIdentity"
    assert conditions["RolesAssigned"].reason == "UnknownIdentity"


def test_what_was_only_read_for_want_of_a_probe_says_why() -> None:
    stuck = replace(EFFECTIVE, reason="ProbeCannotRun", message="RunCommandDisabled")
    found = update(record(grants=(PROVEN, stuck)), cluster(), policy(), NOW)
    effective = next(each for each in found if each.type == "PermissionsEffective")
    assert (effective.status, effective.reason) == ("True", "Readable")
    assert "the probe cannot run (RunCommandDisabled)" in effective.message
    assert SUBNET in effective.message


DENIAL = Denial(
    "controlPlane", "Microsoft.Network/publicIPAddresses/join/action", REGISTRY, "a probe", NOW
)


def effective(known: Record, text: str = "", moment: Any = NOW) -> Condition:
    found = update(known, cluster(), policy(text), moment)
    return next(c for c in found if c.type == "PermissionsEffective")


def test_late_says_what_was_found_in_the_way() -> None:
    late = replace(WRITTEN, diagnosis="deny assignment 'x'")
    said_of = effective(record(grants=(late,)), moment=at(hours=1))
    assert said_of.message == (
        f"late: controlPlane: Network Contributor at {SUBNET} (deny assignment 'x')"
    )


@pytest.mark.parametrize("reason", ["DenyAssignment", "RoleLacksAction"])
def test_what_no_waiting_helps_is_false_at_once(reason: str) -> None:
    blocked = replace(WRITTEN, readable_at=NOW, reason=reason, message="why")
    said_of = effective(record(grants=(EFFECTIVE, blocked)))
    assert (said_of.status, said_of.reason) == ("False", reason)
    assert said_of.message == f"cannot work: controlPlane: Network Contributor at {SUBNET} (why)"


def test_a_denial_that_no_grant_answers_is_shown_whatever_else_is_true() -> None:
    said_of = effective(record(grants=(EFFECTIVE,), denials=(DENIAL,)))
    assert (said_of.status, said_of.reason) == ("True", "Readable")
    assert said_of.message == (
        f"a probe says that controlPlane is denied {DENIAL.action} at {REGISTRY}: "
        "policy has no role for it there"
    )


def test_a_denial_that_policy_has_a_role_for_comes_with_the_line_or_as_a_grant() -> None:
    known = record(denials=(replace(DENIAL, role=NETWORK_CONTRIBUTOR),))
    line = effective(known).message.partition("an administrator can run: ")[2]
    assert line.startswith(f"az role assignment create --assignee-object-id {PRINCIPAL} ")
    assert effective(known, "propagation: { learn: true }\n").message == ""


def test_a_cluster_that_failed_for_want_of_a_role_comes_with_what_to_do() -> None:
    failure = "AuthorizationFailed: no"
    found = update(record(), cluster(provisioning_state="Failed", failure=failure), policy(), NOW)
    said_of = next(c for c in found if c.type == "ClusterProvisioned")
    assert said_of.message.startswith(f"{failure}; once its roles work: az aks update ")
