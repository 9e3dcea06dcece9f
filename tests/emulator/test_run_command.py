"""Run command tells what is in effect now, not what was assigned."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from infra.emulator import Emulator

from .town import POOL, Town, cluster_body

EFFECTIVE_FOR_SURE = 601.0


def run(aks: Any, command: str) -> Any:
    poller = aks.managed_clusters.begin_run_command("rg", "c1", {"command": command})
    return poller.result().properties


def pull_check(registry: str) -> str:
    """The line that checks a registry from a node, by a Job."""
    job = {
        "kind": "Job",
        "metadata": {"name": "check", "labels": {"check": "1"}},
        "spec": {
            "parallelism": 1,
            "activeDeadlineSeconds": 200,
            "ttlSecondsAfterFinished": 60,
            "template": {"spec": {"containers": [{"args": ["-v6", registry]}]}},
        },
    }
    return (
        "trap 'kubectl delete jobs,services --selector check' EXIT; "
        f"printf %s '{json.dumps(job)}' | kubectl create --filename - >/dev/null; "
        "code=$(kubectl get pods --selector check=1 --output 'jsonpath={.items}'); "
        "kubectl logs --selector check=1; exit $code"
    )


def assign(emulator: Emulator, rbac: Any, scope: str, who: str, role: str) -> None:
    body = {
        "properties": {
            "roleDefinitionId": emulator.definitions.named(role).id_at(scope),
            "principalId": who,
            "principalType": "ServicePrincipal",
        }
    }
    rbac.role_assignments.create(scope, str(uuid.UUID(int=1)), body)


def test_a_pull_works_once_the_kubelets_role_is_in_effect(
    aks: Any,
    rbac: Any,
    emulator: Emulator,
    town: Town,
) -> None:
    registry = town.registry()
    cluster = aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    kubelet = cluster.properties.identity_profile["kubeletidentity"].object_id
    assert run(aks, pull_check("images.azurecr.io")).exit_code == 60
    assign(emulator, rbac, registry.id, kubelet, "AcrPull")
    assert run(aks, pull_check("images.azurecr.io")).exit_code == 60
    emulator.advance(EFFECTIVE_FOR_SURE)
    answer = run(aks, pull_check("images.azurecr.io"))
    assert (answer.exit_code, "SUCCEEDED" in answer.logs) == (0, True)
    assert run(aks, pull_check("others.azurecr.io")).exit_code == 52


@pytest.mark.parametrize(
    ("mode", "role", "exit_code"),
    [
        ("LegacyRegistryPermissions", "AcrPull", 0),
        ("LegacyRegistryPermissions", "Container Registry Repository Reader", 60),
        ("AbacRepositoryPermissions", "AcrPull", 60),
        ("AbacRepositoryPermissions", "Container Registry Repository Reader", 0),
        ("AbacRepositoryPermissions", "Container Registry Repository Catalog Lister", 60),
    ],
)
def test_each_mode_of_a_registry_honours_its_own_roles(
    aks: Any, emulator: Emulator, town: Town, mode: str, role: str, exit_code: int
) -> None:
    registry = town.registry(roleAssignmentMode=mode)
    cluster = aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    kubelet = cluster.properties.identity_profile["kubeletidentity"].object_id
    emulator.role_assignments.seed(registry.id, kubelet, role)
    assert run(aks, pull_check("images.azurecr.io")).exit_code == exit_code


def test_the_cloud_controllers_events_name_the_missing_action_until_the_role_is_in_effect(
    aks: Any,
    rbac: Any,
    emulator: Emulator,
    town: Town,
) -> None:
    subnet = town.subnet()
    body = cluster_body(agentPoolProfiles=[{**POOL, "vnetSubnetID": subnet}])
    cluster = aks.managed_clusters.begin_create_or_update("rg", "c1", body).result()
    assign(emulator, rbac, subnet, cluster.identity.principal_id, "Network Contributor")
    (before,) = json.loads(run(aks, "kubectl get events -A -o json").logs)["items"]
    assert before["type"] == "Warning"
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in before["message"]
    assert subnet in before["message"]
    emulator.advance(EFFECTIVE_FOR_SURE)
    refused, after = json.loads(run(aks, "kubectl get events -A -o json").logs)["items"]
    assert after["reason"] == "EnsuredLoadBalancer"
    assert after["involvedObject"] == refused["involvedObject"]
    assert refused["lastTimestamp"] < after["lastTimestamp"]


def test_an_unknown_command_fails_inside_the_cluster_not_in_arm(aks: Any, town: Town) -> None:
    aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    assert run(aks, "rm -rf /").exit_code == 127
    assert "does not know" in run(aks, "kubectl drain").logs
    assert run(aks, "kubectl get 'nodes").exit_code == 2
    assert run(aks, "kubectl get nodes").exit_code == 0


def test_a_result_is_absent_while_the_command_runs_and_for_ids_nobody_gave_out(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    started = town.ask("POST", f"{path}/runCommand", {"command": "kubectl get nodes"})
    guid = started.headers["Location"].partition("?")[0].rpartition("/")[2]
    assert aks.managed_clusters.get_command_result("rg", "c1", guid) is None
    emulator.advance(60)
    assert aks.managed_clusters.get_command_result("rg", "c1", guid).properties.exit_code == 0
    with pytest.raises(ResourceNotFoundError):
        aks.managed_clusters.get_command_result("rg", "c1", "f" * 32)


def test_run_command_can_be_switched_off(aks: Any, town: Town) -> None:
    body = cluster_body(apiServerAccessProfile={"disableRunCommand": True})
    aks.managed_clusters.begin_create_or_update("rg", "c1", body).result()
    with pytest.raises(HttpResponseError):
        aks.managed_clusters.begin_run_command("rg", "c1", {"command": "kubectl get nodes"})


def test_a_command_that_is_cut_off_has_no_exit_code(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()
    emulator.world.knobs = emulator.world.knobs.changed({"run_command_cut_probability": 1.0})
    end = run(aks, "kubectl get nodes")
    assert (end.provisioning_state, end.exit_code) == ("Failed", None)
    assert end.reason == "KubernetesOperationError"
