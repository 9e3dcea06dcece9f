"""The command `python -m tests.bench`: measure, show a table, print JSON."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench import (
    arm_per_cluster,
    arm_repeat,
    cold_first,
    cold_index,
    cold_stale,
    false_ready,
    lateness,
    life_events,
    live_messages,
    peer_az,
    scale,
    schedule,
    storm,
    wave,
    worker_memory,
)
from tests.bench.row import Row
from tests.bench.session import Session
from tests.bench.table import table, to_json

FIGURES: dict[str, Callable[[Session], list[Row]]] = {
    "cold_index": cold_index.measure,
    "cold_first": cold_first.measure,
    "cold_stale": cold_stale.measure,
    "arm_per_cluster": arm_per_cluster.measure,
    "arm_repeat": arm_repeat.measure,
    "live_messages": live_messages.measure,
    "lateness": lateness.measure,
    "false_ready": false_ready.measure,
    "life_events": life_events.measure,
    "schedule": schedule.measure,
    "worker_memory": worker_memory.measure,
    "scale": scale.measure,
    "wave": wave.measure,
    "storm": storm.measure,
    "peer_az": peer_az.measure,
}

DESCRIPTION = """\
Measures the product beside what is possible (floor) and what is aimed at (goal). A goal that is
missed is shown, and is no error: the exit code tells whether everything could be measured.
"""


def main() -> int:
    """Run the command of this process's arguments; its exit code."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = Console(stderr=True)
    rows: list[Row] = []
    try:
        with Session(arguments.seeds, arguments.first_seed) as session:
            for name in arguments.only or FIGURES:
                progress.print(f"measuring {name} …", highlight=False)
                rows += FIGURES[name](session)
    finally:
        show(rows, arguments.json)
    return 0


def show(rows: list[Row], file: Path) -> None:
    """The table on stderr for people, the JSON on stdout for programs, and in a file."""
    Console(stderr=True).print(table(rows))
    text = to_json(rows)
    sys.stdout.write(text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="python -m tests.bench", description=DESCRIPTION)
    add = command.add_argument
    add("--only", nargs="+", choices=FIGURES, metavar="NAME", help=f"of: {', '.join(FIGURES)}")
    kept = Path(".local/bench.json")
    add("--json", type=Path, default=kept, metavar="FILE", help="a copy of the JSON (%(default)s)")
    add("--seeds", type=positive, default=10, help="lives per weather (default %(default)s)")
    add("--first-seed", type=positive, default=1, metavar="N", help="to go on where a run ended")
    return command


def positive(text: str) -> int:
    """A whole number above 0; argparse turns the error into its own words."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"not above 0: {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
