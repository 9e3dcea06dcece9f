"""A cluster of ours that failed for lack of a permission is sent again, as it was read, once the
grants are there: a few times, on the record, and over nobody's change."""

import itertools
from typing import Any

import pytest

from infra.emulator.clusters import Outcome
from infra.emulator.deny_assignments import Denial
from tests.flow.conftest import Found
from tests.flow.town import Town

WRITE = "Microsoft.ContainerService/managedClusters/write"
STRICT: dict[str, Any] = {"provisioning_checks_access": True, "provisioning_seconds": (60, 60)}


@pytest.fixture
def strict(found_town: Found) -> Town:
    """A town where a cluster whose identity may not join its subnet ends as Failed."""
    return found_town(**STRICT)


@pytest.fixture
def in_vain(found_town: Found) -> Town:
    """Such a town, where roles take a day to work, 100 minutes after a cluster was asked for."""
    town = found_town(**STRICT, effective_seconds=(86400, 86400))
    town.request(parameters={"subnet": town.subnet})
    town.run(100)
    return town


def is_failed(town: Town) -> bool:
    return town.status("ClusterProvisioned") == ("False", "ProvisioningFailed")


def puts(town: Town) -> int:
    return town.calls("PUT", f"managedClusters/{town.id_of().name}")


def message(town: Town) -> str:
    found = town.record().condition("ClusterProvisioned")
    return found.message if found else ""


def test_a_cluster_that_failed_for_want_of_its_role_is_healed_by_another_put(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run_until(lambda: is_failed(strict), minutes=5)
    assert "LinkedAuthorizationFailed" in message(strict)
    assert "it is sent again once its roles work" in message(strict)
    strict.run_until(strict.ready)
    assert strict.grants_made() == strict.expected_grants("c1")
    assert 2 <= puts(strict) <= 3
    assert (strict.record().repairs, strict.record().repair_at) == (0, None)


def test_each_repair_is_on_the_audit(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run_until(strict.ready)
    entries = [e for e in strict.app.store.audited(strict.id_of()) if e.action == WRITE]
    assert next(e.because for e in entries if e.phase == "intent") == "profile default"
    repairs = [e for e in entries if e.because == "repair after LinkedAuthorizationFailed"]
    assert len(repairs) == 2 * (puts(strict) - 1)
    assert {e.outcome for e in repairs if e.phase == "outcome"} == {"succeeded"}
    assert {e.request_id for e in repairs} == {"r-c1"}


def test_nothing_is_sent_again_before_the_role_can_be_read(found_town: Found) -> None:
    town = found_town(**STRICT, readable_seconds=(1200, 1200))
    town.request(parameters={"subnet": town.subnet})
    town.run(19)
    assert (is_failed(town), puts(town)) == (True, 1)
    town.run_until(town.ready)


def test_it_is_sent_three_times_and_then_left_with_a_word_for_people(in_vain: Town) -> None:
    assert puts(in_vain) == 4
    in_vain.run(120)
    assert puts(in_vain) == 4
    where = in_vain.id_of()
    assert "it was sent again 3 times, in vain" in message(in_vain)
    assert (
        f"az aks update --subscription {where.subscription_id} --resource-group clusters --name c1"
    ) in message(in_vain)


def test_the_gaps_between_repairs_grow(in_vain: Town) -> None:
    sent = [
        e.at
        for e in in_vain.app.store.audited(in_vain.id_of())
        if e.action == WRITE and e.phase == "intent"
    ]
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert gaps == sorted(gaps)
    assert len(gaps) == 3


def test_a_cluster_of_others_is_not_touched_but_its_repair_is_proposed(strict: Town) -> None:
    strict.make_cluster()
    strict.run(30)
    assert is_failed(strict)
    assert puts(strict) == 0
    assert "once its roles work: az aks update" in message(strict)


def test_what_somebody_changed_meanwhile_is_not_undone(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run_until(lambda: is_failed(strict), minutes=5)
    body = strict.arm("GET", str(strict.id_of()))
    body["tags"]["owner"] = "somebody"
    body["properties"]["agentPoolProfiles"][0]["count"] = 5
    strict.arm("PUT", str(strict.id_of()), body)
    strict.run_until(strict.ready)
    cluster = strict.cluster()
    assert cluster.tags["owner"] == "somebody"
    assert cluster.pools[0]["count"] == 5


def test_a_change_between_the_read_and_the_put_wins(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run_until(lambda: is_failed(strict), minutes=5)
    real = strict.app.reconciler.arm.put_again

    def changed_first(cluster: Any, body: Any, etag: str) -> Any:
        strict.cluster().new_etag(strict.azure.world)
        return real(cluster, body, etag)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict.app.reconciler.arm, "put_again", changed_first)
        strict.run_until(lambda: strict.calls("PUT", "managedClusters", 412) > 0, minutes=15)
    assert strict.record().repairs == 1
    strict.run_until(strict.ready)


@pytest.mark.parametrize(
    "code", ["RequestDisallowedByPolicy", "QuotaExceeded", "InvalidParameter", "VMExtensionError"]
)
def test_other_failures_stay_failed_with_azures_own_text(town: Town, code: str) -> None:
    town.azure.clusters.expect(Outcome(code=code, message="Azure's own text."))
    town.request(parameters={"subnet": town.subnet})
    town.run(75)
    assert is_failed(town)
    assert message(town) == f"{code}: Azure's own text."
    assert puts(town) == 1


def test_what_is_denied_is_not_sent_again_until_it_no_longer_is(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run(0.5)
    to = (strict.cluster().control_plane_principal_id,)
    denial = Denial(strict.subnet, ("*",), "managed by others", to)
    guid = strict.azure.deny_assignments.add(denial).guid
    strict.run(30)
    assert (is_failed(strict), puts(strict)) == (True, 1)
    strict.azure.deny_assignments.remove(guid)
    strict.run_until(strict.ready)


def test_a_repair_that_azure_puts_off_is_tried_again_and_does_not_count(strict: Town) -> None:
    strict.request(parameters={"subnet": strict.subnet})
    strict.run_until(lambda: is_failed(strict), minutes=5)
    strict.fault("status", method="PUT", path="managedClusters/c1$", status=503, count=3)
    strict.run_until(strict.ready)
    assert strict.calls("PUT", "managedClusters/c1", 503) == 3
