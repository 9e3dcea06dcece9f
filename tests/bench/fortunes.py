"""What happens to the clusters of a town, by chance: people make them, change them, remove them and
meddle with role assignments, in bad weather.

Some identities are shared by clusters, so that they share assignments as well. Others' assignments
are remembered as they are made: those must never be touched.
"""

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from infra.emulator.assignments import Assignment
from infra.emulator.cluster_state import Cluster
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.ground import network_of, put_identity, put_subnet, user_assigned
from tests.flow.topologies import pool
from tests.flow.town import Town

_AUTHORIZATION = "/providers/Microsoft.Authorization"
_LONGEST_PAUSE = 15  # minutes between two happenings to a cluster
_STAMP = "grantkeeper: "


class Fortunes:
    """Those of the clusters `names` of a town, drawn by a seed. `others` are the ids of assignments
    that the product has not made, or that somebody has taken over."""

    def __init__(self, town: Town, names: list[str], seed: int) -> None:
        self._town = town
        self._chance = random.Random(f"fortunes {seed}")  # noqa: S311 - reproducible
        self._subnets = [town.subnet, put_subnet(town, "more")]
        self._identities = [put_identity(town, name)[0] for name in ("blue", "red")]
        self._due = {name: town.clock.now() + self._pause() for name in names}
        self.others: set[str] = set()

    def run(self, minutes: float) -> None:
        """Let time pass, and with it whatever chance brings."""
        end = self._town.clock.now() + timedelta(minutes=minutes)
        while self._town.clock.now() < end:
            for name in sorted(self._due):
                if self._due[name] <= self._town.clock.now():
                    self._due[name] = self._town.clock.now() + self._pause()
                    self._happen(name)
            self._town.run(1)

    def ours(self) -> list[Assignment]:
        """What the product has made, and nobody has taken over."""
        everything = self._town.azure.role_assignments.all()
        return [each for each in everything if (each.description or "").startswith(_STAMP)]

    def touched(self) -> set[str]:
        """Assignments of others that are gone, though no person removed them."""
        there = {each.id for each in self._town.azure.role_assignments.all()}
        return self.others - there

    def _pause(self) -> timedelta:
        return timedelta(minutes=self._chance.uniform(1, _LONGEST_PAUSE))

    def _happen(self, name: str) -> None:
        """One thing, of those that can happen to a cluster as it is."""
        cluster = self._town.azure.clusters.find(str(self._town.id_of(name)))
        if cluster is None:
            self._make(name)
        elif cluster.provisioning_state == "Succeeded":
            happening: Callable[[str], None] = self._chance.choice(
                (self._make, self._delete, self._grant, self._remove, self._take_over)
            )
            happening(name)

    def _make(self, name: str) -> None:
        """Make the cluster, or change its pools and perhaps its identity."""
        subnets = self._chance.sample(self._subnets, self._chance.choice((1, 2)))
        body: dict[str, Any] = {
            "agentPoolProfiles": [pool(each, f"np{n}") for n, each in enumerate(subnets)]
        }
        identity = self._chance.choice((None, *self._identities))
        if identity:
            body["identity"] = user_assigned(identity)
        self._town.make_cluster(name, **body)

    def _delete(self, name: str) -> None:
        """Delete the cluster; AKS takes what is in and below its node group along."""
        self._town.delete_cluster(name)

    def _grant(self, cluster_name: str) -> None:
        """Somebody gives one of its identities a role, that it needs or not, here or above."""
        cluster = self._town.cluster(cluster_name)
        holder = self._chance.choice(
            (cluster.control_plane_principal_id, cluster.kubelet_object_id)
        )
        subnet = self._chance.choice(self._subnets)
        role, scope = self._chance.choice(
            ((NETWORK_CONTRIBUTOR, subnet), (NETWORK_CONTRIBUTOR, network_of(subnet)),
             (ACR_PULL, self._town.registry))
        )  # fmt: skip
        held = (holder, role, scope.lower())
        if held in {(e.principal_id, e.role_guid, e.scope.lower()) for e in self._all()}:
            return
        name = uuid.UUID(int=self._chance.getrandbits(128))
        made = f"{scope}{_AUTHORIZATION}/roleAssignments/{name}"
        self._put(made, holder, role, "of the network team")
        self.others.add(next(each.id for each in self._all() if each.id.lower() == made.lower()))

    def _remove(self, name: str) -> None:
        """Somebody removes one of its assignments, whoever made it."""
        if victim := self._one_of(name):
            self.others.discard(victim.id)
            self._town.arm("DELETE", victim.id, version="2022-04-01")

    def _take_over(self, name: str) -> None:
        """Somebody makes one of its assignments their own."""
        victim = self._one_of(name)
        if victim and victim.id not in self.others:
            self.others.add(victim.id)
            self._put(victim.id, victim.principal_id, victim.role_guid, "taken over")

    def _put(self, assignment_id: str, holder: str, role: str, description: str) -> None:
        definitions = f"/subscriptions/{self._town.subscription}{_AUTHORIZATION}/roleDefinitions"
        properties = {
            "roleDefinitionId": f"{definitions}/{role}",
            "principalId": holder,
            "principalType": "ServicePrincipal",
            "description": description,
        }
        self._town.arm("PUT", assignment_id, {"properties": properties}, "2022-04-01")

    def _one_of(self, name: str) -> Assignment | None:
        """An assignment of one of the cluster's identities, outside of its node group."""
        cluster = self._town.cluster(name)
        found = [each for each in self._all() if each.principal_id in _holders(cluster)]
        return self._chance.choice(found) if found else None

    def _all(self) -> list[Assignment]:
        everything = self._town.azure.role_assignments.all()
        return [each for each in everything if "/mc_" not in each.id.lower()]


def _holders(cluster: Cluster) -> tuple[str, str]:
    return cluster.control_plane_principal_id, cluster.kubelet_object_id
