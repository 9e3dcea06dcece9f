"""What a template deploys, given its parameters: each resource with its id, scope and body.

Not what Azure Resource Manager would say of it: names, modules, scopes, loops, conditions and
outputs are followed, so that whatever refers to nothing is found.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.template.deployed import Deployed, Resource
from tests.template.expressions import Later, Names, evaluate, loop
from tests.template.json_template import JsonTemplate
from tests.template.syntax import Fault, parse, text_of

_TYPES = {"string": str, "int": int, "bool": bool, "object": dict, "array": list, "string[]": list}
_HEADER = ("parent", "scope", "dependsOn")


def deploy(path: Path, parameters: Mapping[str, Any], subscription: str, group: str) -> Deployed:
    """What a template comes to that is deployed to a resource group. Raises `Fault`."""
    deployed = Deployed()
    whole = File(path, parameters, subscription, group, deployed)
    if whole.target != "resourceGroup":
        raise Fault(f"{path.name} is for a {whole.target}, and deployed to a resource group")
    deployed.outputs = whole.run()
    ids = [each.id.lower() for each in deployed.resources]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise Fault(f"deployed twice: {sorted(twice)}")
    # Azure looks for them before it begins (Azure/bicep#2966, elastic/cloudbeat#1368).
    if late := {each.lower() for each in deployed.expected} & set(ids):
        raise Fault(f"a module names a group that is made only then: {sorted(late)}")
    return deployed


class Symbol:
    """A resource by its name in the template, as expressions see it."""

    def __init__(self, file: "File", kind: str, header: Mapping[str, Any], exists: bool) -> None:
        self.file, self.type, self.header, self.exists = file, kind, header, exists

    @property
    def id(self) -> str:
        """Its id in Azure."""
        name, last = self.header["name"], self.type.rpartition("/")[2]
        parent, scope = self.header.get("parent"), self.header.get("scope")
        if isinstance(parent, Symbol):
            return f"{parent.id}/{last}/{name}"
        if self.type == "Microsoft.Resources/resourceGroups":
            return f"/subscriptions/{self.file.subscription}/resourceGroups/{name}"
        where = address(scope) if scope is not None else self.file.scope
        return f"{where}/providers/{self.type}/{name}"

    def member(self, name: str) -> Any:
        """`id` and `name`; everything else is Azure's to say."""
        if not self.exists:
            raise Fault(f"{self.type} is used, and not deployed")
        if name in {"id", "name"}:
            return self.id if name == "id" else self.header["name"]
        return _Read(self.file.deployed, self.type, f"{self.id}:{name}", name)


class _Read(Later):
    """A property that Azure will have; which one is remembered."""

    _deployed: Deployed
    _type: str
    _path: str

    def __new__(cls, deployed: Deployed, kind: str, text: str, path: str) -> "_Read":
        made = super().__new__(cls, text)
        made._deployed, made._type, made._path = deployed, kind, path
        deployed.read.add((kind, path))
        return made

    def member(self, name: str) -> "_Read":
        """A property of that property."""
        return _Read(self._deployed, self._type, f"{self}.{name}", f"{self._path}.{name}")


class Module:
    """A module by its name in the template."""

    def __init__(self, file: "File | JsonTemplate", exists: bool) -> None:
        self.file, self.exists = file, exists

    def member(self, name: str) -> Any:
        """Its outputs."""
        if name != "outputs" or not self.exists:
            raise Fault(f"{self.file.path.name}: `{name}` of a module that is not deployed")
        return self.file.outputs


