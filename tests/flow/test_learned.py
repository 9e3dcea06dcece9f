"""A 403 that the cluster tells of names what is missing: shown always; granted only if policy says
that denials teach, only to the cluster's own identities, and only what `grantable` allows."""

from typing import Any

import pytest

from infra.emulator.cluster_links import ADDRESS_JOIN, Link
from shared.model import CONTROL_PLANE, Progress
from shared.roles import BUILT_IN_ROLES, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import disguise, put, put_role, run_line
from tests.flow.town import POLICY, Town

OPTIONS = "propagation: {{ verify: probe, learn: {} }}\n"
SHOWING = POLICY.read_bytes() + OPTIONS.format("false").encode()
LEARNING = POLICY.read_bytes() + OPTIONS.format("true").encode()
LEAST = "cccccccc-1111-4222-8333-444444444444"
ALSO_LEAST = f"""  - roles: [{LEAST}]
    scopes: [/subscriptions/*/resourceGroups/net-*]
grants:""".encode()
ADDRESSES = "Microsoft.Network/publicIPAddresses"


def use_address(town: Town, group: str = "net-main") -> str:
    """A Service of the cluster brings an address that no JSON of the cluster shows; its id."""
    address = put(town, ADDRESSES, "ingress", group)
    town.cluster().uses.append(Link(address, ADDRESS_JOIN, "Service"))
    return address


def learned(town: Town) -> list[Progress]:
    loaded = town.app.store.load(town.id_of())
    grants = loaded[0].grants if loaded else ()
    return [p for p in grants if p.grant.source.startswith("learned")]


def message(town: Town, condition: str = "PermissionsEffective") -> str:
    found = town.record().condition(condition)
    return found.message if found else ""


def fail(town: Town, principal: str, action: str, scope: str) -> None:
    """ARM shows the cluster as failed by this 403."""
    text = (
        f"The client 'x' with object id '{principal}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid."
    )

    def change(document: Any) -> None:
        document["properties"]["provisioningState"] = "Failed"
        error = {"code": "AuthorizationFailed", "message": text}
        document["properties"]["status"] = {"provisioningError": {"error": error}}

    disguise(town, change)


def test_what_a_service_is_denied_is_granted_and_marked(found_town: Found) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    address = use_address(town)
    principal = town.cluster().control_plane_principal_id
    town.run_until(lambda: (principal, NETWORK_CONTRIBUTOR, address.lower()) in town.grants_made())
    (grant,) = learned(town)
    assert grant.grant.source == "learned from a probe"
    assert grant.grant.because == ADDRESS_JOIN
    assert grant.grant.identity == CONTROL_PLANE
    town.run_until(town.ready)
    town.run(180)
    assert len(learned(town)) == 1
    assert town.ready()


def test_a_lost_record_forgets_the_lesson_but_removes_nothing(found_town: Found) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    use_address(town)
    town.run_until(lambda: bool(learned(town)) and town.ready())
    before = town.grants_made()
    town.forget()
    town.run(30)
    assert town.grants_made() == before


def test_the_role_with_the_least_besides_is_chosen(found_town: Found) -> None:
    town = found_town(LEARNING.replace(b"grants:", ALSO_LEAST, 1))
    put_role(town, LEAST, ADDRESS_JOIN, f"{ADDRESSES}/read")
    town.make_cluster()
    use_address(town)
    town.run_until(lambda: bool(learned(town)))
    assert [p.grant.role for p in learned(town)] == [LEAST]


def test_by_default_a_denial_is_shown_with_the_line_for_an_administrator(
    found_town: Found,
) -> None:
    town = found_town(SHOWING)
    town.make_cluster()
    address = use_address(town)
    town.run(30)
    assert learned(town) == []
    assert address.lower() not in {scope for _, _, scope in town.grants_made()}
    shown = message(town)
    assert f"a probe says that controlPlane is denied {ADDRESS_JOIN} at {address}" in shown
    line = shown.partition("an administrator can run: ")[2]
    run_line(town, line)
    town.run(300)
    assert address not in message(town)


def test_what_policy_has_no_role_for_is_shown_only(found_town: Found) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    address = use_address(town, "elsewhere")
    town.run(30)
    assert learned(town) == []
    assert f"{address}: policy has no role for it there" in message(town)


def test_a_grant_that_only_has_to_take_effect_teaches_nothing(found_town: Found) -> None:
    town = found_town(LEARNING, effective_seconds=(2400, 2400))
    town.make_cluster()
    town.run(5)
    while town.calls("POST", "runCommand") < 6:
        town.run(0.5)
        assert learned(town) == []
        assert town.record().denials == ()


def test_a_failed_clusters_own_text_teaches_too(found_town: Found) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    town.run_until(town.ready)
    address = put(town, ADDRESSES, "outbound")
    principal = town.cluster().control_plane_principal_id
    fail(town, principal, ADDRESS_JOIN, address)
    town.run_until(lambda: (principal, NETWORK_CONTRIBUTOR, address.lower()) in town.grants_made())
    assert [p.grant.source for p in learned(town)] == ["learned from the cluster's failure"]


@pytest.mark.parametrize(
    ("whose", "action", "where"),
    [
        ("operator", ADDRESS_JOIN, "{net}/providers/Microsoft.Network/publicIPAddresses/a"),
        ("app", ADDRESS_JOIN, "{net}/providers/Microsoft.Network/publicIPAddresses/a"),
        ("ours", "Microsoft.Authorization/roleAssignments/write", "{net}"),
        ("ours", "Microsoft.Compute/virtualMachines/write", "{net}"),
        ("ours", ADDRESS_JOIN, "/subscriptions/{sub}"),
        ("ours", ADDRESS_JOIN, "/providers/Microsoft.Management/managementGroups/root"),
        ("ours", ADDRESS_JOIN, "{net}/providers/Microsoft.Network/publicIPAddresses/../../x"),
        ("ours", ADDRESS_JOIN, "/subscriptions/{sub}/resourceGroups/elsewhere"),
        ("ours", ADDRESS_JOIN, "/subscriptions/{other}/resourceGroups/net-main"),
    ],
)
def test_no_text_yields_a_grant_beyond_policy_or_for_anybody_else(
    found_town: Found, whose: str, action: str, where: str
) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    town.run_until(town.ready)
    before = town.grants_made()
    principals = {
        "operator": town.azure.operator.object_id,
        "app": town.azure.app_identity.object_id,
        "ours": town.cluster().control_plane_principal_id,
    }
    net = f"/subscriptions/{town.subscription}/resourceGroups/net-main"
    other = BUILT_IN_ROLES["Reader"]
    fail(town, principals[whose], action, where.format(net=net, sub=town.subscription, other=other))
    town.run(30)
    assert town.grants_made() == before


def test_a_flood_of_denials_is_bounded(found_town: Found) -> None:
    town = found_town(LEARNING)
    town.make_cluster()
    for number in range(30):
        address = put(town, ADDRESSES, f"a{number}")
        town.cluster().uses.append(Link(address, ADDRESS_JOIN, "Service"))
    town.run(45)
    assert 5 < len(town.record().denials) <= 10
    assert 5 < len(learned(town)) <= 10
