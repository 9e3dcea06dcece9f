"""`status` says what the tables know."""

import json

from msgspec.structs import replace

from shared.rejections import Rejection
from shared.store import Store
from tests.cli import records
from tests.typed import Type


def test_all_clusters_are_listed_with_their_reason_and_their_working_grants(
    grantkeeper: Type, store: Store
) -> None:
    store.save(records.ready("one"), None)
    store.save(records.creating("two"), None)
    answer = grantkeeper("status")
    _, one, two = answer.out.splitlines()
    assert one.split()[:7] == ["team/one", "True", "Probe", "Succeeded", "1", "of", "1"]
    assert two.split()[:7] == ["team/two", "False", "Creating", "Creating", "1", "of", "2"]
    assert answer.code == 0


def test_a_fresh_account_has_no_clusters(grantkeeper: Type) -> None:
    answer = grantkeeper("status")
    assert answer.out.startswith("No cluster is known.")
    assert answer.code == 0


def test_one_cluster_shows_each_grant_with_scope_reason_times_and_evidence(
    grantkeeper: Type, store: Store
) -> None:
    store.save(records.creating("one"), None)
    answer = grantkeeper("status", "one")
    assert "controlPlane: Network Contributor  effective  by Probe" in answer.out
    assert f"on {records.SUBNET}\n" in answer.out
    assert "because node subnet" in answer.out
    for what in ("written", "readable", "effective", "deadline"):
        assert f"  {what} " in answer.out
    assert "kubelet: AcrPull  pending" in answer.out
    assert "AwaitingIdentity: the identity is not there yet" in answer.out
    assert "get-credentials" not in answer.out
    assert answer.code == 1


def test_what_is_needed_no_more_is_shown_apart(grantkeeper: Type, store: Store) -> None:
    left = replace(records.effective(), left_at=records.NOW)
    store.save(replace(records.ready("one"), grants=(), former=(left,)), None)
    answer = grantkeeper("status", "one")
    assert "controlPlane: Network Contributor  former" in answer.out
    assert "needed no more since" in answer.out
    assert f"assignment {left.assignment_id}" in answer.out
    told = json.loads(grantkeeper("status", "one", "--json").out)
    (cluster,) = told["clusters"]
    assert [each["assignmentId"] for each in cluster["former"]] == [left.assignment_id]


def test_a_ready_cluster_shows_how_to_use_it(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    answer = grantkeeper("status", "one")
    assert "az aks get-credentials -g team -n one" in answer.out
    assert answer.code == 0


def test_a_cluster_is_found_by_name_by_group_and_name_and_by_id_in_any_case(
    grantkeeper: Type, store: Store
) -> None:
    store.save(records.ready("one"), None)
    for name in ("ONE", "Team/One", records.cluster_id("one").upper()):
        assert grantkeeper("status", name).code == 0


def test_a_name_of_two_clusters_is_refused_with_both_ids(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one", "team"), None)
    store.save(records.ready("one", "other"), None)
    answer = grantkeeper("status", "one")
    assert answer.code == 2
    assert records.cluster_id("one", "team") in answer.err
    assert records.cluster_id("one", "other") in answer.err
    assert grantkeeper("status", "other/one").code == 0


def test_an_unknown_name_is_said_with_the_names_there_are(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    answer = grantkeeper("status", "two")
    assert answer.code == 3
    assert answer.err == "grantkeeper: two: no such cluster; there are: team/one\n"


def test_json_is_one_object_with_the_state_of_every_grant(grantkeeper: Type, store: Store) -> None:
    store.save(records.creating("one"), None)
    store.reject(Rejection("UnknownProfile", "profile", "no such profile", records.NOW, "r-2"))
    found = json.loads(grantkeeper("status", "--json").out)
    (cluster,) = found["clusters"]
    works, waits = cluster["grants"]
    assert found["apiVersion"] == "grantkeeper/v1"
    assert (cluster["id"], cluster["ready"]) == (records.cluster_id("one"), "False")
    assert (works["state"], works["evidence"]) == ("effective", "Probe")
    assert works["roleName"] == "Network Contributor"
    assert works["effectiveAt"].endswith("Z")
    for what in ("writtenAt", "readableAt", "expectedAt", "deadline"):
        assert works[what].endswith("Z")
    assert cluster["nextLook"].endswith("Z")
    assert (waits["state"], waits["writtenAt"], waits["deadline"]) == ("pending", None, None)
    (rejection,) = found["rejections"]
    assert (rejection["requestId"], rejection["field"]) == ("r-2", "profile")


def test_json_of_one_cluster_has_the_same_shape(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    store.save(records.ready("two"), None)
    answer = grantkeeper("status", "two", "--json")
    assert [cluster["name"] for cluster in json.loads(answer.out)["clusters"]] == ["two"]
    assert answer.code == 0


def test_rejected_requests_are_shown_with_field_and_reason(grantkeeper: Type, store: Store) -> None:
    store.reject(
        Rejection("ParameterOutOfBounds", "parameters.nodeCount", "at most 10", records.NOW, "r-2")
    )
    (row,) = [line for line in grantkeeper("status").out.splitlines() if "r-2" in line]
    assert row.split()[-6:] == [
        "r-2", "ParameterOutOfBounds", "parameters.nodeCount", "at", "most", "10"]  # fmt: skip


def test_what_a_terminal_would_obey_is_shown_instead(grantkeeper: Type, store: Store) -> None:
    store.reject(Rejection("InvalidRequest", "\x1b[2Jfield", "\x9b31m", records.NOW))
    out = grantkeeper("status").out
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert "\\x1b[2Jfield" in out


def test_a_message_is_shown_as_it_is_whatever_its_brackets_mean_elsewhere(
    grantkeeper: Type, store: Store
) -> None:
    store.reject(Rejection("InvalidRequest", "name", "not at [/subscriptions/x]", records.NOW))
    assert "not at [/subscriptions/x]" in grantkeeper("status").out
