"""The command line: what can be typed, and its help. Each command's work is in its own module."""

from pathlib import Path
from typing import Annotated

import typer

from grantkeeper import (
    access,
    audit,
    durations,
    policies,
    policy_condition,
    status,
    submit,
    upkeep,
    watch,
)
from grantkeeper.connection import LOCAL_ENVIRONMENT, Place, local_environment, open_store
from grantkeeper.failure import CommandFailed, ExitCode
from grantkeeper.options import (
    AsJson,
    Interval,
    PolicyFile,
    Subscription,
    Timeout,
    default_policy,
    needed_subscriptions,
)

HELP = """\
Ask for AKS clusters, see how far they and their grants got, and what may be granted why; look
after the app and what it leaves.

Where the storage is: --work-storage, or --queue-uri with --table-uri and your own Azure identity.
When neither is set and there is a .local/env here (make up), the local stack is used.

Exit codes: 0 ok; 1 not Ready, or refused; 2 wrong usage or input; 3 not found; 4 storage or
Azure cannot be used. Those of doctor are its own.
"""

app = typer.Typer(
    name="grantkeeper",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app = typer.Typer(
    help="The operator's policy.yaml.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(policy_app, name="policy")


@app.callback()
def root(
    context: typer.Context,
    work_storage: Annotated[
        str, typer.Option(envvar="WORK_STORAGE", help="connection string of the work account")
    ] = "",
    queue_uri: Annotated[
        str, typer.Option(envvar="WORK_QUEUE_URI", help="https:// address of its queues")
    ] = "",
    table_uri: Annotated[
        str, typer.Option(envvar="WORK_TABLE_URI", help="https:// address of its tables")
    ] = "",
) -> None:
    """Options of every command; the help is the program's."""
    local: dict[str, str] = {}
    if not (work_storage or queue_uri or table_uri):
        local = local_environment(LOCAL_ENVIRONMENT)
    if local:
        typer.echo(f"Using the local stack ({LOCAL_ENVIRONMENT})", err=True)
    context.obj = Place(work_storage, queue_uri, table_uri, local)


@app.command("submit")
def submit_command(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="the request as JSON; - for standard input")
    ] = None,
    name: Annotated[str, typer.Option(help="the cluster's name")] = "",
    resource_group: Annotated[str, typer.Option(help="its resource group")] = "",
    location: Annotated[str, typer.Option(help="an Azure region, such as westus2")] = "",
    profile: Annotated[str, typer.Option(help="a profile of policy.yaml")] = "default",
    param: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="a parameter; repeatable")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="a tag; repeatable")
    ] = None,
    request_id: Annotated[str, typer.Option(help="makes repeating harmless (default: new)")] = "",
    subscription: Subscription = "",
    policy: PolicyFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print the ARM body and send nothing")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="follow the cluster as watch does")] = False,
    timeout: Timeout = "90m",
    interval: Interval = "1s",
) -> None:
    """Ask for a cluster.

    The request is checked here first, by the rules the app has, and what is wrong is said with
    the field.

    Example: grantkeeper submit --name MyCluster --resource-group myGroup --location westus2
    --param nodeCount=3 --tag team=payments --wait
    """
    place: Place = context.obj
    managed = needed_subscriptions(place, subscription)
    rules = policies.load(policy or default_policy(place))
    flags = submit.Flags(
        name, resource_group, location, profile, tuple(param or ()), tuple(tag or ()), request_id
    )
    if (file is None) == (not name):
        raise CommandFailed(ExitCode.WRONG_INPUT, "give either a FILE or --name and its companions")
    if file and flags != submit.Flags():
        raise CommandFailed(
            ExitCode.WRONG_INPUT, "a FILE is the whole request; put the other options into it"
        )
    text = submit.from_file(file) if file else submit.from_flags(flags, managed[0], rules)
    checked = submit.check(text, managed, rules)
    if dry_run:
        typer.echo(submit.body(checked))
        return
    following = watch.Watch((), durations.parse(timeout), durations.parse(interval))
    raise typer.Exit(submit.send(place, checked, following if wait else None))


