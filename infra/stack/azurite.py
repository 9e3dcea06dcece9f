"""Azurite, the storage emulator: how it is started, its accounts and their connection strings."""

import base64
import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.stack.part import ROOT, Launch, PartError

SERVICES = ("blob", "queue", "table")

_MAIN = ROOT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_LISTENING = re.compile(r"Azurite (\w+) service is successfully listening at (https?://\S+)")


def launch(
    accounts: Sequence[str], ports: Mapping[str, int] | None = None, location: Path | None = None
) -> Launch:
    """How to run Azurite with these accounts, at these ports by service, or at free ones.

    Its data is kept in `location`, else in memory only. Raises PartError when it is not installed.
    """
    node = shutil.which("node")
    if node is None or not _MAIN.exists():
        raise PartError("Azurite or node is missing: run `make setup`")
    command = [node, str(_MAIN), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    command += ["--location", str(location)] if location else ["--inMemoryPersistence"]
    for service in SERVICES:
        command += [f"--{service}Port", str(ports[service] if ports else 0)]
    keys = ";".join(f"{account}:{account_key(account)}" for account in accounts)
    return Launch(tuple(command), ready, {"AZURITE_ACCOUNTS": keys})


def ready(log: str) -> str | None:
    """The three services' addresses, separated by spaces, once all of them listen."""
    found = {service.lower(): url for service, url in _LISTENING.findall(log)}
    if set(found) != set(SERVICES):
        return None
    return " ".join(found[service] for service in SERVICES)


def account_key(account: str) -> str:
    """A key of the account: base64 as in Azure, and made from the name, for it guards nothing."""
    return base64.b64encode(hashlib.sha512(account.encode()).digest()).decode()


def connection_string(url: str, account: str) -> str:
    """The account's connection string with explicit endpoints; `url` is what `ready` found."""
    parts = {
        "DefaultEndpointsProtocol": "http",
        "AccountName": account,
        "AccountKey": account_key(account),
    }
    for service, address in zip(SERVICES, url.split(), strict=True):
        parts[f"{service.capitalize()}Endpoint"] = f"{address}/{account}"
    return ";".join(f"{name}={value}" for name, value in parts.items()) + ";"
