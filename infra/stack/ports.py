"""Ports chosen free once for a stack, and remembered so that a restarted part keeps its URL."""

import json
import random
import socket
from collections.abc import Sequence
from pathlib import Path

# Below the ports that systems hand out for outgoing connections (32768 and up on Linux, 49152 and
# up elsewhere): a port remembered here is not taken by a passing client while its part is down.
RANGE = range(20000, 32768)


def remember(file: Path, names: Sequence[str], in_use: Sequence[str]) -> dict[str, int]:
    """The port of each name: the one in `file` if it is still to be had, else another free one.

    Those named in `in_use` belong to running parts and stay as they are.
    """
    known = recall(file)
    kept = {
        name: known[name]
        for name in names
        if name in known and (name in in_use or is_free(known[name]))
    }
    for name in names:
        if name not in kept:
            kept[name] = free_port(taken=set(kept.values()))
    file.write_text(json.dumps(kept))
    return kept


def recall(file: Path) -> dict[str, int]:
    """The ports that were remembered in the file; none when there is no file."""
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return ports


def free_port(taken: set[int]) -> int:
    """A port nobody listens at now. Chosen at random, so that two stacks hardly ever meet."""
    candidates = random.SystemRandom().sample(RANGE, k=len(RANGE))
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port from {RANGE.start} to {RANGE.stop - 1}")


def is_free(port: int) -> bool:
    """Whether a server could listen at the port on 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do it: connections of an earlier run that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
