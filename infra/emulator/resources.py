"""All resources but clusters, with their children and identities; routes in resource_routes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from . import arm_ids, resource_shape, resource_types, scopes
from .groups import Groups
from .resource_types import Resource
from .wire import ArmError, Call
from .world import ArmChange, World

IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


class Resources:
    """The generic resource store.

    `more` are asked for the documents of resources kept elsewhere (clusters): they are in the lists
    of everything in a group or subscription, and may have children here.
    """

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups
        self._resources: dict[str, Resource] = {}
        self.more: list[Callable[[], Iterable[dict[str, Any]]]] = []
        world.on_delete.append(self._remove_below)

    def find(self, resource_id: str) -> Resource | None:
        """A resource by id."""
        return self._resources.get(resource_id.lower())

    def put(
        self, resource_id: str, body: dict[str, Any], call: Call | None = None
    ) -> tuple[Resource, bool]:
        """Create or replace a resource; also says whether it existed.

        `call` is the request behind it, None when a service does it by itself.
        ArmError when the group or the parent is missing, or the type's own rules are broken.
        """
        self._require_parents(resource_id)
        before = self.find(resource_id)
        resource = self._made(resource_id, body, before)
        subnets = _inline_subnets(resource, body)
        for subnet_id, subnet in (subnets or {}).items():
            self._made(subnet_id, subnet, self.find(subnet_id))
        # Nothing is refused from here on: a network is kept with all its subnets, or not at all.
        self._resources[resource_id.lower()] = resource
        if subnets is not None:
            self._replace_subnets(resource, subnets, call)
        self._tell(resource, "write", call, existed=before is not None)
        return resource, before is not None

    def remove(self, resource_id: str, call: Call | None = None) -> bool:
        """Delete a resource with its children and its identity; False when there was none."""
        resource = self.find(resource_id)
        if resource is None:
            return False
        self._drop(resource)
        self._tell(resource, "delete", call, existed=True)
        return True

    def below(self, scope: str) -> list[Resource]:
        """What lives below a scope (a group or a parent resource)."""
        start = scope.rstrip("/").lower() + "/"
        return [r for key, r in self._resources.items() if key.startswith(start)]

    def of_type(self, resource_type: str) -> list[Resource]:
        """All resources of a type."""
        return [r for r in self._resources.values() if r.type.lower() == resource_type.lower()]

    def document(self, resource: Resource) -> dict[str, Any]:
        """The body of an answer, with the children Azure shows inside their parent."""
        document = copy.deepcopy(resource.document())
        if resource.type.lower() == "microsoft.network/virtualnetworks":
            document["properties"]["subnets"] = [
                child.document() for child in self.below(resource.id)
            ]
        return document

    def everything(self) -> list[dict[str, Any]]:
        """The documents of all top-level resources, those kept elsewhere too."""
        here = [r.document() for r in self._resources.values() if r.type.count("/") == 1]
        return here + [document for source in self.more for document in source()]

    def _made(self, resource_id: str, body: dict[str, Any], before: Resource | None) -> Resource:
        kind = before.type if before else arm_ids.type_of(resource_id)
        resource_shape.check(kind, body)
        kept = {
            k: copy.deepcopy(v)
            for k, v in body.items()
            if k not in ("id", "name", "type") and v is not None
        }
        if resource_types.needs_location(kind) and not kept.get("location"):
            raise ArmError(
                400, "LocationRequired", "The location property is required for this definition."
            )
        if before and kept.get("location", "") != before.body.get("location", ""):
            raise ArmError(
                409,
                "InvalidResourceLocation",
                f"The resource '{before.name}' already exists in location "
                f"'{before.body.get('location')}'. A resource with the same name cannot be "
                "created in another location.",
            )
        resource = Resource(
            before.id if before else resource_id,
            before.name if before else arm_ids.name_of(resource_id),
            kind,
            kept,
            f'W/"{self._world.new_guid()}"',
            tenant_id=self._world.tenant_id,
        )
        self._require_references(resource)
        self._give_identity(resource, before)
        resource_types.complete(resource)
        return resource

    def _require_references(self, resource: Resource) -> None:
        for referred in resource_shape.references(resource.type, resource.properties):
            if not self.find(referred):
                raise ArmError(
                    400,
                    "InvalidResourceReference",
                    f"Resource {referred} referenced by resource {resource.id} was not found. "
                    "Please make sure that the referenced resource exists, and that both resources "
                    "are in the same region.",
                )

    def _give_identity(self, resource: Resource, before: Resource | None) -> None:
        asked = str((resource.body.get("identity") or {}).get("type", ""))
        system_assigned = "systemassigned" in asked.replace(" ", "").lower()
        if not system_assigned and resource.type.lower() != IDENTITY_TYPE.lower():
            return
        if before and before.principal_id:
            resource.principal_id, resource.client_id = before.principal_id, before.client_id
        else:
            made = self._world.directory.create(resource.name, resource.id)
            resource.principal_id, resource.client_id = made.object_id, made.client_id
        if system_assigned:
            resource.body["identity"] |= {
                "principalId": resource.principal_id,
                "tenantId": resource.tenant_id,
            }

    def _replace_subnets(
        self, network: Resource, subnets: dict[str, dict[str, Any]], call: Call | None
    ) -> None:
        wanted = {subnet_id.lower() for subnet_id in subnets}
        for child in self.below(network.id):
            if child.id.lower() not in wanted:
                self.remove(child.id, call)
        for subnet_id, subnet in subnets.items():
            self.put(subnet_id, subnet, call)

    def _remove_below(self, scope: str) -> None:
        for resource in self.below(scope):
            if resource.id.lower() in self._resources:
                self._drop(resource)

    def _drop(self, resource: Resource) -> None:
        del self._resources[resource.id.lower()]
        if resource.principal_id:
            self._world.directory.remove(resource.principal_id)
        self._world.deleted(resource.id)

    def _require_parents(self, resource_id: str) -> None:
        subscription, group = arm_ids.subscription_of(resource_id), arm_ids.group_of(resource_id)
        self._groups.require_writable(subscription, group)
        parent = arm_ids.parent_of(resource_id)
        if parent and not self.exists(parent):
            raise ArmError(
                404,
                "ParentResourceNotFound",
                f"Failed to perform 'write' on resource(s) of type "
                f"'{arm_ids.type_of(resource_id)}', because the parent resource '{parent}' could "
                "not be found.",
            )

    def exists(self, resource_id: str) -> bool:
        """Whether there is such a resource, here or elsewhere."""
        elsewhere = (document for source in self.more for document in source())
        return self.find(resource_id) is not None or any(
            scopes.same(document["id"], resource_id) for document in elsewhere
        )

    def _tell(self, resource: Resource, verb: str, call: Call | None, *, existed: bool) -> None:
        operation_name = f"{resource.type}/{verb}"
        if call:
            change = call.change(resource.id, operation_name, existed=existed)
        else:
            correlation_id = self._world.new_guid()
            change = ArmChange(
                resource.id, operation_name, "Succeeded", None, correlation_id, existed
            )
        self._world.changed(change)


def _inline_subnets(network: Resource, body: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
    """The subnets a network's body brings, by id; None when it does not speak of any."""
    subnets = (body.get("properties") or {}).get("subnets")
    if network.type.lower() != "microsoft.network/virtualnetworks" or subnets is None:
        return None
    return {f"{network.id}/subnets/{each['name']}": each for each in subnets}


def not_found(resource_id: str) -> ArmError:
    """404 ResourceNotFound, with the header by which ARM itself marks it."""
    parts = resource_id.split("/")
    short = "/".join([arm_ids.type_of(resource_id), *parts[8::2]])
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{short}' under resource group '{arm_ids.group_of(resource_id)}' was not "
        "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )
