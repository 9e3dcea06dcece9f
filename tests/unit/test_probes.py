"""What the cluster is asked to do with its identity, and what its answer proves."""

import json
import shlex
from typing import Any

import pytest
from msgspec.structs import replace

from shared.model import Progress
from shared.probes import CLOUD_CONTROLLER, command, obstacle, target_of, verdicts
from shared.roles import ACR_PULL, BUILT_IN_ROLES
from tests.unit.nouns import NET, PRINCIPAL, REGISTRY, SUBNET, at, cluster, grant, progress

PULL = grant(identity="kubelet", role=ACR_PULL, scope=REGISTRY)
PULLS = f"pull:{REGISTRY}"
BALANCED = grant(verify="loadBalancer", rule="nodeSubnets")
BALANCE = f"load-balancer:{SUBNET}"
ADDRESS = f"{NET}/publicIPAddresses/out"
OTHER_SUBNET = f"{SUBNET}2"
CUSTOM_ROLE = "77777777-0000-4000-8000-000000000001"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
LET_IN = "Your cluster can pull images from shared.azurecr.io!"
REJECTED = (
    "Validating image pull permission: FAILED\nACR shared.azurecr.io rejected token exchange: ACR "
    "token exchange endpoint returned error status: 401. body: "
)
UNREACHED = "ACR shared.azurecr.io rejected token exchange: dial tcp: i/o timeout"
LINKED = (
    'Error syncing load balancer: RawError: {{"error":{{"code":"LinkedAuthorizationFailed",'
    "\"message\":\"The client '{who}' with object id '{who}' has permission to perform action "
    "'Microsoft.Network/loadBalancers/write' on scope '/lb'; however, it does not have permission "
    "to perform action(s) '{action}' on the linked scope(s) '{scope}' or the linked scope(s) are "
    'invalid."}}}}'
)
PLAIN = (
    "AuthorizationFailed: The client '{who}' with object id '{who}' does not have authorization to "
    "perform action '{action}' over scope '{scope}' or the scope is invalid."
)


def event(message: str, seconds: float, service: str = "shop", reason: str = "") -> Any:
    return {
        "type": "Warning",
        "reason": reason or "SyncLoadBalancerFailed",
        "message": message,
        "lastTimestamp": at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "involvedObject": {"kind": "Service", "namespace": "default", "name": service},
    }


def refused(
    seconds: float, service: str = "shop", scope: str = SUBNET, text: str = LINKED, **changes: Any
) -> Any:
    names = {"who": PRINCIPAL, "action": JOIN, "scope": scope, **changes}
    return event(text.format(**names), seconds, service)


def ensured(seconds: float, service: str = "shop") -> Any:
    return event("Ensured load balancer", seconds, service, "EnsuredLoadBalancer")


def listing(*events: Any) -> str:
    return json.dumps({"kind": "List", "items": events})


def heard(*events: Any, known: Progress | None = None) -> bool | None:
    """The verdict on the grant on the subnet, written at 60 s."""
    known = known or progress(written_at=at(60))
    ((_, verdict),) = verdicts(CLOUD_CONTROLLER, (known,), 0, listing(*events))
    return verdict.works


def balanced(*events: Any, exit_code: int = 0) -> bool | None:
    known = progress(grant=BALANCED, written_at=at(60))
    ((_, verdict),) = verdicts(BALANCE, (known, progress()), exit_code, listing(*events))
    return verdict.works


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, CLOUD_CONTROLLER),
        ({"scope": ADDRESS}, CLOUD_CONTROLLER),
        ({"role": CUSTOM_ROLE}, CLOUD_CONTROLLER),
        ({"role": BUILT_IN_ROLES["Reader"]}, ""),
        ({"identity": "kubelet"}, ""),
        ({"identity": "addon:omsagent"}, ""),
        ({"identity": "kubelet", "role": ACR_PULL, "scope": REGISTRY}, PULLS),
        ({"identity": "controlPlane", "role": ACR_PULL, "scope": REGISTRY}, ""),
        ({"identity": "kubelet", "role": ACR_PULL, "scope": SUBNET}, ""),
        ({"verify": "loadBalancer", "rule": "nodeSubnets"}, BALANCE),
        ({"verify": "probe", "rule": "nodeSubnets"}, CLOUD_CONTROLLER),
        ({"verify": "loadBalancer", "rule": "podSubnets"}, CLOUD_CONTROLLER),
        ({"verify": "loadBalancer"}, CLOUD_CONTROLLER),
    ],
)
def test_the_target_that_proves_a_grant(changes: dict[str, Any], target: str) -> None:
    assert target_of(grant(**changes)) == target


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({}, ""),
        ({"apiServerAccessProfile": {"disableRunCommand": False}}, ""),
        ({"apiServerAccessProfile": {"disableRunCommand": True}}, "RunCommandDisabled"),
        ({"powerState": {"code": "Running"}}, ""),
        ({"powerState": {"code": "stopped"}}, "ClusterStopped"),
        ({"powerState": 7, "apiServerAccessProfile": "odd"}, ""),
    ],
)
def test_a_clusters_json_says_when_no_command_can_run(properties: dict[str, Any], why: str) -> None:
    assert obstacle(cluster(properties)) == why


