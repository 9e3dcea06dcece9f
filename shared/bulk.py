"""Lists of a whole subscription, page by page: its clusters and its role assignments; and the list
of subscriptions.

The SDK's models take 0.8 ms and 59 kB for each cluster of a list, where the JSON takes 5 µs
(`make bench ARGS="--only scale"`), so a page comes through azure-core's bare pipeline and is
decoded by msgspec. One page at a time is held. `nextLink` is followed where the egress guard lets
it: to the same endpoint, for a list of the same kind. Raises `Transient` or `Terminal`.
"""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from shared import wire
from shared.answers import classified
from shared.errors import Transient
from shared.model import Assignment
from shared.resource_id import InvalidId, subscription_id

_log = logging.getLogger(__name__)
_CLUSTERS = "Microsoft.ContainerService/managedClusters"
_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
ASSIGNMENTS_VERSION = "2022-04-01"
_MOST_PAGES = 1000  # a list that has more is going round in circles

_SUBSCRIPTIONS_VERSION = "2022-12-01"
_USABLE = frozenset({"Enabled", "PastDue", "Warned"})

Items = tuple[msgspec.Raw, ...]
Client = ARMPipelineClient[HttpRequest, HttpResponse]


class _Subscription(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: str
    state: str = ""


def client(credential: TokenCredential, options: dict[str, Any]) -> Client:
    """Azure-core's bare pipeline to ARM, by the options that all clients of ARM share."""
    authentication = ARMChallengeAuthenticationPolicy(credential, *options["credential_scopes"])
    policies = [RequestIdPolicy(), UserAgentPolicy(), options["retry_policy"], authentication]
    return ARMPipelineClient(**{**options, "policies": policies})


class Bulk:
    """Lists, by the options that all clients of ARM share (`shared/arm.py`)."""

    def __init__(
        self, credential: TokenCredential, options: dict[str, Any], clusters_version: str
    ) -> None:
        self._clusters_version = clusters_version
        self._endpoint = options["base_url"]
        self._client = client(credential, options)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def clusters(self, subscription_id: str) -> Iterator[Items]:
        """The pages of a subscription's clusters, each item as JSON text (`wire.cluster`)."""
        query = {"api-version": self._clusters_version}
        return self._pages(f"/subscriptions/{subscription_id}/providers/{_CLUSTERS}", query)

    def assignments(
        self, subscription_id: str, principal_id: str = ""
    ) -> Iterator[list[Assignment]]:
        """The pages of all role assignments at, above and below a subscription, of one principal
        or of all (learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest).
        """
        query = {"api-version": ASSIGNMENTS_VERSION}
        if principal_id:
            query["$filter"] = f"principalId eq '{principal_id}'"
        path = f"/subscriptions/{subscription_id}/providers/{_ASSIGNMENTS}"
        for items in self._pages(path, query):
            yield list(_assignments(subscription_id, items))

    def subscriptions(self) -> tuple[str, ...]:
        """The ids of all subscriptions that our identity sees and that can be worked in, sorted
        (learn.microsoft.com/rest/api/resources/subscriptions/list)."""
        pages = self._pages("/subscriptions", {"api-version": _SUBSCRIPTIONS_VERSION})
        return tuple(sorted({each for page in pages for each in _usable(page)}))

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[Items]:
        url = f"{self._endpoint}{path}?{urlencode(query)}"
        for _ in range(_MOST_PAGES):
            with classified():
                response = self._client.send_request(HttpRequest("GET", url))
                response.raise_for_status()
                page = msgspec.json.decode(response.content, type=wire.Page)
            yield page.value
            if not page.next_link:
                return
            url = page.next_link
        raise Transient("UnreadableAnswer", f"a list of more than {_MOST_PAGES} pages")


def _usable(items: Items) -> Iterator[str]:
    """The ids of the subscriptions of a page that can be worked in."""
    for item in items:
        try:
            found = msgspec.json.decode(item, type=_Subscription)
            if found.state in _USABLE:
                yield subscription_id(found.subscription_id)
        except (msgspec.DecodeError, InvalidId) as error:
            _log.warning("a subscription passed_over=%s", error)


def _assignments(subscription_id: str, items: Items) -> Iterator[Assignment]:
    """The assignments of a page; one that cannot be decoded is passed over."""
    for item in items:
        try:
            yield wire.assignment(item)
        except msgspec.DecodeError as error:
            _log.warning("subscription=%s passed_over=%s", subscription_id, error)
