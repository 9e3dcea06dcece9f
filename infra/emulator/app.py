"""The assembled emulator: one `handle(request)` for both mouths."""

from __future__ import annotations

import logging
import re

from . import arm_ids
from .access import Access
from .agent_pools import AgentPools
from .clock import Clock, RealClock
from .cluster_links import LinkChecks
from .clusters import Clusters
from .control import Control
from .custom_topics import CustomTopics
from .deny_assignments import DenyAssignments
from .event_control import EventControl
from .event_grid import EventGrid
from .faults import Faults, StaleReads
from .graph import Graph
from .groups import Groups
from .identity import ARM_AUDIENCES, Identities, PrincipalCredential
from .keys import Keys
from .knobs import Knobs
from .node_groups import NodeGroups
from .operations import Operations
from .permissions import Permissions
from .resources import IDENTITY_TYPE, Resources, not_found
from .role_assignments import RoleAssignments
from .role_definitions import RoleDefinitions
from .run_command import RunCommand
from .subscriptions import Subscriptions
from .wire import ArmError, Call, Handler, Request, Response, Router
from .world import LedgerEntry, Principal, World

log = logging.getLogger(__name__)

APP_NAME = "grantkeeper"
OPERATOR_NAME = "operator"
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+(\.\d+)?)?", re.IGNORECASE)
_GRAPH_PREFIX = "/v1.0/"
_NEEDS_NO_ROLE = frozenset({"/tenants", "/subscriptions"})
_REMAINING = {"GET": ("reads", 249), "HEAD": ("reads", 249), "DELETE": ("deletes", 199)}


