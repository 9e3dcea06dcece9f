"""Probes that can be believed: what each answer proves, and that nothing stays in the cluster."""

from datetime import timedelta
from typing import Any

import pytest

from infra.emulator import Emulator, Knobs, ManualClock
from infra.emulator.cluster_state import Cluster
from shared import probes
from shared.model import Progress
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town
from tests.unit.nouns import REGISTRY, SUBNET

RUNS = 1000
CLUSTERS = 24


def verifying(how: str) -> bytes:
    return POLICY.read_bytes() + f"propagation: {{ window: PT60M, verify: {how} }}\n".encode()


PROBING = verifying("probe")
BALANCING = verifying("loadBalancer")


def grant_of(town: Town, role: str, name: str = "c1") -> Progress:
    return next(p for p in town.record(name).grants if p.grant.role == role)


def left_behind(town: Town, name: str = "c1") -> list[str]:
    """The objects of probes in a cluster, a minute after the last could have ended."""
    town.azure.advance(probes.LIMIT.total_seconds() + 60)
    return [each.name for each in town.azure.run_command.objects(town.cluster(name)).all()]


def works_since(town: Town, grant: Progress) -> timedelta:
    """How long the permission had worked when the grant was called effective."""
    assignment = town.azure.role_assignments.named(grant.assignment_id.rpartition("/")[2])
    assert assignment and grant.effective_at
    if assignment.effective_at is None:
        return timedelta.min
    return grant.effective_at - assignment.effective_at


def test_a_load_balancer_of_its_own_proves_a_subnet_that_was_never_refused(
    found_town: Found,
) -> None:
    town = found_town(BALANCING, effective_seconds=(1, 1))
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, minutes=30)
    assert town.status("Ready") == ("True", "Probe")
    assert left_behind(town) == []


def test_hearing_of_no_refusal_proves_nothing(found_town: Found) -> None:
    """A Service that was never refused may have needed nothing of the subnet."""
    town = found_town(PROBING, effective_seconds=(1, 1))
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert grant_of(town, ACR_PULL).evidence == "Probe"
    assert grant_of(town, NETWORK_CONTRIBUTOR).evidence == "WindowPassed"


def test_a_refused_load_balancer_names_what_is_missing_and_leaves_nothing(
    found_town: Found,
) -> None:
    town = found_town(BALANCING, effective_seconds=(1500, 1500))
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    refused = grant_of(town, NETWORK_CONTRIBUTOR)
    assert refused.reason == "ProbeDenied"
    assert f"subnets/join/action at {town.subnet}" in refused.message
    town.run_until(town.ready)
    assert {grant.evidence for grant in town.record().grants} == {"Probe"}
    assert left_behind(town) == []


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"apiServerAccessProfile": {"disableRunCommand": True}}, "RunCommandDisabled"),
        ({"powerState": {"code": "Stopped"}}, "ClusterStopped"),
    ],
)
def test_where_no_command_can_run_it_is_said_and_reading_is_the_evidence(
    found_town: Found, properties: dict[str, Any], why: str
) -> None:
    town = found_town(PROBING)
    town.make_cluster()
    town.run_until(town.provisioned)
    town.cluster().properties.update(properties)
    town.run_until(town.ready, minutes=30)
    assert town.status("Ready") == ("True", "Readable")
    assert {(p.evidence, p.reason) for p in town.record().grants} == {
        ("Readable", "ProbeCannotRun")
    }
    said = town.record().condition("PermissionsEffective")
    assert said and why in said.message
    town.run(90)
    assert town.status("Ready") == ("True", "WindowPassed")
    assert town.calls("POST") == 0


@pytest.mark.parametrize(
    ("status", "code", "minutes"),
    [
        (400, "BadRequest", 15),
        (403, "RequestDisallowedByPolicy", 15),
        (403, "AuthorizationFailed", 30),  # not at once: our own role may still be spreading
    ],
)
def test_a_command_that_azure_refuses_to_run_leaves_only_reading(
    found_town: Found, status: int, code: str, minutes: int
) -> None:
    town = found_town(PROBING)
    town.fault("status", status=status, code=code, path="/runCommand")
    town.make_cluster()
    town.run_until(town.ready, minutes=minutes)
    assert town.status("Ready") == ("True", "Readable")
    said = town.record().condition("PermissionsEffective")
    reason = "NeedsAdministrator" if code == "AuthorizationFailed" else code
    assert said and (code in said.message or reason in said.message)


