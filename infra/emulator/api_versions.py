"""Fields that older api-versions do not know: not shown to their clients, and refused from them.

Azure takes any api-version it knows, and answers in its words. Only the fields that grants depend
on are listed. Sources: Azure/azure-rest-api-specs (hostedSystemProfile is in 2026-02-01), the
changelog of azure-mgmt-containerservice (the NAT gateway's own addresses came with 41.6.0, which
speaks 2026-06-01), and its RegistryCreateAbac example for registries. Previews that had a field
earlier count as not having it.
"""

from __future__ import annotations

from typing import Any

from .wire import ArmError, Request

_NAT_GATEWAY = ("properties", "networkProfile", "natGatewayProfile")
_SINCE: dict[str, dict[tuple[str, ...], str]] = {
    "microsoft.containerservice/managedclusters": {
        ("properties", "hostedSystemProfile"): "2026-02-01",
        (*_NAT_GATEWAY, "outboundIPs"): "2026-06-01",
        (*_NAT_GATEWAY, "outboundIPPrefixes"): "2026-06-01",
    },
    "microsoft.containerregistry/registries": {
        ("properties", "roleAssignmentMode"): "2025-11-01",
    },
}


def check(resource_type: str, request: Request) -> None:
    """ArmError 400 UnmarshalError for a PUT or PATCH with a field its version does not know."""
    version = request.query["api-version"]
    if request.method not in ("PUT", "PATCH"):
        return
    for path, since in _later(resource_type, version).items():
        if _holds(request.json(), path):
            raise ArmError(
                400,
                "UnmarshalError",
                f"UnmarshalEntity encountered error: json: unknown field '{path[-1]}' in "
                f"{'.'.join(path[:-1])}: api-version {version} does not know it, {since} does.",
                flat=True,
            )


def trimmed(resource_type: str, answer: Any, version: str) -> Any:
    """A document, or a list of them, as that version shows it."""
    paths = _later(resource_type, version)
    if not paths or not isinstance(answer, dict):
        return answer
    if isinstance(listed := answer.get("value"), list):
        return {**answer, "value": [trimmed(resource_type, each, version) for each in listed]}
    for path in paths:
        if _holds(answer, path):
            answer = _without(answer, path)
    return answer


def _later(resource_type: str, version: str) -> dict[tuple[str, ...], str]:
    known = _SINCE.get(resource_type.lower(), {})
    return {path: since for path, since in known.items() if version[: len(since)] < since}


def _holds(document: Any, path: tuple[str, ...]) -> bool:
    for field in path:
        if not isinstance(document, dict) or field not in document:
            return False
        document = document[field]
    return True


def _without(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    field, *rest = path
    if rest:
        return {**document, field: _without(document[field], tuple(rest))}
    return {key: value for key, value in document.items() if key != field}
