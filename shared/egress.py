"""What may leave the process for ARM: an allow-list of method and path, checked on the wire.

The last line of defence: even a scope that slipped through everything else cannot become a request
that is not one of these (the SDKs pass scopes into the URL as they are), and a role assignment is
judged by policy once more, by what is about to be sent.
"""

import json
import re
from collections.abc import Callable

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.errors import Terminal
from shared.resource_id import InvalidId, Scope, parse_scope

# Whether policy allows this role (GUID) at this scope.
MayAssign = Callable[[str, Scope], bool]

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = r"\w(?:[-\w.()]*[-\w()])?"
_SUBSCRIPTION = rf"/subscriptions/{_GUID}"
_GROUP = rf"{_SUBSCRIPTION}/resourcegroups/[-\w.()]{{0,89}}[-\w()]"
_CLUSTERS = "/providers/microsoft\\.containerservice/managedclusters"
_CLUSTER = rf"{_GROUP}{_CLUSTERS}/[-\w]{{1,63}}"
_RESOURCE = rf"{_GROUP}/providers/microsoft\.[a-z]+(?:/[a-z]+/{_NAME})+"
_NETWORKS = rf"{_GROUP}/providers/microsoft\.network"
_IDENTITIES = r"microsoft\.managedidentity/userassignedidentities"
_AUTHORIZATION = "/providers/microsoft\\.authorization"
_ASSIGNMENTS = f"{_AUTHORIZATION}/roleassignments"
_ASSIGNMENT = re.compile(
    rf"(?P<scope>{_GROUP}|{_RESOURCE}){_ASSIGNMENTS}/{_GUID}", re.IGNORECASE | re.ASCII
)

_ALLOWED = tuple(
    (methods, re.compile(path, re.IGNORECASE | re.ASCII))
    for methods, path in (
        ({"GET"}, "/subscriptions"),
        ({"GET"}, rf"{_SUBSCRIPTION}{_CLUSTERS}"),
        ({"GET", "PUT"}, _CLUSTER),
        ({"POST"}, rf"{_CLUSTER}/runcommand"),
        ({"GET"}, rf"{_CLUSTER}/commandresults/[-\w]{{1,64}}"),
        ({"GET", "PUT"}, _GROUP),
        ({"GET"}, rf"{_SUBSCRIPTION}{_ASSIGNMENTS}"),
        ({"GET"}, rf"{_SUBSCRIPTION}{_AUTHORIZATION}/denyassignments"),
        ({"GET"}, rf"(?:{_GROUP}|{_RESOURCE}){_AUTHORIZATION}/locks"),
        ({"GET"}, rf"{_SUBSCRIPTION}{_AUTHORIZATION}/roledefinitions/{_GUID}"),
        ({"GET", "PUT", "DELETE"}, _ASSIGNMENT.pattern),
        ({"GET"}, rf"{_GROUP}/providers/microsoft\.containerregistry/registries/\w{{5,50}}"),
        ({"GET"}, rf"{_NETWORKS}/virtualnetworks/{_NAME}(?:/subnets/{_NAME})?"),
        ({"GET"}, rf"{_NETWORKS}/applicationgateways/{_NAME}"),
        ({"GET"}, rf"{_GROUP}/providers/{_IDENTITIES}/[-\w]{{3,128}}"),
    )
)


class EgressGuard(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Refuses every request that is not on the list. Raises `Terminal("EgressRefused")`."""

    def __init__(self, endpoint: str, may_assign: MayAssign, *, may_revoke: bool = False) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._may_assign = may_assign
        self._may_revoke = may_revoke

    def on_request(self, request: PipelineRequest) -> None:  # type: ignore[type-arg]
        method, url = request.http_request.method, request.http_request.url
        if not allowed(method, url, self._endpoint):
            raise Terminal("EgressRefused", f"{method} to a path that is not on the allow-list")
        assignment = _ASSIGNMENT.fullmatch(_path(url, self._endpoint))
        if not assignment or method == "GET":
            return
        if method == "DELETE" and not self._may_revoke:
            raise Terminal("EgressRefused", "a role assignment is deleted only if policy says so")
        if method == "PUT" and not self._by_policy(assignment["scope"], request.http_request.body):
            raise Terminal("EgressRefused", "a role assignment that policy does not allow")

    def _by_policy(self, scope: str, body: str | bytes | None) -> bool:
        """Whether it gives a service principal a role that policy allows at this scope."""
        try:
            properties = json.loads(body or b"")["properties"]
            role = str(properties["roleDefinitionId"]).rpartition("/")[2]
            to_service_principal = properties["principalType"] == "ServicePrincipal"
            return to_service_principal and self._may_assign(role, parse_scope(scope))
        except (InvalidId, KeyError, TypeError, ValueError):
            return False


def allowed(method: str, url: str, endpoint: str) -> bool:
    """Whether this request is on the list: `endpoint` itself, and a listed method and path.

    The text is judged as it is: taking it apart with urlsplit would drop line breaks and an empty
    fragment.
    """
    if not url.startswith(endpoint) or "#" in url:
        return False
    path = _path(url, endpoint)
    return any(method in methods and listed.fullmatch(path) for methods, listed in _ALLOWED)


def _path(url: str, endpoint: str) -> str:
    """The path as it was before the SDK escaped it; brackets in a resource group's name are the
    only characters of ours that it does."""
    path = url.partition("?")[0].removeprefix(endpoint)
    return path.replace("%28", "(").replace("%29", ")")
