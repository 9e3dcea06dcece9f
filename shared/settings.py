"""The app's settings: the only reader of the environment.

Every fault is reported at once, with the setting's name and the remedy. Names follow Azure
Functions (`Work`, `Work__queueServiceUri`: learn.microsoft.com/azure/azure-functions/
functions-reference, identity-based connections).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.resource_id import InvalidId, guid, subscription_id

_MOST_DAYS = 36500
_ADDRESS = re.compile(r"(?i)https://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:/[\w.~%/-]*)?")
_EVERY = "*"  # in MANAGED_SUBSCRIPTIONS


@dataclass(frozen=True, slots=True)
class Cloud:
    """An Azure cloud: where ARM is, and the audience of its tokens."""

    arm_endpoint: str
    audience: str


CLOUDS = {
    "AzureCloud": Cloud("https://management.azure.com", "https://management.azure.com"),
    "AzureUSGovernment": Cloud(
        "https://management.usgovcloudapi.net", "https://management.usgovcloudapi.net"
    ),
    "AzureChinaCloud": Cloud(
        "https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn"
    ),
}


@dataclass(frozen=True, slots=True)
class WorkStorage:
    """The account of our queues and tables: a connection string, or two service URIs. With the
    third, dead letters in its blobs are looked at."""

    connection_string: str = ""
    queue_service_uri: str = ""
    table_service_uri: str = ""
    blob_service_uri: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long rows are kept: of the audit, of rejections, of clusters that are gone; None is for
    ever."""

    audit: timedelta | None = timedelta(days=365)
    rejections: timedelta | None = timedelta(days=30)
    deleted: timedelta | None = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says; `managed_subscriptions` in its order, the first is the default;
    with `discover_subscriptions` all others that the app's identity sees are managed as well.
    `arm_share` is the part of ARM's limits that `arm_instances` of the app use together."""

    managed_subscriptions: tuple[str, ...]
    policy_file: Path
    work: WorkStorage
    arm_endpoint: str
    audience: str
    discover_subscriptions: bool = False
    keep: Keep = Keep()
    client_id: str = ""
    topic_endpoint: str = ""
    topic_key: str = ""
    arm_share: float = 0.8
    arm_instances: int = 1


class SettingsError(ValueError):
    """All that is wrong with the settings, one line a fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings: " + "; ".join(faults))
        self.faults = faults


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings. Raises `SettingsError` with every fault."""
    source = os.environ if environment is None else environment
    faults: list[str] = []
    cloud = _cloud(source, faults)
    settings = Settings(
        managed_subscriptions=_subscriptions(source, faults),
        discover_subscriptions=_EVERY in _entries(source),
        policy_file=_policy_file(source, faults),
        work=_work(source, faults),
        arm_endpoint=_https(source, "ARM_ENDPOINT", faults) or cloud.arm_endpoint,
        audience=cloud.audience,
        keep=_keep(source, faults),
        client_id=_client_id(source, "AZURE_CLIENT_ID", faults),
        topic_endpoint=_https(source, "EVENTGRID_TOPIC_ENDPOINT", faults),
        topic_key=source.get("EVENTGRID_TOPIC_KEY", ""),
        arm_share=_number(source, "ARM_SHARE", 0.8, 1, faults),
        arm_instances=round(_number(source, "ARM_INSTANCES", 1, 1000, faults)),
    )
    if faults:
        raise SettingsError(faults)
    return settings


def _cloud(source: Mapping[str, str], faults: list[str]) -> Cloud:
    name = source.get("AZURE_CLOUD") or "AzureCloud"
    if name not in CLOUDS:
        faults.append(f"AZURE_CLOUD: unknown cloud; use one of {', '.join(CLOUDS)}")
        return CLOUDS["AzureCloud"]
    return CLOUDS[name]


def _subscriptions(source: Mapping[str, str], faults: list[str]) -> tuple[str, ...]:
    found = []
    parts = _entries(source)
    for position, part in enumerate(parts, start=1):
        if part == _EVERY:
            continue
        try:
            found.append(subscription_id(part))
        except InvalidId:
            faults.append(
                f"MANAGED_SUBSCRIPTIONS: entry {position} is not a subscription id (GUID)"
            )
    if not set(parts) - {_EVERY}:
        faults.append(
            "MANAGED_SUBSCRIPTIONS: missing; set it to the ids of the subscriptions to look after, "
            "separated by commas, the default of requests first; `*` adds all that the app's "
            "identity sees"
        )
    return tuple(dict.fromkeys(found))