def test_a_login_server_cannot_end_the_command() -> None:
    hostile = "x'; kubectl delete ns --all #$(id)`id`"
    words = shlex.split(command(PULLS, hostile, "abcd"))
    (manifest,) = (word for word in words if word.startswith("{"))
    (container,) = json.loads(manifest)["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["-v6", hostile]


def test_a_load_balancer_is_internal_and_in_the_grants_subnet() -> None:
    words = shlex.split(command(BALANCE, "", "abcd"))
    service = json.loads([word for word in words if word.startswith("{")][1])
    internal = "service.beta.kubernetes.io/azure-load-balancer-internal"
    assert service["metadata"]["annotations"] == {internal: "true", f"{internal}-subnet": "nodes"}
    assert service["spec"]["type"] == "LoadBalancer"


def test_the_cloud_controller_is_only_listened_to() -> None:
    assert command(CLOUD_CONTROLLER, "", "x").startswith("kubectl get events ")


@pytest.mark.parametrize(
    ("exit_code", "output", "works"),
    [
        (0, LET_IN, True),
        (0, "No ACR input. Expect `canipull myacr.azurecr.io`.", None),
        (0, "", None),
        (60, LET_IN, None),
        (60, REJECTED, False),
        (60, UNREACHED, None),
        (10, "Getting managed identity token failed with: 403", None),
        (52, "lookup shared.azurecr.io: no such host", None),
        (1, "Failed to load azure.json", None),
        (1, REJECTED, None),
        (124, "", None),
        (125, "Error from server (Forbidden): jobs.batch is forbidden", None),
        (137, "", None),
        (143, "", None),
    ],
)
def test_a_pull_check_that_fails_is_a_denial_only_if_the_registry_refuses(
    exit_code: int, output: str, works: bool | None
) -> None:
    found = list(verdicts(PULLS, (progress(grant=PULL), progress()), exit_code, output))
    assert [(p.grant, v.works) for p, v in found] == [(PULL, works)]


@pytest.mark.parametrize("text", [LINKED, PLAIN])
def test_a_denial_names_the_missing_action_and_where(text: str) -> None:
    known = (progress(written_at=at(60)),)
    ((_, verdict),) = verdicts(CLOUD_CONTROLLER, known, 0, listing(refused(100, text=text)))
    assert verdict.works is False
    assert verdict.message == f"denied: {JOIN} at {SUBNET}"


@pytest.mark.parametrize(
    ("events", "works"),
    [
        ([], None),
        ([refused(100)], False),
        ([refused(59)], None),  # before the grant was written
        ([refused(60)], False),
        ([refused(100, scope=SUBNET.upper())], False),
        ([refused(100, scope=OTHER_SUBNET)], None),
        ([refused(100, scope=ADDRESS)], None),
        ([refused(100, who="99999999-0000-4000-8000-000000000009")], None),  # another principal
        ([event("something else entirely", 100)], None),
        ([event("", 100, reason="Scheduled")], None),
        # A success alone does not say what it needed.
        ([ensured(100)], None),
        ([refused(100, "other"), ensured(110)], False),
        # What was refused before has been done.
        ([refused(100), ensured(110)], True),
        ([refused(50), ensured(110)], True),
        ([refused(40), ensured(50)], None),  # before the grant: by another one
        ([ensured(100), refused(110)], False),
        ([refused(100), ensured(100)], False),  # in the same second
        ([refused(100), ensured(110), refused(120, "other")], False),
        ([refused(100, "other"), refused(105), ensured(110)], True),
        ([refused(100, scope=OTHER_SUBNET), ensured(110)], None),
    ],
)
def test_what_the_cloud_controllers_events_prove(events: list[Any], works: bool | None) -> None:
    assert heard(*events) is works
    assert heard(*reversed(events)) is works


def test_a_grant_on_a_network_is_refused_and_proven_by_its_subnets() -> None:
    network = grant(scope=SUBNET.partition("/subnets/")[0])
    known = progress(grant=network, written_at=at(60))
    assert heard(refused(100), known=known) is False
    assert heard(refused(100), ensured(110), known=known) is True


@pytest.mark.parametrize(
    ("events", "works"),
    [
        ([], None),
        ([ensured(100, "grantkeeper-probe-ab")], True),
        ([ensured(100, "shop")], None),  # somebody else's
        ([refused(100, "grantkeeper-probe-ab")], False),
        ([refused(100, "grantkeeper-probe-ab", scope=ADDRESS)], None),
        ([refused(100, "grantkeeper-probe-ab"), ensured(105, "grantkeeper-probe-ab")], True),
    ],
)
def test_what_a_load_balancer_of_ones_own_proves(events: list[Any], works: bool | None) -> None:
    assert balanced(*events) is works
    assert balanced(*events, exit_code=125) is None


@pytest.mark.parametrize(
    "output", ["", "error: no", "[]", '{"items": 3}', '{"items": [7]}', "\ud800"]
)
@pytest.mark.parametrize("exit_code", [0, 1])
@pytest.mark.parametrize("known", [grant(), BALANCED, PULL])
def test_an_unreadable_answer_proves_nothing(output: str, exit_code: int, known: Any) -> None:
    grants = (progress(grant=known, written_at=at(60)),)
    found = verdicts(target_of(known), grants, exit_code, output)
    assert [verdict.works for _, verdict in found] == [None]


@pytest.mark.parametrize("field", ["eventTime", "lastTimestamp"])
def test_the_times_of_events_are_understood_in_each_form(field: str) -> None:
    def timed(known: Any, moment: str) -> Any:
        return {**known, "lastTimestamp": None, field: moment}

    early, late = "2026-01-01T00:01:40.999999Z", "2026-01-01T00:01:41Z"
    assert heard(timed(refused(0), early), timed(ensured(0), late)) is True
    assert heard(timed(refused(0), late), timed(ensured(0), early)) is False
    created = {**refused(0), "lastTimestamp": None, "metadata": {"creationTimestamp": late}}
    assert heard(created) is False


def test_a_target_says_nothing_of_other_grants() -> None:
    other = progress(grant=replace(PULL, scope=f"{REGISTRY}2"))
    assert list(verdicts(PULLS, (other, progress()), 0, LET_IN)) == []
