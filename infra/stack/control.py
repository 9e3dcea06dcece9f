"""The emulator's own endpoint, as the stack uses it."""

import json
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any


def call(emulator: Mapping[str, str], method: str, path: str, body: object = None) -> Any:
    """Ask it, or tell it something; the JSON answered. `emulator` is its environment file.

    Raises urllib.error.URLError when it refuses.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is the emulator's own
        emulator["EMULATOR_CONTROL_URL"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            "x-emulator-key": emulator["EMULATOR_CONTROL_KEY"],
        },
        method=method,
    )
    trust = ssl.create_default_context(cafile=emulator["ARM_CA_BUNDLE"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    with opener.open(request, timeout=30) as response:
        return json.load(response)
