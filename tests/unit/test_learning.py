"""What a 403 teaches of a cluster's own identities, and what it does not."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.errors import Transient
from shared.learning import forgotten_at, heard, unanswered
from shared.model import CONTROL_PLANE, KUBELET, Denial, Progress, Record
from shared.permissions import Permissions, RoleDefinition
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.unit.nouns import (
    KUBELET_PRINCIPAL,
    NET,
    NOW,
    PRINCIPAL,
    SUB,
    SUBNET,
    at,
    cluster,
    grant,
    policy,
    progress,
    record,
)

JOIN = "Microsoft.Network/publicIPAddresses/join/action"
ADDRESS = f"{NET}/publicIPAddresses/a"
PRINCIPALS = {CONTROL_PLANE: PRINCIPAL, KUBELET: KUBELET_PRINCIPAL}
DENIAL = Denial(CONTROL_PLANE, JOIN, ADDRESS, "a probe", NOW)
LEARN = policy("propagation: { learn: true }\n")
ROLES = {
    NETWORK_CONTRIBUTOR: ("Microsoft.Network/*",),
    ACR_PULL: ("Microsoft.ContainerRegistry/registries/pull/read",),
}


def text(principal: str = PRINCIPAL, action: str = JOIN, scope: str = ADDRESS) -> str:
    return (
        f"The client 'c' with object id '{principal}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid."
    )


def definition(role: str, _: str) -> RoleDefinition | None:
    if role not in ROLES:
        return None
    return RoleDefinition(role, role, custom=False, permissions=(Permissions(ROLES[role]),))


def left(
    *denials: Denial,
    grants: tuple[Progress, ...] = (),
    now: datetime = NOW,
    learn: bool = True,
) -> tuple[Denial, ...]:
    known: Record = record(grants=grants)
    rules = LEARN if learn else policy()
    return unanswered(denials, known, cluster(), rules, (SUB,), definition, now)


def test_a_denial_of_an_own_identity_is_heard() -> None:
    assert heard((), [text()], PRINCIPALS, "a probe", NOW) == (DENIAL,)


def test_a_denial_of_anybody_else_is_not() -> None:
    stranger = "bbbbbbbb-0000-4000-8000-000000000009"
    assert heard((), [text(stranger), "no denial", ""], PRINCIPALS, "a probe", NOW) == ()


def test_an_identity_without_a_principal_hears_nothing() -> None:
    assert heard((), [text("")], {CONTROL_PLANE: ""}, "a probe", NOW) == ()


def test_the_same_denial_heard_again_is_one_with_the_latest_time_and_its_role() -> None:
    known = replace(DENIAL, role=NETWORK_CONTRIBUTOR)
    again = heard((known,), [text(), text(action=JOIN.upper())], PRINCIPALS, "a probe", at(60))
    assert [(d.at, d.role) for d in again] == [(at(60), NETWORK_CONTRIBUTOR)]


def test_a_flood_pushes_out_nothing_that_is_known() -> None:
    flood = [text(scope=f"{ADDRESS}{number}") for number in range(50)]
    known = heard((DENIAL,), flood, PRINCIPALS, "a probe", NOW)
    assert len(known) == 10
    assert DENIAL in known
    assert heard(known, flood, PRINCIPALS, "a probe", NOW) == known


@given(st.lists(st.text(), max_size=5))
def test_no_text_is_too_odd(texts: list[str]) -> None:
    assert heard((), texts, PRINCIPALS, "a probe", NOW) == ()


def test_the_role_that_would_give_it_is_found() -> None:
    assert left(DENIAL) == (replace(DENIAL, role=NETWORK_CONTRIBUTOR),)


@pytest.mark.parametrize(
    "denial",
    [
        replace(DENIAL, action="Microsoft.Compute/virtualMachines/write"),
        replace(DENIAL, scope=ADDRESS.replace("net-main", "elsewhere")),
        replace(DENIAL, scope=ADDRESS.replace(SUB, "99999999-2222-3333-4444-555555555555")),
    ],
)
def test_what_policy_has_no_role_for_has_none(denial: Denial) -> None:
    assert left(denial) == (denial,)


@pytest.mark.parametrize(
    "scope",
    [
        f"/subscriptions/{SUB}",
        "/",
        f"/subscriptions/{SUB}/resourceGroups/MC_clusters_c1_westus2",
        f"/subscriptions/{SUB}/resourceGroups/mc_clusters_c1_westus2/providers"
        "/Microsoft.Network/loadBalancers/kubernetes",
    ],
)
def test_above_groups_and_in_akss_own_group_nothing_is_to_be_done(scope: str) -> None:
    assert left(replace(DENIAL, scope=scope)) == ()


def test_an_identity_that_is_gone_has_no_denials() -> None:
    assert left(replace(DENIAL, identity="addon:gone")) == ()


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        ({}, True),
        ({"scope": f"/subscriptions/{SUB}/resourceGroups/net-main"}, True),
        ({"scope": SUBNET}, False),
        ({"role": ACR_PULL}, False),
        ({"identity": KUBELET}, False),
    ],
)
def test_a_written_grant_that_gives_it_answers_it(changes: dict[str, str], answers: bool) -> None:
    there = progress(grant=grant(**{"scope": ADDRESS, **changes}), written_at=NOW)
    assert (left(DENIAL, grants=(there,)) == ()) is answers


def test_a_grant_that_is_not_written_answers_nothing() -> None:
    assert left(DENIAL, grants=(progress(grant=grant(scope=ADDRESS)),)) != ()


def test_what_has_led_to_a_grant_stays_with_it() -> None:
    known = replace(DENIAL, role=NETWORK_CONTRIBUTOR)
    there = progress(grant=grant(scope=ADDRESS), written_at=NOW)
    assert left(known, grants=(there,), now=at(days=30)) == (known,)
    assert left(known, grants=(there,), now=at(days=30), learn=False) == ()


def test_a_role_that_policy_no_longer_allows_is_taken_back() -> None:
    known = replace(DENIAL, role=NETWORK_CONTRIBUTOR, scope=ADDRESS.replace("net-main", "x"))
    assert left(known) == (replace(known, role=""),)


def test_what_is_only_shown_is_forgotten() -> None:
    end = forgotten_at(DENIAL, LEARN)
    assert left(DENIAL, now=end - timedelta(seconds=1), learn=False) != ()
    assert left(DENIAL, now=end, learn=False) == ()


def test_roles_that_cannot_be_read_now_lose_no_denial() -> None:
    def unreadable(role: str, _: str) -> RoleDefinition | None:
        raise Transient("NoAnswer", role)

    known = unanswered((DENIAL,), record(), cluster(), LEARN, (SUB,), unreadable, NOW)
    assert known == (DENIAL,)
