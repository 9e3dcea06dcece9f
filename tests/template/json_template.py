"""A module that is a template in JSON, as Bicep takes one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.template.deployed import Deployed, Resource
from tests.template.syntax import Fault


class JsonTemplate:
    """Such a file, deployed with its parameters, which are its only expressions."""

    target = "resourceGroup"

    def __init__(self, path: Path, given: Mapping[str, Any], deployed: Deployed) -> None:
        self.path, self.deployed = path, deployed
        self.outputs: dict[str, Any] = {}
        self._template = json.loads(path.read_text())
        if given.keys() != self._template["parameters"].keys():
            raise Fault(f"{path.name} has other parameters than {sorted(given)}")
        self._values = {f"[parameters('{name}')]": value for name, value in given.items()}

    def run(self) -> dict[str, Any]:
        """Add what it deploys to what is deployed; its outputs."""
        for each in self._template["resources"]:
            found = {name: self._values.get(str(value), value) for name, value in each.items()}
            kind, scope = str(found.pop("type")), str(found.pop("scope"))
            version = str(found.pop("apiVersion"))
            whole_id = f"{scope}/providers/{kind}/{found['name']}"
            self.deployed.resources.append(
                Resource(kind, version, whole_id, scope, found, self.path.name)
            )
        return self.outputs
