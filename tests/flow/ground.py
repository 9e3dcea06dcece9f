"""What the operator makes in a town for clusters to stand on; what may be said of the result."""

import shlex
import uuid
from collections.abc import Callable
from typing import Any

from infra.emulator import addons
from shared.model import ADDON, CONTROL_PLANE, KUBELET, Progress
from tests.flow.town import Town

Need = tuple[str, str, str]
"""An identity (`controlPlane`, `kubelet`, `addon:KEY`), a role's GUID and a scope."""
Made = tuple[str, str, str]
"""A principal, a role's GUID and a scope in lower case."""


def put(town: Town, kind: str, name: str, group: str = "net-main", **body: Any) -> str:
    """Make any resource, and its group; the resource's id."""
    group_id = group_of(town, group)
    town.arm("PUT", group_id, {"location": "westus2"})
    path = f"{group_id}/providers/{kind}/{name}"
    town.arm("PUT", path, {"location": "westus2", **body})
    return path


def group_of(town: Town, group: str) -> str:
    """The id of a resource group."""
    return f"/subscriptions/{town.subscription}/resourceGroups/{group}"


def network_of(subnet: str) -> str:
    """The id of a subnet's network."""
    return subnet.partition("/subnets/")[0]


def put_subnet(town: Town, name: str, **properties: Any) -> str:
    """Make, or change, a subnet of the town's network; its id."""
    path = f"{network_of(town.subnet)}/subnets/{name}"
    town.arm("PUT", path, {"properties": {"addressPrefix": "10.9.0.0/16", **properties}})
    return path


def put_registry(town: Town, name: str, mode: str = "LegacyRegistryPermissions") -> str:
    """Make, or change, a container registry that grants in this mode; its id."""
    kind, mode_of = "Microsoft.ContainerRegistry/registries", {"roleAssignmentMode": mode}
    return put(town, kind, name, "shared-registry", sku={"name": "Basic"}, properties=mode_of)


def put_identity(town: Town, name: str = "mine") -> tuple[str, str]:
    """Make a user-assigned identity; its id and its principal."""
    path = put(town, "Microsoft.ManagedIdentity/userAssignedIdentities", name)
    return path, str(town.arm("GET", path)["properties"]["principalId"])


def user_assigned(identity: str) -> dict[str, Any]:
    """The `identity` of a cluster that runs as this one."""
    return {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}


def put_role(town: Town, guid: str, *actions: str) -> None:
    """Make, or change, a custom role that allows these actions."""
    scope = f"/subscriptions/{town.subscription}"
    definition = {
        "roleName": f"custom {guid}",
        "type": "CustomRole",
        "permissions": [{"actions": list(actions)}],
        "assignableScopes": [scope],
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    town.arm("PUT", path, {"properties": definition}, "2022-04-01")


def assign(
    town: Town, principal: str, role: str, scope: str, kind: str = "ServicePrincipal", **more: Any
) -> None:
    """The operator makes a role assignment; `more` may hold a condition."""
    authorization = "/providers/Microsoft.Authorization"
    definition = f"/subscriptions/{town.subscription}{authorization}/roleDefinitions/{role}"
    properties = {
        "roleDefinitionId": definition,
        "principalId": principal,
        "principalType": kind,
        **more,
    }
    path = f"{scope}{authorization}/roleAssignments/{uuid.uuid4()}"
    town.arm("PUT", path, {"properties": properties}, "2022-04-01")


def remove(town: Town, role: str) -> None:
    """Somebody removes the cluster's assignment of this role."""
    lost = next(p for p in town.record().grants if p.grant.role == role)
    town.arm("DELETE", lost.assignment_id, version="2022-04-01")


def whole(town: Town) -> bool:
    """Whether the cluster has exactly the assignments that it needs."""
    return town.grants_made() == town.expected_grants("c1")


def run_line(town: Town, line: str) -> None:
    """An administrator runs an `az role assignment create` that the product has printed."""
    words = shlex.split(line)
    assert words[:4] == ["az", "role", "assignment", "create"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    assign(
        town,
        options.pop("--assignee-object-id"),
        options.pop("--role"),
        options.pop("--scope"),
        options.pop("--assignee-principal-type"),
    )
    assert not options


def run_delete(town: Town, line: str) -> None:
    """An administrator runs an `az role assignment delete` that the product has printed."""
    words = shlex.split(line)
    assert words[:5] == ["az", "role", "assignment", "delete", "--ids"]
    for assignment_id in words[5:]:
        town.arm("DELETE", assignment_id, version="2022-04-01")


def put_cluster(town: Town, body: dict[str, Any], name: str = "c1") -> None:
    """Someone else makes, or changes, a cluster with this body, straight in ARM."""
    town.arm("PUT", str(town.id_of(name)), {"location": "westus2", **body})


def disguise(town: Town, change: Callable[[Any], object], name: str = "c1") -> None:
    """Let ARM show a cluster's JSON with a change that AKS would not make; an event is raised."""
    document = town.arm("GET", str(town.id_of(name)))
    change(document)
    town.azure.plant(str(town.id_of(name)), document)


def principal_of(town: Town, identity: str, name: str = "c1") -> str:
    """The object id of one of the cluster's identities, as Azure has it."""
    cluster = town.cluster(name)
    if identity == CONTROL_PLANE:
        return cluster.control_plane_principal_id
    if identity == KUBELET:
        return cluster.kubelet_object_id
    addon = addons.enabled(cluster.properties)[identity.removeprefix(ADDON)]
    return str(addon["identity"]["objectId"])


def made_for(town: Town, needs: set[Need], name: str = "c1") -> set[Made]:
    """The needs of a cluster as role assignments."""
    return {
        (principal_of(town, identity, name), role, scope.lower()) for identity, role, scope in needs
    }


def made(town: Town) -> set[Made]:
    """Every role assignment that the product's identity has made, anywhere."""
    return {
        (each.principal_id, each.role_guid, each.scope.lower())
        for each in town.azure.role_assignments.all()
        if each.created_by == town.azure.app_identity.object_id
    }


def writes(town: Town) -> list[str]:
    """The paths of all writes of the product that Azure has accepted."""
    app = town.azure.app_identity.display_name
    return [
        entry.path
        for entry in town.azure.world.ledger.entries
        if entry.caller_name == app and entry.is_write and entry.status < 300
    ]


def grant_of(town: Town, role: str, scope: str, name: str = "c1") -> Progress:
    """What the record says of one grant."""
    return next(
        p
        for p in town.record(name).grants
        if (p.grant.role, p.grant.scope.lower()) == (role, scope.lower())
    )


def message(town: Town, condition: str, name: str = "c1") -> str:
    """What a condition tells people."""
    found = town.record(name).condition(condition)
    return found.message if found else ""
