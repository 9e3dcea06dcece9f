"""Plain JSON over TLS: Azure Resource Manager as the operator, and the emulator's own endpoint."""

import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_TIMEOUT_SECONDS = 30
_AUDIENCE = "https://management.azure.com"


class Arm:
    """ARM with the operator's identity. `environment` is the stack's.

    Every call raises urllib.error.HTTPError for an answer that is not a success.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._endpoint = environment["ARM_ENDPOINT"]
        self._https = _Https(environment["ARM_CA_BUNDLE"])
        query = urllib.parse.urlencode({"resource": _AUDIENCE, "api-version": "2019-08-01"})
        token = self._https.call(
            "GET",
            f"{environment['IDENTITY_ENDPOINT']}?{query}",
            {"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
        )
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}

    def put(self, path: str, api_version: str, body: Json) -> Json:
        """Create a resource, or replace it; what is answered may still be in the making."""
        return self._https.call("PUT", self._url(path, api_version), self._headers, body)

    def list(self, path: str, api_version: str) -> list[Json]:
        """All pages of a list."""
        found: list[Json] = []
        url = self._url(path, api_version)
        while url:
            page = self._https.call("GET", url, self._headers)
            found += page["value"]
            url = page.get("nextLink") or ""
        return found

    def _url(self, path: str, api_version: str) -> str:
        return f"{self._endpoint}{path}?api-version={api_version}"


class Control:
    """What only an emulator can be asked. `environment` is the stack's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._endpoint = environment["EMULATOR_CONTROL_URL"]
        self._https = _Https(environment["ARM_CA_BUNDLE"])
        self._headers = {"x-emulator-key": environment["EMULATOR_CONTROL_KEY"]}

    def list(self, what: str) -> list[Json]:
        """One of its lists: `assignments`, `ledger`, `event-faults`."""
        answer = self._https.call("GET", f"{self._endpoint}/{what}", self._headers)
        found: list[Json] = answer["value"]
        return found

    def post(self, what: str, body: Json) -> None:
        """Tell it something."""
        self._https.call("POST", f"{self._endpoint}/{what}", self._headers, body)


class _Https:
    """Requests that trust one CA and use no proxy."""

    def __init__(self, ca_bundle: str) -> None:
        trust = ssl.create_default_context(cafile=ca_bundle)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: Json | None = None
    ) -> Json:
        request = urllib.request.Request(  # noqa: S310 - the addresses are the stack's own
            url,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
            method=method,
        )
        with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            text = response.read()
        answer: Json = json.loads(text) if text else {}
        return answer
