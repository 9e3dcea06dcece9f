"""App settings: local.settings.json into the environment, and `%NAME%` into values.

Sources: Azure Functions Core Tools (`func start`), `NameResolverExtensions` of the WebJobs SDK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

_REFERENCE = re.compile(r"%([^%]*)%")


class SettingsError(ValueError):
    """The settings cannot be used; the text says which and why."""


def read_local_settings(path: Path) -> dict[str, str]:
    """The `Values` of a local.settings.json, and its `ConnectionStrings` under their section.

    Raises SettingsError for a file that is missing, encrypted, not JSON or not texts.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("IsEncrypted"):
        raise SettingsError(f"{path} must be a JSON object that is not encrypted")
    values, strings = (document.get(name) or {} for name in ("Values", "ConnectionStrings"))
    if not isinstance(values, dict) or not isinstance(strings, dict):
        raise SettingsError(f"{path}: Values and ConnectionStrings must be JSON objects")
    settings = values | {f"ConnectionStrings__{name}": v for name, v in strings.items()}
    for name, value in settings.items():
        if not isinstance(value, str):
            raise SettingsError(f"{path}: the value of {name!r} must be a text")
    return settings


def add_missing(environment: MutableMapping[str, str], settings: Mapping[str, str]) -> list[str]:
    """Add `settings` to `environment`; what is there already wins, as with `func start`.

    Returns the names skipped.
    """
    skipped = [name for name in settings if environment.get(name)]
    environment.update({name: settings[name] for name in settings if name not in skipped})
    return skipped


def look_up(environment: Mapping[str, str], name: str) -> str | None:
    """The setting `name`; a `:` in it may be written `__`, as environment variables must."""
    value = environment.get(name)
    return environment.get(name.replace(":", "__")) if value is None else value


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """`text` with every `%NAME%` replaced, once (a value is not resolved again).

    Raises SettingsError when a name has no value or a `%` has no partner.
    """
    if text.count("%") % 2:
        raise SettingsError(f"The '%' at position {text.rindex('%')} does not have a closing '%'")

    def value(match: re.Match[str]) -> str:
        found = look_up(environment, match[1])
        if not found:
            raise SettingsError(f"'%{match[1]}%' does not resolve to a value.")
        return found

    return _REFERENCE.sub(value, text)
