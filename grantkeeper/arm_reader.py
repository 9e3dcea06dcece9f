"""Azure Resource Manager with the caller's own credential, for reading only."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import DefaultAzureCredential

from grantkeeper.connection import Place
from grantkeeper.failure import CommandFailed, ExitCode
from shared import arm
from shared.arm import Arm
from shared.egress import EgressGuard
from shared.errors import Failure, Terminal
from shared.resource_id import Scope
from shared.settings import CLOUDS, Cloud, Settings, WorkStorage

# What azure-identity and requests read from the environment, and from nowhere else.
_OF_THE_LOCAL_STACK = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE", "NO_PROXY")


class ReadOnly(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Refuses every request that could change something. Raises `Terminal("EgressRefused")`."""

    def on_request(self, request: PipelineRequest) -> None:  # type: ignore[type-arg]
        if request.http_request.method != "GET":
            raise Terminal("EgressRefused", "this command only reads")


def cloud(place: Place, name: str, endpoint: str) -> Cloud:
    """Where ARM is: the local stack's, or a cloud by name, or at an address of its own. Raises
    `CommandFailed`."""
    if name not in CLOUDS:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"AZURE_CLOUD: use one of {', '.join(CLOUDS)}")
    found = CLOUDS[name]
    endpoint = endpoint or place.local.get("ARM_ENDPOINT", found.arm_endpoint)
    if urlsplit(endpoint).scheme != "https":
        raise CommandFailed(ExitCode.WRONG_INPUT, "ARM_ENDPOINT: not an https:// address")
    return Cloud(endpoint.rstrip("/"), found.audience)


@contextmanager
def open_arm(place: Place, cloud: Cloud) -> Iterator[Arm]:
    """ARM, for reading. What the calls raise as `Failure` becomes `CommandFailed`."""
    local = {name: text for name, text in place.local.items() if name in _OF_THE_LOCAL_STACK}
    os.environ.update(local)
    # Else every credential that was tried in vain is told, in ten lines.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    settings = Settings((), Path(), WorkStorage(), cloud.arm_endpoint, cloud.audience)
    guards = [EgressGuard(cloud.arm_endpoint, _never), ReadOnly()]
    with ExitStack() as opened:
        credential = opened.enter_context(closing(DefaultAzureCredential()))
        azure = arm.connect(credential, settings, _never, per_retry_policies=guards)
        opened.enter_context(closing(azure))
        try:
            yield azure
        except Failure as failure:
            raise CommandFailed(ExitCode.AZURE, _told(failure)) from None


def _never(_role: str, _scope: Scope) -> bool:
    return False


def _told(failure: Failure) -> str:
    first = (failure.message.splitlines() or [""])[0]
    remedy = "; sign in with az login" if failure.reason in {"NoAnswer", "Http401"} else ""
    return f"Azure cannot be read: {failure.reason}: {first}{remedy}"
