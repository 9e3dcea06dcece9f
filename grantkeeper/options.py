"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from grantkeeper.connection import Place

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


def default_policy(place: Place) -> Path:
    """The policy that is meant when no option and no environment names one."""
    return Path(place.local.get("POLICY_FILE", "policy.yaml"))
