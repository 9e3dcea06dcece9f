"""Azure Resource Manager with the operator's own identity: lists, and deletions to their end."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline import Pipeline, PipelineResponse
from azure.core.pipeline.policies import RequestIdPolicy, RetryPolicy, UserAgentPolicy
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import DefaultAzureCredential
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.core.polling.arm_polling import ARMPolling

Json = dict[str, Any]

# Their addresses, which are also what a token is asked for.
CLOUDS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}
STILL_ASSIGNED = "RoleDefinitionHasAssignments"
TELL_SECONDS = 30.0
PATIENCE_SECONDS = 1800.0

_TIMEOUTS = {"connection_timeout": 10, "read_timeout": 60}
_POLL_SECONDS = 10  # where Azure names no Retry-After
_REMEDIES = {
    "AuthorizationFailed": "it needs the rights that deploying needs (docs/deploy.md)",
    "LinkedAuthorizationFailed": "it needs that right at every scope the role is assignable at",
    "ScopeLocked": "remove the lock, and run this again",
    "SubscriptionNotFound": "it is gone, or of another tenant, or not yours to see; if it is gone, "
    "delete the roles by hand (az role definition delete)",
    STILL_ASSIGNED: "deleted assignments count for a while: run this again in some minutes",
}


class Unfinished(AzureError):
    """A deletion that Azure accepted has not ended in half an hour."""


@contextmanager
def connect(cloud: str, endpoint: str = "") -> Iterator["Arm"]:
    """ARM of one of `CLOUDS`, or at another address that takes its tokens: an `az login`, an
    `azd auth login`, or what else DefaultAzureCredential finds in the environment."""
    # Else every credential that was tried in vain is told, in ten lines.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    audience = CLOUDS[cloud]
    with (
        closing(DefaultAzureCredential()) as credential,
        RequestsTransport(**_TIMEOUTS) as transport,
    ):
        yield Arm(credential, audience, endpoint or audience, transport)


class _WhileAssigned(RetryPolicy[Any, Any]):
    """Also repeats what a role assignment stands in the way of: one that was just deleted may count
    for a while. A minute in all."""

    def __init__(self) -> None:
        super().__init__(retry_total=6, retry_status=6, retry_backoff_factor=1.0)

    def is_retry(
        self,
        settings: dict[str, Any],
        response: PipelineResponse[Any, Any],
    ) -> bool:
        """Whether to ask once more."""
        return super().is_retry(settings, response) or (
            response.http_response.status_code in (400, 409)
            and STILL_ASSIGNED in response.http_response.text()
        )


class Arm:
    """Every method raises `AzureError`."""

    def __init__(
        self,
        credential: TokenCredential,
        audience: str,
        endpoint: str,
        transport: HttpTransport[Any, Any],
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        policies: list[Any] = [
            RequestIdPolicy(),
            UserAgentPolicy("grantkeeper-down"),
            _WhileAssigned(),
            ARMChallengeAuthenticationPolicy(credential, f"{audience}/.default"),
        ]
        self._pipeline: Pipeline[HttpRequest, HttpResponse] = Pipeline(transport, policies)

    def list(self, path: str, api_version: str, only: str = "") -> list[Json]:
        """All pages of a list; `only` is its $filter. Empty where the provider is not registered:
        there is nothing of it then."""
        url = self._url(path, api_version, only)
        found: list[Json] = []
        while url:
            try:
                page = self._sent("GET", url).http_response.json()
            except HttpResponseError as error:
                if code(error) == "MissingSubscriptionRegistration":
                    return []
                raise
            except ValueError:
                raise AzureError("the answer is not JSON; is that the address of Azure?") from None
            found += page["value"]
            url = page.get("nextLink") or ""
            if url and not url.startswith(f"{self._endpoint}/"):
                raise AzureError(f"the list {path} goes on at another address")
        return found

    def delete(self, path: str, api_version: str, tell: Callable[[str], None]) -> None:
        """Delete what is there, and wait for the end (learn.microsoft.com/azure/
        azure-resource-manager/management/async-operations); `tell` hears that it takes its time.
        Harmless when it is gone. Raises `Unfinished` after half an hour."""
        try:
            accepted = self._sent("DELETE", self._url(path, api_version))
        except HttpResponseError as error:
            if error.status_code == 404:
                return
            raise
        client = PipelineClient(self._endpoint, pipeline=self._pipeline)
        poller = LROPoller(client, accepted, lambda _: None, ARMPolling(timeout=_POLL_SECONDS))
        end = time.monotonic() + PATIENCE_SECONDS
        poller.wait(TELL_SECONDS)
        while not poller.done():
            if time.monotonic() > end:
                raise Unfinished("Azure has not ended it; run this again later")
            tell(f"still being deleted: {path}")
            poller.wait(TELL_SECONDS)
        poller.wait()

    def _sent(self, method: str, url: str) -> PipelineResponse[HttpRequest, HttpResponse]:
        answer = self._pipeline.run(HttpRequest(method, url))
        answer.http_response.raise_for_status()
        return answer

    def _url(self, path: str, api_version: str, only: str = "") -> str:
        query = {"api-version": api_version, **({"$filter": only} if only else {})}
        return f"{self._endpoint}{path}?{urlencode(query)}"


def code(error: AzureError) -> str:
    """ARM's code of an error; empty when it has none."""
    found = getattr(error, "error", None)
    return str(getattr(found, "code", None) or "")


def told(error: AzureError) -> str:
    """One line for people: what Azure said, and what to do about it."""
    if isinstance(error, ClientAuthenticationError):
        return f"{_first_line(error)}; sign in with az login"
    named = code(error)
    said = f"{named}: {_first_line(error)}" if named else _first_line(error)
    remedy = _REMEDIES.get(named)
    return f"{said}\n    {remedy}" if remedy else said


def _first_line(error: AzureError) -> str:
    message = str(getattr(getattr(error, "error", None), "message", None) or error)
    return (message.splitlines() or [""])[0]
