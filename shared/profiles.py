"""A profile and a request → the ARM body of the cluster (pure).

The body is the profile's, with the request's parameters, location and tags put in, and the names
AKS wants for every cluster. What is left out AKS fills in.
"""

import copy
import re
from typing import Any

from shared.model import ClusterRequest
from shared.policy import Policy, Profile
from shared.resource_id import ClusterId

REQUEST_TAG = "grantkeeper-request-id"


class Unacceptable(ValueError):
    """The request asks for what its profile does not allow; `field` names the part."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field


def check(policy: Policy, request: ClusterRequest) -> Profile:
    """The profile of a request it keeps to. Raises `Unacceptable` with the first fault."""
    profile = policy.profiles.get(request.profile)
    if profile is None:
        known = ", ".join(policy.profiles)
        raise Unacceptable("UnknownProfile", "profile", f"no such profile; there are: {known}")
    if profile.locations and request.location not in profile.locations:
        allowed = ", ".join(profile.locations)
        raise Unacceptable("LocationNotAllowed", "location", f"must be one of {allowed}")
    for name, value in request.parameters.items():
        field = f"parameters.{name}"
        parameter = profile.parameters.get(name)
        if parameter is None:
            known = ", ".join(profile.parameters) or "none"
            raise Unacceptable(
                "UnknownParameter", field, f"not in this profile; there are: {known}"
            )
        if fault := parameter.fault(value):
            raise Unacceptable("ParameterOutOfBounds", field, fault)
    return profile


def cluster_body(profile: Profile, request: ClusterRequest, cluster: ClusterId) -> dict[str, Any]:
    """The body of the PUT that creates the cluster of an accepted request.

    The request's id is kept as a tag, so that a later turn knows our cluster from one that
    somebody else made under the same name in the meantime.
    """
    body = copy.deepcopy(profile.cluster)
    for name, value in request.parameters.items():
        profile.parameters[name].put(body, value)
    properties = body["properties"]
    if not (properties.get("dnsPrefix") or properties.get("fqdnSubdomain")):
        properties["dnsPrefix"] = dns_prefix(cluster)
    body["location"] = request.location
    body["tags"] = {**body.get("tags", {}), **request.tags, REQUEST_TAG: request.request_id}
    return body


def dns_prefix(cluster: ClusterId) -> str:
    """The prefix `az aks create` chooses: parts of name, group and subscription (azure-cli
    `_get_default_dns_prefix`), so that a cluster made by either has the same address."""
    name = re.sub(r"[^A-Za-z0-9-]", "", cluster.name)[:10]
    if not name[:1].isalpha():
        name = f"a{name}"[:10]
    group = re.sub(r"[^A-Za-z0-9-]", "", cluster.resource_group)[:16]
    return f"{name}-{group}-{cluster.subscription_id[:6]}"
