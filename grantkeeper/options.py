"""Options that several commands have, and what is meant when they are not given."""

from pathlib import Path
from typing import Annotated

import typer

from grantkeeper.connection import Place
from grantkeeper.failure import CommandFailed, ExitCode
from shared.resource_id import InvalidId, subscription_id

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", envvar="POLICY_FILE", help="policy.yaml of the app")
]
Subscription = Annotated[
    str,
    typer.Option(
        "--subscription", envvar="SUBSCRIPTION_ID", help="managed subscriptions; first is default"
    ),
]
Timeout = Annotated[str, typer.Option(metavar="SPAN", help="give up after this long: 90m")]
Interval = Annotated[str, typer.Option(metavar="SPAN", help="time between looks: 1s")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
CloudName = Annotated[
    str, typer.Option("--cloud", envvar="AZURE_CLOUD", help="AzureCloud, AzureUSGovernment, …")
]
Endpoint = Annotated[
    str, typer.Option("--arm-endpoint", envvar="ARM_ENDPOINT", help="https:// address of ARM")
]

GraphEndpoint = Annotated[
    str,
    typer.Option(
        "--graph-endpoint", envvar="GRAPH_ENDPOINT", help="https:// address of Microsoft Graph"
    ),
]


def subscriptions(place: Place, given: str) -> tuple[str, ...]:
    """The managed subscriptions; none when nothing names one. Raises `CommandFailed`."""
    text = given or place.local.get("SUBSCRIPTION_ID", "")
    try:
        return tuple(map(subscription_id, text.replace(",", " ").split()))
    except InvalidId:
        raise CommandFailed(ExitCode.WRONG_INPUT, "SUBSCRIPTION_ID: not a GUID") from None


def needed_subscriptions(place: Place, given: str) -> tuple[str, ...]:
    """The managed subscriptions, at least one. Raises `CommandFailed`."""
    if found := subscriptions(place, given):
        return found
    raise CommandFailed(
        ExitCode.WRONG_INPUT,
        "SUBSCRIPTION_ID: missing; set it, or --subscription, to the managed subscription",
    )


def graph(place: Place, given: str) -> str:
    """The address of Microsoft Graph; empty for that of the cloud."""
    return given or place.local.get("ARM_ENDPOINT", "")  # the local stack has both at one address


def default_policy(place: Place) -> Path:
    """The policy that is meant when no option and no environment names one."""
    return Path(place.local.get("POLICY_FILE", "policy.yaml"))
