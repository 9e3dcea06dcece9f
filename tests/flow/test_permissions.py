"""Written, readable, effective: three states that are never mixed up, and a window that is kept."""

from datetime import datetime, timedelta

import pytest

from shared.model import Progress
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town

PROBING = POLICY.read_bytes() + b"propagation: { window: PT60M, verify: loadBalancer }\n"
WINDOW = timedelta(minutes=60)


def grant_of(town: Town, role: str, name: str = "c1") -> Progress:
    return next(p for p in town.record(name).grants if p.grant.role == role)


def effective_in_azure(town: Town) -> datetime:
    """When the last of our assignments begins to work."""
    moments = [
        assignment.effective_at
        for assignment in town.azure.role_assignments.all()
        if (assignment.description or "").startswith("grantkeeper")
    ]
    known = [moment for moment in moments if moment is not None]
    assert known and len(known) == len(moments)
    return max(known)


def never_effective(town: Town, role: str) -> None:
    for assignment in town.azure.role_assignments.all():
        if (assignment.description or "").startswith(
            "grantkeeper"
        ) and assignment.role_guid == role:
            town.azure.role_assignments.set_effective_at(assignment.name, None)


def test_reading_takes_three_looks_in_a_row(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    states: list[str] = []
    while not states or states[-1] != "effective":
        town.run(0.5)
        states.append(grant_of(town, NETWORK_CONTRIBUTOR).state)
    grant = grant_of(town, NETWORK_CONTRIBUTOR)
    assert states[0] == "written"
    assert grant.reads >= 3
    assert grant.written_at and grant.readable_at and grant.written_at < grant.readable_at


def test_what_was_only_read_is_called_readable(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert {grant.evidence for grant in town.record().grants} == {"Readable"}
    assert town.status("PermissionsEffective") == ("True", "Readable")


def test_what_outlived_the_window_is_called_so_and_settled(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(75)
    assert {grant.evidence for grant in town.record().grants} == {"WindowPassed"}
    assert town.status("Ready") == ("True", "WindowPassed")
    assert town.record().settled
    assert town.post.letters == []


def test_the_window_counts_from_the_write_and_is_never_restarted(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    first = grant_of(town, NETWORK_CONTRIBUTOR)
    assert first.written_at and first.deadline == first.written_at + WINDOW
    for _ in range(12):
        town.run(5)
        assert grant_of(town, NETWORK_CONTRIBUTOR).deadline == first.deadline


def test_the_deadline_survives_the_loss_of_the_record(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    before = {p.grant.key: p.deadline for p in town.record().grants}
    town.forget()
    town.run(20)
    after = {p.grant.key: p.deadline for p in town.record().grants}
    assert after.keys() == before.keys()
    for key, deadline in before.items():
        again = after[key]
        assert deadline and again and abs(again - deadline) < timedelta(seconds=5)
    assert town.ready()


def test_a_cluster_is_never_ready_before_its_permissions_work_when_probes_are_on(
    found_town: Found,
) -> None:
    town = found_town(PROBING, effective_seconds=(900, 900))
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert town.clock.now() >= effective_in_azure(town)
    assert {p.evidence for p in town.record().grants} == {"Probe"}
    assert town.status("Ready") == ("True", "Probe")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_propagation_probes_are_never_early(found_town: Found, seed: int) -> None:
    town = found_town(
        PROBING,
        seed=seed,
        effective_seconds=(10, 3000),
        effective_distribution="lognormal",
        readable_seconds=(0, 60),
    )
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, minutes=150)
    for grant in town.record().grants:
        name = grant.assignment_id.rpartition("/")[2]
        assignment = town.azure.role_assignments.named(name)
        assert assignment and assignment.effective_at and grant.effective_at
        assert grant.evidence != "Probe" or grant.effective_at >= assignment.effective_at


def test_a_denied_probe_says_what_is_missing(found_town: Found) -> None:
    town = found_town(PROBING, effective_seconds=(1500, 1500))
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    grant = grant_of(town, NETWORK_CONTRIBUTOR)
    assert (grant.state, grant.reason) == ("readable", "ProbeDenied")
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in grant.message
    assert grant_of(town, ACR_PULL).reason == "ProbeDenied"
    assert town.status("PermissionsEffective") == ("Unknown", "ProbeDenied")


def test_permissions_denied_past_the_window_are_late_and_not_ready(found_town: Found) -> None:
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run(5)
    never_effective(town, NETWORK_CONTRIBUTOR)
    town.run(75)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert not town.ready()
    late = town.record().condition("PermissionsEffective")
    assert late and town.subnet in late.message


def test_late_permissions_that_work_after_all_are_recognised(found_town: Found) -> None:
    town = found_town(PROBING, effective_seconds=(5400, 5400))
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    town.run_until(town.ready, minutes=180)
    assert town.clock.now() >= effective_in_azure(town)
    assert town.status("Ready") == ("True", "Probe")


def test_a_probe_whose_result_is_lost_is_made_again(found_town: Found) -> None:
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.fault("status", status=404, code="NotFound", path="commandResults", count=3)
    town.run_until(town.ready)
    assert town.calls("GET", "commandResults", 404) == 3
    assert town.status("Ready") == ("True", "Probe")


def test_reads_that_come_late_delay_but_do_not_harm(found_town: Found) -> None:
    town = found_town(readable_seconds=(300, 300))
    town.request(parameters={"subnet": town.subnet})
    town.run(4)
    assert grant_of(town, NETWORK_CONTRIBUTOR).state == "written"
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


def test_probes_run_only_when_policy_asks_for_them(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(75)
    assert town.calls("POST") == 0
