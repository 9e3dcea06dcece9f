"""The command line: `python -m infra.functions_host APP_DIR --settings local.settings.json`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from .console import configure_log, log
from .host import Host
from .job_host import HostOptions
from .keys import load_keys
from .settings import SettingsError, add_missing, read_local_settings

_STORAGE_THREADS = 64
_HIGHEST_PORT = 65535
_LONGEST_LEASE = 7 * 24 * 60 * 60  # seconds, of the storage service (Get Messages)

_DESCRIPTION = """\
Run an Azure Functions app (Python, programming model v2) on this machine, the way the real
host runs it: queue, Event Grid, timer and HTTP triggers; queue and HTTP outputs.

  python -m infra.functions_host .                 the app in this folder
  python -m infra.functions_host app --port 0      on a free port; the ready line says which

Storage is whatever the app's connections name, e.g. Azurite. While it runs:

  GET  /admin/host/status                  what state the host is in
  GET  /admin/functions/NAME/status        why a function was refused
  POST /admin/functions/NAME               run it by hand: {"input": "message text"}
  POST /runtime/webhooks/eventgrid?functionName=NAME    where Event Grid delivers
"""

_EPILOG = """\
stdout gets one line, `ready http://localhost:PORT`, once every listener runs; the log goes to
stderr. SIGTERM or Ctrl-C: no more polling, at most 10 s for running functions, exit status 0;
messages still in work come back when their lease ends.
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.functions_host",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("app_dir", metavar="APP_DIR", type=Path, help="folder of function_app.py")
    parser.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="a local.settings.json; its Values become environment variables, except where "
        "the environment has them already (default: APP_DIR/local.settings.json if it exists)",
    )
    parser.add_argument(
        "--port",
        type=partial(_whole, 0, _HIGHEST_PORT),
        default=7071,
        help="HTTP port on loopback; 0: a free one (7071)",
    )
    parser.add_argument(
        "--lease",
        metavar="SECONDS",
        type=partial(_whole, 1, _LONGEST_LEASE),
        default=600,
        help="how long a message in work is hidden, renewed at half of it (600, as in Azure)",
    )
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        type=Path,
        default=Path(".local/functions_host"),
        help="where timers and keys are remembered (.local/functions_host)",
    )
    parser.add_argument("--log-file", metavar="FILE", type=Path, help="keep the log here as well")
    parser.add_argument(
        "--enable-auth",
        action="store_true",
        help="ask for access keys (made in DIR/keys.json), as in Azure; off by default",
    )
    return parser.parse_args()


def _whole(least: int, most: int, text: str) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"must be {least} to {most}")
    return int(text)


def _apply_settings(app_dir: Path, given: Path | None) -> None:
    path = given or app_dir / "local.settings.json"
    if given is None and not path.exists():
        return
    skipped = add_missing(os.environ, read_local_settings(path))
    for name in skipped:
        log.info("Skipping '%s' from local settings: the environment has it already.", name)


async def _serve(arguments: argparse.Namespace) -> None:
    threads = ThreadPoolExecutor(_STORAGE_THREADS, thread_name_prefix="storage")
    asyncio.get_running_loop().set_default_executor(threads)
    app_dir, state_dir = arguments.app_dir.resolve(), arguments.state_dir.resolve()
    keys = load_keys(state_dir) if arguments.enable_auth else None
    host = Host(HostOptions(app_dir, state_dir, arguments.lease), dict(os.environ), keys)
    await host.run(arguments.port, _announce)


def _announce(port: int) -> None:
    sys.stdout.write(f"ready http://localhost:{port}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the host. Exit status 0 after a signal, 2 for settings that cannot be used."""
    arguments = _arguments()
    configure_log(arguments.log_file)
    if not arguments.app_dir.is_dir():
        log.error("%s is not a folder.", arguments.app_dir)
        return 2
    try:
        _apply_settings(arguments.app_dir, arguments.settings)
        asyncio.run(_serve(arguments))
    except (SettingsError, OSError) as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
