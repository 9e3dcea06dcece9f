"""What the timer's pass costs when thousands of clusters are well.

    reads = the app's requests to ARM in a pass - (pages of clusters + pages of assignments)
    cpu   = CPU of a worker's pass / CPU of receiving the same pages and json.loads of each
    peak  = VmHWM of the worker, MB of 10^6 bytes

The emulator serves TLS in this process, the worker and the floor are processes of their own. N
clusters over S subscriptions, 3 grants each, and 2,000 assignments of others in each subscription;
pages of 1,000. Floor of `reads` and goal: 0. Goals: 2.5 times, 200 MB.
"""

import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.emulator import certificates
from infra.emulator.server import EmulatorServer
from infra.stack.part import INHERITED, ROOT
from tests.bench.row import Row, at_most, exactly
from tests.bench.scale_world import POLICY_TEXT, fill
from tests.bench.session import Session
from tests.flow.town import Town

_PAGE = 1000
_ROUNDS = 4  # the first one warms up
_SIZES = ((10, 1), (100, 1), (1000, 1), (5000, 1), (5000, 5))
_GOAL_CPU, _GOAL_PEAK = 2.5, 200.0


def measure(session: Session) -> list[Row]:
    """Three rows for each size."""
    return [
        row for clusters, subscriptions in _SIZES for row in _rows(session, clusters, subscriptions)
    ]


def _rows(session: Session, clusters: int, subscriptions: int) -> list[Row]:
    storage = session.storage()
    town = Town(storage, POLICY_TEXT, subscriptions=subscriptions, page_size=_PAGE)
    town.azure.advance((datetime.now(UTC) - town.clock.now()).total_seconds())
    fill(town, clusters)
    folder = session.folder / f"scale-{clusters}-{subscriptions}"
    folder.mkdir()
    bundle = certificates.ensure(folder)
    with EmulatorServer(town.azure, certificates.server_context(folder)) as server:
        environment = _environment(town, server.url, storage, bundle, folder)
        floor = _worker("floor", environment)
        town.azure.world.ledger.clear()
        passes = _worker("passes", environment)
    reads = town.calls("GET") / _ROUNDS
    others = len(town.azure.world.ledger.writes(town.azure.app_identity.display_name))
    ratio = passes["cpu"] / floor["cpu"]
    name = f"scale.n{clusters}.s{subscriptions}"
    cpu = [seconds * 1e3 for seconds in (passes["cpu"], floor["cpu"], passes["first"])]
    note = "{:.0f} ms, floor {:.0f} ms, first pass {:.0f} ms".format(*cpu)
    return [
        exactly(f"{name}.reads", reads - _pages(town) + others, "calls", 0, f"{reads:g} a pass"),
        at_most(f"{name}.cpu", ratio, "times", 1, _GOAL_CPU, note),
        at_most(f"{name}.peak", passes["peak"], "MB", floor["peak"], _GOAL_PEAK),
    ]


def _pages(town: Town) -> int:
    """The least there is to read: the pages of two lists of each subscription."""
    clusters = [each.id.lower() for each in town.azure.clusters.all()]
    scopes = [each.scope.lower() for each in town.azure.role_assignments.all()]
    return sum(
        math.ceil(sum(each.startswith(f"/subscriptions/{s}") for each in ids) / _PAGE) or 1
        for s in town.azure.world.subscription_ids
        for ids in (clusters, scopes)
    )


def _environment(town: Town, url: str, storage: str, bundle: Path, folder: Path) -> dict[str, str]:
    policy = folder / "policy.yaml"
    policy.write_bytes(POLICY_TEXT)
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "MANAGED_SUBSCRIPTIONS": ",".join(town.azure.world.subscription_ids),
        "Work": storage,
        "POLICY_FILE": str(policy),
        "ARM_ENDPOINT": url,
        "IDENTITY_ENDPOINT": f"{url}/msi/token",
        "IDENTITY_HEADER": town.azure.keys.app_header,
        "AZURE_CLIENT_ID": town.azure.app_identity.client_id,
        "REQUESTS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(bundle),
        "NO_PROXY": "localhost,127.0.0.1",
    }


def _worker(what: str, environment: dict[str, str]) -> dict[str, Any]:
    command = (sys.executable, "-m", "tests.bench.scale_worker", what, str(_ROUNDS))
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
