"""A cluster taken to Ready on a local stack that runs, as a platform team and an operator would."""

import json
from collections.abc import Mapping
from typing import Any

import requests

from infra.stack.process import wait_until
from shared import queues, store
from shared.resource_id import cluster_id
from shared.settings import WorkStorage

_NETWORK_GROUP = "net-bench"  # the stack's policy allows grants in groups named so
_READY_SECONDS = 120


def take_to_ready(environment: Mapping[str, str]) -> None:
    """Request a cluster with its nodes in a subnet, and wait for it.

    `environment` is the stack's. Raises TimeoutError when it is not Ready in time.
    """
    subnet = _make_subnet(environment)
    request = {
        "apiVersion": "grantkeeper/v1",
        "requestId": "bench",
        "profile": "default",
        "resourceGroup": "bench",
        "name": "bench",
        "location": "westus2",
        "parameters": {"subnetId": subnet},
    }
    work = WorkStorage(connection_string=environment["WORK_STORAGE"])
    cluster = cluster_id(environment["SUBSCRIPTION_ID"], "bench", "bench")
    outgoing, records = queues.connect(work, None), store.connect(work, None)

    def ready() -> bool:
        loaded = records.load(cluster)
        condition = loaded[0].condition("Ready") if loaded else None
        return condition is not None and condition.status == "True"

    try:
        outgoing.submit(json.dumps(request).encode())
        if not wait_until(ready, _READY_SECONDS):
            raise TimeoutError(f"{cluster} was not Ready after {_READY_SECONDS} s")
    finally:
        outgoing.close()
        records.close()


def _make_subnet(environment: Mapping[str, str]) -> str:
    """A subnet in a network made by the operator; its id."""
    group = f"/subscriptions/{environment['SUBSCRIPTION_ID']}/resourceGroups/{_NETWORK_GROUP}"
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/bench"
    space = {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
        "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}}],
    }
    resources: list[tuple[str, str, dict[str, Any]]] = [
        (group, "2021-04-01", {"location": "westus2"}),
        (network, "2024-05-01", {"location": "westus2", "properties": space}),
    ]
    with requests.Session() as http:
        http.trust_env = False
        http.verify = environment["ARM_CA_BUNDLE"]
        _sign_in(http, environment)
        for path, version, body in resources:
            url = f"{environment['ARM_ENDPOINT']}{path}?api-version={version}"
            http.put(url, json=body, timeout=30).raise_for_status()
    return f"{network}/subnets/nodes"


def _sign_in(http: requests.Session, environment: Mapping[str, str]) -> None:
    """The operator's token, by the App Service managed-identity protocol."""
    answer = http.get(
        environment["IDENTITY_ENDPOINT"],
        params={"resource": "https://management.azure.com", "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
        timeout=30,
    )
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    http.headers["Authorization"] = f"Bearer {document['access_token']}"
