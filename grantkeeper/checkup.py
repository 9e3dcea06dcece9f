"""What a doctor says: one finding a check, with what to do about it."""

from collections.abc import Iterable
from typing import Literal

from grantkeeper.answer import Json

Status = Literal["ok", "warn", "fail"]
_WORST: tuple[Status, ...] = ("fail", "warn", "ok")


class Check(Json, frozen=True):
    """A finding about one part of a deployment: `fail` is what keeps the app from its work or
    makes it unsafe, `warn` what costs time or could not be looked at. `remedy` is what to do;
    empty when all is well."""

    name: str
    status: Status
    message: str
    remedy: str = ""


class Checkup(Json, frozen=True):
    """What `--json` prints; `status` is the worst of the checks."""

    api_version: Literal["grantkeeper/v1"]
    status: Status
    checks: tuple[Check, ...]


def checkup(checks: Iterable[Check]) -> Checkup:
    """All findings together."""
    found = tuple(checks)
    seen = {each.status for each in found}
    return Checkup("grantkeeper/v1", next(each for each in _WORST if each in {*seen, "ok"}), found)


def judged(name: str, faults: Iterable[str], remedy: str, well: str, bad: Status = "fail") -> Check:
    """One check of many things: `bad` with all that is wrong, or ok with what `well` says."""
    if listed := tuple(faults):
        return Check(name, bad, "; ".join(listed), remedy)
    return Check(name, "ok", well)
