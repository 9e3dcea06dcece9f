"""ARM's JSON → nouns (pure). Only what is used is decoded; everything else is passed over.

One decoder serves a single read and the pages of a list: msgspec decodes a page of 1,000 clusters
some hundred times faster than the SDK builds its models.
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from shared.model import ADDON, CONTROL_PLANE, KUBELET, Cluster, Pool


class _Camel(Struct, frozen=True, rename="camel"):
    pass


class _AssignedIdentity(_Camel, frozen=True):
    principal_id: str | None = None
    object_id: str | None = None


class _Identity(_Camel, frozen=True):
    type: str = "None"
    principal_id: str | None = None
    user_assigned_identities: dict[str, _AssignedIdentity] | None = None


class _Pool(_Camel, frozen=True):
    name: str = ""
    vnet_subnet_id: str | None = field(default=None, name="vnetSubnetID")
    pod_subnet_id: str | None = field(default=None, name="podSubnetID")


class _Addon(_Camel, frozen=True):
    enabled: bool = False
    identity: _AssignedIdentity | None = None


class _WebAppRouting(_Camel, frozen=True):
    enabled: bool | None = None
    identity: _AssignedIdentity | None = None


class _IngressProfile(_Camel, frozen=True):
    web_app_routing: _WebAppRouting | None = None


class _ServicePrincipal(_Camel, frozen=True):
    client_id: str = ""


class _Reference(_Camel, frozen=True):
    id: str = ""


class _OutboundIPs(_Camel, frozen=True):
    public_ips: tuple[_Reference, ...] | None = field(default=None, name="publicIPs")


class _LoadBalancer(_Camel, frozen=True):
    outbound_ips: _OutboundIPs | None = field(default=None, name="outboundIPs")


class _Network(_Camel, frozen=True):
    load_balancer_profile: _LoadBalancer | None = None


class _Error(_Camel, frozen=True):
    code: str = ""
    message: str = ""


class _Status(_Camel, frozen=True):
    provisioning_error: dict[str, Any] | None = None


class _Properties(_Camel, frozen=True):
    provisioning_state: str = ""
    resource_uid: str | None = field(default=None, name="resourceUID")
    node_resource_group: str = ""
    agent_pool_profiles: tuple[_Pool, ...] | None = None
    service_principal_profile: _ServicePrincipal | None = None
    identity_profile: dict[str, _AssignedIdentity] | None = None
    addon_profiles: dict[str, _Addon] | None = None
    ingress_profile: _IngressProfile | None = None
    network_profile: _Network | None = None
    status: _Status | None = None


class _ManagedCluster(_Camel, frozen=True):
    id: str
    location: str = ""
    tags: dict[str, str] | None = None
    identity: _Identity | None = None
    properties: _Properties = field(default_factory=_Properties)


class Page(Struct, frozen=True, rename="camel"):
    """A page of any ARM list; the items are decoded one by one, so one odd item harms no other."""

    value: tuple[msgspec.Raw, ...] = ()
    next_link: str | None = None


def cluster(text: bytes | msgspec.Raw) -> Cluster:
    """A managedCluster, as JSON text. Raises `msgspec.DecodeError`."""
    return _noun(msgspec.json.decode(text, type=_ManagedCluster))


def _noun(seen: _ManagedCluster) -> Cluster:
    properties = seen.properties
    service_principal = properties.service_principal_profile
    return Cluster(
        id=seen.id,
        location=seen.location,
        provisioning_state=properties.provisioning_state,
        resource_uid=properties.resource_uid or "",
        identity_type=seen.identity.type if seen.identity else "None",
        service_principal=service_principal.client_id if service_principal else "",
        node_resource_group=properties.node_resource_group,
        principals=_principals(seen),
        pools=tuple(
            Pool(pool.name, pool.vnet_subnet_id or "", pool.pod_subnet_id or "")
            for pool in properties.agent_pool_profiles or ()
        ),
        outbound_ip_ids=_outbound_ips(properties.network_profile),
        tags=seen.tags or {},
        failure=_failure(properties.status),
    )


def _principals(seen: _ManagedCluster) -> dict[str, str]:
    """Identity → object id. Add-on keys come in any case; app routing is not among the add-ons."""
    found: dict[str, str | None] = {}
    if seen.identity and seen.identity.type == "SystemAssigned":
        found[CONTROL_PLANE] = seen.identity.principal_id
    elif seen.identity and seen.identity.type == "UserAssigned":
        for assigned in (seen.identity.user_assigned_identities or {}).values():
            found[CONTROL_PLANE] = assigned.principal_id
    for key, assigned in (seen.properties.identity_profile or {}).items():
        if key.lower() == "kubeletidentity":
            found[KUBELET] = assigned.object_id
    for key, addon in (seen.properties.addon_profiles or {}).items():
        if addon.enabled and addon.identity:
            found[f"{ADDON}{key.lower()}"] = addon.identity.object_id
    routing = seen.properties.ingress_profile and seen.properties.ingress_profile.web_app_routing
    if routing and routing.enabled and routing.identity:
        found[f"{ADDON}webapprouting"] = routing.identity.object_id
    return {identity: principal.lower() for identity, principal in found.items() if principal}


def _outbound_ips(network: _Network | None) -> tuple[str, ...]:
    balancer = network.load_balancer_profile if network else None
    addresses = balancer.outbound_ips if balancer else None
    return tuple(reference.id for reference in (addresses and addresses.public_ips) or ())


def _failure(status: _Status | None) -> str:
    """`properties.status.provisioningError` as `Code: message`, where the api-version has it."""
    outer = status.provisioning_error if status else None
    if not outer:
        return ""
    error = msgspec.convert(outer.get("error", outer), _Error)
    return f"{error.code}: {error.message}"
