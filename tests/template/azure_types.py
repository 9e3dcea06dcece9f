"""Azure's published Bicep types, from the npm package that carries them (@azure/mcp), which answers
without a network. It has the latest API version of most types, and lacks some.

Nothing of it is kept in the repository; what was asked once is kept in .local.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.template.deployed import Resource
from tests.template.expressions import Later
from tests.template.syntax import Fault

_SIMPLE: dict[str, tuple[type, ...]] = {
    "string": (str,), "int": (int,), "bool": (bool,), "any": (object,),
}  # fmt: skip
_SCOPES = {3: "Subscription", 5: "ResourceGroup"}  # parts of a deployment scope's id, with its ""

Type = Mapping[str, Any]


class Types:
    """The types of some resource types; `missing` are those that the package lacks."""

    def __init__(self, root: Path, wanted: Iterable[str]) -> None:
        version = json.loads((root / "package.json").read_text())["devDependencies"]["@azure/mcp"]
        cache = root / ".local" / "bicep-types" / version
        cache.mkdir(parents=True, exist_ok=True)
        files = {kind: cache / f"{kind.replace('/', '.')}.json" for kind in wanted}
        if absent := [kind for kind, file in files.items() if not file.exists()]:
            for kind, found in _ask(root, absent):
                new = files[kind].with_suffix(f".{os.getpid()}")
                new.write_text(json.dumps(found))
                new.replace(files[kind])
        read = {kind: json.loads(file.read_text()) for kind, file in files.items()}
        self._of = {
            kind: {each["name"]: each for each in found} for kind, found in read.items() if found
        }
        self.missing = {kind for kind, found in read.items() if not found}

    def faults(self, resource: Resource) -> Iterator[str]:
        """What is wrong with a resource by its type; nothing is known of one that is missing."""
        if resource.type in self.missing:
            return
        named = f"{resource.type}@{resource.version}"
        known = self._of[resource.type]
        whole = next(each for each in known.values() if each["$type"] == "Resource")
        if whole["name"] != named:
            yield f"{resource.origin}: {named} is not the version known, {whole['name']}"
        where = whole["writableScopes"]
        at = _SCOPES.get(len(resource.scope.split("/")), "a resource")
        if where in _SCOPES.values() and at != where:
            yield f"{resource.origin}: it is deployed to a {where}, not to {at}"
        for fault in _against(whole["bodyType"], resource.body, "", known):
            yield f"{resource.origin}{fault}"

    def check_read(self, kind: str, path: str) -> None:
        """That a property which an expression reads is there. Raises `Fault`."""
        if kind in self.missing:
            return
        known = self._of[kind]
        of: Type = next(each for each in known.values() if each["$type"] == "Resource")["bodyType"]
        for name in path.split("."):
            found = {each["name"]: each for each in of.get("properties", ())}
            if name not in found:
                raise Fault(f"{kind} has no {path}")
            of = known.get(found[name]["type"], {})


def _against(of: Type, value: Any, at: str, known: Mapping[str, Type]) -> Iterator[str]:
    """The faults of a value that should be of an object type."""
    if isinstance(value, Later):
        return
    if not isinstance(value, dict):
        yield f"{at}: is no object"
        return
    members, rest = _members(of, value)
    if not members and (decides := of.get("discriminator")):
        yield f"{at}.{decides}: {value.get(decides)!r} is none of those known"
        return
    for name, each in members.items():
        if "Required" in each.get("flags", "") and value.get(name) is None:
            yield f"{at}.{name}: is required"
    for name, found in value.items():
        if name not in members and not rest:
            yield f"{at}.{name}: there is no such property"
        elif "ReadOnly" in members.get(name, {}).get("flags", ""):
            yield f"{at}.{name}: is Azure's to set"
        else:
            kind = members[name]["type"] if name in members else rest
            yield from _of_type(kind, found, f"{at}.{name}", known)


def _members(of: Type, value: Mapping[str, Any]) -> tuple[dict[str, Type], str]:
    """The properties of an object type by name, and the type of all others ('': there are none).
    Of a type that a property decides, both are empty when no type has its value."""
    properties = of.get("properties", ())
    if of["$type"] == "DiscriminatedObject":
        chosen = _element(of, value.get(of["discriminator"]))
        properties = [*of["baseProperties"], *chosen["properties"]] if chosen else []
    return {each["name"]: each for each in properties}, of.get("additionalPropertiesType") or ""


def _element(of: Type, which: Any) -> Type | None:
    for element in of["elements"]:
        if any(
            p["name"] == of["discriminator"] and p["type"] == which for p in element["properties"]
        ):
            return dict(element)
    return None


def _of_type(kind: str, value: Any, at: str, known: Mapping[str, Type]) -> Iterator[str]:
    if value is None or isinstance(value, Later) or kind == "any":
        return
    if kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{at}: is no array"
            return
        for index, each in enumerate(value):
            yield from _of_type(kind[:-2], each, f"{at}[{index}]", known)
    elif kind in known:
        yield from _against(known[kind], value, at, known)
    elif kind in _SIMPLE:
        if not isinstance(value, _SIMPLE[kind]) or (kind == "int" and isinstance(value, bool)):
            yield f"{at}: {value!r} is no {kind}"
    # An enumeration; where Azure also takes other texts, those that it names will do here.
    elif value not in kind.split(" | "):
        yield f"{at}: {value!r} is none of {kind}"


def _ask(root: Path, kinds: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
    """Each type with its schema, and [] for one that the package lacks; one process answers all."""
    package = next((root / "node_modules/@azure").glob("mcp-*-*"))
    command = [str(package / "dist/azmcp"), "server", "start", "--mode", "all"]
    with subprocess.Popen(
        [*command, "--namespace", "bicepschema"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AZURE_MCP_COLLECT_TELEMETRY": "false"},
        text=True,
    ) as server:
        assert server.stdin and server.stdout

        def call(number: int, method: str, params: Mapping[str, Any]) -> Any:
            assert server.stdin and server.stdout
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            answer = json.loads(server.stdout.readline())
            while answer.get("id") != number:  # it notifies, too
                answer = json.loads(server.stdout.readline())
            return answer

        client = {"name": "template-checks", "version": "1"}
        hello = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client}
        call(0, "initialize", hello)
        server.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        for number, kind in enumerate(kinds, start=1):
            asked = {"name": "bicepschema_get", "arguments": {"resource-type": kind}}
            said = json.loads(call(number, "tools/call", asked)["result"]["content"][0]["text"])
            yield kind, (said.get("results") or {}).get("BicepSchemaResult", [])
        server.stdin.close()
