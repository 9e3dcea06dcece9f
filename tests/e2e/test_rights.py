"""The app runs with the template's roles: they are enough, and Azure refuses what lies beyond."""

import urllib.error
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.stack import env_file
from tests.e2e import loopback
from tests.e2e.deployment import Deployment, until
from tests.e2e.emulated_azure import NETWORK_CONTRIBUTOR

pytestmark = pytest.mark.e2e

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
CLEANING = Path(__file__).with_name("cleaning.yaml")


@pytest.fixture(scope="module")
def cleaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment whose policy says `cleanup: delete`, so that the app may delete, too."""
    with Deployment(tmp_path_factory.mktemp("cleaning"), policy_file=CLEANING) as deployment:
        yield deployment


class StolenIdentity:
    """Somebody with the app's identity, and without its code."""

    def __init__(self, deployment: Deployment) -> None:
        told = env_file.read(deployment.stack.folder / "emulator.env")
        self._endpoint, self._bundle = told["ARM_ENDPOINT"], told["ARM_CA_BUNDLE"]
        token = loopback.call(
            "GET",
            f"{told['IDENTITY_ENDPOINT']}?resource=https://management.azure.com"
            f"&api-version=2019-08-01&client_id={told['AZURE_CLIENT_ID']}",
            None,
            {"X-IDENTITY-HEADER": told["APP_IDENTITY_HEADER"]},
            self._bundle,
        )
        self._headers = {"authorization": f"Bearer {token['access_token']}"}

    def status(self, method: str, path: str, body: Any = None) -> int:
        """What ARM answers: 200 for any success."""
        url = f"{self._endpoint}{path}?api-version=2022-04-01"
        try:
            loopback.call(method, url, body, self._headers, self._bundle)
        except urllib.error.HTTPError as error:
            return error.code
        return 200


def giving(deployment: Deployment, role: str) -> dict[str, Any]:
    """A role for the app's identity itself."""
    definition = f"{deployment.azure.root}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    properties = {
        "roleDefinitionId": definition,
        "principalId": deployment.azure.principal_of_app,
        "principalType": "ServicePrincipal",
    }
    return {"properties": properties}


def assignments(deployment: Deployment) -> dict[str, dict[str, Any]]:
    listed = deployment.azure.control("GET", "/assignments")["value"]
    return {each["id"]: each["properties"] for each in listed}


def test_the_roles_are_enough_for_the_main_job(deployment: Deployment) -> None:
    deployment.ask("rightful")
    until(lambda: deployment.ready("rightful"))
    refused = [each for each in deployment.azure.app_requests() if each["status"] == 403]
    assert refused == []


def test_azure_refuses_the_apps_identity_what_policy_does_not_allow(cleaning: Deployment) -> None:
    thief, root = StolenIdentity(cleaning), cleaning.azure.root
    before = assignments(cleaning)
    for scope in (root, cleaning.azure.subnet):
        path = f"{scope}/{ASSIGNMENTS}/{uuid.uuid4()}"
        assert thief.status("PUT", path, giving(cleaning, OWNER)) == 403
    owners = [key for key, each in before.items() if each["roleDefinitionId"].endswith(OWNER)]
    assert [thief.status("DELETE", each) for each in owners] == [403] * len(owners) != []
    assert assignments(cleaning).keys() == before.keys()


def test_the_condition_alone_lets_through_what_policy_allows(cleaning: Deployment) -> None:
    """Were it not so, the refusals above would say nothing of the condition."""
    thief = StolenIdentity(cleaning)
    path = f"{cleaning.azure.subnet}/{ASSIGNMENTS}/{uuid.uuid4()}"
    assert thief.status("PUT", path, giving(cleaning, NETWORK_CONTRIBUTOR)) == 200
    assert thief.status("DELETE", path) == 200


def test_where_policy_does_not_clean_up_azure_refuses_every_deletion(
    deployment: Deployment,
) -> None:
    thief = StolenIdentity(deployment)
    path = f"{deployment.azure.subnet}/{ASSIGNMENTS}/{uuid.uuid4()}"
    assert thief.status("PUT", path, giving(deployment, NETWORK_CONTRIBUTOR)) == 200
    assert thief.status("DELETE", path) == 403
    deployment.azure.remove_assignment(path)
