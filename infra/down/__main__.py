"""The command `python -m infra.down`: list, or delete, what `azd down` leaves."""

import argparse
import os
import re
import sys
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError

from infra.down.arm import CLOUDS, Arm, connect, told
from infra.down.leftovers import Environment, Found, Kind, find

DESCRIPTION = """\
What a deployment of Grantkeeper leaves when `azd down` has deleted its resource group, in every
subscription that it looked after:

  event subscriptions grantkeeper-TOKEN on system topics, and topics evgst-grantkeeper-…TOKEN
  metric alerts grantkeeper-…-TOKEN
  diagnostic settings grantkeeper-TOKEN of the subscriptions
  groups rg-ENVIRONMENT-events, if they have the tag azd-env-name=ENVIRONMENT, and nothing of others
  the role assignments of these custom roles, whoever has them
  the custom roles `Grantkeeper … (ENVIRONMENT, TOKEN)`

It lists them; with --yes it deletes them, in this order. Nothing else is touched: clusters stay,
with the role assignments of their identities, and so do the records of deployments. It finds
everything by the roles, so these go only when all the rest is gone, and another run takes up what
failed. While the app itself is there, it refuses: `azd down` first.

It acts as you: az login, azd auth login, or what else DefaultAzureCredential finds. To list, be a
Reader of these subscriptions; to delete, have there the rights that deploying needs
(docs/deploy.md). Of the local stack: set -a; . .local/env; set +a, and --subscription
"$SUBSCRIPTION_ID".

Exit codes: 0 nothing is left; 1 something is left; 2 the app is still there, something could not
be read or deleted, or wrong usage.
"""
LEFT, FAILED = 1, 2


def main() -> int:
    """Run the command of this process's arguments; its exit code."""
    command = parser()
    arguments = command.parse_args()
    _check(command, arguments)
    environment = Environment(arguments.environment, arguments.subscription.lower())
    try:
        with connect(arguments.cloud, arguments.arm_endpoint) as arm:
            return run(arm, environment, delete=arguments.yes)
    except AzureError as error:
        _complain(told(error))
        return FAILED
    except KeyboardInterrupt:
        _complain("interrupted; run it again to go on")
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    given = os.environ.get
    command = argparse.ArgumentParser(
        prog="python -m infra.down",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--yes", action="store_true", help="delete; without it, things are only listed")
    add(
        "--environment",
        default=given("AZURE_ENV_NAME", ""),
        help="name of the azd environment (AZURE_ENV_NAME)",
    )
    add(
        "--subscription",
        default=given("AZURE_SUBSCRIPTION_ID", ""),
        help="id of the subscription that the app was in (AZURE_SUBSCRIPTION_ID)",
    )
    add(
        "--cloud",
        default=given("AZURE_CLOUD") or "AzureCloud",
        help=f"{', '.join(CLOUDS)} (AZURE_CLOUD)",
    )
    add(
        "--arm-endpoint",
        default=given("ARM_ENDPOINT", ""),
        help="https:// address of Azure Resource Manager, such as the local stack's (ARM_ENDPOINT)",
    )
    return command


def run(arm: Arm, environment: Environment, *, delete: bool) -> int:
    """List or delete what is left; the exit code. Raises `AzureError` when nothing can be known."""
    found = find(arm, environment)
    if found.living:
        _complain(f"the app of {environment.name} is still there; azd down first")
        _complain(*found.living)
        return FAILED
    _say(*(f"left alone  {each}" for each in found.left_alone))
    if delete:
        return _delete(arm, environment, found)
    _say(*map(str, found.leftovers))
    if found.unread:
        _complain("not looked at:", *found.unread)
        return FAILED
    if not found.leftovers:
        _say(f"nothing is left of {environment.name}")
        return 0
    _say(f"{len(found.leftovers)} left of {environment.name}; --yes deletes all of this")
    return LEFT


def _delete(arm: Arm, environment: Environment, found: Found) -> int:
    failures = list(found.unread)
    for each in found.leftovers:
        if each.kind is Kind.ROLE and failures:
            _say(f"kept     {each}")
            continue
        try:
            arm.delete(each.path, each.kind.version, _say)
        except AzureError as error:
            failures.append(f"{each}: {told(error)}")
        else:
            _say(f"deleted  {each}")
    if failures:
        _complain("not read or not deleted:", *failures)
        _complain(
            "roles are kept until all else is gone, to find it by: put this right, and run it again"
        )
        return FAILED
    _say(f"nothing is left of {environment.name}")
    return 0


def _check(command: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End with exit code 2 where an option is missing or wrong."""
    # learn.microsoft.com/azure/developer/azure-developer-cli: what azd takes for a name
    if not re.fullmatch(r"[\w().-]{1,64}", arguments.environment, re.ASCII):
        command.error("--environment: name the azd environment, as azd env list has it")
    if not re.fullmatch(
        "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", arguments.subscription
    ):
        command.error("--subscription: not the id (GUID) of a subscription; azd env get-values")
    if arguments.cloud not in CLOUDS:
        command.error(f"--cloud: use one of {', '.join(CLOUDS)}")
    if arguments.arm_endpoint and urlsplit(arguments.arm_endpoint).scheme != "https":
        command.error("--arm-endpoint: not an https:// address")


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _complain(*lines: str) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
