"""Spoils a JSON document: hostile texts, wrong types, keys twice, identities that contradict."""

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.hostile.texts import LONG, hostile

Json = dict[str, Any]
_NOT_THAT: tuple[Any, ...] = (
    None, 0, -1, 1.5, 2**53, True, False, "", "text", [], {}, [[]], [None], {"id": None}, {"": {}},
    [{}, 7],
)  # fmt: skip
_NO_JSON_OBJECT = (
    b"", b"null", b"[]", b"7", b'"text"', b"{", b'{"id": 1,}', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": ' + b"9" * 5000 + b"}", b"[" * LONG,
    b'{"a":' * 9000, b'{"properties": {"agentPoolProfiles": ' + b"[" * LONG, b"<html>", b"{}" * 2,
)  # fmt: skip


@dataclass(frozen=True)
class Spoiler:
    """Spoils documents of one subscription. `strangers` are principals of others."""

    subscription: str
    strangers: tuple[str, ...]
    chance: random.Random

    def document(self, document: Json) -> bytes:
        """The document's text, spoilt in one to four places; sometimes no JSON object at all."""
        if self.chance.random() < 0.03:
            return self.chance.choice(_NO_JSON_OBJECT)
        document = copy.deepcopy(document)
        for _ in range(self.chance.randrange(1, 5)):
            self.chance.choice(_SPOIL)(self, document)
        text = json.dumps(document)
        return (self._twice(text) if self.chance.random() < 0.1 else text).encode()

    def _places(self, node: Any) -> list[tuple[Any, Any]]:
        """Every (container, key) in the document."""
        keys = list(node) if isinstance(node, dict) else range(len(node))
        found: list[tuple[Any, Any]] = []
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                found += self._places(node[key])
        return found

    def _one(self, places: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """One of the places; none when there are none."""
        return self.chance.sample(places, min(1, len(places)))

    def _text(self, document: Json) -> None:
        """Another text in place of one."""
        places = self._places(document)
        for at, key in self._one([(at, key) for at, key in places if isinstance(at[key], str)]):
            at[key] = hostile(at[key], self.subscription, self.chance)

    def _type(self, document: Json) -> None:
        """A value of another type."""
        for at, key in self._one(self._places(document)):
            at[key] = copy.deepcopy(self.chance.choice(_NOT_THAT))

    def _key(self, document: Json) -> None:
        """A member under another name, in other case, beside itself, or not at all."""
        places = self._places(document)
        for at, key in self._one([(at, key) for at, key in places if isinstance(at, dict)]):
            match self.chance.randrange(4):
                case 0:
                    at[key.swapcase()] = at.pop(key)
                case 1:
                    at[key.upper()] = copy.deepcopy(at[key])
                case 2:
                    at[hostile(key, self.subscription, self.chance)] = at.pop(key)
                case _:
                    del at[key]

    def _principal(self, document: Json) -> None:
        """Somebody else's principal, or none, in place of one."""
        names, places = ("principalId", "objectId"), self._places(document)
        for at, key in self._one([(at, key) for at, key in places if key in names]):
            stranger = self.chance.choice(self.strangers)
            odd = (stranger.replace("-", ""), f"{{{stranger}}}", "me", 7, stranger.upper())
            at[key] = self.chance.choice((stranger, *odd))

    def _contradiction(self, document: Json) -> None:
        """An identity that is said twice, differently."""
        one, other = self.chance.sample(self.strangers, 2)
        properties = document.get("properties")
        if not isinstance(properties, dict):
            return
        match self.chance.randrange(4):
            case 0:
                known = properties.get("identityProfile")
                again = {"KubeletIdentity": {"objectId": other}}
                properties["identityProfile"] = (
                    {**known, **again} if isinstance(known, dict) else again
                )
            case 1:
                document["identity"] = {
                    "type": self.chance.choice(("SystemAssigned", "UserAssigned", "Both")),
                    "principalId": other,
                    "userAssignedIdentities": {
                        "a": {"principalId": other},
                        "b": {"principalId": one},
                    },
                }
            case 2:
                properties["servicePrincipalProfile"] = {"clientId": other}
            case _:
                addons = (
                    {"enabled": True, "identity": {"objectId": each}} for each in (one, other)
                )
                properties["addonProfiles"] = dict(
                    zip(("omsagent", "OMSAGENT"), addons, strict=True)
                )

    def _tags(self, document: Json) -> None:
        """Tags that claim a request of somebody, or that are none."""
        forged = self.chance.choice(("r-0", "r-1", "../", "r-1'", "x" * 300, 7, None, ["r-0"]))
        document["tags"] = self.chance.choice(
            ({"grantkeeper-request-id": forged, "team": "payX"}, forged)
        )

    def _bulk(self, document: Json) -> None:
        """64 KB of something."""
        properties = document.get("properties")
        if self.chance.random() < 0.8 or not isinstance(properties, dict):
            return
        bad = [{"vnetSubnetID": f"/subscriptions/{n}"} for n in range(1500)]
        group = f"/subscriptions/{self.subscription}/resourceGroups"
        good = [
            {"vnetSubnetID": f"{group}/g{n}", "podSubnetID": f"{group}/p{n}"} for n in range(400)
        ]
        long = "x" * LONG
        properties["agentPoolProfiles"] = self.chance.choice(
            ([1] * (LONG // 3), bad, good, long, {long: 1}, [{"vnetSubnetID": long}])
        )

    def _twice(self, text: str) -> str:
        """A member written twice, which JSON leaves open."""
        stranger = self.chance.choice(self.strangers)
        name = self.chance.choice(("principalId", "objectId", "vnetSubnetID", "type", "clientId"))
        return text.replace(f'"{name}":', f'"{name}": "{stranger}", "{name}":', 1)


_SPOIL: tuple[Callable[[Spoiler, Json], None], ...] = (
    Spoiler._text, Spoiler._text, Spoiler._text, Spoiler._type, Spoiler._type, Spoiler._key,
    Spoiler._key, Spoiler._principal, Spoiler._contradiction, Spoiler._tags, Spoiler._bulk,
)  # fmt: skip