class Emulator:
    """Azure in one object.

    Two principals are there from the start: `app_identity`, a user-assigned managed identity with
    the roles of the knob `app_roles` on every subscription, and `operator`, who owns them.
    """

    def __init__(
        self, knobs: Knobs | None = None, clock: Clock | None = None, keys: Keys | None = None
    ) -> None:
        self.keys = keys or Keys.fresh()
        self.world = World(knobs or Knobs(), clock or RealClock())
        self._open, self._arm, self._graph = Router(), Router(), Router()
        self._control_router = Router()
        self._build_access()
        self._build_resources()
        self.app_identity, self.operator = self._seed_principals()
        self.identities = Identities(self.world, self.keys, self.app_identity, self.operator)
        self.event_grid = EventGrid(self.world)
        self.custom_topics = CustomTopics(self.world, self.keys.topic)
        self.faults = Faults(self.world)
        self._stale = StaleReads(self.world)
        self._register()

    def _build_access(self) -> None:
        self.definitions = RoleDefinitions(self.world)
        self.role_assignments = RoleAssignments(self.world, self.definitions)
        self.deny_assignments = DenyAssignments(self.world)
        self.access = Access(
            self.world, self.definitions, self.role_assignments, self.deny_assignments
        )
        self.role_assignments.require_scope = self._require_scope

    def _build_resources(self) -> None:
        self.operations = Operations(self.world)
        self.subscriptions = Subscriptions(self.world)
        self.groups = Groups(self.world, self.operations)
        self.resources = Resources(self.world, self.groups)
        links = LinkChecks(self.resources, self.access)
        self.clusters = Clusters(
            self.world,
            self.operations,
            self.groups,
            self.resources,
            NodeGroups(self.world, self.groups, self.resources, self.role_assignments),
            links,
        )
        self.agent_pools = AgentPools(self.world, self.operations, self.clusters, links)
        self.run_command = RunCommand(
            self.world, self.operations, self.clusters, self.resources, self.access
        )

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

    def _register(self) -> None:
        self.subscriptions.register_open(self._open)
        self.identities.register(self._open)
        self.custom_topics.register(self._open)
        Graph(self.world).register(self._graph)
        Control(self.world, self.faults, self.clusters, self.role_assignments).register(
            self._control_router
        )
        EventControl(self.event_grid, self.custom_topics).register(self._control_router)
        self.deny_assignments.register_control(self._control_router)
        Permissions(self.access).register(self._arm)
        # resources last: its routes match any provider's path
        for room in (
            self.operations,
            self.definitions,
            self.role_assignments,
            self.deny_assignments,
            self.run_command,
            self.agent_pools,
            self.clusters,
            self.subscriptions,
            self.groups,
            self.resources,
        ):
            room.register(self._arm)

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

    def close(self) -> None:
        """End the threads that deliver events."""
        self.event_grid.close()

    def handle(self, request: Request) -> Response:
        """Answer one request; never raises."""
        with self.world.lock:
            self.world.run_due()
            if request.path.startswith("/_emulator"):
                return self._guarded(request, self._control)
            correlation_id = request.headers.get("x-ms-correlation-request-id", "")
            call = Call(request, None, correlation_id or self.world.new_guid())
            response, caller = self._answer(call)
            self._finish(call, response)
            self._enter(request, response, caller)
            return response

    # one request

    def _answer(self, call: Call) -> tuple[Response, Principal | None]:
        try:
            caller = self._authenticate(call.request)
        except ArmError as error:
            return error.response(), None
        fault = self.faults.strike(call.request, caller.display_name if caller else "")
        response = fault.instead() if fault else None
        if response is None:
            call = Call(call.request, caller, call.correlation_id)
            response = self._guarded(call.request, lambda _: self._dispatch(call))
            response = fault.spoil(response) if fault else response
        return response, caller

    def _guarded(self, request: Request, work: Handler) -> Response:
        try:
            return work(request)
        except ArmError as error:
            return error.response()
        except Exception:
            log.exception("failed to answer %s %s", request.method, request.path)
            return ArmError(500, "InternalServerError", "The emulator failed.").response()

    def _authenticate(self, request: Request) -> Principal | None:
        if self._open.route(request):
            return None
        audiences = ARM_AUDIENCES
        if request.path.startswith(_GRAPH_PREFIX):
            audiences = frozenset({request.origin, "https://graph.microsoft.com"})
        return self.identities.authenticate(request, audiences)

    def _dispatch(self, call: Call) -> Response:
        request = call.request
        if found := self._open.route(request):
            handler, arguments = found
            return handler(call, **arguments)
        if request.path.startswith(_GRAPH_PREFIX):
            return _run(self._graph, call)
        self._check_arm(call)
        return self._stale_or_fresh(call)

    def _check_arm(self, call: Call) -> None:
        """What ARM itself checks before a resource provider sees the request."""
        request = call.request
        _check_api_version(request)
        if request.path.lower() in _NEEDS_NO_ROLE:
            return
        subscription = arm_ids.subscription_of(request.path)
        if subscription and subscription.lower() not in self.world.subscription_ids:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{subscription}' could not be found.",
            )
        target = arm_ids.target(request.method, request.path)
        self.access.require(call, target.action, target.scope)
        namespace = target.resource_type.partition("/")[0]
        registering = target.action.lower().endswith("/register/action")
        if not registering and not self.subscriptions.provider_registered(namespace):
            raise ArmError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See "
                "https://aka.ms/rps-not-found for how to register subscriptions.",
            )

    def _stale_or_fresh(self, call: Call) -> Response:
        request = call.request
        if not self._stale.active:
            return _run(self._arm, call)
        if request.method != "GET":
            self._remember_before_change(call)
            return _run(self._arm, call)
        fresh = self._guarded(request, lambda _: _run(self._arm, call))
        self._stale.remember(request, fresh)
        return self._stale.instead(request) or fresh

    def _remember_before_change(self, call: Call) -> None:
        reading = Request.build("GET", call.request.url)
        look = Call(reading, call.caller, call.correlation_id)
        if self._arm.route(reading):
            self._stale.remember(reading, self._guarded(reading, lambda _: _run(self._arm, look)))

    def _control(self, request: Request) -> Response:
        if request.headers.get("x-emulator-key") != self.keys.control:
            raise ArmError(401, "Unauthorized", "The header x-emulator-key is missing or wrong.")
        return _run(self._control_router, Call(request, None, ""))

    def _require_scope(self, scope: str) -> None:
        """ArmError 404 when what a role would be assigned on does not exist."""
        subscription, group = arm_ids.subscription_of(scope), arm_ids.group_of(scope)
        if not group:
            return
        self.groups.require(subscription, group)
        is_group = len(scope.strip("/").split("/")) == 4
        if not is_group and not self.resources.find(scope) and not self.clusters.find(scope):
            raise not_found(scope)

    def _finish(self, call: Call, response: Response) -> None:
        kind, remaining = _REMAINING.get(call.request.method, ("writes", 199))
        for name, value in {
            "x-ms-request-id": self.world.new_guid(),
            "x-ms-correlation-request-id": call.correlation_id,
            "x-ms-routing-request-id": f"LOCAL:{call.correlation_id}",
            f"x-ms-ratelimit-remaining-subscription-{kind}": str(remaining),
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "X-Content-Type-Options": "nosniff",
        }.items():
            response.headers.setdefault(name, value)

    def _enter(self, request: Request, response: Response, caller: Principal | None) -> None:
        self.world.ledger.append(
            LedgerEntry(
                self.world.clock.now(),
                request.method,
                request.path,
                request.query.get("api-version", ""),
                response.status,
                caller.display_name if caller else "",
            )
        )


def _run(router: Router, call: Call) -> Response:
    if found := router.route(call.request):
        handler, arguments = found
        return handler(call, **arguments)
    raise ArmError(
        404,
        "InvalidResourceType",
        f"No {call.request.method} is known for the path '{call.request.path}'.",
    )


def _check_api_version(request: Request) -> None:
    version = request.query.get("api-version", "")
    if not version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _API_VERSION.fullmatch(version):
        raise ArmError(
            400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid."
        )
