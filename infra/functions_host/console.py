"""The host's log, on stderr and optionally in a file; lines look like those of `func start`."""

from __future__ import annotations

import logging
import time
from pathlib import Path

log = logging.getLogger("functions_host")


def configure_log(log_file: Path | None) -> None:
    """Send the host's log to stderr, and to `log_file` as well when given (appending)."""
    formatter = logging.Formatter("[%(asctime)s.%(msecs)03dZ] %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace"))
    for handler in handlers:
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
    log.setLevel(logging.INFO)
    # More messages in work than pooled connections is no event worth a line each.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
