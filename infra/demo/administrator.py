"""The administrator of the demo, who does what the product may not: run the command it names."""

import itertools
import shlex
import sys
import time
import uuid

from infra.demo.rest import Arm
from infra.demo.terminal import Operator

_API = "2022-04-01"
_PATIENCE_SECONDS = 60


class NoCommand(Exception):
    """The product names no command for an administrator."""


def command_for(operator: Operator, name: str) -> str:
    """The command that the grant of this cluster which policy refuses asks for, once it is known.
    Raises `NoCommand` when that takes too long."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        for cluster in operator.status()["clusters"]:
            for grant in cluster["grants"] if cluster["name"] == name else ():
                if grant["refused"] and grant["message"].startswith("az "):
                    return str(grant["message"])
        time.sleep(0.5)
    raise NoCommand(f"{name} shows no grant that policy refuses")


def run(command: str, arm: Arm) -> None:
    """Send ARM what `az role assignment create` with these options sends; az itself is not needed
    here."""
    sys.stdout.write(f"\n$ {command}\n")
    sys.stdout.flush()
    words = shlex.split(command)
    option = dict(itertools.pairwise(words))
    scope, role = option["--scope"], option["--role"]
    definitions = "/providers/Microsoft.Authorization/roleDefinitions"
    subscription = "/".join(scope.split("/")[:3])
    properties = {
        "principalId": option["--assignee-object-id"],
        "principalType": option["--assignee-principal-type"],
        "roleDefinitionId": f"{subscription}{definitions}/{role}",
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    arm.put(path, _API, {"properties": properties})
