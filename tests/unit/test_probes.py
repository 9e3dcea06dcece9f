"""What the cluster is asked to do with its identity, and what its answer proves."""

import json
import shlex
from typing import Any

import pytest

from shared.model import Progress
from shared.probes import CLOUD_CONTROLLER, Verdict, command, target_of, verdicts
from shared.roles import ACR_PULL, BUILT_IN_ROLES
from tests.unit.nouns import NET, REGISTRY, SUBNET, at, grant, progress

PULL = grant(identity="kubelet", role=ACR_PULL, scope=REGISTRY)
ADDRESS = f"{NET}/publicIPAddresses/out"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
LINKED = (
    'Error syncing load balancer: RawError: {"error":{"code":"LinkedAuthorizationFailed",'
    "\"message\":\"The client 'x' with object id 'y' has permission to perform action "
    "'Microsoft.Network/loadBalancers/write' on scope '/lb'; however, it does not have permission "
    "to perform action(s) '%s' on the linked scope(s) '%s' or the linked scope(s) are invalid.\"}}"
)
PLAIN = (
    "AuthorizationFailed: The client 'x' with object id 'y' does not have authorization to perform "
    "action '%s' over scope '%s' or the scope is invalid."
)


def event(message: str, seconds: float = 100, reason: str = "SyncLoadBalancerFailed") -> Any:
    moment = at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"reason": reason, "message": message, "lastTimestamp": moment, "type": "Warning"}


def ensured(message: str = "Ensured load balancer", seconds: float = 100) -> Any:
    return event(message, seconds, "EnsuredLoadBalancer")


def heard(*events: Any, grants: tuple[Progress, ...] = ()) -> list[bool | None]:
    """The verdict on each grant, by default on the one on the subnet, written at 60 s."""
    known = grants or (progress(written_at=at(60)),)
    output = json.dumps({"kind": "List", "items": events})
    return [verdict.works for _, verdict in verdicts(CLOUD_CONTROLLER, known, 0, output)]


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, CLOUD_CONTROLLER),
        ({"identity": "kubelet", "role": ACR_PULL, "scope": REGISTRY}, f"pull:{REGISTRY}"),
        ({"identity": "controlPlane", "role": ACR_PULL, "scope": REGISTRY}, ""),
        ({"identity": "kubelet", "role": ACR_PULL, "scope": SUBNET}, ""),
        ({"identity": "kubelet"}, ""),
        ({"role": BUILT_IN_ROLES["Reader"]}, ""),
    ],
)
def test_the_target_that_proves_a_grant(changes: dict[str, Any], target: str) -> None:
    assert target_of(grant(**changes)) == target


def test_the_pull_check_is_one_safe_command() -> None:
    words = shlex.split(command(f"pull:{REGISTRY}", "shared.azurecr.io", "abcd"))
    assert words[:3] == ["kubectl", "run", "canipull-abcd"]
    assert "--rm" in words
    overrides = json.loads(next(w for w in words if w.startswith("--overrides="))[12:])
    (container,) = overrides["spec"]["containers"]
    assert container["name"] == "canipull-abcd"
    assert container["args"][-1] == "shared.azurecr.io"
    assert overrides["spec"]["restartPolicy"] == "Never"


def test_a_login_server_cannot_end_the_command() -> None:
    words = shlex.split(command(f"pull:{REGISTRY}", "x'; kubectl delete ns --all #", "abcd"))
    assert words[-1].startswith("--overrides=")
    assert "x'; kubectl delete ns --all #" in words[-1]


def test_the_cloud_controller_is_only_listened_to() -> None:
    assert command(CLOUD_CONTROLLER, "", "x").startswith("kubectl get events ")


@pytest.mark.parametrize(
    ("exit_code", "output", "works"),
    [
        (0, "Your cluster can pull images from shared.azurecr.io!", True),
        (1, "failed to fetch oauth token: unexpected status: 401 Unauthorized", False),
        (1, "403 Forbidden", False),
        (1, "lookup shared.azurecr.io: no such host", None),
        (1, "error: timed out waiting for the condition", None),
        (137, "", None),
    ],
)
def test_a_pull_check_that_fails_is_a_denial_only_if_the_registry_refuses(
    exit_code: int, output: str, works: bool | None
) -> None:
    known = (progress(grant=PULL), progress())
    found = list(verdicts(f"pull:{REGISTRY}", known, exit_code, output))
    assert [(p.grant, v.works) for p, v in found] == [(PULL, works)]


@pytest.mark.parametrize("text", [LINKED, PLAIN])
def test_a_denial_names_the_missing_action(text: str) -> None:
    output = json.dumps({"items": [event(text % (JOIN, SUBNET))]})
    found = list(verdicts(CLOUD_CONTROLLER, (progress(written_at=at(60)),), 0, output))
    assert [verdict for _, verdict in found] == [Verdict(False, f"denied: {JOIN}")]


@pytest.mark.parametrize(
    ("events", "works"),
    [
        ((), None),
        ((ensured(),), True),
        ((ensured(seconds=59),), None),
        ((event(LINKED % (JOIN, SUBNET), 59),), None),
        ((event(LINKED % (JOIN, SUBNET.upper())),), False),
        ((event(LINKED % (JOIN, SUBNET), 70), ensured(seconds=80)), True),
        ((ensured(seconds=70), event(LINKED % (JOIN, SUBNET), 80)), False),
        ((event(LINKED % (JOIN, SUBNET), 80), ensured(seconds=80)), False),
        ((event(LINKED % (JOIN, f"{SUBNET}2")),), None),
        ((event(LINKED % (JOIN, ADDRESS)),), None),
        ((event("something else entirely"),), None),
        ((event("", reason="Scheduled"),), None),
    ],
)
def test_what_the_cloud_controllers_events_prove(
    events: tuple[Any, ...], works: bool | None
) -> None:
    assert heard(*events) == [works]


def test_an_unnamed_success_proves_nothing_when_it_could_be_about_another_grant() -> None:
    two = (progress(written_at=at(60)), progress(grant=grant(scope=ADDRESS), written_at=at(60)))
    assert heard(ensured(), grants=two) == [None, None]
    assert heard(ensured(f"Ensured load balancer ({ADDRESS})"), grants=two) == [None, True]


@pytest.mark.parametrize("output", ["", "error: no", "[]", '{"items": 3}', '{"items": [7]}'])
@pytest.mark.parametrize("exit_code", [0, 1])
def test_an_unreadable_answer_proves_nothing(output: str, exit_code: int) -> None:
    known = (progress(written_at=at(60)),)
    found = verdicts(CLOUD_CONTROLLER, known, exit_code, output)
    assert [verdict.works for _, verdict in found] == [None]


@pytest.mark.parametrize("field", ["eventTime", "lastTimestamp"])
def test_both_forms_of_kubernetes_events_are_understood(field: str) -> None:
    moment = at(100).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert heard({"reason": "EnsuredLoadBalancer", "message": "", field: moment}) == [True]
    created = {"metadata": {"creationTimestamp": moment}, "lastTimestamp": None}
    assert heard({"reason": "EnsuredLoadBalancer", "message": "", **created}) == [True]
