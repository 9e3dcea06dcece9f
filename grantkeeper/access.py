"""The commands about what is granted, as they are typed: `explain`, `verify`, `roles`.

They read Azure with the caller's own identity, and write nothing to it.
"""

from typing import Annotated

import typer

from grantkeeper import explain, policies, roles, verify
from grantkeeper.arm_reader import cloud
from grantkeeper.connection import Place
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
    subscriptions,
)

roles_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


def explain_command(
    context: typer.Context,
    cluster: Annotated[
        str,
        typer.Option(
            "--cluster", metavar="FILE|ID", help="a file, - for standard input; or a live cluster"
        ),
    ],
    profile: Annotated[str, typer.Option(help="that it was made from; its grants count too")] = "",
    subscription: Subscription = "",
    policy: PolicyFile = None,
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    graph_endpoint: GraphEndpoint = "",
    as_managed_identity: Annotated[
        bool,
        typer.Option(
            "--as-managed-identity", help="of a cluster with a service principal: the way"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Explain which grants a cluster gets and why: a dry run.

    Each grant has the JSON property it comes from, whether the policy allows it, and if not, the
    line an administrator can run in its place. Nothing is ever written: not to Azure, and not to
    the app's storage.

    A FILE is the cluster's JSON: as ARM writes it, or as az aks show prints it (without
    `properties`, with names such as vnetSubnetId). Nothing is read from Azure then; what lies
    behind the cluster, such as a subnet's route table, is listed as not read. The file may be of
    a cluster that is yet to be made, if it has an id.

    An ID is an ARM id, group/name or a name. The cluster, what it points at, the roles and what
    its identities hold are read with your own identity (az login, or a managed identity), which
    needs the role Reader. Whether a custom role has changed since it was first granted is known
    to the app only.

    A cluster that uses a service principal gets no grants; when its credentials end is said if
    Microsoft Graph lets you read it. With --as-managed-identity the answer is for the same cluster
    with managed identity: the grants its identities will need, and the steps, in order, to get
    there without a moment in which something does not work.

    The exit code is 0 when all is allowed or there already, 1 when something is refused, cannot
    be read or understood, or the cluster gets nothing; 2 for wrong input, 3 when there is no such
    cluster, 4 when Azure cannot be read. --json prints one object: apiVersion, clusterId, clear,
    identities, grants, faults, unread, servicePrincipal, credentialEnds and migration.

    Example: grantkeeper explain --cluster myGroup/MyCluster

    Example: az aks show -g myGroup -n MyCluster | grantkeeper explain --cluster - --json
    """
    place: Place = context.obj
    question = explain.Question(
        cluster=cluster,
        policy=policies.load(policy or default_policy(place)),
        managed=subscriptions(place, subscription),
        profile=profile,
        cloud=cloud(place, cloud_name, arm_endpoint),
        cloud_name=cloud_name,
        graph=graph(place, graph_endpoint),
        as_managed_identity=as_managed_identity,
    )
    raise typer.Exit(explain.run(place, question, as_json))


def verify_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name, group/name or ARM id")],
    subscription: Subscription = "",
    policy: PolicyFile = None,
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    as_json: AsJson = False,
) -> None:
    """Verify that all grants of a cluster hold now, before an upgrade.

    Each grant that the app knows of, or that the cluster needs by now, is looked at afresh with
    your own identity (az login, or a managed identity), which needs the role Reader: whether the
    assignment is there, or one that gives as much; whether its role still allows what it is for;
    whether a deny assignment is in the way; whether policy would let it be made again; whether it
    is known to work. What does not hold is said with what an upgrade would break. Nothing is
    written.

    The exit code is 0 when all hold, 1 when one does not or cannot be told, 2 for wrong input, 3
    when the app knows no such cluster, 4 when Azure or the storage cannot be read. --json prints
    one object: apiVersion, clusterId, provisioning, holds, problems, grants and unread.

    Example: grantkeeper verify myGroup/MyCluster
    """
    place: Place = context.obj
    question = verify.Question(
        name=name,
        policy=policies.load(policy or default_policy(place)),
        managed=subscriptions(place, subscription),
        cloud=cloud(place, cloud_name, arm_endpoint),
    )
    raise typer.Exit(verify.run(place, question, as_json))


@roles_app.callback()
def roles_command(
    context: typer.Context,
    subscription: Subscription = "",
    policy: PolicyFile = None,
    offline: Annotated[bool, typer.Option("--offline", help="do not read Azure")] = False,
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    as_json: AsJson = False,
) -> None:
    """List the roles that the policy allows, where, and what they allow whoever has them.

    The definitions are read from Azure with your own identity, in the first of the managed
    subscriptions, and judged as the app does before it grants a role. With --offline there are
    names and GUIDs only.

    The exit code is 0 when every role is safe, 1 when one is not, 4 when Azure cannot be read.
    --json prints one object: apiVersion, live and roles.

    Example: grantkeeper roles --offline
    """
    if context.invoked_subcommand:
        return
    place: Place = context.obj
    rules = policies.load(policy or default_policy(place))
    source = None if offline else cloud(place, cloud_name, arm_endpoint)
    managed = "" if offline else needed_subscriptions(place, subscription)[0]
    raise typer.Exit(roles.run(place, rules, source, managed, as_json))


@roles_app.command("accept")
def accept_command(
    context: typer.Context,
    role: Annotated[str, typer.Argument(metavar="GUID", help="the custom role's GUID")],
    subscription: Subscription = "",
    policy: PolicyFile = None,
    cloud_name: CloudName = "AzureCloud",
    arm_endpoint: Endpoint = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Accept a custom role whose definition has changed since the app first granted it.

    The app grants such a role no more (RoleDefinitionChanged) until somebody has looked at it.
    What it allows now is shown; what it allowed before is not known, only that it was something
    else. Only the app's storage is written to. The exit code is 1 when it is not accepted.

    Example: grantkeeper roles accept 11111111-2222-3333-4444-555555555555
    """
    place: Place = context.obj
    rules = policies.load(policy or default_policy(place))
    source = cloud(place, cloud_name, arm_endpoint)
    managed = needed_subscriptions(place, subscription)[0]
    raise typer.Exit(roles.accept(place, rules, source, managed, role, yes))
