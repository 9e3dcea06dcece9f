"""The kubeconfig of a cluster, well-formed and good for nothing: no API server listens."""

from __future__ import annotations

import base64
import json
from typing import Any

from .cluster_state import Cluster

_NAMES = {
    "listclusterusercredential": "clusterUser",
    "listclusteradmincredential": "clusterAdmin",
    "listclustermonitoringusercredential": "clusterMonitoringUser",
}


def kubeconfig(cluster: Cluster, verb: str) -> dict[str, Any]:
    """One entry of `kubeconfigs` for a list...Credential action; JSON, which YAML readers take."""
    name = _NAMES[verb.lower()]
    user = f"{name}_{cluster.group}_{cluster.name}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {"server": f"https://{cluster.properties['fqdn']}:443"},
            }
        ],
        "users": [{"name": user, "user": {"token": "local-emulator"}}],
        "contexts": [
            {"name": cluster.name, "context": {"cluster": cluster.name, "user": user}},
        ],
        "current-context": cluster.name,
        "preferences": {},
    }
    value = base64.b64encode(json.dumps(document).encode()).decode()
    return {"name": name, "value": value}
