"""The JSON types of those fields of a managed cluster's body that the emulator looks into.

Whether fields exist at all is a matter of cluster_fields; everywhere, null means absent.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

_Object = dict[str, Any]


class _Identity(TypedDict, total=False):
    type: str | None
    userAssignedIdentities: dict[str, _Object | None] | None


class _Reference(TypedDict):
    id: str


class _Addresses(TypedDict, total=False):
    publicIPs: list[_Reference] | None


class _Prefixes(TypedDict, total=False):
    publicIPPrefixes: list[_Reference] | None


class _Managed(TypedDict, total=False):
    count: int | None


class _LoadBalancer(TypedDict, total=False):
    managedOutboundIPs: _Managed | None
    outboundIPs: _Addresses | None
    outboundIPPrefixes: _Prefixes | None
    backendPoolType: str | None


class _GatewayAddresses(TypedDict, total=False):
    publicIPs: list[str] | None


class _GatewayPrefixes(TypedDict, total=False):
    publicIPPrefixes: list[str] | None


class _NatGateway(TypedDict, total=False):
    sku: str | None
    managedOutboundIPProfile: _Managed | None
    outboundIPs: _GatewayAddresses | None
    outboundIPPrefixes: _GatewayPrefixes | None


class _Network(TypedDict, total=False):
    networkPlugin: str | None
    outboundType: str | None
    podCidr: str | None
    serviceCidr: str | None
    loadBalancerProfile: _LoadBalancer | None
    natGatewayProfile: _NatGateway | None


class _Addon(TypedDict, total=False):
    enabled: bool | None
    config: dict[str, str | None] | None


class _Routing(TypedDict, total=False):
    enabled: bool | None
    dnsZoneResourceIds: list[str] | None


class _Ingress(TypedDict, total=False):
    webAppRouting: _Routing | None


class _HostedSystem(TypedDict, total=False):
    enabled: bool | None
    systemNodeSubnetID: str | None
    nodeSubnetID: str | None


class _NodeProvisioning(TypedDict, total=False):
    mode: str | None


class _Bootstrap(TypedDict, total=False):
    artifactSource: str | None
    containerRegistryId: str | None


class _KeyManagement(TypedDict, total=False):
    enabled: bool | None
    keyId: str | None
    keyVaultNetworkAccess: str | None
    keyVaultResourceId: str | None


class _Security(TypedDict, total=False):
    azureKeyVaultKms: _KeyManagement | None


class _Sku(TypedDict, total=False):
    name: str | None
    tier: str | None


class _ApiServer(TypedDict, total=False):
    disableRunCommand: bool | None
    enablePrivateCluster: bool | None
    enableVnetIntegration: bool | None
    privateDNSZone: str | None
    subnetId: str | None


class _KnownIdentity(TypedDict, total=False):
    resourceId: str | None


class _ServicePrincipal(TypedDict, total=False):
    clientId: str | None
    secret: str | None


class AgentPool(TypedDict, total=False):
    """One agent pool, as in a cluster's body."""

    name: str | None
    mode: str | None
    type: str | None
    osType: str | None
    vmSize: str | None
    count: int | None
    orchestratorVersion: str | None
    vnetSubnetID: str | None
    podSubnetID: str | None
    nodePublicIPPrefixID: str | None
    capacityReservationGroupID: str | None
    hostGroupID: str | None
    upgradeSettings: _Object | None


class _Properties(TypedDict, total=False):
    dnsPrefix: str | None
    fqdnSubdomain: str | None
    kubernetesVersion: str | None
    nodeResourceGroup: str | None
    disableLocalAccounts: bool | None
    agentPoolProfiles: list[AgentPool] | None
    addonProfiles: dict[str, _Addon | None] | None
    apiServerAccessProfile: _ApiServer | None
    bootstrapProfile: _Bootstrap | None
    diskEncryptionSetID: str | None
    hostedSystemProfile: _HostedSystem | None
    identityProfile: dict[str, _KnownIdentity | None] | None
    ingressProfile: _Ingress | None
    networkProfile: _Network | None
    nodeProvisioningProfile: _NodeProvisioning | None
    securityProfile: _Security | None
    servicePrincipalProfile: _ServicePrincipal | None


class ManagedCluster(TypedDict, total=False):
    """The body of a PUT."""

    location: str | None
    identity: _Identity | None
    sku: _Sku | None
    tags: dict[str, str] | None
    properties: _Properties | None


def misfit(document: Any, shape: type[ManagedCluster] | type[AgentPool]) -> str:
    """What does not fit, with its path ('Expected `str`, got `int` - at `$.location`'), or ''."""
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        return str(error)
    return ""
