"""RULES: which roles a cluster's identities need, at which scope, and why (pure).

A rule reads the cluster's JSON, and where that only points at a resource, what is known of that
resource, and yields the scopes at which its identity needs its role. Add one by writing a function
in `network_scopes`, `resource_scopes` or `addon_scopes`, and giving it a line in `RULES`. What no
cluster's JSON shows is declared in policy.yaml.

Sources, besides those named at a rule: learn.microsoft.com/azure/aks/ aks-service-permissions,
managed-identity-overview and the page of each feature.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shared import addon_scopes as on
from shared import network_scopes as net
from shared import resource_scopes as of
from shared import roles
from shared.model import ADDON, APP_ROUTING, CONTROL_PLANE, KUBELET, Cluster, Grant
from shared.permissions import Permissions
from shared.pointers import Related, Scopes

# What is done with a grant: learn.microsoft.com/azure/aks/aks-service-permissions, and the pages of
# the features: node-auto-provisioning-networking, use-node-public-ips, azure-disk-customer-managed-
# keys, use-kms-etcd-encryption (keys), and azure/container-insights for the metrics.
_UNKNOWN = Permissions()
_SUBNET = Permissions(
    (
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/virtualNetworks/subnets/read",
    )
)
_ROUTES = Permissions(
    ("Microsoft.Network/routeTables/routes/read", "Microsoft.Network/routeTables/routes/write")
)
_SECURITY = Permissions(
    (
        "Microsoft.Network/networkSecurityGroups/read",
        "Microsoft.Network/networkSecurityGroups/write",
    )
)
_ADDRESS = Permissions(
    ("Microsoft.Network/publicIPAddresses/join/action", "Microsoft.Network/publicIPAddresses/read")
)
_PREFIX = Permissions(("Microsoft.Network/publicIPPrefixes/join/action",))
_DISKS = Permissions(("Microsoft.Compute/diskEncryptionSets/read",))
_IDENTITY = Permissions(("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",))
_KEYS = Permissions(
    data_actions=(
        "Microsoft.KeyVault/vaults/keys/encrypt/action",
        "Microsoft.KeyVault/vaults/keys/decrypt/action",
    )
)
_GATEWAY = Permissions(
    ("Microsoft.Network/applicationGateways/read", "Microsoft.Network/applicationGateways/write")
)
_GROUP = Permissions(("Microsoft.Resources/subscriptions/resourceGroups/read",))
_METRICS = Permissions(data_actions=("Microsoft.Insights/Metrics/Write",))


@dataclass(frozen=True, slots=True)
class Rule:
    """`identity` needs `role` (GUID) at the `scopes` found, `because` of that. `name` is the key
    under which policy.yaml's `roles` may give another role. `actions` are those that any such role
    has to allow; none where the documentation names none, or where it depends on the feature."""

    name: str
    identity: str
    role: str
    because: str
    scopes: Callable[[Cluster, Related], Scopes]
    actions: Permissions = _UNKNOWN


_AGIC, _ROUTING = f"{ADDON}{on.INGRESS_GATEWAY.lower()}", f"{ADDON}{APP_ROUTING.lower()}"
_ACI, _OMS = f"{ADDON}{on.VIRTUAL_NODES.lower()}", f"{ADDON}{on.MONITORING}"
_NET = roles.NETWORK_CONTRIBUTOR

RULES = (
    Rule("nodeSubnets", CONTROL_PLANE, _NET, "node subnet", net.node_subnets, _SUBNET),
    Rule("podSubnets", CONTROL_PLANE, _NET, "pod subnet", net.pod_subnets, _SUBNET),
    Rule("apiServerSubnet", CONTROL_PLANE, _NET, "API server subnet", net.api_server_subnet,
         _SUBNET),
    Rule("hostedSystemSubnets", CONTROL_PLANE, _NET, "hosted system subnet",
         net.hosted_system_subnets, _SUBNET),
    Rule("virtualNetworks", CONTROL_PLANE, _NET, "virtual network", net.virtual_networks),
    Rule("routeTables", CONTROL_PLANE, _NET, "route table", net.route_tables, _ROUTES),
    Rule("networkSecurityGroups", CONTROL_PLANE, _NET, "network security group",
         net.network_security_groups, _SECURITY),
    Rule("outboundIPs", CONTROL_PLANE, _NET, "outbound IP", net.outbound_ips, _ADDRESS),
    Rule("outboundIPPrefixes", CONTROL_PLANE, _NET, "outbound IP prefix", net.outbound_ip_prefixes,
         _PREFIX),
    Rule("nodePublicIPPrefixes", CONTROL_PLANE, _NET, "node public IP prefix",
         net.node_public_ip_prefixes, _PREFIX),
    Rule("diskEncryptionSet", CONTROL_PLANE, roles.READER, "disk encryption set",
         of.disk_encryption_set, _DISKS),
    Rule("privateDnsZone", CONTROL_PLANE, roles.PRIVATE_DNS_ZONE_CONTRIBUTOR,
         "private DNS zone of the API server", of.private_dns_zone),
    Rule("kubeletIdentity", CONTROL_PLANE, roles.MANAGED_IDENTITY_OPERATOR, "kubelet identity",
         of.kubelet_identity, _IDENTITY),
    Rule("capacityReservations", CONTROL_PLANE, roles.CONTRIBUTOR, "capacity reservation group",
         of.capacity_reservations),
    Rule("hostGroups", CONTROL_PLANE, roles.CONTRIBUTOR, "dedicated host group", of.host_groups),
    Rule("keyVaultKeys", CONTROL_PLANE, roles.KEY_VAULT_CRYPTO_USER, "etcd encryption key",
         of.key_vault_keys, _KEYS),
    Rule("keyVaultNetwork", CONTROL_PLANE, roles.KEY_VAULT_CONTRIBUTOR,
         "private link to the key vault", of.key_vault_network),
    Rule("bootstrapRegistry", KUBELET, roles.ACR_PULL, "system images", of.bootstrap_registry),
    Rule("gateways", _AGIC, _NET, "application gateway", on.gateways, _GATEWAY),
    Rule("gatewayGroups", _AGIC, roles.READER, "group of the application gateway",
         on.gateway_groups, _GROUP),
    Rule("gatewaySubnets", _AGIC, _NET, "subnet of the application gateway", on.gateway_subnets,
         _SUBNET),
    Rule("gatewayNetworks", _AGIC, _NET, "network of the application gateway", on.gateway_networks),
    Rule("virtualNodeSubnet", _ACI, _NET, "virtual node subnet", on.virtual_node_subnet, _SUBNET),
    Rule("publicDnsZones", _ROUTING, roles.DNS_ZONE_CONTRIBUTOR, "DNS zone", on.public_dns_zones),
    Rule("privateDnsZones", _ROUTING, roles.PRIVATE_DNS_ZONE_CONTRIBUTOR, "private DNS zone",
         on.private_dns_zones),
    Rule("legacyMonitoring", _OMS, roles.MONITORING_METRICS_PUBLISHER, "container insights",
         on.legacy_monitoring, _METRICS),
)  # fmt: skip

_NEEDED = {rule.name: rule.actions for rule in RULES}


def needed(grant: Grant) -> Permissions:
    """The actions that a grant is for; none are known of one that no rule has found."""
    return _NEEDED.get(grant.rule, _UNKNOWN)
