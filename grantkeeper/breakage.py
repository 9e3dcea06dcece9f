"""What an upgrade of a cluster breaks when a grant does not work, in words for people (pure).

An upgrade makes new nodes, moves the pods there and drops the old nodes (learn.microsoft.com/azure/
aks/upgrade-aks-cluster); what a grant is for is on the page of its rule (`shared/grants.py`).
"""

from shared.model import KUBELET, Grant
from shared.roles import ACR_PULL, REPOSITORY_READER

_SUBNET = "new nodes may not get into the subnet, and its load balancers cannot be updated"
_OUTBOUND = "the load balancer or NAT gateway with this address cannot be updated"
_INGRESS = "the application gateway does not follow the pods to their new nodes"
_RECORDS = "the DNS records of ingresses are not updated"
_IMAGES = "new nodes cannot pull images, so that pods do not start there"

_BY_RULE = {
    "nodeSubnets": _SUBNET,
    "podSubnets": "pods on new nodes may get no address",
    "apiServerSubnet": "the API server cannot be put into its subnet again",
    "hostedSystemSubnets": _SUBNET,
    "virtualNetworks": "what AKS changes in the network for the cluster fails",
    "routeTables": "routes to the pods of new nodes cannot be written",
    "networkSecurityGroups": "the rules of LoadBalancer services cannot be written",
    "outboundIPs": _OUTBOUND,
    "outboundIPPrefixes": _OUTBOUND,
    "nodePublicIPPrefixes": "new nodes get no public address, so that they are not made",
    "diskEncryptionSet": "disks cannot be made with their keys, on new nodes neither",
    "privateDnsZone": "the API server's record cannot be written, and nodes may not find it",
    "kubeletIdentity": "new nodes cannot be given the kubelet's identity",
    "capacityReservations": "new nodes cannot be made in the reserved capacity",
    "hostGroups": "new nodes cannot be made on the dedicated hosts",
    "keyVaultKeys": "secrets in etcd cannot be decrypted when the API server starts again",
    "keyVaultNetwork": "the private link to the key vault cannot be made again",
    "bootstrapRegistry": _IMAGES,
    "gateways": _INGRESS,
    "gatewayGroups": _INGRESS,
    "gatewaySubnets": _INGRESS,
    "gatewayNetworks": _INGRESS,
    "virtualNodeSubnet": "virtual nodes do not come back",
    "publicDnsZones": _RECORDS,
    "privateDnsZones": _RECORDS,
    "legacyMonitoring": "the metrics of container insights stop",
}


def breaks(grant: Grant) -> str:
    """What does not work in or after an upgrade, as far as that can be told."""
    if grant.identity == KUBELET and grant.role in {ACR_PULL, REPOSITORY_READER}:
        return _IMAGES
    return _BY_RULE.get(grant.rule, f"what needs it stops working: {grant.because}")