def _entries(source: Mapping[str, str]) -> list[str]:
    return source.get("MANAGED_SUBSCRIPTIONS", "").replace(",", " ").split()


def _policy_file(source: Mapping[str, str], faults: list[str]) -> Path:
    default = Path(__file__).resolve().parent.parent / "policy.yaml"
    path = Path(source.get("POLICY_FILE") or default)
    if not path.is_file():
        faults.append("POLICY_FILE: no such file; point it at the operator's policy.yaml")
    return path


def _work(source: Mapping[str, str], faults: list[str]) -> WorkStorage:
    if connection_string := source.get("Work", ""):
        if not _is_connection_string(connection_string):
            faults.append(
                "Work: not a storage connection string; copy it from the account's access keys"
            )
        return WorkStorage(connection_string=connection_string)
    queue = _https(source, "Work__queueServiceUri", faults)
    table = _https(source, "Work__tableServiceUri", faults)
    if not (queue and table):
        faults.append(
            "Work: missing; set a connection string, or both Work__queueServiceUri and "
            "Work__tableServiceUri (and Work__clientId for a user-assigned identity)"
        )
    return WorkStorage(
        queue_service_uri=queue,
        table_service_uri=table,
        blob_service_uri=_https(source, "Work__blobServiceUri", faults),
        client_id=_client_id(source, "Work__clientId", faults),
    )


def _keep(source: Mapping[str, str], faults: list[str]) -> Keep:
    """A gone cluster is remembered for longer than its request's message can live on a queue (7
    days by default), so that no late duplicate makes it again."""
    usual = Keep()
    return Keep(
        audit=_days(source, "KEEP_AUDIT_DAYS", usual.audit, 1, faults),
        rejections=_days(source, "KEEP_REJECTIONS_DAYS", usual.rejections, 1, faults),
        deleted=_days(source, "KEEP_DELETED_DAYS", usual.deleted, 8, faults),
    )


def _days(
    source: Mapping[str, str],
    name: str,
    default: timedelta | None,
    least: int,
    faults: list[str],
) -> timedelta | None:
    text = source.get(name, "")
    if not text:
        return default
    days = int(text) if re.fullmatch("[0-9]{1,5}", text) else -1
    if days and not least <= days <= _MOST_DAYS:
        faults.append(f"{name}: not a number of days from {least} to {_MOST_DAYS}, or 0 for ever")
    return timedelta(days=days) if days > 0 else None


def _is_connection_string(text: str) -> bool:
    """Whether it says which account and how to be let in, in one of the forms of
    learn.microsoft.com/azure/storage/common/storage-configure-connection-string."""
    parts = dict(part.lower().partition("=")[::2] for part in text.split(";"))
    if parts.get("usedevelopmentstorage") == "true":
        return True
    named = "accountname" in parts or {"queueendpoint", "tableendpoint"} <= parts.keys()
    return named and not parts.keys().isdisjoint({"accountkey", "sharedaccesssignature"})


def _https(source: Mapping[str, str], name: str, faults: list[str]) -> str:
    text = source.get(name, "").strip()
    if text and not _ADDRESS.fullmatch(text):
        faults.append(f"{name}: not an https:// address; give it as https://HOST")
    return text.rstrip("/")


def _number(
    source: Mapping[str, str], name: str, default: float, most: float, faults: list[str]
) -> float:
    text = source.get(name) or str(default)
    if re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,4})?", text) and 0 < float(text) <= most:
        return float(text)
    faults.append(f"{name}: not a number above 0 and up to {most:g}")
    return default


def _client_id(source: Mapping[str, str], name: str, faults: list[str]) -> str:
    if not (text := source.get(name, "")):
        return ""
    try:
        return guid(text, name)
    except InvalidId:
        faults.append(f"{name}: not a client id (GUID); copy it from the identity")
        return ""
