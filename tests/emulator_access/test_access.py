"""Who may do what, and from when on."""

from __future__ import annotations

import uuid

import pytest

from infra.emulator.deny_assignments import Denial
from infra.emulator.knobs import Knobs
from tests.emulator_access.conftest import Site, make_site
from tests.emulator_access.test_conditions import ACR_PULL, DELEGATE
from tests.emulator_access.test_role_assignments import refused

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"


def may(site: Site, action: str, scope: str) -> bool:
    """Whether the kubelet identity may."""
    return site.emulator.access.allows(site.kubelet.object_id, action, scope).allowed


def test_an_assignment_gives_nothing_until_it_is_effective(site: Site) -> None:
    site.assign(site.registry)
    site.emulator.advance(59)
    assert not may(site, PULL, site.registry)
    site.emulator.advance(1)
    assert may(site, PULL, site.registry)


def test_a_role_reaches_what_lies_below_its_scope_and_nothing_beside(site: Site) -> None:
    site.assign(site.network, "Network Contributor")
    site.emulator.advance(60)
    assert may(site, JOIN, site.subnet.upper())
    assert not may(site, JOIN, f"{site.network}2/subnets/nodes")
    assert not may(site, PULL, site.registry)


def test_a_removed_assignment_gives_nothing(site: Site) -> None:
    made = site.assign(site.registry)
    site.emulator.advance(60)
    site.owner.role_assignments.delete(site.registry, made.name)
    assert not may(site, PULL, site.registry)


def test_an_assignment_may_be_told_never_to_take_effect(site: Site) -> None:
    made = site.assign(site.registry)
    site.emulator.role_assignments.set_effective_at(made.name, None)
    site.emulator.advance(86_400)
    assert not may(site, PULL, site.registry)


def test_the_delay_depends_on_seed_and_name_only() -> None:
    assigned = [str(uuid.uuid4()) for _ in range(3)]
    moments = []
    for order in (assigned, assigned[::-1]):
        site = make_site(Knobs(seed=5, effective_seconds=(60.0, 600.0)))
        for name in order:
            body = site.body(principalId=str(uuid.uuid4()))
            site.owner.role_assignments.create(site.registry, name, body)
        made = {each.name: each for each in site.emulator.role_assignments.at(site.registry)}
        moments.append([made[name].effective_at for name in assigned])
        site.emulator.close()
    assert moments[0] == moments[1]
    assert len(set(moments[0])) == 3


def test_a_long_tail_reaches_past_the_range_one_time_in_twenty() -> None:
    site = make_site(Knobs(effective_seconds=(60.0, 600.0), effective_distribution="lognormal"))
    for _ in range(300):
        site.assign(site.registry, principalId=str(uuid.uuid4()))
    start = site.emulator.world.clock.now()
    late = [
        each
        for each in site.emulator.role_assignments.at(site.registry)
        if each.effective_at and (each.effective_at - start).total_seconds() > 600
    ]
    assert 0 < len(late) < 60
    site.emulator.close()


def test_the_refusal_has_azures_words(site: Site) -> None:
    nobody = site.kubelet
    status, code, message = refused(
        site.client(nobody).role_assignments.create,
        site.registry,
        "11111111-1111-1111-1111-111111111111",
        site.body(),
    )
    assert (status, code) == (403, "AuthorizationFailed")
    assert message == (
        f"The client '{nobody.client_id}' with object id '{nobody.object_id}' does not have "
        "authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over "
        f"scope '{site.registry}/providers/Microsoft.Authorization/roleAssignments/"
        "11111111-1111-1111-1111-111111111111' or the scope is invalid. If access was recently "
        "granted, please refresh your credentials."
    )


class TestDelegate:
    """A principal that is RBAC Administrator under a condition: AcrPull to identities only."""

    @pytest.fixture
    def delegate(self, site: Site) -> Site:
        site.emulator.role_assignments.seed(
            site.group,
            site.kubelet.object_id,
            "Role Based Access Control Administrator",
            condition=DELEGATE,
        )
        return site

    def test_may_grant_and_revoke_what_the_condition_lists(self, delegate: Site) -> None:
        operations = delegate.client(delegate.kubelet).role_assignments
        name = str(uuid.uuid4())
        made = operations.create(delegate.registry, name, delegate.body())
        assert made.role_definition_id.endswith(ACR_PULL)
        assert operations.delete(delegate.registry, name).name == name

    @pytest.mark.parametrize(
        ("role", "changes"),
        [
            ("Owner", {}),
            ("AcrPull", {"principalType": "User"}),
            ("AcrPull", {"principalType": None}),
        ],
    )
    def test_may_grant_nothing_else(
        self, delegate: Site, role: str, changes: dict[str, str]
    ) -> None:
        operations = delegate.client(delegate.kubelet).role_assignments
        body = delegate.body(role, **changes)
        _, code, message = refused(operations.create, delegate.registry, str(uuid.uuid4()), body)
        assert code == "AuthorizationFailed"
        assert "or an ABAC condition not fulfilled to perform action" in message

    def test_may_not_revoke_another_role(self, delegate: Site) -> None:
        made = delegate.assign(delegate.registry, "Reader")
        operations = delegate.client(delegate.kubelet).role_assignments
        assert refused(operations.delete, delegate.registry, made.name)[0] == 403

    def test_may_grant_nothing_outside_its_scope(self, delegate: Site) -> None:
        operations = delegate.client(delegate.kubelet).role_assignments
        _, _, message = refused(
            operations.create, delegate.subscription, str(uuid.uuid4()), delegate.body()
        )
        assert "ABAC" not in message


def test_a_deny_assignment_wins_over_every_role(site: Site) -> None:
    write = "Microsoft.Authorization/roleAssignments/write"
    denial = site.emulator.deny_assignments.add(Denial(site.group, (write,), "managed"))
    _, code, message = refused(site.assign, site.registry)
    assert code == "DenyAssignmentAuthorizationFailed"
    assert denial.id in message
    shown = list(site.owner.deny_assignments.list_for_scope(site.registry, filter="atScope()"))
    assert [each.deny_assignment_name for each in shown] == ["managed"]
    assert shown[0].principals[0].type == "SystemDefined"
    assert site.owner.deny_assignments.get(site.group, denial.guid).is_system_protected
    site.emulator.deny_assignments.remove(denial.guid)
    site.assign(site.registry)


def test_a_deny_assignment_spares_whom_it_excludes_and_other_scopes(site: Site) -> None:
    operator = site.emulator.operator.object_id
    site.emulator.deny_assignments.add(
        Denial(site.group, ("*",), excluded=(operator,), this_scope_only=True)
    )
    site.assign(site.group)
    site.emulator.advance(60)
    assert not may(site, PULL, site.group)
    assert may(site, PULL, site.registry)


def test_permissions_are_the_callers_own(site: Site) -> None:
    site.emulator.role_assignments.seed(site.group, site.kubelet.object_id, "Reader")
    site.emulator.role_assignments.seed(site.registry, site.kubelet.object_id, "AcrPull")
    own = site.client(site.kubelet).permissions
    on_registry = own.list_for_resource(
        "shared", "Microsoft.ContainerRegistry", "", "registries", "images"
    )
    assert [each.actions for each in on_registry] == [["*/read"], [PULL]]
    assert [each.actions for each in own.list_for_resource_group("shared")] == [["*/read"]]
    assert [each.actions for each in site.owner.permissions.list_for_resource_group("shared")] == [
        ["*"]
    ]
