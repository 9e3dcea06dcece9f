"""The file the demo leaves: what happened, for programs and for curious people."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from infra.demo.rest import Json
from infra.demo.verdict import Evidence, outside

_PROVIDER_TYPE = re.compile(r"/providers/([^/]+)/(.+)$", re.IGNORECASE)


def write(file: Path, evidence: Evidence, faults: Sequence[str], weather: Json) -> None:
    """Write the result. `weather` says which events were lost or doubled."""
    document = {
        "passed": not faults,
        "faults": list(faults),
        "events": weather,
        "clusters": evidence.report["clusters"],
        "rejections": evidence.report["rejections"],
        "roleAssignments": outside(evidence.made, evidence.clusters),
        "armCalls": arm_calls(evidence.ledger),
    }
    file.write_text(json.dumps(document, indent=2) + "\n")


def arm_calls(ledger: Sequence[Json]) -> list[Json]:
    """How often each caller sent each method to each kind of resource."""
    counts = Counter(
        (entry["caller_name"], entry["method"], kind(entry["path"]))
        for entry in ledger
        if entry["path"].lower().startswith("/subscriptions")
    )
    return [
        {"caller": caller, "method": method, "kind": kind, "count": count}
        for (caller, method, kind), count in sorted(counts.items())
    ]


def kind(path: str) -> str:
    """The resource type a path is about: names left out, the last provider's, in lower case."""
    found = _PROVIDER_TYPE.search(path[path.lower().rfind("/providers/") :])
    if found is None:
        return "/".join(path.lower().strip("/").split("/")[::2])
    return "/".join([found[1], *found[2].split("/")[::2]]).lower()
