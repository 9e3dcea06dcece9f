"""The control endpoint: looking at the emulator and steering it while it runs.

No Azure client calls `/_emulator/...`; a request must carry the header `x-emulator-key`. The routes
about events are in `event_control`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import msgspec

from .assignments import Assignment
from .clusters import Clusters, Outcome
from .faults import Fault, Faults
from .planted import Planted
from .role_assignments import RoleAssignments
from .wire import ArmError, Call, Response, Router
from .world import World

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)]


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    seconds: _Seconds


class _Plant(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    document: Any


class _Effect(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    effective_in_seconds: _Seconds | None


class Control:
    """Routes under `/_emulator`."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        clusters: Clusters,
        assignments: RoleAssignments,
        planted: Planted,
    ) -> None:
        self._world = world
        self._faults = faults
        self._clusters = clusters
        self._assignments = assignments
        self._planted = planted

    def register(self, router: Router) -> None:
        """Serve what the README lists."""
        add = router.add
        add("GET", "/_emulator", self._about)
        add("GET", "/_emulator/knobs", self._knobs)
        add("PATCH", "/_emulator/knobs", self._turn)
        add("POST", "/_emulator/advance", self._advance)
        add("GET", "/_emulator/faults", self._list_faults)
        add("POST", "/_emulator/faults", self._add_fault)
        add("DELETE", "/_emulator/faults", self._clear_faults)
        add("GET", "/_emulator/ledger", self._ledger)
        add("DELETE", "/_emulator/ledger", self._clear_ledger)
        add("GET", "/_emulator/clusters", self._list_clusters)
        add("POST", "/_emulator/clusters/outcome", self._outcome)
        add("POST", "/_emulator/planted", self._plant)
        add("DELETE", "/_emulator/planted", self._uproot)
        add("GET", "/_emulator/assignments", self._list_assignments)
        add("PATCH", "/_emulator/assignments/(?P<name>[^/]+)", self._set_effective)

    def _about(self, _call: Call) -> Response:
        return Response(
            200,
            {
                "now": self._world.clock.now().isoformat(),
                "tenantId": self._world.tenant_id,
                "subscriptionIds": self._world.subscription_ids,
                "clusters": len(self._clusters.all()),
                "assignments": len(self._assignments.all()),
                "requests": len(self._world.ledger.entries),
            },
        )

    def _knobs(self, _call: Call) -> Response:
        return Response(200, asdict(self._world.knobs))

    def _turn(self, call: Call) -> Response:
        changes = call.request.json_object()
        try:
            self._world.knobs = self._world.knobs.changed(changes)
        except ValueError as error:
            raise ArmError(400, "InvalidRequestContent", str(error)) from None
        return Response(200, asdict(self._world.knobs))

    def _advance(self, call: Call) -> Response:
        self._world.advance(call.request.read(_Advance).seconds)
        return Response(200, {"now": self._world.clock.now().isoformat()})

    def _list_faults(self, _call: Call) -> Response:
        return Response(200, {"value": msgspec.to_builtins(self._faults.all())})

    def _add_fault(self, call: Call) -> Response:
        fault = call.request.read(Fault)
        self._faults.add(fault)
        return Response(201, msgspec.to_builtins(fault))

    def _clear_faults(self, _call: Call) -> Response:
        self._faults.clear()
        return Response(204)

    def _ledger(self, call: Call) -> Response:
        """Entries that match the query: method, path (contained), caller, last (how many)."""
        query = call.request.query
        found = [
            asdict(entry) | {"at": entry.at.isoformat(), "body": entry.document}
            for entry in self._world.ledger.entries
            if query.get("method", entry.method).upper() == entry.method
            and query.get("path", "").lower() in entry.path.lower()
            and query.get("caller", entry.caller_name) == entry.caller_name
        ]
        last = query.get("last", "0")
        return Response(200, {"value": found[-int(last) if last.isdecimal() else 0 :]})

    def _clear_ledger(self, _call: Call) -> Response:
        self._world.ledger.clear()
        return Response(204)

    def _list_clusters(self, _call: Call) -> Response:
        return Response(200, {"value": [cluster.document() for cluster in self._clusters.all()]})

    def _outcome(self, call: Call) -> Response:
        outcome = call.request.read(Outcome)
        self._clusters.expect(outcome)
        return Response(201, msgspec.to_builtins(outcome))

    def _plant(self, call: Call) -> Response:
        asked = call.request.read(_Plant)
        self._planted.plant(asked.id, asked.document)
        return Response(201, {"id": asked.id})

    def _uproot(self, _call: Call) -> Response:
        self._planted.clear()
        return Response(204)

    def _list_assignments(self, _call: Call) -> Response:
        return Response(
            200, {"value": [self._about_assignment(a) for a in self._assignments.all()]}
        )

    def _set_effective(self, call: Call, name: str) -> Response:
        """Body {"effectiveInSeconds": 5}, or null for never."""
        seconds = call.request.read(_Effect).effective_in_seconds
        if self._assignments.named(name) is None:
            raise ArmError(404, "NotFound", f"There is no role assignment '{name}'.")
        now = self._world.clock.now()
        moment = None if seconds is None else now + timedelta(seconds=seconds)
        return Response(
            200, self._about_assignment(self._assignments.set_effective_at(name, moment))
        )

    def _about_assignment(self, assignment: Assignment) -> dict[str, Any]:
        now = self._world.clock.now()
        document = assignment.to_json()
        effective_at = assignment.effective_at
        document["emulator"] = {
            "readableAt": assignment.readable_at.isoformat(),
            "effectiveAt": effective_at.isoformat() if effective_at else None,
            "readable": assignment.is_readable(now),
            "effective": assignment.is_effective(now),
        }
        return document
