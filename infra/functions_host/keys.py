"""Access keys, checked only with --enable-auth (like `func start --enableAuth`)."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from .http_message import HttpRequest

_NAMES = ("masterKey", "functionKey", "eventgrid_extension")


@dataclass(frozen=True)
class Keys:
    """The master key, one key for all functions, and the system key of the Event Grid webhook."""

    master: str
    function: str
    event_grid: str

    def refusal(self, request: HttpRequest, accepted: tuple[str, ...]) -> int | None:
        """The status that refuses `request`: 401 without a known key, 403 with another one.

        The header `x-functions-key` comes before the query's `code`. None: let it in.
        """
        given = request.headers.get("x-functions-key") or request.query.get("code") or ""
        if _is_one_of(given, (self.master, *accepted)):
            return None
        return 403 if _is_one_of(given, (self.function, self.event_grid)) else 401


def _is_one_of(given: str, keys: tuple[str, ...]) -> bool:
    # As bytes: of texts compare_digest takes only ASCII, and a caller may send any.
    text = given.encode(errors="replace")
    return any(hmac.compare_digest(text, key.encode()) for key in keys)


def load_keys(state_dir: Path) -> Keys:
    """The keys in `state_dir`/keys.json, made at random the first time."""
    path = state_dir / "keys.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps({name: secrets.token_urlsafe(32) for name in _NAMES}))
    document = json.loads(path.read_text())
    return Keys(*(document[name] for name in _NAMES))
