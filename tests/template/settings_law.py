"""The settings of the function app: those that the code reads and the host needs, and no others."""

from collections.abc import Iterator
from typing import Any

from shared import settings
from tests.template.variants import Variant

# Settings of the host, and of the Functions extensions, that no code of ours reads.
HOST = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "FLEET_SCHEDULE",
    "Work__credential",
}
# What the code reads, and the template leaves to its default, because …
LEFT_OUT = {
    "ARM_ENDPOINT": "AZURE_CLOUD says which",
    "EVENTGRID_TOPIC_KEY": "the identity is used",
    "POLICY_FILE": "it is in the package",
    "Work": "a connection string has a key",
}
# What a site on Flex Consumption must not set (learn.microsoft.com/azure/azure-functions/
# functions-app-settings#flex-consumption-plan-deprecations; the refusal: Azure/azure-cli#31414).
REFUSED = {
    "alwaysOn",
    "ftpsState",
    "functionAppScaleLimit",
    "functionsRuntimeScaleMonitoringEnabled",
    "linuxFxVersion",
    "netFrameworkVersion",
    "preWarmedInstanceCount",
    "use32BitWorkerProcess",
    "vnetRouteAllEnabled",
    "windowsFxVersion",
}


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


def read_by_the_code() -> set[str]:
    """Every name that shared/settings.py asks the environment for."""
    environment = Asked()
    try:
        settings.read(environment)
    except settings.SettingsError:
        return environment.names
    raise AssertionError("settings are read from nothing")


def app_settings(variant: Variant) -> Iterator[str]:
    """Each setting that is read is set, and none else."""
    (found,) = variant.of("Microsoft.Web/sites/config")
    wanted = read_by_the_code() - LEFT_OUT.keys() | HOST
    if not variant.parameters.get("lifecycleTopic"):
        wanted -= {"EVENTGRID_TOPIC_ENDPOINT"}
    for name in sorted(wanted ^ found.properties.keys()):
        yield f"{found.origin}: {name} is {'missing' if name in wanted else 'read by nobody'}"


def plan(variant: Variant) -> Iterator[str]:
    """Nothing is set that the plan, Flex Consumption, does not take: there is no FTP, either."""
    (farm,) = variant.of("Microsoft.Web/serverfarms")
    (site,) = variant.of("Microsoft.Web/sites")
    if farm.body["sku"] != {"tier": "FlexConsumption", "name": "FC1"}:
        yield f"{farm.origin}: it is not Flex Consumption"
    for name in sorted(REFUSED & (site.properties.keys() | site.properties["siteConfig"].keys())):
        yield f"{site.origin}: Flex Consumption refuses {name}"
