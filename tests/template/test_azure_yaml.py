"""What azure.yaml has azd do."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import package
from tests.template.scope_law import layers
from tests.template.variants import HERE, ROOT, variants

AZD = {"AZURE_ENV_NAME": "dev", "AZURE_SUBSCRIPTION_ID": HERE}  # stays when `azd down` has ended
DOWN = f"-m infra.down --environment dev --subscription {HERE} --yes"
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text())


def run(hook: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A hook as azd runs it on Linux: a script of sh that ends at the first error, in the folder
    of azure.yaml (learn.microsoft.com/azure/developer/azure-developer-cli/azd-extensibility)."""
    script = PROJECT["hooks"][hook]["posix"]["run"]
    command = ["/bin/sh", "-c", f"set -e\n{script}"]
    return subprocess.run(command, cwd=folder, env=AZD, capture_output=True, text=True, check=False)


def test_azd_deploys_to_one_group_which_is_all_that_azd_down_deletes() -> None:
    assert list(layers(ROOT / "infra")) == []


def test_azd_provisions_and_deploys_what_there_is_in_the_order_it_takes() -> None:
    (service,) = PROJECT["services"]
    usual = next(each for each in variants(ROOT / "infra") if each.name == "usual")
    tags = [each.body.get("tags") or {} for each in usual.app.resources]
    assert [each["azd-service-name"] for each in tags if "azd-service-name" in each] == [service]
    for layer in PROJECT["infra"]["layers"]:
        assert (ROOT / layer["path"] / f"{layer['module']}.bicep").is_file()
    steps = [each["azd"] for each in PROJECT["workflows"]["up"]["steps"]]
    assert steps == ["provision app", "deploy --all", "provision events"]


@pytest.mark.parametrize("hook", PROJECT["hooks"])
def test_a_hook_is_there_for_every_system_and_shows_what_it_says(hook: str) -> None:
    found = PROJECT["hooks"][hook]
    assert {system: found[system]["shell"] for system in found} == {
        "posix": "sh",
        "windows": "pwsh",
    }
    assert all(each["interactive"] for each in found.values())


def test_azd_ships_what_make_package_builds_when_it_deploys() -> None:
    (service,) = PROJECT["services"].values()
    assert ROOT / service["project"] == package.FOLDER
    assert service["remoteBuild"] is False
    hook = PROJECT["hooks"]["predeploy"]
    assert hook["posix"]["run"] == "make package"
    assert hook["windows"]["run"].endswith("python.exe -m infra.package")


def test_azd_down_fails_where_it_cannot_delete_the_rest_and_says_what_can(tmp_path: Path) -> None:
    ended = run("postdown", tmp_path)
    assert ended.returncode == 1
    assert f"make setup, and .venv/bin/python {DOWN}\n" in ended.stdout


@pytest.mark.parametrize("code", [0, 2])
def test_azd_down_deletes_the_rest_and_ends_as_that_ends(tmp_path: Path, code: int) -> None:
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
    python.chmod(0o755)
    ended = run("postdown", tmp_path)
    assert (ended.returncode, ended.stdout) == (code, f"{DOWN}\n")
