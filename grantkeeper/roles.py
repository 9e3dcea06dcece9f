"""The commands `roles` and `roles accept`: what the policy's roles allow whoever is given them."""

from collections.abc import Iterator
from typing import Literal

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from grantkeeper import terminal
from grantkeeper.answer import Json, tell
from grantkeeper.arm_reader import open_arm
from grantkeeper.connection import Place, open_store
from grantkeeper.failure import CommandFailed, ExitCode
from shared.arm import Arm
from shared.definitions import unsafe
from shared.permissions import Permissions, RoleDefinition
from shared.policy import Policy
from shared.roles import NotGrantable, role_guid, role_name
from shared.settings import Cloud

_KINDS = ("actions", "notActions", "dataActions", "notDataActions")


class Allows(Json, frozen=True):
    """One block of a role definition, with the patterns as Azure has them."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]


class Role(Json, frozen=True):
    """A role (GUID) that the policy allows at `scopes`, which are patterns.

    The rest is null offline: `safe` says whether it may be granted to a cluster, and if not,
    `reason` and `message` say why.
    """

    role: str
    role_name: str
    scopes: tuple[str, ...]
    custom: bool | None = None
    safe: bool | None = None
    reason: str | None = None
    message: str | None = None
    permissions: tuple[Allows, ...] | None = None


class Roles(Json, frozen=True):
    """What `--json` prints; `live` tells whether Azure was read."""

    api_version: Literal["grantkeeper/v1"]
    live: bool
    roles: tuple[Role, ...]


def run(
    place: Place, policy: Policy, source: Cloud | None, managed: str, as_json: bool
) -> ExitCode:
    """Print the roles of the policy, and the exit code; `source` is None for offline, `managed` the
    subscription whose definitions are read. Raises `CommandFailed`."""
    if source is None:
        roles = tuple(_named(policy, role) for role in policy.grantable_roles)
    else:
        with open_arm(place, source) as arm:
            roles = tuple(_defined(arm, policy, managed, role) for role in policy.grantable_roles)
    roles = tuple(sorted(roles, key=lambda role: role.role_name.lower()))
    found = Roles("grantkeeper/v1", source is not None, roles)
    tell(found, as_json, lambda each: Group(*_texts(each)))
    return ExitCode.NOT_READY if any(role.safe is False for role in roles) else ExitCode.OK


def accept(
    place: Place, policy: Policy, source: Cloud, managed: str, name: str, confirmed: bool
) -> ExitCode:
    """Pin a custom role to what its definition says now, once that was seen and confirmed. Raises
    `CommandFailed` and `AzureError`."""
    try:
        role = role_guid(name)
    except NotGrantable as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, str(error)) from None
    if role not in policy.grantable_roles:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{name}: the policy does not allow this role")
    with open_arm(place, source) as arm:
        definition = arm.role_definition(managed, role)
    shown = _judged(policy, role, definition)
    terminal.console().print(_text(shown), crop=False)
    if definition is None:
        raise CommandFailed(ExitCode.NOT_FOUND, f"{role}: {shown.message}")
    if not definition.custom:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{role} is built in, and needs no acceptance")
    if not shown.safe:
        raise CommandFailed(ExitCode.NOT_READY, f"{role} is refused all the same: {shown.message}")
    if not (confirmed or typer.confirm("Grant the role with this definition from now on?")):
        return ExitCode.NOT_READY
    with open_store(place) as store:
        store.repin(role, definition.digest)
    typer.echo(f"Accepted: {role} with the digest {definition.digest}")
    return ExitCode.OK


def _defined(arm: Arm, policy: Policy, managed: str, role: str) -> Role:
    return _judged(policy, role, arm.role_definition(managed, role))


def _named(policy: Policy, role: str) -> Role:
    entries = (entry for entry in policy.grantable if entry.has(role))
    scopes = dict.fromkeys(scope for entry in entries for scope in entry.scopes)
    return Role(role, role_name(role), tuple(scopes))


def _judged(policy: Policy, role: str, definition: RoleDefinition | None) -> Role:
    named = _named(policy, role)
    reason, message = unsafe(definition, policy, role)
    return Role(
        role=role,
        role_name=definition.name if definition else named.role_name,
        scopes=named.scopes,
        custom=definition.custom if definition else None,
        safe=not reason,
        reason=reason or None,
        message=message or None,
        permissions=tuple(map(_allows, definition.permissions)) if definition else None,
    )


def _allows(block: Permissions) -> Allows:
    return Allows(*msgspec.structs.astuple(block))


def _texts(found: Roles) -> Iterator[Text]:
    yield from map(_text, found.roles)
    if not found.live:
        yield terminal.unbroken("\nOffline: what the roles allow was not read from Azure.")


def _text(role: Role) -> Text:
    """A role as a paragraph: its name, whether it is safe, where it may be granted, what it may."""
    text = terminal.unbroken("")
    text.append(f"\n{terminal.printable(role.role_name)}", "bold")
    if role.safe is not None:
        text.append("  ")
        text.append(*(("safe", "green") if role.safe else (f"refused: {role.reason}", "red")))
    rows = [role.role + (" (custom)" if role.custom else "")]
    rows += [role.message] if role.message else []
    rows += [f"at {scope}" for scope in role.scopes]
    for block in role.permissions or ():
        for kind, patterns in zip(_KINDS, msgspec.structs.astuple(block), strict=True):
            rows += [f"{kind:15} {pattern}" for pattern in patterns]
    return terminal.with_rows(text, rows)
