"""What the template is deployed to, and what `azd down` deletes with it.

Of a deployment to a subscription azd deletes each group that occurs in the ids of what was
deployed, nested deployments and role assignments included (Azure/azure-dev#2916, #4785); of one to
a resource group it deletes that group (learn.microsoft.com/azure/developer/azure-developer-cli/
resource-group-scoped-deployments). docs/decisions/0016-to-a-resource-group.md.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.template.alert_law import SETTINGS
from tests.template.event_law import TOPICS
from tests.template.rights_law import DEFINITIONS
from tests.template.variants import APP_GROUP, HERE, ROOT, Variant

_TARGET = re.compile(r"^targetScope = '(\w+)'$", re.MULTILINE)


def layers(infra: Path) -> Iterator[str]:
    """Each layer that azd deploys is for a resource group, and says so."""
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    for layer in project["infra"]["layers"]:
        text = (infra / f"{layer['module']}.bicep").read_text()
        if _TARGET.findall(text) != ["resourceGroup"]:
            yield (
                f"{layer['module']}.bicep is not for a resource group: "
                "azd down would delete the groups of others"
            )


def groups(variant: Variant) -> Iterator[str]:
    """The group of the app is the operator's; those made are for topics of other subscriptions."""
    found = variant.of("Microsoft.Resources/resourceGroups")
    places = {"/".join(each.scope.split("/")[:3]) for each in variant.of(TOPICS)}
    if {each.scope for each in found} != places - {f"/subscriptions/{HERE}"}:
        yield "groups are not made in exactly the other subscriptions that have a topic"
    for each in found:
        if each.scope == f"/subscriptions/{HERE}" or each.body["name"] == APP_GROUP:
            yield f"{each.origin}: it makes a group in the subscription of the app"
        if each.body["name"] != "rg-dev-events":
            yield f"{each.origin}: infra/down looks for rg-dev-events"
        if each.body.get("tags", {}).get("azd-env-name") != "dev":
            yield f"{each.origin}: infra/down leaves groups alone that have no azd-env-name"


def found_by_down(variant: Variant) -> Iterator[str]:
    """What is outside of the group is named so that infra/down finds it, and of no other app; of
    events, tests/down/test_template.py tells."""
    group = f"/subscriptions/{HERE}/resourceGroups/{APP_GROUP}"
    for each in variant.of(DEFINITIONS):
        if not re.fullmatch(r"Grantkeeper [a-z ]+ \(dev, \w{13}\)", each.properties["roleName"]):
            yield f"{each.origin}: infra/down does not find {each.properties['roleName']}"
        if not each.properties["description"].endswith(f" Of the app in {group}."):
            yield f"{each.origin}: infra/down does not know of which app it is"
    for each in variant.of(SETTINGS):
        if not re.fullmatch(r"grantkeeper-\w{13}", each.body["name"]):
            yield f"{each.origin}: infra/down does not find {each.body['name']}"
