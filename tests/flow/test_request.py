"""From a message on the queue to a cluster that is Ready."""

import json
from pathlib import Path

import pytest

from infra.emulator.clusters import Outcome
from shared import queues
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town

MAKES_GROUPS = POLICY.read_bytes().replace(
    b"  default:\n", b"  default:\n    createResourceGroup: true\n"
)


def test_a_request_becomes_a_ready_cluster_with_exactly_its_assignments(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet, "nodeCount": 2}, tags={"team": "payments"})
    town.run_until(town.ready)
    cluster = town.cluster()
    assert cluster.provisioning_state == "Succeeded"
    assert cluster.identity and cluster.identity["type"] == "SystemAssigned"
    assert cluster.properties["servicePrincipalProfile"] == {"clientId": "msi"}
    assert cluster.pools[0]["count"] == 2
    assert cluster.tags == {"team": "payments", "grantkeeper-request-id": "r-c1"}
    assert town.grants_made() == town.expected_grants("c1")
    assert town.rejections() == []


def test_the_names_of_all_conditions_are_true_when_ready(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert {c.type: c.status for c in town.record().conditions} == {
        "ClusterProvisioned": "True",
        "ManagedIdentity": "True",
        "RolesAssigned": "True",
        "PermissionsEffective": "True",
        "Ready": "True",
    }


def test_the_same_request_twice_is_one_cluster(town: Town) -> None:
    town.request()
    town.request()
    town.run(2)
    town.request()
    town.run_until(town.ready)
    town.request()
    town.run(5)
    assert town.calls("PUT", "managedClusters/c1", 201) == 1
    assert town.calls("PUT", "managedClusters/c1") == 1
    assert town.rejections() == []


def test_a_cluster_that_was_there_already_is_looked_after_and_not_changed(town: Town) -> None:
    town.make_cluster()
    town.run(6, timer=False, events=False)
    before = town.cluster().etag
    town.request(parameters={"nodeCount": 9})
    town.run_until(town.ready)
    assert town.cluster().etag == before
    assert [(r.reason, r.request_id) for r in town.rejections()] == [("ClusterExists", "r-c1")]
    assert town.record().request is None
    assert town.grants_made() == town.expected_grants("c1")


def test_a_create_that_somebody_else_won_is_not_taken_for_ours(town: Town) -> None:
    """Between our look and our PUT another one made the cluster: If-None-Match answers 412."""
    town.request(parameters={"nodeCount": 9})
    town.fault("status", status=404, code="ResourceNotFound", method="GET", count=1)
    town.make_cluster()
    town.run_until(town.ready)
    assert town.calls("PUT", "managedClusters/c1", 412) == 1
    assert town.cluster().pools[0]["count"] == 1
    assert [r.reason for r in town.rejections()] == ["ClusterExists"]


def test_a_request_survives_a_crash_before_its_wake_up(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise OSError("the process died")

    town.request()
    (letter,) = town.post.letters
    with monkeypatch.context() as broken:
        broken.setattr(town.post, "wake", crash)
        with pytest.raises(OSError, match="died"):
            town.deliver(letter)
    town.run_until(town.ready)
    assert town.calls("PUT", "managedClusters/c1") == 1


def test_a_missing_resource_group_is_reported_and_its_appearance_ends_the_wait(town: Town) -> None:
    town.request(resourceGroup="later")
    town.run(5)
    later = f"/subscriptions/{town.subscription}/resourceGroups/later"
    path = f"{later}/providers/Microsoft.ContainerService/managedClusters/c1"
    record = next(iter(town.app.store.all()))
    ready = record.condition("Ready")
    assert ready and (ready.status, ready.reason) == ("False", "ResourceGroupNotFound")
    town.arm("PUT", later, {"location": "westus2"}, "2021-04-01")
    town.run_until(lambda: town.azure.clusters.find(path) is not None)


def test_a_profile_may_make_the_resource_group(found_town: Found) -> None:
    town = found_town(MAKES_GROUPS)
    town.request(resourceGroup="fresh")
    town.run(1)
    group = town.azure.groups.find(town.subscription, "fresh")
    assert group and group.location == "westus2"
    assert [cluster.group for cluster in town.azure.clusters.all()] == ["fresh"]


def test_an_existing_resource_group_stays_as_it_is(found_town: Found) -> None:
    town = found_town(MAKES_GROUPS)
    town.request(location="northeurope")
    town.run(1)
    group = town.azure.groups.find(town.subscription, "clusters")
    assert group and group.location == "westus2"
    assert town.cluster().location == "northeurope"


@pytest.mark.parametrize("group", ["with(brackets)", "with.two..dots", "_under_score", "UPPER"])
def test_every_name_a_resource_group_may_have_works(town: Town, group: str) -> None:
    path = f"/subscriptions/{town.subscription}/resourceGroups/{group}"
    town.arm("PUT", path, {"location": "westus2"}, "2021-04-01")
    town.request(resourceGroup=group)
    town.run(8)
    (record,) = town.app.store.all()
    ready = record.condition("Ready")
    assert ready and ready.status == "True", ready


def test_a_cluster_that_azure_refuses_leaves_its_name_free(town: Town) -> None:
    town.fault(
        "status", status=400, code="InvalidParameter", method="PUT", path="managedClusters", count=1
    )
    town.request()
    town.run(2)
    assert town.status("Ready") == ("False", "InvalidParameter")
    assert town.calls("PUT", "managedClusters") == 1
    town.run(60)
    assert town.calls("PUT", "managedClusters") == 1
    town.request(requestId="again")
    town.run_until(town.ready)


def test_a_deleted_clusters_name_may_be_asked_for_again(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    town.delete_cluster()
    town.run_until(lambda: town.status("ClusterProvisioned") == ("False", "Deleted"))
    town.request(requestId="again", parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert set(town.expected_grants("c1")) <= set(town.grants_made())


def test_a_late_duplicate_of_a_request_makes_no_second_cluster(town: Town) -> None:
    for request_id in ("first", "second"):
        town.request(requestId=request_id)
        town.run_until(town.ready)
        town.delete_cluster()
        town.run_until(lambda: town.status("ClusterProvisioned") == ("False", "Deleted"))
    writes = town.calls("PUT")
    town.request(requestId="first")
    town.run(20)
    assert town.calls("PUT") == writes
    assert town.azure.clusters.find(str(town.id_of())) is None


def test_a_failed_provisioning_is_told_with_its_reason(town: Town) -> None:
    town.azure.clusters.expect(Outcome(code="QuotaExceeded", message="no cores"))
    town.request()
    town.run(6)
    status, reason = town.status("ClusterProvisioned")
    assert (status, reason) == ("False", "ProvisioningFailed")
    assert not town.ready()


def test_the_shipped_policy_makes_the_shipped_request(found_town: Found) -> None:
    """The repository's own policy.yaml is usable as it is."""
    root = Path(__file__).resolve().parents[2]
    town = found_town((root / "policy.yaml").read_bytes())
    town.post.put(
        queues.REQUESTS,
        json.dumps(
            {
                "apiVersion": "grantkeeper/v1",
                "requestId": "caller-chosen-1",
                "profile": "default",
                "resourceGroup": "clusters",
                "name": "c1",
                "location": "westus2",
                "parameters": {"nodeCount": 3},
                "tags": {"team": "payments"},
            }
        ),
    )
    town.run_until(town.ready)
    assert town.status("RolesAssigned") == ("True", "NothingNeeded")
    assert town.grants_made() == []
