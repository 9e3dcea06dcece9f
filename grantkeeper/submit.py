"""The command `submit`: check a request with the app's own functions, then put it on the queue."""

import re
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import typer

from grantkeeper import report, watch
from grantkeeper.answer import pretty
from grantkeeper.connection import Place, open_queues, open_store
from grantkeeper.failure import CommandFailed, ExitCode
from shared import messages, profiles
from shared.model import ClusterRequest
from shared.policy import Policy
from shared.resource_id import parse_cluster_id


@dataclass(frozen=True, slots=True)
class Flags:
    """A request in the words of the command line; `parameters` and `tags` are `key=value`."""

    name: str = ""
    resource_group: str = ""
    location: str = ""
    profile: str = "default"
    parameters: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that the app will accept, unless the cluster or the request id is taken."""

    text: bytes
    request: ClusterRequest
    policy: Policy


def from_file(path: Path) -> bytes:
    """A request's text from a file, or from standard input for `-`."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{path}: {error.strerror}") from None


def from_flags(flags: Flags, subscription: str, rules: Policy) -> bytes:
    """A request's text from the command line."""
    profile = rules.profiles.get(flags.profile)
    known = profile.parameters if profile else {}
    body = {
        "apiVersion": "grantkeeper/v1",
        "requestId": flags.request_id or str(uuid.uuid4()),
        "profile": flags.profile,
        "subscriptionId": subscription,
        "resourceGroup": flags.resource_group,
        "name": flags.name,
        "location": flags.location,
        "parameters": {
            key: _value(text, known[key].type if key in known else "string")
            for key, text in _pairs("--param", flags.parameters)
        },
        "tags": dict(_pairs("--tag", flags.tags)),
    }
    return msgspec.json.encode(body)


def check(text: bytes, managed: tuple[str, ...], rules: Policy) -> Checked:
    """Refuse here what the app would refuse. Raises `CommandFailed` naming field and remedy."""
    try:
        request = messages.parse_request(text, managed)
        profiles.check(rules, request)
    except (messages.Refusal, profiles.Unacceptable) as fault:
        where = f"{fault.field}: " if fault.field else ""
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{fault.reason}: {where}{fault}") from None
    if not rules.manages(parse_cluster_id(request.cluster_id)):
        raise CommandFailed(
            ExitCode.WRONG_INPUT,
            "ClusterNotManaged: name: the policy's `clusters` do not match this name",
        )
    return Checked(text, request, rules)


def body(checked: Checked) -> str:
    """The ARM body the app will create the cluster with, as JSON text."""
    request = checked.request
    profile = checked.policy.profiles[request.profile]
    document = profiles.cluster_body(profile, request, parse_cluster_id(request.cluster_id))
    return pretty(document)


def send(place: Place, checked: Checked, following: watch.Watch | None) -> ExitCode:
    """Put the request on the queue and follow it if asked. Raises `CommandFailed`, `AzureError`."""
    request = checked.request
    cluster = parse_cluster_id(request.cluster_id)
    with open_store(place) as store:
        known = watch.earlier_rejections(report.read(store), request.request_id)
        with open_queues(place) as queues:
            queues.submit(checked.text)
        typer.echo(f"Sent request {request.request_id} for {cluster}")
        if following is None:
            typer.echo(f"Next: python -m grantkeeper watch {cluster.resource_group}/{cluster.name}")
            return ExitCode.OK
        this = replace(following, names=(str(cluster),), request_id=request.request_id, known=known)
        return watch.run(store, this)


def _pairs(option: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise CommandFailed(ExitCode.WRONG_INPUT, f"{option} {text}: expected KEY=VALUE")
        pairs.append((key, value))
    return pairs


def _value(text: str, kind: str) -> Any:
    """A parameter's value in the type its profile wants; the text itself when it is not one."""
    if kind == "integer" and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text
