"""Documents that no service would write, given out as if they were resources of ARM.

For tests of what a client does with a body it should not trust. A GET of the id, and the list the
resource is in, show the document as it is; under an id of a real resource it covers that one, which
goes on living below it (its run command answers, say). Of what is below a document, lists show what
is planted there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import arm_ids, scopes
from .wire import JSON_TYPE, ArmError, Call, Response
from .world import ArmChange, World

_LIST = re.compile(
    "/subscriptions/[^/]+(?:/resourcegroups/[^/]+)?/providers/[^/]+(?:/[^/]+/[^/]+)*/[^/]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Plant:
    """One document; `text` is its JSON as sent to clients."""

    id: str
    type: str
    text: bytes


class Planted:
    """All planted documents, and the reads they change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plants: dict[str, Plant] = {}

    def plant(self, resource_id: str, document: Any) -> None:
        """Put a document under an id; an ordinary write event is raised.

        `document` is any JSON value, or bytes: the text itself, right or wrong.
        """
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        kind = arm_ids.type_of(resource_id)
        with self._world.lock:
            existed = self.find(resource_id) is not None
            self._plants[resource_id.lower()] = Plant(resource_id, kind, text)
            self._world.changed(
                ArmChange(
                    resource_id,
                    f"{kind}/write",
                    "Succeeded",
                    None,
                    self._world.new_guid(),
                    existed,
                )
            )

    def find(self, resource_id: str) -> Plant | None:
        """What is planted under an id."""
        return self._plants.get(resource_id.lower())

    def clear(self) -> None:
        """Take all of it away; no event is raised."""
        with self._world.lock:
            self._plants.clear()

    def answer(self, call: Call, arm: Callable[[Call], Response]) -> Response:
        """What ARM answers, where something is planted; what `arm` answers elsewhere.

        A PUT or PATCH that succeeds, and a DELETE, take the document away.
        """
        request = call.request
        plant = self.find(request.path)
        if plant is None:
            if request.method != "GET" or not _LIST.fullmatch(request.path):
                return arm(call)
            return self._with_plants(request.path, self._list(call, arm))
        if request.method == "HEAD":
            return Response(204)
        if request.method == "GET":
            return _json(plant.text)
        if request.method == "PUT" and request.headers.get("if-none-match") == "*":
            raise ArmError(412, "PreconditionFailed", "The resource exists already.", flat=True)
        response = arm(call)
        if response.status < 300:
            del self._plants[request.path.lower()]
        return response

    def _list(self, call: Call, arm: Callable[[Call], Response]) -> Response:
        """A list, which is empty below a resource that is only planted."""
        try:
            return arm(call)
        except ArmError as error:
            if error.status == 404 and self.find(call.request.path.rpartition("/")[0]):
                return Response(200, {"value": []})
            raise

    def _with_plants(self, path: str, response: Response) -> Response:
        kind = arm_ids.type_of(path).lower()
        is_child = kind.count("/") > 1
        scope = path[: path.rindex("/") if is_child else path.lower().rindex("/providers/")]
        here = {
            key: plant.text
            for key, plant in self._plants.items()
            if plant.type.lower() == kind and scopes.contains(scope, plant.id)
        }
        if not here:
            return response
        others = [
            json.dumps(document).encode()
            for document in response.body["value"]
            if document["id"].lower() not in here
        ]
        if more := response.body.get("nextLink"):
            texts = b",".join(others)  # what is planted stands on the last page
            return _json(b'{"value":[%s],"nextLink":%s}' % (texts, json.dumps(more).encode()))
        return _json(b'{"value":[%s]}' % b",".join([*others, *here.values()]))


def _json(text: bytes) -> Response:
    return Response(200, text, {"Content-Type": JSON_TYPE})
