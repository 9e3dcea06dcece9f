"""ARM's JSON → nouns (pure). What is odd is passed over and noted, never raised: the cluster's
other properties still count (`shared/document.py`).
"""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from shared.document import Node, decode
from shared.locks import Lock
from shared.model import ADDON, APP_ROUTING, CONTROL_PLANE, KUBELET, Assignment, Cluster
from shared.resource_id import InvalidId, guid

USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"

# What is read of other resources, by type: the fact's name and the path to it; `*` is each item.
FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "Microsoft.ContainerRegistry/registries": {
        "loginServer": ("properties", "loginServer"),
        "roleAssignmentMode": ("properties", "roleAssignmentMode"),
    },
    USER_ASSIGNED: {
        "principalId": ("properties", "principalId"),
    },
    "Microsoft.Network/applicationGateways": {
        "subnet": ("properties", "gatewayIPConfigurations", "*", "properties", "subnet", "id"),
    },
    "Microsoft.Network/virtualNetworks": {
        "dnsServers": ("properties", "dhcpOptions", "dnsServers", "*"),
    },
    "Microsoft.Network/virtualNetworks/subnets": {
        "networkSecurityGroup": ("properties", "networkSecurityGroup", "id"),
        "routeTable": ("properties", "routeTable", "id"),
    },
}

_IDENTITY_TYPES = {kind.lower(): kind for kind in ("SystemAssigned", "UserAssigned", "None")}
_MESSAGE_LIMIT = 2000


class _AssignmentProperties(Struct, frozen=True, rename="camel"):
    role_definition_id: str
    principal_id: str
    scope: str
    principal_type: str | None = None
    created_on: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    condition: str | None = None
    description: str | None = None


class _Assignment(Struct, frozen=True):
    id: str
    properties: _AssignmentProperties


_Word = Annotated[str, msgspec.Meta(pattern="^[-A-Za-z0-9_]{1,100}$")]  # as `_word` has it


class _ListedProperties(Struct, frozen=True):
    provisioning_state: _Word = msgspec.field(name="provisioningState")
    resource_uid: _Word = msgspec.field(name="resourceUID")


class _ListedCluster(Struct, frozen=True):
    id: str
    properties: _ListedProperties

    @property
    def provisioning_state(self) -> str:
        return self.properties.provisioning_state

    @property
    def resource_uid(self) -> str:
        return self.properties.resource_uid


class Page(Struct, frozen=True, rename="camel"):
    """A page of any ARM list; the items are decoded one by one, so one odd item harms no other."""

    value: tuple[msgspec.Raw, ...] = ()
    next_link: str | None = None


def cluster(text: bytes | msgspec.Raw, cluster_id: str = "") -> Cluster:
    """A managedCluster, as JSON text; `cluster_id` is what was asked for, if one was. Raises
    `msgspec.DecodeError` if it is no object, or has no id."""
    body = decode(text)
    if not (cluster_id := cluster_id or body.text("id")):
        raise msgspec.DecodeError("the cluster has no id")
    properties = body.at("properties")
    kind = body.text("identity", "type")
    return Cluster(
        id=cluster_id,
        location=body.text("location"),
        provisioning_state=_word(properties.at("provisioningState")),
        resource_uid=_word(properties.at("resourceUID")),
        identity_type=_IDENTITY_TYPES.get(kind.lower(), "Unknown" if kind else "None"),
        service_principal=properties.text("servicePrincipalProfile", "clientId"),
        node_resource_group=properties.text("nodeResourceGroup"),
        principals=_principals(body),
        tags={name: value for name, node in body.at("tags").members() if (value := node.text())},
        etag=_etag(body.text("eTag")),
        failure=_failure(properties.at("status", "provisioningError")),
        body=body,
    )


def listed_cluster(text: bytes | msgspec.Raw) -> _ListedCluster | Cluster:
    """As `cluster`, of the few properties by which most clusters of a list are known not to have
    changed, at a fortieth of the cost. Raises `msgspec.DecodeError`."""
    try:
        return msgspec.json.decode(text, type=_ListedCluster)
    except msgspec.DecodeError:
        return cluster(text)  # which passes over what is odd