def test_a_refusal_of_our_own_that_passes_is_not_believed(found_town: Found) -> None:
    town = found_town(BALANCING)
    town.fault("status", status=403, code="AuthorizationFailed", path="/runCommand", count=2)
    town.make_cluster()
    town.run_until(town.ready)
    assert town.status("Ready") == ("True", "Probe")


def test_a_busy_cluster_is_asked_again(found_town: Found) -> None:
    town = found_town(BALANCING)
    busy = "Operation is not allowed: Another operation is in progress"
    town.fault(
        "status", status=409, code="OperationNotAllowed", message=busy, path="/runCommand", count=2
    )
    town.make_cluster()
    town.run_until(town.ready)
    assert town.status("Ready") == ("True", "Probe")


def test_a_cluster_that_never_answers_waits_for_the_window(found_town: Found) -> None:
    """As one whose API server cannot be reached: every command ends as Failed."""
    town = found_town(BALANCING, run_command_cut_probability=1.0)
    town.request(parameters={"subnet": town.subnet})
    town.run(50)
    assert not town.ready()
    reasons = {grant.reason for grant in town.record().grants}
    assert reasons == {"ProbeInconclusive"}
    town.run_until(town.ready)
    assert town.status("Ready") == ("True", "WindowPassed")
    assert left_behind(town) == []


def test_a_denial_stands_when_the_cluster_falls_silent(found_town: Found) -> None:
    """Neither the window nor reading calls effective what was refused, and not proven since."""
    town = found_town(BALANCING)
    town.request(parameters={"subnet": town.subnet})
    town.run(4)
    for assignment in town.azure.role_assignments.all():
        if (assignment.description or "").startswith("grantkeeper"):
            town.azure.role_assignments.set_effective_at(assignment.name, None)
    town.run_until(lambda: grant_of(town, NETWORK_CONTRIBUTOR).reason == "ProbeDenied")
    knobs = town.azure.world.knobs
    town.azure.world.knobs = knobs.changed({"run_command_cut_probability": 1.0})
    town.run(80)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert grant_of(town, NETWORK_CONTRIBUTOR).reason == "ProbeDenied"


def test_a_process_that_dies_with_a_probe_under_way_leaves_nothing(found_town: Found) -> None:
    town = found_town(BALANCING, effective_seconds=(1500, 1500))
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    town.run_until(lambda: town.record().probe is not None)
    town.post.letters.clear()
    assert left_behind(town) == []


def test_of_many_clusters_none_is_ready_before_its_permissions_work(found_town: Found) -> None:
    """Commands are cut off, permissions come when they like, some never."""
    town = found_town(
        BALANCING,
        seed=5,
        effective_seconds=(5, 3000),
        effective_distribution="lognormal",
        run_command_cut_probability=0.2,
    )
    names = [f"c{number}" for number in range(CLUSTERS)]
    for name in names:
        town.make_cluster(name)
    town.run(70)
    proven = 0
    for name in names:
        for grant in town.record(name).grants:
            if grant.evidence == "Probe":
                proven += 1
                assert works_since(town, grant) >= timedelta(0), name
            assert grant.evidence != "Readable"
    assert proven > CLUSTERS
    town.azure.advance(probes.LIMIT.total_seconds() + 60)
    assert not any(town.azure.run_command.objects(town.cluster(n)).all() for n in names)


def test_a_thousand_commands_cut_off_at_any_step_leave_no_object() -> None:
    clock = ManualClock()
    azure = Emulator(Knobs(seed=3, run_command_cut_probability=0.9), clock)
    cluster = Cluster("/subscriptions/s/resourceGroups/g/providers/p/t/c", "c", "uid")
    cluster.properties = {"agentPoolProfiles": [{"vnetSubnetID": SUBNET}]}
    objects = azure.run_command.objects(cluster)
    most = 0
    for number in range(RUNS):
        target = (f"pull:{REGISTRY}", f"load-balancer:{SUBNET}")[number % 2]
        azure.run_command.start(cluster, probes.command(target, "x.azurecr.io", f"{number:08x}"))
        azure.advance(20)
        most = max(most, len(objects.all()))
        if number % 10 == 9:  # the last for now: no other tidies up after it
            azure.advance(probes.LIMIT.total_seconds() + 20)
            assert objects.all() == [], number
    assert most > 0
    azure.close()