class File:
    """One file, deployed at one scope with its parameters."""

    def __init__(
        self,
        path: Path,
        given: Mapping[str, Any],
        subscription: str,
        group: str,
        deployed: Deployed,
    ) -> None:
        self.path, self.folder, self.deployed = path, path.parent, deployed
        self.subscription, self.group = subscription, group
        self.scope = f"/subscriptions/{subscription}" + (
            f"/resourceGroups/{group}" if group else ""
        )
        self._declared = {
            text_of(node.named_children[0]): node
            for node in parse(path).named_children
            if node.type in _KINDS
        }
        self._given, self._values = dict(given), dict[str, Any]()
        if unknown := given.keys() - self._parameters().keys():
            raise Fault(f"{path.name} has no parameter {sorted(unknown)}")
        for parameter in self._parameters():
            self.value(parameter)

    @property
    def target(self) -> str:
        """`subscription` or `resourceGroup`."""
        for node in parse(self.path).named_children:
            if node.type == "target_scope_assignment":
                return str(evaluate(node.named_children[0], self))
        return "resourceGroup"

    def run(self) -> dict[str, Any]:
        """Add what it deploys to what is deployed; its outputs."""
        for name, node in self._declared.items():
            found = self.value(name)
            symbols = found if isinstance(found, list) else [found]
            if node.type == "resource_declaration":
                bodies = self._bodies(node)
                for symbol, (body, names, exists) in zip(symbols, bodies, strict=True):
                    if exists and not _is_existing(node):
                        self._emit(symbol, evaluate(body, names), node, name)
            elif node.type == "module_declaration":
                for each in symbols:
                    if each.exists:
                        each.file.run()
        return self.outputs

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs by name."""
        return {
            text_of(node.named_children[0]): evaluate(node.named_children[-1], self)
            for node in parse(self.path).named_children
            if node.type == "output_declaration"
        }

    def value(self, name: str) -> Any:
        """What a name stands for in this file. Raises `Fault`."""
        if name not in self._values:
            if name not in self._declared:
                raise Fault(f"{self.path.name}: `{name}` is not declared")
            node = self._declared[name]
            try:
                self._values[name] = _KINDS[node.type](self, node, name)
            except Fault as fault:
                where = f"{self.path.name}:{name}"
                raise (
                    fault if str(fault).startswith(where) else Fault(f"{where}: {fault}")
                ) from None
        return self._values[name]

    def _parameters(self) -> dict[str, Node]:
        return {n: node for n, node in self._declared.items() if node.type == _PARAMETER}

    def _parameter(self, node: Node, name: str) -> Any:
        kind = next(text_of(each) for each in node.named_children if each.type == "type")
        default = node.named_children[-1]
        if name in self._given:
            found = self._given[name]
        elif default.type != "type":
            found = evaluate(default, self)
        else:
            raise Fault("it is not given and has no default")
        if not isinstance(found, Later | _TYPES[kind]):
            raise Fault(f"{found!r} is no {kind}")
        self._check_decorators(node, found)
        return found

    def _check_decorators(self, node: Node, found: Any) -> None:
        rules: dict[str, Callable[[Any], bool]] = {
            "allowed": lambda bound: found in bound,
            "minLength": lambda bound: len(found) >= bound,
            "maxLength": lambda bound: len(found) <= bound,
            "minValue": lambda bound: found >= bound,
            "maxValue": lambda bound: found <= bound,
        }
        for decorator in _decorators(node):
            name, arguments = decorator.named_children[0].named_children
            if rule := rules.get(text_of(name)):
                bound = evaluate(arguments.named_children[0], self)
                if not isinstance(found, Later) and not rule(bound):
                    raise Fault(f"{found!r} is against {text_of(decorator)}")

    def _variable(self, node: Node, _: str) -> Any:
        return evaluate(node.named_children[-1], self)

    def _resource(self, node: Node, _: str) -> Any:
        kind = _quoted(node).partition("@")[0]
        made = [
            Symbol(self, kind, _header(body, names), exists)
            for body, names, exists in self._bodies(node)
        ]
        return made if node.named_children[-1].type == "for_statement" else made[0]

    def _module(self, node: Node, _: str) -> Any:
        made = []
        for body, names, exists in self._bodies(node):
            # Azure reads name and scope even where the condition is false (Azure/bicep#1492).
            header = _header(body, names, *(["params"] if exists else []))
            made.append(Module(self._child(node, header), True) if exists else Module(self, False))
        return made if node.named_children[-1].type == "for_statement" else made[0]

    def _child(self, node: Node, header: Mapping[str, Any]) -> "File | JsonTemplate":
        path = (self.folder / _quoted(node)).resolve()
        if not path.is_file():
            raise Fault(f"there is no file {_quoted(node)}")
        scope = header.get("scope")
        parts = (self.scope if scope is None else address(scope)).split("/")
        group = parts[4] if len(parts) > 4 else ""
        if group and isinstance(scope, dict):
            self.deployed.expected.add("/".join(parts))
        given = header.get("params", {})
        child = (
            JsonTemplate(path, given, self.deployed)
            if path.suffix == ".json"
            else File(path, given, parts[2], group, self.deployed)
        )
        if child.target != ("resourceGroup" if group else "subscription"):
            raise Fault(f"{path.name} is for a {child.target}, and deployed elsewhere")
        return child

    def _bodies(self, node: Node) -> Iterator[tuple[Node, Names, bool]]:
        body = node.named_children[-1]
        each = loop(body, self) if body.type == "for_statement" else [(body, self)]
        for inner, names in each:
            if inner.type == "if_statement":
                condition, inside = inner.named_children
                yield inside, names, bool(evaluate(condition, names))
            else:
                yield inner, names, True

    def _emit(self, symbol: Symbol, body: dict[str, Any], node: Node, name: str) -> None:
        kind, _, version = _quoted(node).partition("@")
        sent = {key: value for key, value in body.items() if key not in _HEADER}
        where = symbol.header.get("scope")
        scope = address(where) if where is not None else self.scope
        origin = f"{self.path.name}:{name}"
        self.deployed.resources.append(Resource(kind, version, symbol.id, scope, sent, origin))


def address(scope: Any) -> str:
    """The id of what is given as a scope."""
    return scope.id if isinstance(scope, Symbol) else str(scope["id"])


def _header(body: Node, names: Names, *more: str) -> dict[str, Any]:
    """The members of a declaration that say which one it is."""
    found = {}
    for each in body.named_children:
        if each.type == "object_property" and text_of(each.named_children[0]) in {
            "name", "parent", "scope", *more,
        }:  # fmt: skip
            found[text_of(each.named_children[0])] = evaluate(each.named_children[-1], names)
    if "name" not in found:
        raise Fault("it has no name")
    return found


def _decorators(node: Node) -> list[Node]:
    before = node.prev_named_sibling
    found = before.named_children if before and before.type == "decorators" else []
    return [each for each in found if each.type == "decorator"]


def _quoted(node: Node) -> str:
    return text_of(next(each for each in node.named_children if each.type == "string"))[1:-1]


def _is_existing(node: Node) -> bool:
    return any(each.type == "existing" for each in node.children)


_PARAMETER = "parameter_declaration"
_KINDS = {
    _PARAMETER: File._parameter,
    "variable_declaration": File._variable,
    "resource_declaration": File._resource,
    "module_declaration": File._module,
}
