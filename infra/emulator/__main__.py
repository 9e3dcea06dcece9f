"""Run the emulator: `python -m infra.emulator --help`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import certificates, env_file
from .app import Emulator
from .clock import RealClock
from .event_subscriptions import EventSubscription, WebHook
from .keys import Keys
from .knobs import Knobs, parse_range, parse_setting
from .roles import built_in_roles
from .server import EmulatorServer

Value = TypeVar("Value")

_EPILOG = """\
examples:
  python -m infra.emulator --env-file .local/emulator.env
  python -m infra.emulator --provisioning-seconds 2-4 --effective-seconds 5-20
  python -m infra.emulator --time-scale 60 --knob retry_after_seconds=0

Prints one line, "ready https://localhost:PORT", when it serves; logs go to stderr. The environment
for clients (endpoints, CA bundle, identity headers, keys) is written to --env-file. Everything that
can be turned is documented in infra/emulator/knobs.py and in infra/emulator/README.md.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        knobs = _knobs(options)
        clock = RealClock(options.time_scale)
    except ValueError as error:
        parser.error(str(error))
    if options.state_dir:
        options.state_dir.mkdir(parents=True, exist_ok=True)
        return _serve(options, knobs, clock, options.state_dir)
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        return _serve(options, knobs, clock, Path(folder))


def _serve(options: argparse.Namespace, knobs: Knobs, clock: RealClock, folder: Path) -> int:
    stop = threading.Event()
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, lambda *_: stop.set())
    ca_bundle = certificates.ensure(folder)
    emulator = Emulator(knobs, clock, Keys.kept_in(folder / "keys.json"))
    try:
        server = EmulatorServer(emulator, certificates.server_context(folder), options.port)
    except OSError as error:
        emulator.close()
        print(f"cannot listen on port {options.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    with server:
        if options.env_file:
            options.env_file.parent.mkdir(parents=True, exist_ok=True)
            values = env_file.environment(emulator, server.url, ca_bundle)
            env_file.write(options.env_file, values)
        for number, webhook in enumerate(options.events_webhook):
            emulator.event_grid.subscribe(f"webhook-{number}", EventSubscription(webhook))
        print(f"ready {server.url}", flush=True)  # noqa: T201 - the one line promised
        stop.wait()
    return 0


def _knobs(options: argparse.Namespace) -> Knobs:
    changes: dict[str, Any] = dict(parse_setting(text) for text in options.knob)
    named = ("seed", "provisioning_seconds", "effective_seconds", "readable_seconds")
    changes |= {name: value for name in named if (value := getattr(options, name)) is not None}
    knobs = Knobs().changed(changes)
    built_in = {role.role_name.lower() for role in built_in_roles()}
    if unknown := [role for role in knobs.app_roles if role.lower() not in built_in]:
        raise ValueError(f"app_roles: no such built-in role: {', '.join(unknown)}")
    return knobs


def _explained(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """A reader of an argument whose ValueError argparse shows with its own text."""

    def reader(text: str) -> Value:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return reader


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(f"a port is between 0 and 65535, not {port}")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.emulator",
        description="Azure on this machine: ARM with AKS and role assignments, managed identity, "
        "Event Grid; over TLS, on loopback, for unmodified Azure clients.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=_explained(_port), default=0, help="port to serve on (default: a free one)")
    add("--env-file", type=Path, metavar="PATH", help="where to write the clients' environment")
    add(
        "--state-dir",
        type=Path,
        metavar="PATH",
        help="where CA and keys are kept, so that a restart does not change them (default: a "
        "temporary folder)",
    )
    add("--seed", type=int, help="all ids and drawn times follow from it (default: 0)")
    add(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="SCALE",
        help="emulated seconds for each real one (default: 1); 0: time stands still until it is "
        "moved with POST /advance",
    )
    for name, what in (
        ("provisioning", "from the PUT of a cluster to its end"),
        ("effective", "from the PUT of a role assignment until it takes effect"),
        ("readable", "from the PUT of a role assignment until reads show it"),
    ):
        add(f"--{name}-seconds", type=_explained(parse_range), metavar="LOW-HIGH", help=what)
    add(
        "--events-webhook",
        action="append",
        default=[],
        type=_explained(WebHook),
        metavar="URL",
        help="send every resource event there (repeatable)",
    )
    add(
        "--knob",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="turn any other knob (repeatable)",
    )
    add("--verbose", action="store_true", help="log more")
    return parser


if __name__ == "__main__":
    sys.exit(main())
