"""Plain HTTP calls to this machine's servers, for what no Azure SDK speaks."""

import json
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT_SECONDS = 60


def call(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    ca_bundle: str | None = None,
) -> Any:
    """Send JSON, and return the JSON of the answer (None when it is empty).

    Raises urllib.error.HTTPError for a status of 400 and above.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is one of our own servers
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json", **(headers or {})},
        method=method,
    )
    trust = ssl.create_default_context(cafile=ca_bundle)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
        answer = response.read()
    return json.loads(answer) if answer else None
