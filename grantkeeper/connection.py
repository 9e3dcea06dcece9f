"""Where the work account is, and the clients for its queue and tables.

Options and environment come in through typer. When they name no storage and there is a
`.local/env` here, the local stack's, that is taken.
"""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.identity import DefaultAzureCredential

from grantkeeper.failure import CommandFailed, ExitCode
from shared import queues, store
from shared.queues import Queues
from shared.settings import WorkStorage
from shared.store import Store

LOCAL_ENVIRONMENT = Path(".local/env")


@dataclass(frozen=True, slots=True)
class Place:
    """What the options say of the storage; `local` is the local stack's environment, if taken."""

    work_storage: str
    queue_uri: str
    table_uri: str
    local: Mapping[str, str]
    blob_uri: str = ""

    def storage(self) -> WorkStorage:
        """The work account. Raises `CommandFailed` when nothing names it, or wrongly."""
        if text := self.work_storage or self.local.get("WORK_STORAGE", ""):
            return WorkStorage(connection_string=text)
        if not (self.queue_uri or self.table_uri):
            raise CommandFailed(
                ExitCode.WRONG_INPUT,
                "no storage is named; set WORK_STORAGE to a connection string, or both "
                "WORK_QUEUE_URI and WORK_TABLE_URI, or start the local stack (make up) and run "
                "this in its folder",
            )
        for name, uri in (("WORK_QUEUE_URI", self.queue_uri), ("WORK_TABLE_URI", self.table_uri)):
            if not uri:
                raise CommandFailed(ExitCode.WRONG_INPUT, f"{name}: missing; set it as well")
            if urlsplit(uri).scheme != "https":
                raise CommandFailed(ExitCode.WRONG_INPUT, f"{name}: not an https:// address")
        return WorkStorage(
            queue_service_uri=self.queue_uri,
            table_service_uri=self.table_uri,
            blob_service_uri=self.blob_uri,
        )


def local_environment(file: Path) -> dict[str, str]:
    """The values of a file of `KEY='value'` lines; empty when there is no such file."""
    if not file.is_file():
        return {}
    pairs = (word.partition("=") for word in shlex.split(file.read_text(), comments=True))
    return {name: value for name, _, value in pairs}


def account_name(storage: WorkStorage) -> str:
    """The name of a storage account; empty where its address does not begin with it."""
    parts = (part.partition("=") for part in storage.connection_string.split(";"))
    if name := next((value for key, _, value in parts if key == "AccountName"), ""):
        return name
    name, _, service = (urlsplit(storage.queue_service_uri).hostname or "").partition(".")
    return name if service.startswith("queue.") else ""


@contextmanager
def open_store(place: Place) -> Iterator[Store]:
    """The tables, for reading. Raises `CommandFailed`; what the calls raise is `AzureError`."""
    with open_account(place) as (storage, credential):
        try:
            tables = store.connect(storage, credential, retry_total=1, connection_timeout=10)
        except ValueError:
            raise _not_a_connection_string() from None
        with closing(tables):
            yield tables


@contextmanager
def open_queues(place: Place) -> Iterator[Queues]:
    """The queues, for sending. Raises `CommandFailed`; what the calls raise is `AzureError`."""
    with open_account(place) as (storage, credential):
        try:
            ours = queues.connect(storage, credential, connection_timeout=10)
        except ValueError:
            raise _not_a_connection_string() from None
        with closing(ours):
            yield ours


def storage_fault(error: AzureError) -> str:
    """One line for a storage account that cannot be used."""
    first = (str(error).splitlines() or [""])[0]
    if isinstance(error, ClientAuthenticationError):
        return f"the storage account refused the credential, or there is none: {first}"
    if isinstance(error, ResourceNotFoundError):
        return f"the queue or table is not in the storage account; is the app deployed? {first}"
    if isinstance(error, HttpResponseError):
        return f"the storage account refused: {first}"
    return f"the storage account cannot be reached: {first}"


@contextmanager
def open_account(place: Place) -> Iterator[tuple[WorkStorage, TokenCredential | None]]:
    """The work account and the caller's credential, if it takes one. Raises `CommandFailed`."""
    storage = place.storage()
    if storage.connection_string:
        yield storage, None
        return
    with closing(DefaultAzureCredential()) as credential:
        yield storage, credential


def _not_a_connection_string() -> CommandFailed:
    return CommandFailed(
        ExitCode.WRONG_INPUT,
        "WORK_STORAGE: not a storage connection string (az storage account show-connection-string)",
    )
