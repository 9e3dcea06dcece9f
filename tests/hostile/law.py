"""Policy, read by other means than the product's, as judge of what was written.

Nothing of `shared` is imported: an error of its parser or matcher would be invisible here.
"""

import base64
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

import yaml

from infra.emulator.world import LedgerEntry

_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    "DNS Zone Contributor": "befefa01-2a29-4197-83a8-272ff33ce314",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
}
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(r"[A-Za-z0-9_(][-A-Za-z0-9_.()]*[-A-Za-z0-9_()]|[A-Za-z0-9_]")
_ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/"
_CLUSTER = "/providers/Microsoft.ContainerService/managedClusters/"
_DESCRIPTION = re.compile(
    r"grantkeeper: (?P<because>[ A-Za-z']+) of (?P<cluster>/subscriptions/.*)"
)

_KUBELET = {"system images", "the shared registry", "the profile's store"}
_GATEWAY = {f"{what} of the application gateway" for what in ("group", "subnet", "network")}
_ADDON_OF = {
    "virtual node subnet": "aciconnectorlinux",
    "container insights": "omsagent",
    "its own group": "omsagent",
    "application gateway": "ingressapplicationgateway",
    **dict.fromkeys(_GATEWAY, "ingressapplicationgateway"),
}
_ROUTING = {"DNS zone", "private DNS zone"}


class Members(list[tuple[str, Any]]):
    """A JSON object with every member that was written, also those written twice."""


class Law:
    """What this policy allows in one managed subscription."""

    def __init__(self, policy: bytes, subscription: str) -> None:
        self._subscription = subscription
        self._entries = [
            ({_ROLES[name] for name in entry["roles"]}, entry["scopes"])
            for entry in yaml.safe_load(policy)["grantable"]
        ]

    def allows(self, role: str, scope: str) -> bool:
        """Whether the role (GUID) may be granted at the scope."""
        segments = scope.lower().split("/")
        return (
            all(_NAME.fullmatch(name) for name in segments[1:])
            and segments[:4] == ["", "subscriptions", self._subscription, "resourcegroups"]
            and any(
                role in roles and any(covers(pattern, scope) for pattern in patterns)
                for roles, patterns in self._entries
            )
        )

    def assignment_breach(self, write: LedgerEntry, documents: dict[str, list[bytes]]) -> str:
        """What is wrong with a role assignment that was sent; empty when nothing is.

        `documents` are all that ARM ever said of a cluster, by its id in lower case.
        """
        scope, _, name = write.path.partition(_ASSIGNMENT)
        if write.method != "PUT" or not re.fullmatch(_GUID, name):
            return "not the write of a role assignment"
        properties = write.document["properties"]
        if set(write.document) != {"properties"} or set(properties) != {
            "roleDefinitionId", "principalId", "principalType", "description",
        }:  # fmt: skip
            return "has members that no assignment of ours has"
        definitions = f"/subscriptions/{self._subscription}/providers/Microsoft.Authorization"
        role = properties["roleDefinitionId"].removeprefix(f"{definitions}/roleDefinitions/")
        said = _DESCRIPTION.fullmatch(properties["description"])
        if not self.allows(role, scope):
            return "is outside of what policy allows"
        if properties["principalType"] != "ServicePrincipal" or not said:
            return "is for no service principal, or does not say for whom and why"
        named = {
            principal
            for document in documents.get(said["cluster"], ())
            for principal in principals(document, said["because"])
        }
        return "" if properties["principalId"] in named else "is for a principal never named so"

    def cluster_breach(self, write: LedgerEntry, requests: list[bytes]) -> str:
        """What is wrong with a cluster's PUT; empty when one of the requests asked for it, and its
        profile allows that."""
        group, _, name = write.path.rpartition(_CLUSTER)
        for request in map(json_of, requests):
            path = (
                f"/subscriptions/{self._subscription}/resourceGroups/{request.get('resourceGroup')}"
            )
            if (path, request.get("name")) == (group, name) and _is_asked(write.document, request):
                return ""
        return "is what nobody asked for"


def decoded(message: bytes) -> bytes:
    """The text in a queue message, which may be in base64."""
    try:
        return base64.b64decode(message, validate=True)
    except ValueError:
        return message


def json_of(message: bytes) -> dict[str, Any]:
    """The JSON object in a queue message, which may be in base64; an empty one if there is none."""
    try:
        found = json.loads(decoded(message))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_asked(body: Any, request: dict[str, Any]) -> bool:
    """Whether the body is the profile's, with what the request may choose."""
    asked, ours = request.get("parameters", {}), {"grantkeeper-request-id": request["requestId"]}
    count, subnet = asked.get("nodeCount", 3), asked.get("subnet")
    pool = {"name": "nodepool1", "mode": "System", "count": count}
    properties = dict(body["properties"])
    prefix = properties.pop("dnsPrefix")
    return bool(
        1 <= count <= 10
        and re.fullmatch("[A-Za-z0-9-]+", prefix)
        and properties
        == {"agentPoolProfiles": [pool | ({"vnetSubnetID": subnet} if subnet else {})]}
        and body["tags"] == {**request.get("tags", {}), **ours}
        and body["location"] == request["location"]
        and body["identity"] == {"type": "SystemAssigned"}
        and set(body) == {"identity", "properties", "location", "tags"}
    )


def principals(document: bytes, because: str) -> set[str]:
    """The principals that the document names for the identity that needs a grant for this reason;
    none when it uses a service principal, whose password is no affair of ours."""
    try:
        body = json.loads(document, object_pairs_hook=Members)
    except (ValueError, RecursionError):
        return set()
    ids = set(_at(body, "properties", "servicePrincipalProfile", "clientId"))
    if ids and all(isinstance(text, str) and text.lower() not in {"", "msi"} for text in ids):
        return set()
    found: Iterator[Any]
    if because in _KUBELET:
        found = _at(body, "properties", "identityProfile", "kubeletidentity", "objectId")
    elif because in _ROUTING:
        found = _at(body, "properties", "ingressProfile", "webAppRouting", "identity", "objectId")
    elif addon := _ADDON_OF.get(because):
        found = _at(body, "properties", "addonProfiles", addon, "identity", "objectId")
    else:
        found = chain(
            _at(body, "identity", "principalId"),
            _at(body, "identity", "userAssignedIdentities", None, "principalId"),
        )
    return {text.lower() for text in found if isinstance(text, str)}


def _at(node: Any, *names: str | None) -> Iterator[Any]:
    """Every value that may be meant by this path; None stands for any name."""
    if not names:
        yield node if not isinstance(node, list) else None
    elif isinstance(node, Members):
        for name, value in node:
            if names[0] is None or name.lower() == names[0].lower():
                yield from _at(value, *names[1:])


def covers(pattern: str, scope: str) -> bool:
    """Whether a pattern of policy covers a scope: by segments and without case, where `*` and `?`
    stand for a name or a part of one."""
    globs, names = pattern.lower().split("/"), scope.lower().split("/")
    return len(names) >= len(globs) and all(
        fnmatchcase(name, glob) for name, glob in zip(names, globs, strict=False)
    )
