"""The commands of upkeep, as they are typed: `doctor`; `orphans`; `poison` and what it can do."""

from pathlib import Path
from typing import Annotated

import typer

from grantkeeper import app_settings, doctor, orphans, poison
from grantkeeper.arm_reader import cloud
from grantkeeper.connection import Place
from grantkeeper.failure import CommandFailed, ExitCode
from grantkeeper.options import (
    AsJson,
    CloudName,
    Endpoint,
    GraphEndpoint,
    PolicyFile,
    Subscription,
    default_policy,
    graph,
    needed_subscriptions,
)

poison_app = typer.Typer(
    help="Messages that were refused, or failed again and again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def doctor_command(
    context: typer.Context,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="the app's settings as JSON; - for standard input"),
    ] = None,
    principal: Annotated[
        str,
        typer.Option(envvar="GRANTKEEPER_PRINCIPAL_ID", help="object id of the app's identity"),
    ] = "",
    subscription: Subscription = "",
    policy: PolicyFile = None,
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    graph_endpoint: GraphEndpoint = "",
    as_json: AsJson = False,
) -> None:
    """Check a deployment from here, and say what to put right.

    Looked at are: the app's settings; the policy, and whether it is the one in force; queues,
    tables and the container of dead letters; whether the timer runs, turns are in time, messages
    failed or clusters are stalled; the roles of the app's identity, where they are, and their
    condition; the event subscriptions. Nothing is changed. It takes your own identity (az login),
    with Reader at the managed subscriptions and the data reader roles at the work account.

    FILE is what az functionapp config appsettings list prints, or a local.settings.json. Without
    it the options and the environment say where everything is. The app's identity is looked up in
    Microsoft Graph by the client id in FILE, unless --principal names it.

    The exit code is 0 when all is well, 1 when something is to be looked at, 2 when something is
    to be put right. --json prints one object: apiVersion, status and checks, each with name,
    status (ok, warn, fail), message and remedy.

    Example: az functionapp config appsettings list -g GROUP -n APP | grantkeeper doctor
    --settings -
    """
    place: Place = context.obj
    rules = policy or default_policy(place)
    if settings:
        app = app_settings.from_file(settings, rules)
    else:
        app = app_settings.from_place(place, subscription, rules, cloud_name, arm_endpoint)
    question = doctor.Question(app, principal, graph_endpoint)
    raise typer.Exit(doctor.run(place, question, as_json))


def orphans_command(
    context: typer.Context,
    subscription: Subscription = "",
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    graph_endpoint: GraphEndpoint = "",
    as_json: AsJson = False,
) -> None:
    """List role assignments that nobody can use any more, and what would free each.

    Two kinds are told: those that bear our description and name a cluster that is gone, unless a
    living cluster has the same identity (ClusterGone); and any whose principal is not in the
    directory any more, the portal's "Identity not found" (IdentityNotFound). The second kind is
    known to Microsoft Graph alone, which is asked with your own identity (Directory.Read.All);
    where it does not answer, that is said. All of them count against the limit of 4,000 in a
    subscription. Nothing is ever deleted: each has the line that would do it.

    The exit code is 0, orphans or not; 2 for wrong input, 4 when Azure cannot be read. --json
    prints one object: apiVersion, directory and subscriptions with their orphans.

    Example: grantkeeper orphans --subscription 11111111-2222-3333-4444-555555555555
    """
    place: Place = context.obj
    question = orphans.Question(
        subscriptions=needed_subscriptions(place, subscription),
        cloud=cloud(place, cloud_name, arm_endpoint),
        cloud_name=cloud_name,
        graph=graph(place, graph_endpoint),
    )
    raise typer.Exit(orphans.run(place, question, as_json))


@poison_app.command("list")
def poison_list_command(context: typer.Context, as_json: AsJson = False) -> None:
    """List the messages that are kept: refused ones, and those that failed five times.

    --json prints one object: apiVersion and messages, each with its whole text, whether it
    failed (poisoned) or was refused, and the obstacle to putting it back, if there is one.

    Example: grantkeeper poison list
    """
    raise typer.Exit(poison.show(context.obj, as_json))


@poison_app.command("retry")
def poison_retry_command(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="as listed")] = None,
    every: Annotated[bool, typer.Option("--all", help="all that failed; no refused ones")] = False,
) -> None:
    """Put messages back on their queues, once what made them fail is gone.

    A message is kept until it was sent. The app treats it as any other: it may be refused, or
    fail, again. The exit code is 0 when all were sent, 1 when one cannot be, 3 when there is
    none of that ID (nothing is sent then).

    Example: grantkeeper poison retry --all
    """
    if bool(ids) == every:
        raise CommandFailed(ExitCode.WRONG_INPUT, "give one or more IDs, or --all")
    raise typer.Exit(poison.retry(context.obj, tuple(ids or ()), every))


@poison_app.command("drop")
def poison_drop_command(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="as listed")],
) -> None:
    """Keep messages no longer, with their texts. There is no way back.

    The exit code is 3 when there is none of that ID; nothing is dropped then.

    Example: grantkeeper poison drop 0123456789ab
    """
    raise typer.Exit(poison.drop(context.obj, ids))
