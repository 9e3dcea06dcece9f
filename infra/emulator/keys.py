"""The made-up secrets of one emulator: identity headers, token signing, topic and control keys."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from . import private_file


@dataclass(frozen=True, slots=True)
class Keys:
    """None of them opens anything but this emulator."""

    signing: str
    app_header: str
    operator_header: str
    topic: str
    control: str

    @classmethod
    def fresh(cls) -> Keys:
        """Newly drawn keys."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(5)))

    @classmethod
    def kept_in(cls, path: Path) -> Keys:
        """The keys a file holds, made on first use, so that a restart keeps clients working."""
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        keys = cls.fresh()
        private_file.write(path, json.dumps(asdict(keys)).encode())
        return keys
