"""The commands `policy check` and `policy schema`."""

from pathlib import Path

import msgspec
import typer

from grantkeeper.answer import pretty
from grantkeeper.failure import CommandFailed, ExitCode
from shared import policy_file
from shared.policy import Policy
from shared.policy_file import Fault


def load(path: Path) -> Policy:
    """The policy in a file. Raises `CommandFailed` naming every fault."""
    try:
        return policy_file.load(path)
    except OSError as error:
        raise CommandFailed(
            ExitCode.WRONG_INPUT, f"POLICY_FILE: {path}: {error.strerror}; use --policy"
        ) from None
    except policy_file.PolicyError as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, _told(path, error.faults)) from None


def check(path: Path) -> None:
    """Print what the policy in a file comes to. Raises `CommandFailed` naming every fault."""
    policy = load(path)
    typer.echo(f"{path} is valid")
    typer.echo(f"profiles:   {', '.join(policy.profiles) or 'none'}")
    for entry in policy.grantable:
        typer.echo(f"grantable:  {', '.join(entry.roles)}; at {', '.join(entry.scopes)}")
    everywhere = len(policy.grants)
    profiles = sum(len(profile.grants) for profile in policy.profiles.values())
    typer.echo(f"declared:   {everywhere} grants, and {profiles} in profiles")


def check_for_programs(path: Path) -> ExitCode:
    """Print `{"valid", "faults"}` of the policy in a file as JSON. Raises `CommandFailed` when it
    cannot be read."""
    faults: tuple[Fault, ...] = ()
    try:
        policy_file.load(path)
    except OSError as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{path}: {error.strerror}") from None
    except policy_file.PolicyError as error:
        faults = error.faults
    typer.echo(pretty({"valid": not faults, "faults": faults}))
    return ExitCode.WRONG_INPUT if faults else ExitCode.OK


def schema() -> str:
    """The JSON Schema of policy.yaml, for editors: the shape, not what fields say of each other."""
    written = msgspec.json.schema(Policy)
    for part in written["$defs"].values():
        part["description"] = " ".join(part["description"].split())
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return pretty(dialect | written)


def _told(path: Path, faults: tuple[Fault, ...]) -> str:
    return "\n".join(f"{path}:{fault}" for fault in faults)
