"""The command `policy condition`: the condition for the app's own identity, and what it lets by."""

from collections.abc import Iterator
from typing import NamedTuple

import typer

from grantkeeper import abac
from grantkeeper.failure import ExitCode
from shared.delegation import DELETE, WRITE, condition
from shared.policy import Policy
from shared.roles import NEVER_GRANTABLE, role_name

_SERVICE_PRINCIPAL, _USER = "ServicePrincipal", "User"
_ANY_OTHER = "ffffffff-ffff-4fff-8fff-ffffffffffff"
_WORDS = {True: "allowed", False: "denied"}


class Verdict(NamedTuple):
    """Whether a condition lets a role be given to, and taken from, a type of principal; and
    whether it should."""

    role: str
    principal_type: str
    assign: bool
    remove: bool
    should: bool

    @property
    def right(self) -> bool:
        """Whether both are as they should be."""
        return self.assign == self.remove == self.should


def run(rules: Policy) -> ExitCode:
    """Print the condition, and the verdicts on standard error."""
    text = condition(rules.grantable_roles)
    typer.echo(text)
    found = list(verdicts(text, rules.grantable_roles))
    for each in found:
        typer.echo(line(each), err=True)
    return ExitCode.OK if all(each.right for each in found) else ExitCode.NOT_READY


def verdicts(text: str, roles: tuple[str, ...]) -> Iterator[Verdict]:
    """What a condition says to each of `roles` (GUIDs), which it should let by for service
    principals only, and to the roles it must never let by. Raises `UnknownCondition`."""
    asked = [
        *((role, _SERVICE_PRINCIPAL, True) for role in roles),
        *((role, _USER, False) for role in roles),
        *((role, _SERVICE_PRINCIPAL, False) for role in NEVER_GRANTABLE.values()),
        (_ANY_OTHER, _SERVICE_PRINCIPAL, False),
    ]
    for role, principal_type, should in asked:
        names = {"RoleDefinitionId": role, "PrincipalType": principal_type}
        assign = abac.allows(text, WRITE, request=names, resource={})
        remove = abac.allows(text, DELETE, request={}, resource=names)
        yield Verdict(role, principal_type, assign, remove, should)


def line(verdict: Verdict) -> str:
    """A verdict for people."""
    name = "any other role" if verdict.role == _ANY_OTHER else role_name(verdict.role)
    fault = "" if verdict.right else f"  WRONG: should be {_WORDS[verdict.should]}"
    return (
        f"{name:<47} to {verdict.principal_type:<16}  assign {_WORDS[verdict.assign]:<7}  "
        f"remove {_WORDS[verdict.remove]}{fault}"
    )
