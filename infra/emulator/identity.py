"""Who is calling: the managed-identity token endpoint, the tokens it issues and their checks.

The endpoint speaks the App Service protocol, `GET ?api-version=2019-08-01&resource=...` with the
header X-IDENTITY-HEADER (learn.microsoft.com/azure/app-service/overview-managed-identity).
Tokens carry Entra's claims and an HMAC signature of this emulator. Their times are wall time, since
the clients that cache them have no other clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

from .keys import Keys
from .wire import ArmError, Call, Request, Response, Router
from .world import Principal, World

TOKEN_PATH = "/msi/token"  # noqa: S105 - a path
ARM_AUDIENCES = frozenset(
    {
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn",
    }
)


class Identities:
    """The token endpoint's state: which secret header belongs to which principal."""

    def __init__(self, world: World, keys: Keys, app: Principal, operator: Principal) -> None:
        self._world = world
        self._signing_key = keys.signing.encode()
        self._by_header = {keys.app_header: app, keys.operator_header: operator}
        self._app = app

    def register(self, router: Router) -> None:
        """The endpoint; no bearer token is asked for here."""
        router.add("GET", TOKEN_PATH, self._token)

    def issue(self, principal: Principal, resource: str) -> tuple[str, int]:
        """A signed token for a principal and a resource, with its end in epoch seconds."""
        now = int(time.time())
        expires_on = now + self._world.knobs.token_lifetime_seconds
        tenant = self._world.tenant_id
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": expires_on,
            "appid": principal.client_id,
            "appidacr": "2",
            "idp": f"https://sts.windows.net/{tenant}/",
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": tenant,
            "ver": "1.0",
            "xms_mirid": principal.resource_id or "",
        }
        head = _encode({"typ": "JWT", "alg": "HS256"})
        return self._signed(f"{head}.{_encode(claims)}"), expires_on

    def authenticate(self, request: Request, audiences: frozenset[str]) -> Principal:
        """The sender of a request; ArmError 401 says what is wrong with the token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
        claims = self._verified(token)
        if claims["exp"] <= time.time():
            raise self._unauthorized(
                "ExpiredAuthenticationToken", "The access token expiry has passed."
            )
        if claims["aud"].rstrip("/") not in audiences:
            raise self._unauthorized(
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource "
                f"'{claims['aud']}'.",
            )
        principal = self._world.directory.get(claims["oid"])
        if principal is None:
            raise self._unauthorized(
                "InvalidAuthenticationToken", "The identity of the access token is gone."
            )
        return principal

    def _token(self, call: Call) -> Response:
        request = call.request
        principal = self._by_header.get(request.headers.get("x-identity-header", ""))
        if principal is None:
            return _refused(401, "The X-IDENTITY-HEADER header is missing or wrong.")
        if request.query.get("api-version") != "2019-08-01":
            return _refused(400, "The api-version must be 2019-08-01.")
        if not (resource := request.query.get("resource")):
            return _refused(400, "The resource parameter is required.")
        if not self._selected(principal, request):
            return _refused(
                400,
                "No User Assigned or Delegated Managed Identity found for specified "
                "ClientId/ResourceId/PrincipalId.",
            )
        token, expires_on = self.issue(principal, resource)
        return Response(
            200,
            {
                "access_token": token,
                "expires_on": str(expires_on),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": principal.client_id,
            },
        )

    def _selected(self, principal: Principal, request: Request) -> bool:
        """A user-assigned identity (the app's) must be named; the operator's may be."""
        mine = {
            "client_id": principal.client_id,
            "object_id": principal.object_id,
            "principal_id": principal.object_id,
            "mi_res_id": principal.resource_id or "",
        }
        asked = {key: request.query[key] for key in mine if key in request.query}
        if not asked:
            return principal is not self._app
        return all(value.lower() == mine[key].lower() for key, value in asked.items())

    def _signed(self, text: str) -> str:
        digest = hmac.new(self._signing_key, text.encode(), hashlib.sha256).digest()
        return f"{text}.{_base64url(digest)}"

    def _verified(self, token: str) -> dict[str, Any]:
        text, _, _ = token.rpartition(".")
        if not text or not hmac.compare_digest(token.encode(), self._signed(text).encode()):
            raise self._unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
        payload = text.partition(".")[2]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return claims

    def _unauthorized(self, code: str, message: str) -> ArmError:
        authority = f"https://login.microsoftonline.com/{self._world.tenant_id}"
        challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
        return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})


class PrincipalCredential:
    """An azure-core TokenCredential for in-process use: the tokens of one principal."""

    def __init__(self, identities: Identities, principal: Principal) -> None:
        self._identities = identities
        self._principal = principal

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """A token for the resource of the first scope."""
        return AccessToken(*self._issue(scopes))

    def get_token_info(self, *scopes: str, **_options: Any) -> AccessTokenInfo:
        """The same, in the newer protocol."""
        return AccessTokenInfo(*self._issue(scopes))

    def close(self) -> None:
        """Nothing is held."""

    def _issue(self, scopes: tuple[str, ...]) -> tuple[str, int]:
        return self._identities.issue(self._principal, scopes[0].removesuffix("/.default"))


def _refused(status: int, message: str) -> Response:
    # MSAL turns anything without access_token into an error that quotes these two fields
    return Response(status, {"statusCode": status, "message": message})


def _encode(document: dict[str, Any]) -> str:
    return _base64url(json.dumps(document, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
