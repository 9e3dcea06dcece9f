"""What may leave the process for ARM: an allow-list of method and path, checked on the wire.

The last line of defence: even a scope that slipped through everything else cannot become a request
that is not one of these (the SDKs pass scopes into the URL as they are).
"""

import re

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.errors import Terminal

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SUBSCRIPTION = rf"/subscriptions/{_GUID}"
_GROUP = rf"{_SUBSCRIPTION}/resourcegroups/[-\w.()]{{0,89}}[-\w()]"
_CLUSTERS = "/providers/microsoft\\.containerservice/managedclusters"
_CLUSTER = rf"{_GROUP}{_CLUSTERS}/[-\w]{{1,63}}"
_RESOURCE = rf"{_GROUP}/providers/microsoft\.[a-z]+(?:/[a-z]+/\w(?:[-\w.()]*[-\w()])?)+"
_ASSIGNMENTS = "/providers/microsoft\\.authorization/roleassignments"

_ALLOWED = tuple(
    (methods, re.compile(path, re.IGNORECASE | re.ASCII))
    for methods, path in (
        ({"GET"}, rf"{_SUBSCRIPTION}{_CLUSTERS}"),
        ({"GET", "PUT"}, _CLUSTER),
        ({"POST"}, rf"{_CLUSTER}/runcommand"),
        ({"GET"}, rf"{_CLUSTER}/commandresults/[-\w]{{1,64}}"),
        ({"GET", "PUT"}, _GROUP),
        ({"GET"}, rf"{_SUBSCRIPTION}{_ASSIGNMENTS}"),
        ({"PUT"}, rf"(?:{_GROUP}|{_RESOURCE}){_ASSIGNMENTS}/{_GUID}"),
        ({"GET"}, rf"{_GROUP}/providers/microsoft\.containerregistry/registries/\w{{5,50}}"),
    )
)


class EgressGuard(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Refuses every request that is not on the list. Raises `Terminal("EgressRefused")`."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    def on_request(self, request: PipelineRequest) -> None:  # type: ignore[type-arg]
        method, url = request.http_request.method, request.http_request.url
        if not allowed(method, url, self._endpoint):
            raise Terminal("EgressRefused", f"{method} to a path that is not on the allow-list")


def allowed(method: str, url: str, endpoint: str) -> bool:
    """Whether this request is on the list: `endpoint` itself, and a listed method and path.

    The text is judged as it is: taking it apart with urlsplit would drop line breaks and an empty
    fragment. Brackets in a resource group's name are the only characters the SDKs may escape.
    """
    asked, _, query = url.partition("?")
    if not asked.startswith(endpoint) or "#" in query:
        return False
    path = asked.removeprefix(endpoint).replace("%28", "(").replace("%29", ")")
    return any(method in methods and listed.fullmatch(path) for methods, listed in _ALLOWED)
