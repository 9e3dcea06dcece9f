"""A short life in which the product uses every right that it has, and what people see of it.

The roles are the template's files, at scopes as narrow as the template makes them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from infra.stack import rights
from shared import policy_file, roles
from shared.delegation import condition
from shared.model import ADDON, CONTROL_PLANE, KUBELET
from tests.flow.conftest import Found
from tests.flow.ground import (
    made,
    message,
    principal_of,
    put,
    put_identity,
    put_registry,
    put_subnet,
    user_assigned,
)
from tests.flow.test_late import lock
from tests.flow.test_permissions import never_effective
from tests.flow.topologies import body, pool

GRANTED_AT = ("/resourceGroups/net-main", "/resourceGroups/shared-registry")

_POLICY = Template(Path(__file__).with_suffix(".yaml").read_text())
_REQUESTED, _FOUND, _UNKNOWN = "asked", "found", "unknown"
_AGIC = f"{ADDON}ingressapplicationgateway"
_SOMEWHERE: dict[str, Any] = {"properties": {}, "sku": {"name": "Standard"}}


class Rightful:
    """A town with that policy, where the product has the rights of the template: but for one
    action of one role, where `without` says so by the role's name and the action."""

    def __init__(self, found_town: Found, without: tuple[str, str] = ("", "")) -> None:
        self.town = found_town(provisioning_seconds=(60, 60), effective_seconds=(240, 240))
        links = self._lay_out()
        policy = _POLICY.substitute(links).encode()
        self.town.change_policy(policy)
        given = self._rights(policy, list(links.values()))
        for role in (right["role"] for right in given):
            if role["roleName"] == without[0]:
                role["actions"].remove(without[1])
        self.town.give(given)

    def live(self, chapters: int = 3) -> set[str]:
        """What people have seen of the first chapters of the product's life."""
        told = (self._begin, self._go_on, self._end)[:chapters]
        return {seen for chapter in told for seen in chapter()}

    def _begin(self) -> Iterator[str]:
        """Five minutes: clusters are requested, and others make some."""
        town = self.town
        town.fault("status", status=400, code="PrincipalNotFound", path="/lonely/.*roleAssign")
        town.request(_REQUESTED, profile="linked")
        town.request("bare", profile="bare", resourceGroup="new-group")
        self._make_others()
        town.run(3)
        # One grant will not work, and there is a lock where it should.
        never_effective(town, roles.NETWORK_CONTRIBUTOR)
        lock(town, self._address)
        town.run(2)
        self._made = made(town)
        yield from self._of_creation()
        yield from self._of_grants()

    def _go_on(self) -> Iterator[str]:
        """Five minutes more, in which grants take effect."""
        self.town.run(5)
        yield from self._of_evidence()

    def _end(self) -> Iterator[str]:
        """A quarter of an hour more, in which a cluster is deleted."""
        self.town.delete_cluster(_FOUND)
        self.town.run(13)
        yield from self._of_the_end()

    # --- the ground ------------------------------------------------------------------------------

    def _lay_out(self) -> dict[str, str]:
        """What clusters use; of it, by its name in the policy, what the profile names."""
        town, network = self.town, "Microsoft.Network/"
        self._address = put(town, f"{network}publicIPAddresses", "out", **_SOMEWHERE)
        self._front = put_subnet(town, "front")
        inside = {"name": "in", "properties": {"subnet": {"id": self._front}}}
        front = {"gatewayIPConfigurations": [inside]}
        gateways = f"{network}applicationGateways"
        self._gateway = put(town, gateways, "front", properties=front)
        self._rules = put(town, f"{network}networkSecurityGroups", "rules", properties={})
        space = {"addressPrefixes": ["10.0.0.0/8"]}
        private = {"addressSpace": space, "dhcpOptions": {"dnsServers": ["10.0.0.4"]}}
        self._network = put(town, f"{network}virtualNetworks", "private", properties=private)
        self._private = f"{self._network}/subnets/nodes"
        guarded = {"addressPrefix": "10.1.0.0/16", "networkSecurityGroup": {"id": self._rules}}
        town.arm("PUT", self._private, {"properties": guarded})
        self._lonely = put_subnet(town, "lonely")
        put_registry(town, "shared", "AbacRepositoryPermissions")
        return {
            "identity": put_identity(town)[0],
            "subnet": town.subnet,
            "address": self._address,
            "prefix": put(town, f"{network}publicIPPrefixes", "nodes", **_SOMEWHERE),
            "disks": put(town, "Microsoft.Compute/diskEncryptionSets", "disks", properties={}),
        }

    def _rights(self, policy: bytes, links: Sequence[str]) -> list[dict[str, Any]]:
        root = f"/subscriptions/{self.town.subscription}"
        below = [each.removeprefix(root) for each in links]
        text = condition(policy_file.parse(policy).grantable_roles)
        return rights.of(policy, text, {"profile-links": below, "grantor": GRANTED_AT})

    def _make_others(self) -> None:
        """Clusters of somebody else."""
        gateway = {"enabled": True, "config": {"applicationGatewayId": self._gateway}}
        api_server = {"enablePrivateCluster": True, "privateDNSZone": "system"}
        private = body(
            apiServerAccessProfile=api_server,
            agentPoolProfiles=[pool(self._private)],
            addonProfiles={"ingressApplicationGateway": gateway},
        )
        other, _ = put_identity(self.town, "other")
        unknown = body(user_assigned(other), agentPoolProfiles=[pool(self._lonely)])
        for name, wanted in ((_FOUND, private), (_UNKNOWN, unknown)):
            self.town.arm("PUT", str(self.town.id_of(name)), {"location": "westus2", **wanted})

    # --- what is seen ----------------------------------------------------------------------------

    def _of_creation(self) -> Iterator[str]:
        town = self.town
        if town.azure.clusters.find(str(town.id_of(_REQUESTED))):
            yield "a requested cluster is made"
        if town.azure.groups.find(town.subscription, "new-group"):
            yield "a group is made for a requested cluster"

    def _of_grants(self) -> Iterator[str]:
        net, pull = roles.NETWORK_CONTRIBUTOR, roles.REPOSITORY_READER
        for what, identity, role, scope in (
            ("a network by DNS servers", CONTROL_PLANE, net, self._network),
            ("a security group by subnet", CONTROL_PLANE, net, self._rules),
            ("a subnet by gateway", _AGIC, net, self._front),
            ("a registry by mode", KUBELET, pull, self.town.registry),
        ):
            if (principal_of(self.town, identity, _FOUND), role, scope.lower()) in self._made:
                yield f"{what} is granted"

    def _of_evidence(self) -> Iterator[str]:
        grants = self.town.record(_FOUND).grants if self._is_known(_FOUND) else ()
        for progress in grants:
            if progress.evidence in ("Readable", "Probe"):
                yield f"a grant is proven: {progress.evidence}"

    def _of_the_end(self) -> Iterator[str]:
        if self._made - made(self.town):
            yield "what no cluster needs is revoked"
        if "is there, with this principal" in self._told(_UNKNOWN, "RolesAssigned"):
            yield "an identity that Azure does not know is looked for"
        if "read-only lock" in self._told(_REQUESTED, "PermissionsEffective"):
            yield "a lock behind a late grant is named"

    def _told(self, name: str, what: str) -> str:
        return message(self.town, what, name) if self._is_known(name) else ""

    def _is_known(self, name: str) -> bool:
        return self.town.app.store.load(self.town.id_of(name)) is not None
