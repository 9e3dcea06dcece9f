"""The function app's settings on this machine: where its storage, Azure and identity are."""

import json
from collections.abc import Mapping
from pathlib import Path

# Of the emulator's environment, what the app is given under the same name.
_SHARED = (
    "ARM_ENDPOINT",
    "IDENTITY_ENDPOINT",
    "AZURE_CLIENT_ID",
    "EVENTGRID_TOPIC_ENDPOINT",
    "EVENTGRID_TOPIC_KEY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)


def values(emulator: Mapping[str, str], storage: str, policy_file: Path) -> dict[str, str]:
    """The app's settings. `emulator` is its environment file, `storage` a connection string.

    The app speaks with its own identity: IDENTITY_HEADER is the app's, not the operator's.
    """
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "Work": storage,
        "MANAGED_SUBSCRIPTIONS": emulator["SUBSCRIPTION_ID"],
        "POLICY_FILE": str(policy_file),
        "FLEET_SCHEDULE": "*/20 * * * * *",
        "IDENTITY_HEADER": emulator["APP_IDENTITY_HEADER"],
        "NO_PROXY": "localhost,127.0.0.1",
        **{name: emulator[name] for name in _SHARED},
    }


def local_settings(values: Mapping[str, str]) -> str:
    """The text of a local.settings.json, as `func start` and the local Functions host read it."""
    return json.dumps({"IsEncrypted": False, "Values": dict(values)}, indent=2) + "\n"
