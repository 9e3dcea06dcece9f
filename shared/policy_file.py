"""policy.yaml as a file: read, checked, and refused with all of its faults at once.

A file with a fault yields no policy: neither a part of one nor a default in place of one.
"""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from msgspec import Struct

from shared import plain_yaml
from shared.declared import DeclaredGrant
from shared.grants import RULES
from shared.plain_yaml import Complaint, NotYaml, Path
from shared.policy import Grantable, Policy
from shared.policy_checks import check_parts, check_role
from shared.roles import NotGrantable, role_guid, role_name
from shared.scope_pattern import parse_scope_pattern
from shared.shape import Fitting, nearest

_WHOLE_FILE = "policy"


class Fault(Struct, frozen=True):
    """One thing wrong: on which line (from 1; 0 when it has none), with which field
    (`grantable[0].scopes[1]`, or `policy` for the file), and what to do about it."""

    line: int
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        line = f"{self.line}: " if self.line else " "
        return f"{line}{self.field}: {self.message}; {self.remedy}"


class PolicyError(ValueError):
    """policy.yaml cannot be used; `faults` are all there are, in the order of the lines."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"{name}:{fault}" for fault in faults))
        self.faults = faults


def load(path: FilePath) -> Policy:
    """Read policy.yaml. Raises `PolicyError`, and `OSError` when the file cannot be read."""
    return parse(path.read_bytes(), path.name)


def parse(text: bytes, name: str = "policy.yaml") -> Policy:
    """Decode and check a policy; `name` is the file's, for messages. Raises `PolicyError`."""
    try:
        document = plain_yaml.read(text)
    except NotYaml as error:
        fault = Fault(error.line, _WHOLE_FILE, str(error), "write YAML, as in the example")
        raise PolicyError(name, (fault,)) from None
    fitting = Fitting(document.data, Policy)
    complaints = [*document.complaints, *fitting.complaints, *check_parts(fitting.whole)]
    if complaints := [*complaints, *_across(fitting.whole, complaints)]:
        faults = {
            Fault(document.line(each.path), _field(each.path), each.message, each.remedy)
            for each in complaints
        }
        raise PolicyError(name, tuple(sorted(faults, key=lambda fault: (fault.line, fault.field))))
    policy: Policy = fitting.whole[()]
    return policy


def _across(whole: dict[Path, Any], complaints: list[Complaint]) -> Iterator[Complaint]:
    """Complaints of what one section says of another, as far as both are sound."""
    grantable_is_sound = _sound(("grantable",), complaints)
    entries = [part for part in whole.values() if isinstance(part, Grantable)]
    for path, part in whole.items():
        if path[:2] == ("propagation", "verifyRules") and len(path) == 3:
            yield from _rule(path, str(path[2]))
        elif path[:1] == ("roles",) and len(path) == 2:
            yield from _rule(path, str(path[1]))
            yield from check_role(path, part)
            if grantable_is_sound:
                yield from _grantable_somewhere(path, part, entries)
        elif isinstance(part, DeclaredGrant) and grantable_is_sound and _sound(path, complaints):
            yield from _grantable_somewhere((*path, "role"), part.role, entries)
            yield from _grantable_there(path, part, entries)


def _sound(path: Path, complaints: list[Complaint]) -> bool:
    return not any(each.path[: len(path)] == path for each in complaints)


def _rule(path: Path, rule: str) -> Iterator[Complaint]:
    known = [each.name for each in RULES]
    if rule not in known:
        yield Complaint(path, "is no rule of inference", nearest(rule, known))


def _grantable_somewhere(path: Path, role: str, entries: list[Grantable]) -> Iterator[Complaint]:
    guid = _guid(role)
    if guid and not any(entry.has(guid) for entry in entries):
        yield Complaint(path, "is a role that `grantable` does not have", "add it to an entry")


def _grantable_there(
    path: Path, grant: DeclaredGrant, entries: list[Grantable]
) -> Iterator[Complaint]:
    """Only what no cluster's names can make right is complained of."""
    having = [entry for entry in entries if entry.has(_guid(grant.role))]
    patterns = [parse_scope_pattern(text) for entry in having for text in entry.scopes]
    if patterns and not any(pattern.may_cover(grant.scope) for pattern in patterns):
        message = f"lies outside what `grantable` allows for {role_name(_guid(grant.role))}"
        yield Complaint((*path, "scope"), message, "add a pattern that covers it to an entry")


def _guid(role: str) -> str:
    try:
        return role_guid(role)
    except NotGrantable:
        return ""


def _field(path: Path) -> str:
    """`('grantable', 0, 'roles')` → `grantable[0].roles`; an odd key is quoted."""
    text = ""
    for part in path:
        plain = isinstance(part, str) and re.fullmatch(r"[-A-Za-z0-9_]+", part)
        text += f".{part}" if plain else f"[{part!a}]"
    return text.removeprefix(".") or _WHOLE_FILE
