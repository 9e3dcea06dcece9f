"""Microsoft Graph with the caller's own credential: which principals are there, which one has a
client id, and until when a service principal's credentials last. Nothing else.

Azure Resource Manager does not know whether the principal of a role assignment still exists
(learn.microsoft.com/azure/role-based-access-control/troubleshooting, "identity not found").
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from azure.core import PipelineClient
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import DefaultAzureCredential
from msgspec import Struct

from shared.resource_id import InvalidId, guid

_T = TypeVar("_T")

# learn.microsoft.com/graph/deployments, by the names that `az cloud list` has.
ENDPOINTS = {
    "AzureCloud": "https://graph.microsoft.com",
    "AzureUSGovernment": "https://graph.microsoft.us",
    "AzureChinaCloud": "https://microsoftgraph.chinacloudapi.cn",
}
_MOST_IDS = 1000  # learn.microsoft.com/graph/api/directoryobject-getbyids


class Unreadable(Exception):
    """The directory cannot be asked; the text says why."""


class _Object(Struct, frozen=True):
    id: str


class _Objects(Struct, frozen=True):
    value: tuple[_Object, ...] = ()


class _Credential(Struct, frozen=True):
    ends: datetime | None = msgspec.field(name="endDateTime", default=None)


class _Application(Struct, frozen=True):
    passwords: tuple[_Credential, ...] = msgspec.field(name="passwordCredentials", default=())
    keys: tuple[_Credential, ...] = msgspec.field(name="keyCredentials", default=())


class Directory:
    """The directory of the caller's tenant."""

    def __init__(self, client: "PipelineClient[HttpRequest, HttpResponse]", endpoint: str) -> None:
        self._client = client
        self._root = f"{endpoint}/v1.0"

    def credentials_end(self, client_id: str) -> datetime | None:
        """When the last credential of an application ends (graph/api/application-get); None when
        it has none that ends. Which of several a cluster uses is not known to anybody but the
        cluster. Raises `Unreadable`."""
        query = "$select=passwordCredentials,keyCredentials"
        url = f"{self._root}/applications(appId='{_guid(client_id)}')?{query}"
        found = self._send(HttpRequest("GET", url), _Application)
        ends = (each.ends for each in (*found.passwords, *found.keys))
        return max((each for each in ends if each), default=None)

    def existing(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these object ids that are there, in lower case. What the caller may not read is
        returned with its id all the same, so that only what is gone is missing (same page, limited
        information). Raises `Unreadable`."""
        wanted = sorted({each.lower() for each in ids})
        found: set[str] = set()
        for start in range(0, len(wanted), _MOST_IDS):
            found |= self._ask(wanted[start : start + _MOST_IDS])
        return frozenset(found)

    def principal_of(self, client_id: str) -> str:
        """The object id of the service principal with this client id, a managed identity's too;
        empty when there is none (graph/api/serviceprincipal-list). Raises `Unreadable`."""
        query = f"servicePrincipalNames/any(c:c eq '{_guid(client_id)}')"
        url = f"{self._root}/servicePrincipals?{urlencode({'$filter': query})}"
        found = self._send(HttpRequest("GET", url), _Objects)
        return next((each.id.lower() for each in found.value), "")

    def _ask(self, ids: list[str]) -> set[str]:
        url = f"{self._root}/directoryObjects/getByIds"
        objects = self._send(HttpRequest("POST", url, json={"ids": ids}), _Objects)
        return {each.id.lower() for each in objects.value}

    def _send(self, request: HttpRequest, answer_type: type[_T]) -> _T:
        try:
            answer = self._client.send_request(request)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=answer_type)
        except HttpResponseError as error:
            code = error.error.code if error.error else None
            raise Unreadable(f"Microsoft Graph answered {error.status_code} {code or ''}") from None
        except msgspec.DecodeError:
            raise Unreadable("Microsoft Graph answered what was not asked for") from None
        except AzureError as error:
            first = (str(error).splitlines() or [""])[0]
            raise Unreadable(f"Microsoft Graph cannot be asked: {first}") from None


def _guid(client_id: str) -> str:
    """The id, which comes from a cluster's JSON, as what may stand in a URL."""
    try:
        return guid(client_id, "the client id")
    except InvalidId as error:
        raise Unreadable(str(error)) from None


@contextmanager
def open_directory(cloud: str, endpoint: str = "") -> Iterator[Directory]:
    """The directory, for reading; `cloud` by its name, `endpoint` instead of the cloud's own."""
    audience = ENDPOINTS[cloud]
    endpoint = (endpoint or audience).rstrip("/")
    with closing(DefaultAzureCredential()) as credential:
        retries: Any = RetryPolicy(retry_total=2)
        policies = [retries, BearerTokenCredentialPolicy(credential, f"{audience}/.default")]
        client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            endpoint, policies=policies
        )
        with closing(client):
            yield Directory(client, endpoint)
