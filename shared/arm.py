"""Azure Resource Manager: clusters and role assignments, in our nouns; errors classified.

No method waits: long-running operations are begun and never polled, and no call is repeated on an
error status, so that a turn never sleeps. Raises `Transient` or `Terminal` (shared/errors.py).
"""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.authorization.v2022_04_01 import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.containerservice import ContainerServiceClient

from shared import answers, pipeline, wire
from shared.answers import Answer, CommandEnd, Written, classified, code, correlation_id
from shared.azure_clock import AzureClock
from shared.budget import Budget
from shared.bulk import ASSIGNMENTS_VERSION, Bulk
from shared.deny_assignments import DenyAssignment
from shared.egress import EgressGuard, MayAssign
from shared.errors import Transient
from shared.locks import Lock
from shared.model import Assignment, Cluster, Grant
from shared.permissions import RoleDefinition
from shared.resource_id import ClusterId, ResourceGroupId, ResourceId, Scope, parse_scope
from shared.settings import Settings
from shared.wanted import assignment_id, assignment_name

_log = logging.getLogger(__name__)

_CLUSTERS_VERSION = "2026-08-01"
_GROUPS_VERSION = "2021-04-01"
_LOCKS_VERSION = "2020-05-01"
_RESOURCE_VERSIONS = {
    "Microsoft.ContainerRegistry": "2025-11-01",  # the first stable one with roleAssignmentMode
    "Microsoft.ManagedIdentity": "2023-01-31",
    "Microsoft.Network": "2024-05-01",
}


def connect(
    credential: TokenCredential,
    settings: Settings,
    may_assign: MayAssign,
    clock: AzureClock | None = None,
    budget: Budget | None = None,
    *,
    may_revoke: bool = False,
    **sdk: Any,
) -> "Arm":
    """Clients for ARM as `settings` say, which assign no role that `may_assign` denies, delete none
    unless `may_revoke`, keep `budget`, and set `clock`; `sdk` is for tests (`transport=`)."""
    guard = EgressGuard(settings.arm_endpoint, may_assign, may_revoke=may_revoke)
    options = pipeline.options(settings, [guard, *filter(None, (budget, clock))], **sdk)
    return Arm(credential, settings.arm_endpoint, options)


