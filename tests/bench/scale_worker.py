"""One worker of the app, or the least that could read the same lists: CPU, memory.

    python -m tests.bench.scale_worker passes|floor ROUNDS

The environment is the function app's. Prints a JSON object: `cpu` is the least of the rounds, in
seconds of this process; `peak` is VmHWM in MB, `start` VmRSS before the first round.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from shared import settings, wiring

_LISTS = {
    "Microsoft.ContainerService/managedClusters": "2026-08-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
}


def main() -> None:
    """Measure, and print."""
    what, rounds = sys.argv[1], int(sys.argv[2])
    work = _passes() if what == "passes" else _floor()
    start = _memory("VmRSS")
    times = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    result = {"cpu": min(times[1:]), "first": times[0], "start": start, "peak": _memory("VmHWM")}
    sys.stdout.write(json.dumps(result))


def _passes() -> Callable[[], None]:
    return wiring.application().fleet.wake_all


def _floor() -> Callable[[], None]:
    read = settings.read()
    credential = wiring.identity(read.client_id)
    http = requests.Session()
    http.verify = os.environ["REQUESTS_CA_BUNDLE"]
    token = credential.get_token(f"{read.audience}/.default").token
    http.headers["Authorization"] = f"Bearer {token}"

    def receive() -> None:
        for subscription in read.managed_subscriptions:
            for kind, version in _LISTS.items():
                path = f"/subscriptions/{subscription}/providers/{kind}?api-version={version}"
                for _ in _pages(http, read.arm_endpoint + path):
                    pass

    return receive


def _pages(http: requests.Session, url: str) -> Iterator[object]:
    while url:
        answer = http.get(url, timeout=60)
        answer.raise_for_status()
        page = json.loads(answer.content)
        yield page
        url = page.get("nextLink", "")


def _memory(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    main()
