"""The rights in the custom roles: those of their files, and no more than policy has a use for."""

import json
from collections.abc import Iterator
from pathlib import Path

from shared.delegation import DELETE
from shared.policy_file import load
from tests.template.variants import Variant

ROLES = Path(__file__).resolve().parents[2] / "infra" / "roles"


def rights(variant: Variant) -> Iterator[str]:
    """A role has the actions of its file; the one to delete role assignments only where policy
    says `cleanup: delete`."""
    files = [json.loads(path.read_text()) for path in ROLES.glob("*.json")]
    wanted = {each["roleName"]: set(each["actions"]) for each in files}
    needless = set() if load(variant.policy).cleanup == "delete" else {DELETE}
    for each in variant.of("Microsoft.Authorization/roleDefinitions"):
        name = each.properties["roleName"].partition(" (")[0]
        found = set(each.properties["permissions"][0]["actions"])
        if found & needless:
            yield f"{each.origin}: {name} may delete role assignments, and policy does not clean up"
        if found != wanted.get(name, found) - needless:
            yield f"{each.origin}: {name} has other rights than infra/roles and policy give it"
