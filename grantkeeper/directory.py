"""Microsoft Graph with the caller's own credential: which principals are there. Nothing else.

Azure Resource Manager does not know whether the principal of a role assignment still exists
(learn.microsoft.com/azure/role-based-access-control/troubleshooting, "identity not found").
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import msgspec
from azure.core import PipelineClient
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import DefaultAzureCredential
from msgspec import Struct

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


class Directory:
    """The directory of the caller's tenant."""

    def __init__(self, client: "PipelineClient[HttpRequest, HttpResponse]", endpoint: str) -> None:
        self._client = client
        self._url = f"{endpoint}/v1.0/directoryObjects/getByIds"

    def existing(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these object ids that are there, in lower case. What the caller may not read is
        returned with its id all the same, so that only what is gone is missing (same page, limited
        information). Raises `Unreadable`."""
        wanted = sorted({each.lower() for each in ids})
        found: set[str] = set()
        for start in range(0, len(wanted), _MOST_IDS):
            found |= self._ask(wanted[start : start + _MOST_IDS])
        return frozenset(found)

    def _ask(self, ids: list[str]) -> set[str]:
        request = HttpRequest("POST", self._url, json={"ids": ids})
        try:
            answer = self._client.send_request(request)
            answer.raise_for_status()
            objects = msgspec.json.decode(answer.content, type=_Objects)
        except HttpResponseError as error:
            code = error.error.code if error.error else None
            raise Unreadable(f"Microsoft Graph answered {error.status_code} {code or ''}") from None
        except msgspec.DecodeError:
            raise Unreadable("Microsoft Graph answered what is no list of objects") from None
        except AzureError as error:
            first = (str(error).splitlines() or [""])[0]
            raise Unreadable(f"Microsoft Graph cannot be asked: {first}") from None
        return {each.id.lower() for each in objects.value}


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
