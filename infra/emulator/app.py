"""The assembled emulator: one `handle(request)` for both mouths."""

from __future__ import annotations

from typing import Any

from . import arm_ids
from .access import Access
from .activity_log import ActivityLogSettings
from .agent_pools import AgentPools
from .app_rights import AppRights
from .clock import Clock, RealClock
from .cluster_acts import ClusterActs
from .cluster_routes import ClusterRoutes
from .clusters import Clusters
from .control import Control
from .custom_topics import CustomTopics
from .deny_assignments import DenyAssignments
from .event_control import EventControl
from .event_grid import EventGrid
from .faults import Faults
from .gateway import Gateway
from .graph import Graph
from .groups import Groups
from .identity import Identities, PrincipalCredential
from .keys import Keys
from .knobs import Knobs
from .link_checks import LinkChecks
from .locks import Locks
from .node_groups import NodeGroups
from .operations import Operations
from .permissions import Permissions
from .planted import Planted
from .resource_routes import ResourceRoutes
from .resources import IDENTITY_TYPE, Resources, not_found
from .role_assignments import RoleAssignments
from .role_definitions import RoleDefinitions
from .run_command import RunCommand
from .subscriptions import Subscriptions
from .throttle import Throttle
from .wire import Request, Response
from .world import Principal, World

APP_NAME = "grantkeeper"
OPERATOR_NAME = "operator"


class Emulator:
    """Azure in one object.

    Two principals are there from the start: `app_identity`, a user-assigned managed identity with
    the roles of the knob `app_roles` on every subscription until `app_rights` are told others, and
    `operator`, who owns them.
    """

    def __init__(
        self, knobs: Knobs | None = None, clock: Clock | None = None, keys: Keys | None = None
    ) -> None:
        self.keys = keys or Keys.fresh()
        self.world = World(knobs or Knobs(), clock or RealClock())
        self._build_access()
        self._build_resources()
        self.app_identity, self.operator = self._seed_principals()
        self.app_rights = AppRights(
            self.world, self.definitions, self.role_assignments, self.app_identity
        )
        self.identities = Identities(self.world, self.keys, self.app_identity, self.operator)
        self.event_grid = EventGrid(self.world)
        self.custom_topics = CustomTopics(self.world, self.keys.topic)
        self.faults = Faults(self.world)
        self.throttle = Throttle(self.world, OPERATOR_NAME)
        self._gateway = Gateway(
            self.world,
            self.keys,
            self.identities,
            self.access,
            self.locks,
            self.subscriptions,
            self.faults,
            self.throttle,
            self.planted,
        )
        self._register(self._gateway)

    def _build_access(self) -> None:
        self.definitions = RoleDefinitions(self.world)
        self.role_assignments = RoleAssignments(self.world, self.definitions)
        self.deny_assignments = DenyAssignments(self.world)
        self.locks = Locks(self.world)
        self.access = Access(
            self.world, self.definitions, self.role_assignments, self.deny_assignments
        )
        self.definitions.require_linked = self.access.require_linked
        self.role_assignments.require_scope = self._require_scope

    def _build_resources(self) -> None:
        self.operations = Operations(self.world)
        self.subscriptions = Subscriptions(self.world)
        self.groups = Groups(self.world, self.operations)
        self.resources = Resources(self.world, self.groups)
        self.planted = Planted(self.world)
        links = LinkChecks(self.resources, self.access)
        node_groups = NodeGroups(self.world, self.groups, self.resources, self.role_assignments)
        self.clusters = Clusters(
            self.world, self.operations, self.groups, self.resources, node_groups, links
        )
        self.cluster_routes = ClusterRoutes(
            self.world, self.operations, self.groups, self.clusters, links
        )
        self.agent_pools = AgentPools(self.world, self.operations, self.clusters, links)
        acts = ClusterActs(self.world, self.resources, self.access)
        self.run_command = RunCommand(self.world, self.operations, self.clusters, acts)

    def _seed_principals(self) -> tuple[Principal, Principal]:
        knobs = self.world.knobs
        self.groups.create(self.subscription_id, APP_NAME, knobs.location)
        path = f"/subscriptions/{self.subscription_id}/resourceGroups/{APP_NAME}"
        identity, _ = self.resources.put(
            f"{path}/providers/{IDENTITY_TYPE}/{APP_NAME}", {"location": knobs.location}
        )
        app = self.world.directory.get(identity.principal_id or "")
        if app is None:
            raise RuntimeError("a user-assigned identity came without a principal")
        operator = self.world.directory.create(OPERATOR_NAME)
        for subscription in self.world.subscription_ids:
            scope = f"/subscriptions/{subscription}"
            self.role_assignments.seed(scope, operator.object_id, "Owner")
            for role in knobs.app_roles:
                self.role_assignments.seed(scope, app.object_id, role)
        return app, operator

    def _register(self, gateway: Gateway) -> None:
        self.subscriptions.register_open(gateway.open)
        self.identities.register(gateway.open)
        self.custom_topics.register(gateway.open)
        self.graph = Graph(self.world)
        self.graph.register(gateway.graph)
        Control(
            self.world, self.faults, self.clusters, self.role_assignments, self.planted
        ).register(gateway.control)
        EventControl(self.event_grid, self.custom_topics).register(gateway.control)
        self.deny_assignments.register_control(gateway.control)
        self.app_rights.register_control(gateway.control)
        Permissions(self.access).register(gateway.arm)
        # resources last: its routes match any provider's path
        for room in (
            self.operations,
            self.definitions,
            self.role_assignments,
            self.deny_assignments,
            self.locks,
            ActivityLogSettings(),
            self.run_command,
            self.agent_pools,
            self.cluster_routes,
            self.subscriptions,
            self.groups,
            ResourceRoutes(self.groups, self.resources),
        ):
            room.register(gateway.arm)

    # what tests and mouths use

    @property
    def subscription_id(self) -> str:
        """The first subscription."""
        return self.world.subscription_ids[0]

    def credential(self, principal: Principal) -> PrincipalCredential:
        """A credential whose tokens this emulator accepts, for in-process clients."""
        return PrincipalCredential(self.identities, principal)

    def advance(self, seconds: float) -> None:
        """Move emulated time ahead; what falls due meanwhile happens at its own time."""
        self.world.advance(seconds)

    def plant(self, resource_id: str, document: Any) -> None:
        """Let ARM tell of a resource what no service would (planted.py)."""
        self.planted.plant(resource_id, document)

    def close(self) -> None:
        """End the threads that deliver events."""
        self.event_grid.close()

    def handle(self, request: Request) -> Response:
        """Answer one request; raises nothing but what work that falls due raises."""
        return self._gateway.handle(request)

    def _require_scope(self, scope: str) -> None:
        """ArmError 404 when what a role would be assigned on does not exist."""
        subscription, group = arm_ids.subscription_of(scope), arm_ids.group_of(scope)
        if not group:
            return
        self.groups.require(subscription, group)
        is_group = len(scope.strip("/").split("/")) == 4
        finders = (self.resources.find, self.clusters.find, self.planted.find)
        if not is_group and not any(find(scope) for find in finders):
            raise not_found(scope)
