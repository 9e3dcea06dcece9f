"""Whatever the template deploys outside of the app's group is found when that group is gone."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.down.remains import Remains
from tests.template.deployed import Deployed
from tests.template.deployment import deploy
from tests.template.variants import (
    APP_GROUP,
    HERE,
    HUB,
    OTHER,
    REGISTRY,
    ROOT,
    VARIANTS,
    Variant,
    variants,
)
from tests.typed import Type

INFRA = ROOT / "infra"
NETWORK = {
    "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
    "subnets": [{"name": "b", "properties": {"addressPrefix": "10.1.0.0/16"}}],
}


@pytest.fixture(scope="module")
def template() -> Mapping[str, Variant]:
    """What is deployed with some parameters, by the names of these."""
    return {each.name: each for each in variants(INFRA)}


def plant(remains: Remains, *layers: Deployed) -> None:
    """Make what of these is not in the app's group."""
    for path, body in elsewhere(layers, remains):
        remains.put(path, body, ours=True)
    assert remains.left() == remains.ours


def elsewhere(layers: Iterable[Deployed], remains: Remains) -> Iterator[tuple[str, Any]]:
    group = f"/subscriptions/{HERE}/resourceGroups/{APP_GROUP}/"
    for each in (each for layer in layers for each in layer.resources):
        if not each.id.startswith(group):
            properties = dict(each.properties)
            if each.type == "Microsoft.Authorization/roleAssignments":
                properties["principalId"] = remains.gone
            yield each.id, {**each.body, "properties": properties}


def plant_ground(remains: Remains) -> None:
    """What the parameters name."""
    remains.group(*HUB.split("/resourceGroups/"))
    names = ("clusters", "net-1", "shared-1")
    groups = {name: remains.group(remains.here, name) for name in names}
    remains.topic(remains.group(remains.there, "rg-topics"), "theirs")
    path = f"{groups['net-1']}/providers/Microsoft.Network/virtualNetworks/a"
    remains.put(path, {"location": "westus2", "properties": NETWORK})
    remains.put(REGISTRY, {"location": "westus2", "sku": {"name": "Premium"}})


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_that_the_template_deploys_elsewhere_is_left(
    remains: Remains, down: Type, template: Mapping[str, Variant], name: str
) -> None:
    plant_ground(remains)
    before = remains.everything()
    plant(remains, template[name].app, template[name].events)
    assert down().code == 1
    assert down("--yes").code == 0
    assert remains.everything() == before


def test_an_app_that_looks_after_other_subscriptions_than_its_own_leaves_nothing_either(
    remains: Remains, down: Type
) -> None:
    before = remains.everything()
    parameters = {**VARIANTS["least"], "managedSubscriptions": [OTHER]}
    plant(remains, deploy(INFRA / "main.bicep", parameters, HERE, APP_GROUP))
    assert down("--yes").code == 0
    assert remains.everything() == before
