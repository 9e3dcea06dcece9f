"""The command `python -m infra.stack`: start, stop and look at the local stack."""

import argparse
import signal
import sys
from pathlib import Path

from infra.stack import env_file, event_subscription
from infra.stack.part import ROOT, PartError
from infra.stack.stack import DEFAULT_POLICY, Stack

FOLDER = ROOT / ".local" / "stack"
ENV_FILE = ROOT / ".local" / "env"

DESCRIPTION = """\
The local stack: Azurite (storage), the emulator of Azure (ARM, identities, Event Grid) and the
Functions host with the function app in it, all on loopback.

  up      start what does not run, and leave it running; safe to repeat; after a change of code,
          down first
  down    stop everything and drop the data; logs stay until the next up
  status  show the parts; exit code 1 unless all of them run
  run     up, wait for Ctrl-C or SIGTERM, down

After `up` the environment file has what other clients need:

  set -a; . .local/env; set +a
  az rest --method get --url "$ARM_ENDPOINT/subscriptions/$SUBSCRIPTION_ID?api-version=2022-12-01"
"""


def main() -> int:
    """Run the command of this process's arguments; its exit code."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = Stack(
        arguments.folder,
        app_dir=arguments.app_dir,
        policy_file=arguments.policy,
        emulator_flags=arguments.emulator_flag,
        event_delivery=arguments.event_delivery,
    )
    commands = {"up": up, "down": down, "status": status, "run": run}
    try:
        return commands[arguments.command](stack, arguments.env_file)
    except PartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m infra.stack",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("command", choices=["up", "down", "status", "run"])
    add = command.add_argument
    add("--policy", type=existing_file, default=DEFAULT_POLICY, help="the app's policy.yaml")
    add(
        "--event-delivery",
        choices=event_subscription.DELIVERIES,
        default="function",
        help="how Event Grid tells the app: straight, or by the queue cluster-events",
    )
    add("--app-dir", type=Path, default=ROOT, help="folder of function_app.py and host.json")
    add("--folder", type=Path, default=FOLDER, help="state, logs and data; one per stack")
    add("--env-file", type=Path, default=ENV_FILE, help="written by up, removed by down")
    add(
        "--emulator-flag",
        action="append",
        default=[],
        metavar="FLAG",
        help="goes to python -m infra.emulator, e.g. --emulator-flag=--seed=7; may be repeated",
    )
    return command


def existing_file(text: str) -> Path:
    """The path of a file that is there; argparse turns the error into its own words."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return path


def up(stack: Stack, env: Path) -> int:
    """Start the stack, write the environment file and say where everything is."""
    announce(stack)
    try:
        stack.start()
    except BaseException:
        env.unlink(missing_ok=True)  # nothing runs now
        raise
    return describe(stack, env)


def announce(stack: Stack) -> None:
    """Say what takes a few seconds, if it does."""
    if not all(part.alive() for part in stack.parts):
        sys.stderr.write("Starting Azurite, the emulator and the Functions host\n")


def describe(stack: Stack, env: Path) -> int:
    """Write the environment file of the running stack and say where everything is."""
    env_file.write(env, stack.environment)
    status(stack, env)
    sys.stdout.write(f"\nThe environment is in {env}, logs are in {stack.folder}.\n")
    return 0


def down(stack: Stack, env: Path) -> int:
    """Stop the stack; its addresses and secrets go with it."""
    stack.stop()
    env.unlink(missing_ok=True)
    return 0


def status(stack: Stack, env: Path) -> int:
    """One line for each part."""
    del env
    for part in stack.parts:
        state = f"pid {part.pid}" if part.alive() else "down"
        sys.stdout.write(f"{part.name:10}{state:12}{part.url}\n")
    return 0 if all(part.alive() for part in stack.parts) else 1


def run(stack: Stack, env: Path) -> int:
    """Keep the stack up until this process is asked to end; it ends with this process anyhow."""
    announce(stack)
    try:
        with stack:
            describe(stack, env)
            sys.stdout.write("Ctrl-C ends it.\n")
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        sys.stderr.write("Stopping\n")
    finally:
        down(stack, env)
    return 0


if __name__ == "__main__":
    sys.exit(main())
