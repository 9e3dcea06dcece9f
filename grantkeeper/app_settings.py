"""The settings of a deployed app, as far as the operator's machine has them.

From a file: `az functionapp config appsettings list` prints a list of `name` and `value`, a
local.settings.json has `Values`. Without a file: what options, environment or the local stack say.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grantkeeper.checkup import Check, judged
from grantkeeper.connection import Place
from grantkeeper.failure import CommandFailed, ExitCode
from shared import settings
from shared.settings import Settings, SettingsError

NEEDED_BY_THE_HOST = ("AzureWebJobsStorage", "FLEET_SCHEDULE")
_REFERENCE = "@Microsoft."  # of Key Vault or App Configuration, which only the platform resolves
_FORM = "not the JSON of az functionapp config appsettings list, nor a local.settings.json"


@dataclass(frozen=True, slots=True)
class AppSettings:
    """`values` by name; `from_file` tells whether they are the app's own, and all of them."""

    values: Mapping[str, str]
    from_file: bool

    def read(self) -> Settings:
        """As the app reads them. Raises `SettingsError`."""
        return settings.read(self.values)

    def check(self) -> Iterator[Check]:
        """Whether the app can start with them."""
        faults: list[str] = []
        try:
            self.read()
        except SettingsError as error:
            faults += error.faults
        if self.from_file:
            faults += [f"{name}: missing" for name in NEEDED_BY_THE_HOST if not self._has(name)]
        remedy = "docs/operations.md has all settings; az functionapp config appsettings set"
        said = "all that the app and its host need" if self.from_file else "as given here"
        yield judged("settings", faults, remedy, f"{said}, {self._subscriptions()}")
        if not self.from_file:
            yield Check(
                "settings of the app",
                "warn",
                "not looked at: they are in Azure",
                "az functionapp config appsettings list -g GROUP -n APP | "
                "grantkeeper doctor --settings -",
            )

    def place(self, place: Place) -> Place:
        """Where the app's storage is. The local stack's environment serves only the local stack."""
        if not self.from_file:
            return place
        endpoint = self.values.get("ARM_ENDPOINT", "")
        local = place.local if endpoint and endpoint == place.local.get("ARM_ENDPOINT") else {}
        return replace(
            place,
            work_storage=self.values.get("Work", ""),
            queue_uri=self.values.get("Work__queueServiceUri", ""),
            table_uri=self.values.get("Work__tableServiceUri", ""),
            blob_uri=self.values.get("Work__blobServiceUri", ""),
            local={name: text for name, text in local.items() if name != "WORK_STORAGE"},
        )

    def _has(self, name: str) -> bool:
        return any(key == name or key.startswith(f"{name}__") for key in self.values)

    def _subscriptions(self) -> str:
        return f"for {self.values.get('MANAGED_SUBSCRIPTIONS', '')}"


def from_file(file: Path, policy: Path) -> AppSettings:
    """The settings in a file, `-` for standard input; `policy` stands for the app's own copy.
    Raises `CommandFailed`."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        values = _values(json.loads(text))
    except OSError as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{file}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{file}: {_FORM}") from None
    if hidden := [name for name, text in values.items() if text.startswith(_REFERENCE)]:
        raise CommandFailed(
            ExitCode.WRONG_INPUT,
            f"{file}: {', '.join(hidden)}: a reference; put what it stands for into the file",
        )
    return AppSettings({**values, "POLICY_FILE": str(policy)}, True)


def from_place(
    place: Place, subscriptions: str, policy: Path, cloud: str, endpoint: str
) -> AppSettings:
    """What the operator's own options and environment say of the app."""
    values = {
        "MANAGED_SUBSCRIPTIONS": subscriptions or place.local.get("SUBSCRIPTION_ID", ""),
        "Work": place.work_storage or place.local.get("WORK_STORAGE", ""),
        "Work__queueServiceUri": place.queue_uri,
        "Work__tableServiceUri": place.table_uri,
        "AZURE_CLOUD": cloud,
        "ARM_ENDPOINT": endpoint or place.local.get("ARM_ENDPOINT", ""),
        "POLICY_FILE": str(policy),
    }
    return AppSettings(values, False)


def _values(document: Any) -> dict[str, str]:
    if isinstance(document, list):
        return {str(each["name"]): str(each["value"] or "") for each in document}
    return {str(name): str(value) for name, value in document["Values"].items()}
