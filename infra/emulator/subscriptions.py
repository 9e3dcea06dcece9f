"""What lies above resource groups: the cloud's metadata, tenant, subscriptions and providers."""

from __future__ import annotations

from typing import Any

from .arm_ids import IN_SUBSCRIPTION
from .wire import ArmError, Call, Response, Router
from .world import World

_NAMESPACE = "/providers/(?P<namespace>[^/]+)"
LOCATIONS = ("eastus", "eastus2", "westus2", "westus3", "centralus", "northeurope", "westeurope")
PROVIDERS = (
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.EventGrid",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Resources",
    "Microsoft.Storage",
)


class Subscriptions:
    """The one tenant, its subscriptions and the resource providers registered in them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._registered: set[str] = set()

    def register(self, router: Router) -> None:
        """Routes that ask for a token."""
        add = router.add
        add("GET", "/tenants", self._tenants)
        add("GET", "/subscriptions", self._subscriptions)
        add("GET", IN_SUBSCRIPTION, self._subscription)
        add("GET", IN_SUBSCRIPTION + "/locations", self._locations)
        add("GET", IN_SUBSCRIPTION + "/providers", self._providers)
        add("GET", IN_SUBSCRIPTION + _NAMESPACE, self._provider)
        add("POST", IN_SUBSCRIPTION + _NAMESPACE + "/register", self._register_provider)

    def register_open(self, router: Router) -> None:
        """Routes that ask for none."""
        router.add("GET", "/metadata/endpoints", self._metadata)

    def provider_registered(self, namespace: str) -> bool:
        """Whether a resource provider may be used."""
        unregistered = {each.lower() for each in self._world.knobs.unregistered_providers}
        return namespace.lower() not in unregistered - self._registered

    def _metadata(self, call: Call) -> Response:
        origin = call.request.origin
        return Response(
            200,
            {
                "name": "LocalCloud",
                "portal": origin,
                "authentication": {
                    "loginEndpoint": origin,
                    "audiences": [
                        "https://management.core.windows.net/",
                        "https://management.azure.com/",
                    ],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "resourceManager": origin,
                "gallery": origin,
                "graph": origin,
                "graphAudience": origin,
                "microsoftGraphResourceId": origin + "/",
                "batch": origin,
                "media": origin,
                "sqlManagement": origin,
                "vmImageAliasDoc": origin,
                "activeDirectoryDataLake": origin,
                "logAnalyticsResourceId": origin,
                "suffixes": {
                    "acrLoginServer": "azurecr.io",
                    "keyVaultDns": "vault.azure.net",
                    "storage": "core.windows.net",
                    "sqlServerHostname": "database.windows.net",
                },
            },
        )

    def _tenants(self, _call: Call) -> Response:
        tenant = self._world.tenant_id
        value = [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Local"}]
        return Response(200, {"value": value})

    def _subscriptions(self, _call: Call) -> Response:
        return Response(200, {"value": [self._about(s) for s in self._world.subscription_ids]})

    def _subscription(self, _call: Call, subscription: str) -> Response:
        return Response(200, self._about(subscription.lower()))

    def _about(self, subscription: str) -> dict[str, Any]:
        number = self._world.subscription_ids.index(subscription) + 1
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "tenantId": self._world.tenant_id,
            "displayName": f"Local subscription {number}",
            "state": "Enabled",
            "subscriptionPolicies": {"spendingLimit": "Off", "quotaId": "Local"},
            "authorizationSource": "RoleBased",
        }

    def _locations(self, _call: Call, subscription: str) -> Response:
        value = [
            {
                "id": f"/subscriptions/{subscription}/locations/{name}",
                "name": name,
                "displayName": name,
                "regionalDisplayName": name,
                "metadata": {"regionType": "Physical"},
            }
            for name in LOCATIONS
        ]
        return Response(200, {"value": value})

    def _providers(self, _call: Call, subscription: str) -> Response:
        return Response(200, {"value": [self._about_provider(subscription, n) for n in PROVIDERS]})

    def _provider(self, _call: Call, subscription: str, namespace: str) -> Response:
        return Response(200, self._about_provider(subscription, namespace))

    def _register_provider(self, _call: Call, subscription: str, namespace: str) -> Response:
        self._registered.add(namespace.lower())
        return Response(200, self._about_provider(subscription, namespace))

    def _about_provider(self, subscription: str, namespace: str) -> dict[str, Any]:
        known = next((n for n in PROVIDERS if n.lower() == namespace.lower()), None)
        if known is None:
            raise ArmError(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{namespace}' is invalid.",
            )
        registered = self.provider_registered(known)
        return {
            "id": f"/subscriptions/{subscription}/providers/{known}",
            "namespace": known,
            "registrationState": "Registered" if registered else "NotRegistered",
            "registrationPolicy": "RegistrationRequired",
            "resourceTypes": [],
        }
