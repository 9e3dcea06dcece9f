"""What the app's identity may do on this machine: the template's own roles (infra/roles), each only
where the policy has a use for it.

The template names the scopes; here clusters and networks are made while the app runs, and policies
name them by patterns. So a role is given at the subscription unless its scopes are stated. The
condition on the right to grant is the product's: `python -m grantkeeper policy condition`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.stack import control
from infra.stack.part import ROOT, PartError

ROLES = ROOT / "infra" / "roles"
GRANTOR = "grantor"
DELETION = "Microsoft.Authorization/roleAssignments/delete"

Json = dict[str, Any]


def of(
    policy_text: bytes, condition: str, scopes: Mapping[str, Sequence[str]] | None = None
) -> list[Json]:
    """The rights under a valid policy, as `PUT /_emulator/app-rights` takes them.

    `scopes` has those of some roles, by the names of their files, each as what follows a
    subscription's id.
    """
    policy = yaml.safe_load(policy_text)
    return [
        {
            "role": role(name, policy),
            "scopes": list((scopes or {}).get(name, ("",))),
            "condition": condition if name == GRANTOR else None,
        }
        for name in needed(policy)
    ]


def role(name: str, policy: Mapping[str, Any]) -> Json:
    """A role as the template deploys it: what its file has, but for the right to delete role
    assignments, which is there only where the policy cleans up (infra/app/roles.bicep)."""
    found: Json = json.loads((ROLES / f"{name}.json").read_text())
    if policy.get("cleanup") != "delete":
        found["actions"] = [each for each in found["actions"] if each != DELETION]
    return found


def needed(policy: Mapping[str, Any]) -> Iterator[str]:
    """The roles that a policy has a use for, by the names of their files."""
    yield "cluster-reader"
    profiles = policy["profiles"].values()
    if profiles:
        yield from ("cluster-operator", "profile-links")
    if any(profile.get("createResourceGroup") for profile in profiles):
        yield "group-creator"
    if policy["grantable"]:
        yield GRANTOR
    if probes(policy):
        yield "prober"


def probes(policy: Mapping[str, Any]) -> bool:
    """Whether anything in a policy is to be verified by commands in clusters."""
    propagation, profiles = policy.get("propagation", {}), policy["profiles"].values()
    declared = [*policy.get("grants", ()), *(g for p in profiles for g in p.get("grants", ()))]
    asked = {each.get("verify", "read") for each in (propagation, *profiles, *declared)}
    return not asked | set(propagation.get("verifyRules", {}).values()) <= {"read"}


def condition_for(policy_file: Path) -> str:
    """The condition that lets through what a policy allows. Raises PartError for a policy that is
    none."""
    command = [sys.executable, "-m", "grantkeeper", "policy", "condition", str(policy_file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise PartError(f"no condition for the app's right to grant: {ended.stderr.strip()}")
    return ended.stdout.strip()


def give(emulator: Mapping[str, str], policy_file: Path) -> None:
    """Let the app of a running emulator do what it needs under a policy, and nothing else.
    `emulator` is its environment file. Raises PartError for a policy that is none."""
    condition = condition_for(policy_file)
    rights = of(policy_file.read_bytes(), condition)
    control.call(emulator, "PUT", "/app-rights", {"rights": rights})
