"""The command `python -m infra.demo`: start a stack of its own, play, stop it in every outcome."""

import argparse
import fcntl
import signal
import sys
from pathlib import Path

from infra.demo import administrator, play
from infra.stack.part import ROOT, PartError
from infra.stack.stack import Stack

FOLDER = ROOT / ".local" / "demo"
POLICY = Path(__file__).with_name("policy.yaml")

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGINT is ignored in a background job

DESCRIPTION = """\
The main job on this machine, in about a minute: a request on a queue becomes an AKS cluster, and
it and a cluster somebody else makes get the roles they need, while events get lost and doubled;
the one role that policy does not allow is named, and an administrator gives it.
"""


def main() -> int:
    """Run the demo; 0 only when everything went as it should."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=DESCRIPTION)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="logs, data and result.json")
    folder: Path = parser.parse_args().folder
    for number in _ENDS:
        signal.signal(number, signal.default_int_handler)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"Another demo runs in {folder}; wait for its end, or use --folder\n")
            return 1
        return run_and_stop(Stack(folder, policy_file=POLICY))


def run_and_stop(stack: Stack) -> int:
    """Run, and stop what was started however impatient somebody is."""
    try:
        return run(stack)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130
    except (PartError, administrator.NoCommand) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        for number in _ENDS:
            signal.signal(number, signal.SIG_IGN)
        stack.stop()


def run(stack: Stack) -> int:
    """Start the stack afresh and play on it."""
    stack.stop()  # what an earlier demo that was killed may have left
    result = stack.folder / "result.json"
    result.unlink(missing_ok=True)
    play.say("Starting Azurite, the emulator of Azure and the Functions host on this machine.")
    play.say("Seconds stand for minutes: clusters take 2 to 4, permissions work after 5 to 20.")
    with stack:
        return play.perform(stack, result)


if __name__ == "__main__":
    sys.exit(main())
