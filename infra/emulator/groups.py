"""Resource groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypedDict

from . import resource_filter
from .arm_ids import IN_GROUP, IN_SUBSCRIPTION
from .operations import Operation, Operations
from .wire import ArmError, Call, Response, Router
from .world import World

GROUP_TYPE = "Microsoft.Resources/subscriptions/resourceGroups"
_GROUP_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")


class _Body(TypedDict, total=False):
    location: str | None
    tags: dict[str, str] | None


@dataclass
class ResourceGroup:
    """A resource group; `managed_by` is the cluster a node resource group belongs to."""

    id: str
    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)
    managed_by: str | None = None
    deletion: Operation | None = None  # under way

    @property
    def provisioning_state(self) -> str:
        """As clients see it."""
        return "Deleting" if self.deletion else "Succeeded"

    def document(self) -> dict[str, Any]:
        """The body of an answer."""
        body: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": self.location,
            "tags": self.tags,
            "properties": {"provisioningState": self.provisioning_state},
        }
        if self.managed_by:
            body["managedBy"] = self.managed_by
        return body


class Groups:
    """The resource groups of all subscriptions.

    Whoever keeps something in groups listens to `World.on_delete` and removes it with its group.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        self._groups: dict[str, ResourceGroup] = {}

    def register(self, router: Router) -> None:
        """Routes that ask for a token."""
        add = router.add
        add("GET", IN_SUBSCRIPTION + "/resourcegroups", self._list)
        add("PUT", IN_GROUP, self._put)
        add("PATCH", IN_GROUP, self._patch)
        add("GET", IN_GROUP, self._get)
        add("HEAD", IN_GROUP, self._head)
        add("DELETE", IN_GROUP, self._delete)

    # what other rooms and tests use

    def all(self) -> list[ResourceGroup]:
        """Every group."""
        return list(self._groups.values())

    def find(self, subscription: str, name: str) -> ResourceGroup | None:
        """A group by name."""
        return self._groups.get(_id(subscription, name).lower())

    def require(self, subscription: str, name: str) -> ResourceGroup:
        """A group that must exist; ArmError 404 ResourceGroupNotFound."""
        if group := self.find(subscription, name):
            return group
        raise group_not_found(name)

    def require_writable(self, subscription: str, name: str) -> ResourceGroup:
        """The same, and not on its way out; ArmError 409 ResourceGroupBeingDeleted."""
        group = self.require(subscription, name)
        if group.deletion:
            raise ArmError(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{name}' is in deprovisioning state and cannot perform this "
                "operation.",
            )
        return group

    def create(
        self,
        subscription: str,
        name: str,
        location: str,
        tags: dict[str, str] | None = None,
        managed_by: str | None = None,
    ) -> ResourceGroup:
        """Make or replace a group without a request."""
        group = ResourceGroup(_id(subscription, name), name, location, tags or {}, managed_by)
        self._groups[group.id.lower()] = group
        return group

    def remove(self, group_id: str) -> None:
        """Drop a group and all that lives in it, at once."""
        if self._groups.pop(group_id.lower(), None):
            self._world.deleted(group_id)

    # routes

    def _list(self, call: Call, subscription: str) -> Response:
        below = f"/subscriptions/{subscription}/".lower()
        here = (g.document() for key, g in self._groups.items() if key.startswith(below))
        return Response(200, {"value": resource_filter.chosen(here, call.request)})

    def _put(self, call: Call, subscription: str, group: str) -> Response:
        body = call.request.read(_Body)
        _check_name(group)
        location = (body.get("location") or "").replace(" ", "").lower()
        if not location:
            raise ArmError(
                400, "LocationRequired", "The location property is required for this definition."
            )
        before = self.find(subscription, group)
        if before and before.location != location:
            raise ArmError(
                409,
                "InvalidResourceGroupLocation",
                f"Invalid resource group location '{location}'. The Resource group already exists "
                f"in location '{before.location}'.",
            )
        if before:
            self.require_writable(subscription, group)
        after = before or self.create(subscription, group, location)
        after.tags = body.get("tags") or {}
        self.announce(call, after.id, "write", existed=before is not None)
        return Response(200 if before else 201, after.document())

    def _patch(self, call: Call, subscription: str, group: str) -> Response:
        found = self.require_writable(subscription, group)
        tags = call.request.read(_Body).get("tags")
        found.tags = found.tags if tags is None else tags
        self.announce(call, found.id, "write", existed=True)
        return Response(200, found.document())

    def _get(self, _call: Call, subscription: str, group: str) -> Response:
        return Response(200, self.require(subscription, group).document())

    def _head(self, _call: Call, subscription: str, group: str) -> Response:
        return Response(204 if self.find(subscription, group) else 404)

    def _delete(self, call: Call, subscription: str, group: str) -> Response:
        found = self.require(subscription, group)
        # A second DELETE must not outlive the first: it would take a group made again with it.
        found.deletion = found.deletion or self._begin_deletion(call, subscription, found)
        return Response(202, None, self._operations.location_headers(call.request, found.deletion))

    def _begin_deletion(self, call: Call, subscription: str, group: ResourceGroup) -> Operation:
        def finish(_operation: Operation) -> None:
            self.remove(group.id)
            self.announce(call, group.id, "delete", existed=True)

        limits = self._world.knobs.group_deletion_seconds
        seconds = self._world.draw_seconds(limits, "delete", group.id)
        return self._operations.start(f"/subscriptions/{subscription}", seconds, finish)

    def announce(self, call: Call, group_id: str, verb: str, *, existed: bool) -> None:
        """Tell the world that a group was written or deleted by a request."""
        self._world.changed(call.change(group_id, f"{GROUP_TYPE}/{verb}", existed=existed))


def _id(subscription: str, name: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def group_not_found(name: str) -> ArmError:
    """404 ResourceGroupNotFound."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def _check_name(name: str) -> None:
    if not _GROUP_NAME.fullmatch(name):
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters or its "
            "length is not between 1 and 90, or it ends with a period.",
        )
