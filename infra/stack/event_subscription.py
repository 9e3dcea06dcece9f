"""The Event Grid subscription that wakes the function app, made in the emulator."""

import json
import ssl
import urllib.request
from collections.abc import Mapping

NAME = "clusters"
FUNCTION = "cluster_changed"


def register(emulator: Mapping[str, str], host_url: str) -> None:
    """Deliver the emulated subscription's events to the function's webhook; safe to repeat.

    `emulator` is its environment file. Raises urllib.error.URLError when the emulator, or the
    webhook's validation, refuses.
    """
    webhook = f"{host_url}/runtime/webhooks/eventgrid?functionName={FUNCTION}"
    request = urllib.request.Request(  # noqa: S310 - the address is the emulator's own
        f"{emulator['EMULATOR_CONTROL_URL']}/event-subscriptions/{NAME}",
        data=json.dumps({"endpoint": webhook}).encode(),
        headers={
            "content-type": "application/json",
            "x-emulator-key": emulator["EMULATOR_CONTROL_KEY"],
        },
        method="PUT",
    )
    trust = ssl.create_default_context(cafile=emulator["ARM_CA_BUNDLE"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    with opener.open(request, timeout=30) as response:
        response.read()
