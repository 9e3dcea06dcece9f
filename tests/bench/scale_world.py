"""A fleet that has been there for long: thousands of clusters, their assignments and records.

One cluster lives its first hour in the product; the others are that cluster under other names, in
Azure as well as in the tables.
"""

import json
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs

from infra.emulator.cluster_state import Cluster
from shared import glance
from shared.model import Record
from shared.roles import role_name
from tests.bench import towns
from tests.flow.town import POLICY, Town

GRANTS = 3
_FOREIGN = 2000  # role assignments of others in each subscription
_FIRST = "cluster-00000"
_TABLE = (
    "/subscriptions/{subscriptionId}/resourceGroups/net-main/providers/Microsoft.Network"
    "/routeTables/shared"
)
_DECLARED = f"""
  - identity: controlPlane
    role: Network Contributor
    scope: {_TABLE}
    because: the shared route table
propagation: {{ window: PT10M }}
"""
POLICY_TEXT = POLICY.read_bytes().rstrip() + _DECLARED.encode()


def fill(town: Town, clusters: int) -> None:
    """So many settled clusters with three grants each, spread over the town's subscriptions, and
    what others have assigned there."""
    with towns.installed(town):
        make_table(town)
        town.make_cluster(_FIRST)
        town.run_until(lambda: town.ready(_FIRST) and town.record(_FIRST).settled)
        subscriptions = town.azure.world.subscription_ids
        for number in range(1, clusters):
            _copy(town, f"cluster-{number:05}", subscriptions[number % len(subscriptions)])
        for subscription in subscriptions:
            _foreign(town, subscription)


def make_table(town: Town) -> None:
    """The route table that every cluster is granted a role on."""
    table = _TABLE.format(subscriptionId=town.subscription)
    town.arm("PUT", table, {"location": "westus2"}, "2024-05-01")


def _foreign(town: Town, subscription: str) -> None:
    scope = f"/subscriptions/{subscription}/resourceGroups/others"
    for _ in range(_FOREIGN):
        town.azure.role_assignments.seed(scope, town.azure.world.new_guid(), "Reader")


def _copy(town: Town, name: str, subscription: str) -> None:
    first, record = town.cluster(_FIRST), town.record(_FIRST)
    new = town.azure.world.new_guid
    names = {
        _FIRST: name,
        town.subscription: subscription,
        first.control_plane_principal_id: new(),
        first.kubelet_object_id: new(),
        first.resource_uid: new().replace("-", "")[:24],
    }
    for known in record.grants:
        made = town.azure.role_assignments.seed(
            _renamed(known.grant.scope, names),
            names[known.grant.principal_id],
            role_name(known.grant.role),
        )
        names[glance.name_of(known.assignment_id)] = made.name
    cluster = replace(
        first,
        id=_renamed(first.id, names),
        name=name,
        resource_uid=names[first.resource_uid],
        properties=_renamed(first.properties, names),
        identity=_renamed(first.identity, names),
        etag=new(),
        operation=None,
        own_principal=None,
        control_plane_principal_id=names[first.control_plane_principal_id],
    )
    town.azure.clusters.seed(cluster)
    _save(town, record, names, cluster)


def _save(town: Town, record: Record, names: dict[str, str], cluster: Cluster) -> None:
    renamed = msgspec.convert(_renamed(msgspec.to_builtins(record), names), Record)
    body = glance.digest(json.loads(json.dumps(cluster.document())))
    town.app.store.save(structs.replace(renamed, body=body), None)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    text = json.dumps(value)
    for old, new in names.items():
        text = text.replace(old, new)
    return json.loads(text)