class Arm:
    """ARM, as far as this project goes."""

    def __init__(self, credential: TokenCredential, endpoint: str, options: dict[str, Any]) -> None:
        self._credential = credential
        self._endpoint = endpoint
        self._options = options
        self.bulk = Bulk(credential, options, _CLUSTERS_VERSION)
        self._clusters: dict[str, ContainerServiceClient] = {}
        nowhere = "00000000-0000-0000-0000-000000000000"  # assignments are addressed by scope
        self._authorization = AuthorizationManagementClient(credential, nowhere, **options)

    def close(self) -> None:
        """Close the connections."""
        self.bulk.close()
        self._authorization.close()
        for client in self._clusters.values():
            client.close()

    def get_cluster(self, cluster: ClusterId) -> Cluster | None:
        """The cluster as it is now, or None when it is not there. As JSON, of which the SDK would
        make a model that nobody here reads."""
        url = f"{self._endpoint}{cluster}?api-version={_CLUSTERS_VERSION}"
        with classified():
            answer = self._client(cluster.subscription_id).send_request(HttpRequest("GET", url))
            try:
                answer.raise_for_status()
            except HttpResponseError as error:
                # A subscription that is not there says nothing of the cluster.
                if error.status_code == 404 and code(error) != "SubscriptionNotFound":
                    return None
                raise
            return wire.cluster(answer.content, str(cluster))

    def list_clusters(self, subscription_id: str) -> Iterator[Cluster]:
        """All clusters of a subscription; a cluster that cannot be decoded is passed over."""
        for page in self.bulk.clusters(subscription_id):
            for item in page:
                try:
                    yield wire.cluster(item)
                except msgspec.DecodeError as error:
                    _log.warning("subscription=%s passed_over=%s", subscription_id, error)

    def create_cluster(self, cluster: ClusterId, body: dict[str, Any]) -> Written:
        """Begin to create the cluster, unless there already is one (If-None-Match: *,
        learn.microsoft.com/azure/aks/use-etags). Never overwrites."""
        return self._put(cluster, body, "*", MatchConditions.IfMissing)

    def put_again(self, cluster: ClusterId, body: dict[str, Any], etag: str) -> Written:
        """Begin to bring the cluster to the state that was read, `body`, unless somebody has
        changed it since (If-Match, same page); then `existed`."""
        return self._put(cluster, body, etag, MatchConditions.IfNotModified)

    def has_resource_group(self, group: ResourceGroupId) -> bool:
        """Whether the resource group is there."""
        with classified():
            return self._get(group, f"?api-version={_GROUPS_VERSION}") is not None

    def create_resource_group(self, group: ResourceGroupId, location: str) -> Written:
        """Make a resource group, where there is none."""
        url = f"{self._endpoint}{group}?api-version={_GROUPS_VERSION}"
        request = HttpRequest("PUT", url, json={"location": location})
        with classified():
            made = self._client(group.subscription_id).send_request(request)
            made.raise_for_status()
        return Written(str(group), correlation_id(made.headers))

    def assignments(self, subscription_id: str, principal_id: str = "") -> tuple[Assignment, ...]:
        """All role assignments at, above and below a subscription, of one principal or of all."""
        pages = self.bulk.assignments(subscription_id, principal_id)
        return tuple(found for page in pages for found in page)

    def assign(self, grant: Grant, description: str) -> Written:
        """Write the grant's role assignment, unless the same grant is there under another name
        (`RoleAssignmentExists` is success)."""
        answer = Answer()
        scope = parse_scope(grant.scope)
        parameters = RoleAssignmentCreateParameters(
            role_definition_id=(
                f"/subscriptions/{scope.subscription_id}"
                f"/providers/Microsoft.Authorization/roleDefinitions/{grant.role}"
            ),
            principal_id=grant.principal_id,
            principal_type="ServicePrincipal",  # skips the directory check of a fresh identity
            description=description,
        )
        with classified():
            try:
                made = self._authorization.role_assignments.create(
                    str(scope), assignment_name(grant), parameters, raw_response_hook=answer
                )
            except HttpResponseError as error:
                if code(error) == "RoleAssignmentExists":
                    return Written("", answer.correlation_id, existed=True)
                raise
        return Written(str(made.id), answer.correlation_id)

    def assignment(self, grant: Grant) -> Assignment | None:
        """The grant's assignment under our name, as it is now, or None when it is not there."""
        path = f"/providers/Microsoft.Authorization/roleAssignments/{assignment_name(grant)}"
        with classified():
            answer = self._get(
                parse_scope(grant.scope), f"{path}?api-version={ASSIGNMENTS_VERSION}"
            )
            return wire.assignment(answer.content) if answer else None

    def revoke(self, grant: Grant) -> Written:
        """Delete the grant's assignment under our name; that it is not there is success."""
        answer = Answer()
        with classified():
            self._authorization.role_assignments.delete(
                str(parse_scope(grant.scope)), assignment_name(grant), raw_response_hook=answer
            )
        return Written(assignment_id(grant), answer.correlation_id)

    def role_definition(self, subscription_id: str, role: str) -> RoleDefinition | None:
        """The definition of a role (GUID), or None when the subscription knows none."""
        with classified():
            try:
                found = self._authorization.role_definitions.get(
                    f"/subscriptions/{subscription_id}", role
                )
            except HttpResponseError as error:
                if code(error) == "RoleDefinitionDoesNotExist":
                    return None
                raise
        return answers.role_definition(role, found)

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]]:
        """What a resource of a type in `wire.FACTS` says, by fact; nothing if it is not there."""
        version = _RESOURCE_VERSIONS[resource.type.partition("/")[0]]
        with classified():
            answer = self._get(resource, f"?api-version={version}")
            return wire.facts(resource.type, answer.content) if answer else {}

    def locks(self, scope: Scope) -> tuple[Lock, ...]:
        """The locks at a scope and above it (`atScope()` of learn.microsoft.com/rest/api/resources/
        management-locks/list-by-scope), as far as the first page has them."""
        query = f"?api-version={_LOCKS_VERSION}&$filter=atScope()"
        with classified():
            answer = self._get(scope, f"/providers/Microsoft.Authorization/locks{query}")
            return wire.locks(answer.content) if answer else ()

    def deny_assignments(self, subscription_id: str) -> tuple[DenyAssignment, ...]:
        """All deny assignments at, above and below a subscription, whoever they are for.

        A list for one principal (`principalId eq`) is not documented to have those that are for
        everyone (learn.microsoft.com/azure/role-based-access-control/deny-assignments-rest).
        """
        with classified():
            found = self._authorization.deny_assignments.list_for_scope(
                f"/subscriptions/{subscription_id}"
            )
            return tuple(map(answers.deny_assignment, found))

    def begin_run_command(self, cluster: ClusterId, command: str) -> Written:
        """Begin a command in the cluster; the id is that to fetch its result by."""
        answer = Answer()
        with classified():
            self._managed(cluster).begin_run_command(
                cluster.resource_group,
                cluster.name,
                {"command": command, "context": ""},
                polling=False,
                raw_response_hook=answer,
            )
        command_id = urlsplit(answer.headers.get("Location", "")).path.rpartition("/")[2]
        if not command_id:
            failure = Transient("NoCommandResult", "the answer to run command names no result")
            failure.correlation_id = answer.correlation_id
            raise failure
        return Written(command_id, answer.correlation_id)

    def command_end(self, cluster: ClusterId, command_id: str) -> CommandEnd | None:
        """How a command ended, or None while it runs."""
        with classified():
            result = self._managed(cluster).get_command_result(
                cluster.resource_group, cluster.name, command_id
            )
        if result is None or result.properties is None:
            return None
        properties = result.properties
        if (properties.provisioning_state or "").lower() in {"running", "accepted", ""}:
            return None
        return CommandEnd(properties.exit_code, properties.logs or "", properties.reason or "")

    def _get(self, scope: Scope, path: str) -> Any:
        """The answer about a scope, or what is below it by `path`; None when it is not there."""
        request = HttpRequest("GET", f"{self._endpoint}{scope}{path}")
        answer = self._client(scope.subscription_id).send_request(request)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer

    def _client(self, subscription_id: str) -> ContainerServiceClient:
        client = self._clusters.get(subscription_id)
        if client is None:
            client = ContainerServiceClient(
                self._credential, subscription_id, api_version=_CLUSTERS_VERSION, **self._options
            )
            client = self._clusters.setdefault(subscription_id, client)
        return client

    def _managed(self, cluster: ClusterId) -> Any:
        return self._client(cluster.subscription_id).managed_clusters

    def _put(
        self, cluster: ClusterId, body: dict[str, Any], etag: str, condition: MatchConditions
    ) -> Written:
        answer = Answer()
        with classified():
            try:
                self._managed(cluster).begin_create_or_update(
                    cluster.resource_group,
                    cluster.name,
                    body,
                    etag=etag,
                    match_condition=condition,
                    polling=False,
                    raw_response_hook=answer,
                )
            except HttpResponseError as error:
                if error.status_code == 412:
                    return Written("", answer.correlation_id, existed=True)
                raise
        return Written(str(cluster), answer.correlation_id)
