"""The front door: what is common to all requests, before and after a room answers one."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable
from email.utils import format_datetime
from functools import partial

from . import api_versions, arm_ids
from .access import Access
from .faults import Faults
from .identity import ARM_AUDIENCES, Identities
from .keys import Keys
from .locks import Locks
from .planted import Planted
from .stale_reads import StaleReads
from .subscriptions import Subscriptions
from .throttle import Throttle
from .wire import ArmError, Call, Request, Response, Router
from .world import LedgerEntry, Principal, World

log = logging.getLogger(__name__)

_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+(\.\d+)?)?", re.IGNORECASE)
_GRAPH_PREFIX = "/v1.0/"
_NEEDS_NO_ROLE = frozenset({"/tenants", "/subscriptions"})
_REMAINING = {"GET": ("reads", 249), "HEAD": ("reads", 249), "DELETE": ("deletes", 199)}


class Gateway:
    """Finds out who calls, lets faults strike, checks rights, routes, and keeps the ledger.

    Rooms register on one of four routers: `open` (no token), `arm`, `graph`, and `control` (the
    control key).
    """

    def __init__(
        self,
        world: World,
        keys: Keys,
        identities: Identities,
        access: Access,
        locks: Locks,
        subscriptions: Subscriptions,
        faults: Faults,
        throttle: Throttle,
        planted: Planted,
    ) -> None:
        self.open, self.arm, self.graph, self.control = Router(), Router(), Router(), Router()
        self._world = world
        self._control_key = keys.control
        self._identities = identities
        self._access = access
        self._locks = locks
        self._subscriptions = subscriptions
        self._faults = faults
        self._throttle = throttle
        self._reads = StaleReads(
            world, self.arm, lambda call: planted.answer(call, partial(_run, self.arm))
        )

    def handle(self, request: Request) -> Response:
        """Answer one request; raises nothing but what work that falls due raises."""
        with self._world.lock:
            self._world.run_due()
            if request.path.startswith("/_emulator"):
                return self._guarded(request, lambda: self._answer_control(request))
            correlation_id = request.headers.get("x-ms-correlation-request-id", "")
            call = Call(request, None, correlation_id or self._world.new_guid())
            response, caller = self._answer(call)
            self._finish(call, response)
            self._enter(call, response, caller)
            return response

    def _answer(self, call: Call) -> tuple[Response, Principal | None]:
        try:
            caller = self._authenticate(call.request)
        except ArmError as error:
            return error.response(), None
        if refusal := self._throttle.refusal(call.request, caller):
            return refusal, caller
        fault = self._faults.strike(call.request, caller.display_name if caller else "")
        response = fault.instead() if fault else None
        if response is None:
            call = Call(call.request, caller, call.correlation_id)
            response = self._guarded(call.request, lambda: self._dispatch(call))
            response = fault.spoil(response) if fault else response
        return response, caller

    def _guarded(self, request: Request, work: Callable[[], Response]) -> Response:
        try:
            return work()
        except ArmError as error:
            return error.response()
        except Exception:
            log.exception("failed to answer %s %s", request.method, request.path)
            return ArmError(500, "InternalServerError", "The emulator failed.").response()

    def _authenticate(self, request: Request) -> Principal | None:
        if self.open.route(request):
            return None
        audiences = ARM_AUDIENCES
        if request.path.startswith(_GRAPH_PREFIX):
            audiences = frozenset({request.origin, "https://graph.microsoft.com"})
        return self._identities.authenticate(request, audiences)

    def _dispatch(self, call: Call) -> Response:
        request = call.request
        if self.open.route(request):
            return _run(self.open, call)
        if request.path.startswith(_GRAPH_PREFIX):
            return _run(self.graph, call)
        kind = self._check_arm(call)
        api_versions.check(kind, request)
        response = self._reads.answer(call)
        response.body = api_versions.trimmed(kind, response.body, request.query["api-version"])
        return response

    def _check_arm(self, call: Call) -> str:
        """What ARM itself checks before a resource provider sees the request; the type it is about
        ('' for the tenant's own lists)."""
        request = call.request
        _check_path(request.path)
        _check_api_version(request)
        if request.path.lower() in _NEEDS_NO_ROLE:
            return ""
        subscription = arm_ids.subscription_of(request.path)
        if subscription and subscription.lower() not in self._world.subscription_ids:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{subscription}' could not be found.",
            )
        target = arm_ids.target(request.method, request.path)
        self._access.require(call, target.action, target.scope)
        self._locks.require_none(target)
        namespace, has_type, _ = target.resource_type.partition("/")
        # The provider itself may be looked at and registered.
        if has_type and not self._subscriptions.provider_registered(namespace):
            raise ArmError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See "
                "https://aka.ms/rps-not-found for how to register subscriptions.",
            )
        return target.resource_type

    def _answer_control(self, request: Request) -> Response:
        key = request.headers.get("x-emulator-key", "")
        if not hmac.compare_digest(key.encode(), self._control_key.encode()):
            raise ArmError(401, "Unauthorized", "The header x-emulator-key is missing or wrong.")
        return _run(self.control, Call(request, None, ""))

    def _finish(self, call: Call, response: Response) -> None:
        kind, remaining = _REMAINING.get(call.request.method, ("writes", 199))
        for name, value in {
            "Date": format_datetime(self._world.clock.now(), usegmt=True),
            "x-ms-request-id": self._world.new_guid(),
            "x-ms-correlation-request-id": call.correlation_id,
            "x-ms-routing-request-id": f"LOCAL:{call.correlation_id}",
            f"x-ms-ratelimit-remaining-subscription-{kind}": str(remaining),
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "X-Content-Type-Options": "nosniff",
        }.items():
            response.headers.setdefault(name, value)

    def _enter(self, call: Call, response: Response, caller: Principal | None) -> None:
        request = call.request
        self._world.ledger.append(
            LedgerEntry(
                self._world.clock.now(),
                request.method,
                request.path,
                request.query.get("api-version", ""),
                response.status,
                caller.display_name if caller else "",
                request.body,
                call.correlation_id,
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


def _check_path(path: str) -> None:
    """Dots and control characters have no place in an ARM path, percent-encoded or not."""
    if any(part in (".", "..") for part in path.split("/")) or not path.isprintable():
        raise ArmError(400, "InvalidRequestUri", "The request URI is invalid.")


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
