"""The objects that commands make in a cluster, and the controllers that remove them.

Jobs end at their deadline and are deleted a while after, with what they own (kubernetes.io/docs/
concepts/workloads/controllers/ttlafterfinished); a Service with a load balancer is there until that
is removed (its finalizer, Kubernetes enhancement 980).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .world import World

_UNBALANCE_SECONDS = 20.0  # from the deletion of a Service to the end of its load balancer


@dataclass
class Object:
    """A Job or a Service, as it was written; `leaving` while its finalizer is waited for."""

    uid: str
    manifest: dict[str, Any]
    leaving: bool = False

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    def has_label(self, selector: str) -> bool:
        """Whether `NAME` or `NAME=VALUE` selects it."""
        name, equals, value = selector.partition("=")
        labels: dict[str, str] = self.manifest["metadata"].get("labels") or {}
        return name in labels and (not equals or labels[name] == value)

    def is_owned_by(self, uid: str) -> bool:
        owners = self.manifest["metadata"].get("ownerReferences") or ()
        return any(owner["uid"] == uid for owner in owners)


class Kubernetes:
    """The objects of one cluster."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._objects: dict[str, Object] = {}

    def all(self) -> list[Object]:
        """What is there, whether it is leaving or not."""
        return list(self._objects.values())

    def selected(self, kind: str, selector: str) -> list[Object]:
        """Those of a kind with a label."""
        return [each for each in self.all() if each.kind == kind and each.has_label(selector)]

    def named(self, kind: str, name: str) -> Object | None:
        """The one of a kind with this name."""
        return next((each for each in self.all() if (each.kind, each.name) == (kind, name)), None)

    def create(self, manifest: dict[str, Any]) -> Object:
        """Make an object; a Job's pods end at once, when it has any."""
        made = Object(self._world.new_guid(), manifest)
        self._objects[made.uid] = made
        if made.kind == "Job":
            spec = manifest["spec"]
            lasts = 0 if spec["parallelism"] else spec["activeDeadlineSeconds"]
            self._world.after(
                lasts + spec["ttlSecondsAfterFinished"], lambda: self._remove(made.uid)
            )
        return made

    def delete(self, selector: str) -> None:
        """Delete everything with a label."""
        for each in self.all():
            if each.has_label(selector):
                self._remove(each.uid)

    def _remove(self, uid: str) -> None:
        found = self._objects.get(uid)
        if found is None or found.leaving:
            return
        if found.kind == "Service":
            found.leaving = True
            self._world.after(_UNBALANCE_SECONDS, lambda: self._objects.pop(uid, None))
            return
        del self._objects[uid]
        for each in self.all():
            if each.is_owned_by(uid):
                self._remove(each.uid)
