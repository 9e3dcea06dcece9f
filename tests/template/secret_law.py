"""Nothing opens with a key or a password, and no role that could do everything is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.roles import NEVER_GRANTABLE
from tests.template.deployed import at
from tests.template.storage_law import STORAGE
from tests.template.variants import Variant

PUBLISHING = "Microsoft.Web/sites/basicPublishingCredentialsPolicies"

# What each type must have, so that no key, password or open door is left.
CLOSED: dict[str, dict[str, Any]] = {
    STORAGE: {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Insights/components": {"DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"features.disableLocalAuth": True},
    "Microsoft.EventGrid/topics": {"disableLocalAuth": True, "minimumTlsVersionAllowed": "1.2"},
    "Microsoft.Web/sites": {
        "httpsOnly": True,
        "siteConfig.minTlsVersion": "1.2",
        "siteConfig.remoteDebuggingEnabled": False,
        "functionAppConfig.runtime.name": "python",
        "functionAppConfig.runtime.version": "3.11",
        "functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
    },
    PUBLISHING: {"allow": False},
}


def closed(variant: Variant) -> Iterator[str]:
    """Nothing can be opened with a key or a password, and nothing without TLS 1.2."""
    for kind, wanted in CLOSED.items():
        for each in variant.of(kind):
            for path, value in wanted.items():
                if at(each.properties, path) != value:
                    yield f"{each.origin}: {path} is not {value}"
    sites = variant.of("Microsoft.Web/sites")
    off = {each.body["name"] for each in variant.of(PUBLISHING)}
    if len(sites) != 1 or off != {"ftp", "scm"}:
        yield "publishing with a password is not off for ftp and scm"
    if len(variant.of(STORAGE)) != 2:
        yield "the host and the work do not have an account each"


def sources(infra: Path) -> Iterator[str]:
    """No file names a role that could do everything, or asks for a key."""
    for path in [*infra.glob("*.bicep"), *infra.glob("app/*"), *infra.glob("roles/*")]:
        text = path.read_text().lower()
        for name, guid in NEVER_GRANTABLE.items():
            if guid in text:
                yield f"{path.name}: it names {name}"
        for word in ("listkeys", "accountkey", "@secure", "sharedaccess"):
            if word in text:
                yield f"{path.name}: it has to do with a secret: {word}"
