"""Managed clusters as the real client meets them: made, shown, changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from infra.emulator import Emulator
from infra.emulator.clusters import Outcome

from .town import LONG_ENOUGH, POOL, Town, cluster_body, create, error_code, put_cluster


def test_the_control_plane_identity_is_there_at_once_and_the_kubelets_only_after_success(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    creating = aks.managed_clusters.get("rg", "c1")
    assert creating.properties.provisioning_state == "Creating"
    assert creating.properties.identity_profile is None
    assert emulator.world.directory.get(creating.identity.principal_id)
    emulator.advance(LONG_ENOUGH)
    done = aks.managed_clusters.get("rg", "c1")
    assert done.properties.provisioning_state == "Succeeded"
    assert done.identity.principal_id == creating.identity.principal_id
    kubelet = done.properties.identity_profile["kubeletidentity"]
    assert "/MC_rg_c1_westus2/" in kubelet.resource_id
    assert emulator.world.directory.get(kubelet.object_id)


def test_empty_fields_are_filled_in_by_the_service(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks, kubernetesVersion="", agentPoolProfiles=[{**POOL, "vmSize": ""}])
    cluster = aks.managed_clusters.get("rg", "c1").properties
    assert cluster.kubernetes_version
    assert cluster.agent_pool_profiles[0].vm_size
    assert cluster.service_principal_profile.client_id == "msi"
    assert cluster.node_resource_group == "MC_rg_c1_westus2"


def test_the_pollers_result_is_the_finished_cluster(aks: Any, town: Town) -> None:
    poller = aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body())
    assert poller.result().properties.provisioning_state == "Succeeded"


def test_a_conditional_create_never_touches_an_existing_cluster(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    emulator.advance(LONG_ENOUGH)
    before = aks.managed_clusters.get("rg", "c1")
    with pytest.raises(ResourceExistsError) as refused:
        aks.managed_clusters.begin_create_or_update(
            "rg",
            "C1",
            cluster_body(),
            etag="*",
            match_condition=MatchConditions.IfMissing,
            polling=False,
        )
    assert refused.value.status_code == 412
    assert aks.managed_clusters.get("rg", "c1").e_tag == before.e_tag


def test_preconditions_that_make_no_sense_are_bad_requests(town: Town) -> None:
    both = put_cluster(town, "c1", cluster_body(), **{"If-None-Match": "*", "If-Match": "x"})
    other = put_cluster(town, "c1", cluster_body(), **{"If-None-Match": "x"})
    missing = put_cluster(town, "c1", cluster_body(), **{"If-Match": "x"})
    assert [both.status, other.status, missing.status] == [400, 400, 412]
    assert town.emulator.clusters.all() == []


def test_a_second_operation_waits_its_turn(aks: Any, town: Town) -> None:
    create(aks)
    with pytest.raises(ResourceExistsError) as refused:
        create(aks)
    assert refused.value.status_code == 409
    assert refused.value.error and refused.value.error.code == "OperationNotAllowed"


def test_a_failed_create_says_why_and_a_second_put_repairs_it(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    emulator.clusters.expect(Outcome(code="QuotaExceeded", message="No cores left."))
    with pytest.raises(HttpResponseError) as failed:
        aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    assert failed.value.error and failed.value.error.code == "QuotaExceeded"
    cluster = aks.managed_clusters.get("rg", "c1")
    assert cluster.properties.provisioning_state == "Failed"
    assert cluster.properties.identity_profile is None
    aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    cluster = aks.managed_clusters.get("rg", "c1")
    assert cluster.properties.provisioning_state == "Succeeded"
    assert cluster.properties.identity_profile["kubeletidentity"].object_id


def test_an_aborted_create_ends_canceled(aks: Any, town: Town) -> None:
    create(aks)
    aks.managed_clusters.begin_abort_latest_operation("rg", "c1").result()
    assert aks.managed_clusters.get("rg", "c1").properties.provisioning_state == "Canceled"


def test_an_update_keeps_the_identities(aks: Any, emulator: Emulator, town: Town) -> None:
    create(aks)
    emulator.advance(LONG_ENOUGH)
    before = aks.managed_clusters.get("rg", "c1")
    answer = aks.managed_clusters.begin_create_or_update("rg", "c1", before).result()
    assert answer.identity.principal_id == before.identity.principal_id
    assert answer.properties.identity_profile == before.properties.identity_profile
    assert answer.properties.resource_uid == before.properties.resource_uid


def test_clusters_are_listed_by_subscription_and_by_group_whatever_the_case(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    emulator.groups.create(emulator.subscription_id, "other", "westus2")
    assert [c.name for c in aks.managed_clusters.list()] == ["c1"]
    assert [c.name for c in aks.managed_clusters.list_by_resource_group("RG")] == ["c1"]
    assert list(aks.managed_clusters.list_by_resource_group("other")) == []
    assert aks.managed_clusters.get("RG", "C1").name == "c1"


def test_a_cluster_needs_its_group(aks: Any) -> None:
    with pytest.raises(ResourceNotFoundError) as refused:
        create(aks)
    assert refused.value.error and refused.value.error.code == "ResourceGroupNotFound"


def test_add_ons_get_identities_with_success_only(aks: Any, emulator: Emulator, town: Town) -> None:
    create(
        aks,
        addonProfiles={
            "azureKeyvaultSecretsProvider": {"enabled": True},
            "azurepolicy": {"enabled": False},
        },
        ingressProfile={"webAppRouting": {"enabled": True}},
    )
    creating = aks.managed_clusters.get("rg", "c1").properties
    assert creating.addon_profiles["azureKeyvaultSecretsProvider"].identity is None
    emulator.advance(LONG_ENOUGH)
    done = aks.managed_clusters.get("rg", "c1").properties
    secrets = done.addon_profiles["azureKeyvaultSecretsProvider"].identity
    assert emulator.world.directory.get(secrets.object_id)
    assert done.addon_profiles["azurepolicy"].identity is None
    assert emulator.world.directory.get(done.ingress_profile.web_app_routing.identity.object_id)


def test_somebody_elses_service_principal_cluster_has_no_managed_identity(town: Town) -> None:
    profile = {"clientId": "00000000-0000-0000-0000-00000000abcd", "secret": "hush"}
    body = cluster_body(servicePrincipalProfile=profile)
    del body["identity"]
    answer = put_cluster(town, "c1", body)
    assert answer.status == 201
    assert answer.body["properties"]["servicePrincipalProfile"] == {"clientId": profile["clientId"]}
    town.emulator.advance(LONG_ENOUGH)
    (cluster,) = town.emulator.clusters.all()
    assert "identity" not in cluster.document()
    assert "identityProfile" not in cluster.document()["properties"]


def test_a_service_principal_cluster_can_move_to_a_managed_identity(town: Town) -> None:
    profile = {"clientId": "00000000-0000-0000-0000-00000000abcd", "secret": "hush"}
    body = cluster_body(servicePrincipalProfile=profile)
    identity = body.pop("identity")
    put_cluster(town, "c1", body)
    town.emulator.advance(LONG_ENOUGH)
    answer = put_cluster(town, "c1", {**body, "identity": identity})
    assert answer.status == 200
    assert answer.body["properties"]["servicePrincipalProfile"] == {"clientId": "msi"}
    principal_id = answer.body["identity"]["principalId"]
    assert town.emulator.world.directory.get(principal_id)
    town.emulator.advance(LONG_ENOUGH)
    (own,) = town.emulator.role_assignments.of_principal(principal_id)
    assert own.scope.endswith("/resourceGroups/MC_rg_c1_westus2")


def test_credentials_are_refused_when_local_accounts_are_off(aks: Any, town: Town) -> None:
    create(aks, "open")
    create(aks, "closed", disableLocalAccounts=True)
    found = aks.managed_clusters.list_cluster_user_credentials("rg", "open").kubeconfigs[0]
    assert json.loads(bytes(found.value))["current-context"] == "open"
    with pytest.raises(HttpResponseError) as refused:
        aks.managed_clusters.list_cluster_admin_credentials("rg", "closed")
    assert refused.value.error and refused.value.error.code == "BadRequest"


def test_what_cannot_change_is_refused_in_an_update(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    emulator.advance(LONG_ENOUGH)
    answer = put_cluster(town, "c1", cluster_body(dnsPrefix="another"))
    assert error_code(answer) == "PropertyChangeNotAllowed"


def test_the_node_group_is_the_clusters_own_to_write_in(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    principal_id = aks.managed_clusters.get("rg", "c1").identity.principal_id
    (assignment,) = emulator.role_assignments.of_principal(principal_id)
    assert assignment.scope.endswith("/resourceGroups/MC_rg_c1_westus2")


def test_a_cluster_whose_identity_may_not_join_fails_if_asked_to_and_says_so_until_it_may(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    emulator.world.knobs = emulator.world.knobs.changed({"provisioning_checks_access": True})
    subnet = town.subnet()
    create(aks, agentPoolProfiles=[{**POOL, "vnetSubnetID": subnet}])
    emulator.advance(LONG_ENOUGH)
    failed = aks.managed_clusters.get("rg", "c1")
    assert failed.properties.provisioning_state == "Failed"
    why = failed.properties["status"]["provisioningError"]["error"]
    assert why["code"] == "LinkedAuthorizationFailed"
    assert subnet in why["message"]
    emulator.role_assignments.seed(subnet, failed.identity.principal_id, "Network Contributor")
    aks.managed_clusters.begin_create_or_update(
        "rg", "c1", failed, etag=failed.e_tag, match_condition=MatchConditions.IfNotModified
    ).result()
    healed = aks.managed_clusters.get("rg", "c1")
    assert healed.properties.provisioning_state == "Succeeded"
    assert "status" not in healed.properties
