"""The environment a client of the emulator needs, and the file it is written to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from . import private_file
from .app import Emulator
from .identity import TOKEN_PATH

TOPIC_NAME = "grantkeeper"


def environment(emulator: Emulator, url: str, ca_bundle: Path) -> dict[str, str]:
    """Names and values; IDENTITY_HEADER is the operator's, APP_IDENTITY_HEADER the app's own."""
    bundle = str(ca_bundle.resolve())
    return {
        "ARM_ENDPOINT": url,
        "ARM_CA_BUNDLE": bundle,
        "IDENTITY_ENDPOINT": url + TOKEN_PATH,
        "IDENTITY_HEADER": emulator.keys.operator_header,
        "APP_IDENTITY_HEADER": emulator.keys.app_header,
        "AZURE_CLIENT_ID": emulator.app_identity.client_id,
        "SUBSCRIPTION_ID": emulator.subscription_id,
        "TENANT_ID": emulator.world.tenant_id,
        "EVENTGRID_TOPIC_ENDPOINT": f"{url}/topics/{TOPIC_NAME}/api/events",
        "EVENTGRID_TOPIC_KEY": emulator.keys.topic,
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "EMULATOR_CONTROL_URL": url + "/_emulator",
        "EMULATOR_CONTROL_KEY": emulator.keys.control,
    }


def write(path: Path, values: Mapping[str, str]) -> None:
    """KEY='value' lines a POSIX shell can source; readable by the owner only."""
    text = "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())
    private_file.write(path, text.encode())


def _quoted(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