def assignment(text: bytes | msgspec.Raw) -> Assignment:
    """A role assignment, as JSON text. Raises `msgspec.DecodeError`."""
    found = msgspec.json.decode(text, type=_Assignment)
    properties = found.properties
    return Assignment(
        id=found.id,
        principal_id=properties.principal_id.lower(),
        role=properties.role_definition_id.rpartition("/")[2].lower(),
        scope=properties.scope,
        created_at=properties.created_on,
        condition=properties.condition or "",
        description=properties.description or "",
        principal_type=properties.principal_type or "",
    )


def facts(resource_type: str, text: bytes) -> dict[str, tuple[str, ...]]:
    """The facts about a resource of this type, as `FACTS` names them; of what is not there, none.
    Raises `msgspec.DecodeError`."""
    body = decode(text)
    return {
        name: tuple(value for node in _walk(body, path) if (value := node.text()))
        for name, path in FACTS[resource_type].items()
    }


def locks(text: bytes) -> tuple[Lock, ...]:
    """The locks of a list. Raises `msgspec.DecodeError`."""
    return tuple(
        Lock(each.text("id"), each.text("name"), each.text("properties", "level"))
        for each in decode(text).at("value").each()
    )


def _walk(node: Node, path: tuple[str, ...]) -> list[Node]:
    if not path:
        return [node]
    step, rest = path[0], path[1:]
    below = list(node.each()) if step == "*" else [node.at(step)]
    return [found for each in below for found in _walk(each, rest)]


def _principals(body: Node) -> dict[str, str]:
    """Identity → object id. Add-on keys come in any case; app routing is not among the add-ons.

    Two principals for one identity contradict each other: neither is believed.
    """
    properties, found = body.at("properties"), dict[str, list[Node]]()
    if body.says("SystemAssigned", "identity", "type"):
        found[CONTROL_PLANE] = [body.at("identity", "principalId")]
    elif body.says("UserAssigned", "identity", "type"):
        assigned = body.at("identity", "userAssignedIdentities").members()
        found[CONTROL_PLANE] = [identity.at("principalId") for _, identity in assigned]
    for key, identity in properties.at("identityProfile").members():
        if key.lower() == "kubeletidentity":
            found.setdefault(KUBELET, []).append(identity.at("objectId"))
    for key, addon in properties.at("addonProfiles").members():
        if addon.flag("enabled"):
            of_addon = found.setdefault(f"{ADDON}{key.lower()}", [])
            of_addon.append(addon.at("identity", "objectId"))
    routing = properties.at("ingressProfile", APP_ROUTING)
    if routing.flag("enabled"):
        found[f"{ADDON}{APP_ROUTING.lower()}"] = [routing.at("identity", "objectId")]
    return {name: one for name, nodes in found.items() if (one := _one_principal(nodes))}


def _one_principal(nodes: list[Node]) -> str:
    """The object id that these properties agree on; an empty text when there is none yet."""
    principals = dict[str, Node]()
    for node in nodes:
        if not (text := node.text()):
            continue
        try:
            principals[guid(text, "the principal")] = node
        except InvalidId:
            node.fault("is not a GUID")
    if len(principals) > 1:
        for node in principals.values():
            node.fault("contradicts another principal of the same identity")
        return ""
    return next(iter(principals), "")


def _word(node: Node) -> str:
    """A text that becomes a reason or a key of ours, so not just any."""
    text = node.text()
    if not re.fullmatch(r"[-\w]{0,100}", text, re.ASCII):
        node.fault("has unexpected characters")
        return ""
    return text


def _etag(text: str) -> str:
    """A text that becomes a header of ours, so not just any; nothing else hangs on it."""
    return text if re.fullmatch(r'[-\w"/+=.:]{1,200}', text, re.ASCII) else ""


def _failure(outer: Node) -> str:
    """`properties.status.provisioningError` as `Code: message`, where the api-version has it."""
    if not outer:
        return ""
    error: Any = outer.at("error") or outer
    return f"{error.text('code')}: {error.text('message')}"[:_MESSAGE_LIMIT]