@app.command("status")
def status_command(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="name, group/name or ARM id")] = None,
    as_json: AsJson = False,
) -> None:
    """Show all clusters, or one with its conditions and grants; and refused requests.

    With a NAME the exit code is 0 when it is Ready, 1 when it is not, 3 when there is none.
    --json prints one object: apiVersion, clusters (each with conditions, grants and their state)
    and rejections; times are ISO 8601, absent values null.

    Example: grantkeeper status myGroup/MyCluster
    """
    raise typer.Exit(status.run(context.obj, name, as_json))


@app.command("audit")
def audit_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name, group/name or ARM id")],
    as_json: AsJson = False,
) -> None:
    """Show what the app has written to Azure for a cluster: when, on what, why, with what outcome.

    "no outcome" means that the app was interrupted: the write may have happened. Azure's side of
    a write: az monitor activity-log list --correlation-id ID. The audit of a cluster whose record
    is gone is found by its ARM id. --json prints one object: apiVersion, clusterId and entries,
    two for each write (phase intent, then outcome, with the same effectId).

    Example: grantkeeper audit myGroup/MyCluster
    """
    raise typer.Exit(audit.run(context.obj, name, as_json))


@app.command("watch")
def watch_command(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="names, group/name or ARM ids")] = None,
    every: Annotated[bool, typer.Option("--all", help="all clusters there are")] = False,
    timeout: Timeout = "90m",
    interval: Interval = "1s",
    as_json: AsJson = False,
) -> None:
    """Follow clusters until all of them are Ready.

    The exit code is 0 then, 1 when one is stuck or time is up, 3 when one never appeared. On a
    terminal the view is live, elsewhere each change is a line; with --json, a JSON object.

    Example: grantkeeper watch MyCluster --timeout 90m
    """
    if bool(names) == every:
        raise CommandFailed(ExitCode.WRONG_INPUT, "give one or more NAMES, or --all")
    following = watch.Watch(
        tuple(names or ()), durations.parse(timeout), durations.parse(interval), as_json
    )
    with open_store(context.obj) as store:
        raise typer.Exit(watch.run(store, following))


@policy_app.command("check")
def policy_check(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(envvar="POLICY_FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy.yaml, and say everything that is wrong with it.

    Each fault is a line: file, line, field, what is wrong, what to do about it. The app checks
    the same when it starts, and does not start with a fault. The exit code is 0 when the policy
    is valid, 2 when it is not. --json prints one object: valid, and faults with line, field,
    message and remedy.

    Example: grantkeeper policy check policy.yaml
    """
    path = file or default_policy(context.obj)
    if as_json:
        raise typer.Exit(policies.check_for_programs(path))
    policies.check(path)


@policy_app.command("schema")
def policy_schema() -> None:
    """Print the JSON Schema of policy.yaml, by which editors complete and check it.

    Example: grantkeeper policy schema > policy.schema.json, and as the first line of policy.yaml:
    # yaml-language-server: $schema=policy.schema.json
    """
    typer.echo(policies.schema())


@policy_app.command("condition")
def policy_condition_command(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(envvar="POLICY_FILE")] = None,
) -> None:
    """Print the condition that lets the app's own identity grant what the policy allows.

    It belongs on the role assignment, with version 2.0, through which the app may write role
    assignments. On standard error stands what it lets by, found by evaluating it: the exit code
    is 1 when that is not as it should be.

    Example: az role assignment create --condition-version 2.0 --condition
    "$(grantkeeper policy condition policy.yaml)" ...
    """
    rules = policies.load(file or default_policy(context.obj))
    raise typer.Exit(policy_condition.run(rules))


app.command("explain")(access.explain_command)
app.command("verify")(access.verify_command)
app.add_typer(access.roles_app, name="roles")
app.command("doctor")(upkeep.doctor_command)
app.command("orphans")(upkeep.orphans_command)
app.add_typer(upkeep.poison_app, name="poison")
