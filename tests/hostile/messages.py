"""Requests, events and wake-ups, spoilt."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from tests.hostile.mutation import Spoiler
from tests.hostile.texts import LONG, WORDS, hostile

_KINDS = ("Write", "Delete", "Action")


@dataclass(frozen=True)
class Sender:
    """Writes messages about clusters of one subscription."""

    spoiler: Spoiler
    subnet: str

    def request(self, number: int) -> bytes:
        """A request for a cluster of its own; one in five is well formed."""
        chance = self.spoiler.chance
        body: dict[str, Any] = {
            "apiVersion": "grantkeeper/v1",
            "requestId": f"r-{number}",
            "profile": "default",
            "resourceGroup": "clusters",
            "name": f"asked{number}",
            "location": "westus2",
            "subscriptionId": self.spoiler.subscription,
            "parameters": {"nodeCount": chance.randrange(-1, 13), "subnet": self.subnet},
            "tags": {"team": "payments"},
        }
        if chance.random() < 0.2:
            text = json.dumps(body).encode()
        elif chance.random() < 0.3:
            name = chance.choice(("principalId", "role", "scope", "roleDefinitionId", "__class__"))
            text = json.dumps(
                {**body, name: hostile("x", self.spoiler.subscription, chance)}
            ).encode()
        else:
            text = self.spoiler.document(body)
        if chance.random() < 0.05:
            text += b" " * LONG
        return base64.b64encode(text) if chance.random() < 0.3 else text

    def event(self, cluster_id: str) -> dict[str, Any]:
        """An Event Grid event about a cluster, with something else in it."""
        chance = self.spoiler.chance
        event: dict[str, Any] = {
            "id": "1",
            "topic": f"/subscriptions/{self.spoiler.subscription}",
            "subject": cluster_id,
            "eventType": f"Microsoft.Resources.Resource{chance.choice(_KINDS)}Success",
            "eventTime": "2026-01-01T00:00:00Z",
            "data": {"resourceUri": cluster_id},
            "dataVersion": "2",
            "metadataVersion": "1",
        }
        name = chance.choice(("subject", "subject", "eventType", "data", "topic"))
        odd: tuple[Any, ...] = (
            None,
            7,
            [],
            {},
            *WORDS,
            hostile(cluster_id, self.spoiler.subscription, chance),
        )
        event[name] = chance.choice((*odd, hostile(cluster_id, self.spoiler.subscription, chance)))
        return event

    def wake(self, cluster_id: str) -> bytes:
        """A message on the reconcile queue."""
        chance = self.spoiler.chance
        text = hostile(cluster_id, self.spoiler.subscription, chance).encode(errors="surrogatepass")
        raw = bytes(chance.randrange(256) for _ in range(20))
        return chance.choice((text, text, base64.b64encode(text), raw))
