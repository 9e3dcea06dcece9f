"""Make this folder ready to work in: the virtual environment and Azurite; `make setup` runs it.

It needs Python 3.11 and Node only, so it imports the standard library only. It does nothing when
nothing changed: each installation carries the SHA-256 of the file it was made from. Two runs at
once are safe: the second waits for the first.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements-dev.txt"
NODE_MODULES = ROOT / "node_modules"
PACKAGE_LOCK = ROOT / "package-lock.json"
OLDEST_NODE = 20

VENV_CHECK = """
import importlib.util, sys
sys.exit(sys.version_info[:2] != (3, 11) or importlib.util.find_spec("pip") is None)
"""


def main() -> int:
    """Install what is missing or out of date. The exit code is that of the first failing tool."""
    if sys.version_info[:2] != (3, 11):
        return fail(f"Python 3.11 is needed, this is {sys.version.split()[0]}")
    if shutil.which("npm") is None or node_major() < OLDEST_NODE:
        return fail(f"Azurite needs Node {OLDEST_NODE} or newer, with npm: https://nodejs.org")
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            make_venv()
            install_once(VENV / ".installed-from", REQUIREMENTS, install_python_packages)
            install_once(NODE_MODULES / ".installed-from", PACKAGE_LOCK, install_node_packages)
        except subprocess.CalledProcessError as error:
            return fail(f"`{' '.join(error.cmd)}` ended with exit code {error.returncode}")
    return 0


def install_once(stamp: Path, source: Path, install: Callable[[], None]) -> None:
    """Run `install` unless `stamp` says that it already succeeded for this text of `source`."""
    wanted = hashlib.sha256(source.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    install()
    stamp.write_text(wanted)


def make_venv() -> None:
    """Create `.venv` unless one is there that works, has pip and is of Python 3.11."""
    if not (PYTHON.exists() and succeeds(PYTHON, "-c", VENV_CHECK)):
        say("Creating .venv")
        run(sys.executable, "-m", "venv", "--clear", VENV)


def install_python_packages() -> None:
    """Install exactly what requirements-dev.txt pins."""
    say(f"Installing {REQUIREMENTS.name} into .venv (a minute or two when nothing is cached)")
    run(
        *(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--requirement", REQUIREMENTS),
    )


def install_node_packages() -> None:
    """Install exactly what package-lock.json names; npm removes what was there before."""
    say("Installing package-lock.json into node_modules (a minute or two)")
    run("npm", "ci", "--no-progress")


def node_major() -> int:
    """The major version of the `node` on PATH; 0 when there is none."""
    if shutil.which("node") is None:
        return 0
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.removeprefix("v").partition(".")[0])


def run(*command: str | Path) -> None:
    """Run a command in the project's folder; what it says goes to stderr, failure is raised."""
    subprocess.run([str(word) for word in command], cwd=ROOT, stdout=sys.stderr, check=True)


def succeeds(*command: str | Path) -> bool:
    """Whether the command ends with exit code 0; its output is dropped."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, capture_output=True, check=False).returncode == 0


def say(text: str) -> None:
    """Show progress on stderr, where it does not mix with the output of what runs afterwards."""
    sys.stderr.write(f"{text}\n")


def fail(reason: str) -> int:
    """Say what went wrong; the exit code for it."""
    say(f"setup: {reason}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
