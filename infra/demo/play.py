"""What happens in the demo, in its order."""

import sys
from pathlib import Path

from infra.demo import administrator, result, verdict
from infra.demo.rest import Arm, Control, Json
from infra.demo.scene import CLUSTERS_API, LOCATION, Scene
from infra.demo.terminal import Operator
from infra.stack.stack import Stack

_WRITTEN = "Microsoft.ContainerService/managedClusters/write"
_CLUSTERS = "/providers/Microsoft.ContainerService/managedClusters"
_ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
_ASSIGNMENTS_API = "2022-04-01"
_PATIENCE = "150s"


def perform(stack: Stack, result_file: Path) -> int:
    """Play it on a stack that runs; 0 when everything went as it should, else 1."""
    environment = stack.environment
    scene = Scene(environment["SUBSCRIPTION_ID"])
    arm, control = Arm(environment), Control(environment)
    operator = Operator(environment)

    say("A platform team's network and registry are made in ARM.")
    scene.build(arm)
    before = {each["id"] for each in _assignments(arm, scene)}

    weather = _bad_weather(control, scene)
    say("Somebody creates the cluster `research` directly in ARM.")
    scene.create_foreign_cluster(arm)
    say("The cluster `payments` is asked for with a message on a queue.")
    if _submit(operator, scene) != 0:
        return 1
    say("`research` needs a role on what encrypts its disks, and policy.yaml allows none there.")
    command = administrator.command_for(operator, "research")
    operator.type("status", "research")
    say("An administrator runs the command that the condition names.")
    administrator.run(command, arm)
    say("Both are followed until Ready: each grant is written, then readable, then effective.")
    operator.type("watch", "payments", "research", "--timeout", _PATIENCE)
    for name in ("payments", "research"):
        operator.type("status", name)

    evidence = verdict.Evidence(
        scene=scene,
        clusters=arm.list(f"/subscriptions/{scene.subscription}{_CLUSTERS}", CLUSTERS_API),
        made=[each for each in _assignments(arm, scene) if each["id"] not in before],
        known_to_emulator=control.list("assignments"),
        report=operator.status(),
        faults_waiting=control.list("event-faults"),
        ledger=control.list("ledger"),
    )
    faults = verdict.faults(evidence)
    result.write(result_file, evidence, faults, weather)
    operator.type("status")
    return _conclude(faults, result_file)


def say(text: str) -> None:
    """A line between what the commands print."""
    sys.stdout.write(f"\n# {text}\n")
    sys.stdout.flush()


def _bad_weather(control: Control, scene: Scene) -> Json:
    """Lose the one event that tells of the foreign cluster, and double the requested one's."""
    lost = {"kind": "drop", "operationName": _WRITTEN, "subjectContains": scene.foreign}
    doubled = {"kind": "duplicate", "operationName": _WRITTEN, "subjectContains": scene.requested}
    for rule in (lost, doubled):
        control.post("event-faults", rule)
    say("Bad weather: the event of `research` will be lost, that of `payments` sent twice.")
    return {"dropped": lost, "duplicated": doubled}


def _submit(operator: Operator, scene: Scene) -> int:
    return operator.type(
        *("submit", "--name", "payments", "--resource-group", "team-payments"),
        *("--location", LOCATION, "--param", "nodeCount=3"),
        *("--param", f"subnetId={scene.subnet()}", "--tag", "team=payments"),
    )


def _assignments(arm: Arm, scene: Scene) -> list[Json]:
    return arm.list(f"/subscriptions/{scene.subscription}{_ASSIGNMENTS}", _ASSIGNMENTS_API)


def _conclude(faults: list[str], result_file: Path) -> int:
    for fault in faults:
        say(f"WRONG: {fault}")
    if not faults:
        say(
            "Both clusters are Ready, with the role assignments they need and none else, and\n"
            "# neither was called Ready before its permissions worked. The app had the roles of\n"
            "# infra/roles, and asked Azure for nothing that they do not allow."
        )
    say(f"Details: {result_file}")
    return 1 if faults else 0
