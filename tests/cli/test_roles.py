"""`roles` tells what the policy's roles allow; `roles accept` takes a changed one as it is now."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.store import Store
from tests.cli.azure import NETWORK_ROLES, Azure, policy
from tests.typed import Type

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
CUSTOM = "cccccccc-0000-4000-8000-000000000001"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"


@pytest.fixture
def subscribed(typed: Type, azure: Azure, place: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type a command where the environment names Azure, and a policy with a custom role too."""
    monkeypatch.setenv("SUBSCRIPTION_ID", azure.subscription)
    (place / "policy.yaml").write_text(policy(f"['{CUSTOM}', AcrPull]"))
    return typed


@pytest.fixture
def stored(subscribed: Type, storage: str, monkeypatch: pytest.MonkeyPatch) -> Type:
    """The same where the app's storage is named."""
    monkeypatch.setenv("WORK_STORAGE", storage)
    return subscribed


def listed(typed: Type, *more: str) -> dict[str, Any]:
    answer = typed("roles", "--json", *more)
    found = json.loads(answer.out)
    return {each["roleName"]: each for each in found["roles"]} | {"live": found["live"]}


def test_offline_there_are_names_guids_and_scopes_only(typed: Type, place: Path) -> None:
    (place / "policy.yaml").write_text(policy(NETWORK_ROLES))
    answer = typed("roles", "--offline")
    assert (answer.code, answer.err) == (0, "")
    assert f"AcrPull\n  {ACR_PULL}\n  at /subscriptions/*/resourceGroups/net-*\n" in answer.out
    assert "Offline: what the roles allow was not read from Azure." in answer.out
    found = listed(typed, "--offline")
    assert found["live"] is False
    assert (found["AcrPull"]["safe"], found["AcrPull"]["permissions"]) == (None, None)


def test_what_each_role_allows_is_read_from_azure_and_judged(
    subscribed: Type, azure: Azure
) -> None:
    azure.define(CUSTOM, "Joiner", JOIN, READ)
    found = listed(subscribed)
    assert found["AcrPull"]["permissions"] == [
        {
            "actions": ["Microsoft.ContainerRegistry/registries/pull/read"],
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        }
    ]
    joiner = found["Joiner"]
    assert (joiner["role"], joiner["custom"], joiner["safe"]) == (CUSTOM, True, True)
    text = subscribed("roles").out
    assert f"Joiner  safe\n  {CUSTOM} (custom)\n" in text
    assert f"actions         {JOIN}\n" in text
    assert azure.writes() == []


def test_a_role_that_is_not_safe_is_told_with_its_action(subscribed: Type, azure: Azure) -> None:
    azure.define(CUSTOM, "Joiner", JOIN, ASSIGN)
    answer = subscribed("roles")
    assert answer.code == 1
    assert "Joiner  refused: RoleNotSafe" in answer.out
    assert f"action '{ASSIGN}' can change who may do what" in answer.out


def test_a_role_that_azure_does_not_know_is_told(subscribed: Type) -> None:
    answer = subscribed("roles")
    assert answer.code == 1
    assert f"{CUSTOM}  refused: RoleDefinitionDoesNotExist" in answer.out


def test_azure_out_of_reach_is_said(subscribed: Type, azure: Azure) -> None:
    azure.refuse("/roleDefinitions/")
    answer = subscribed("roles")
    assert (answer.code, answer.out) == (4, "")
    assert "Azure cannot be read: AuthorizationFailed" in answer.err


def test_without_a_subscription_nothing_is_read(typed: Type, azure: Azure) -> None:
    answer = typed("roles")
    assert answer.code == 2
    assert "SUBSCRIPTION_ID: missing" in answer.err


# --- roles accept --------------------------------------------------------------------------------


def test_a_changed_role_is_accepted_as_it_is_now(stored: Type, azure: Azure, store: Store) -> None:
    store.pin(CUSTOM, "the digest of before")
    azure.define(CUSTOM, "Joiner", JOIN)
    answer = stored("roles", "accept", CUSTOM, "--yes")
    assert (answer.code, answer.err) == (0, "")
    assert f"actions         {JOIN}\n" in answer.out
    digest = store.pin(CUSTOM, "")
    assert answer.out.endswith(f"Accepted: {CUSTOM} with the digest {digest}\n")
    assert digest != "the digest of before"
    assert azure.writes() == []


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_person_is_asked_first(
    stored: Type,
    azure: Azure,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    code: int,
) -> None:
    store.pin(CUSTOM, "the digest of before")
    azure.define(CUSTOM, "Joiner", JOIN)
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    assert stored("roles", "accept", CUSTOM).code == code
    assert (store.pin(CUSTOM, "") == "the digest of before") == (code == 1)


@pytest.mark.parametrize(
    ("role", "actions", "code", "complaint"),
    [
        (CUSTOM, [JOIN, ASSIGN], 1, "is refused all the same"),
        (CUSTOM, [], 3, "the subscription knows no role of this id"),
        (ACR_PULL, [], 2, "is built in"),
        (CUSTOM.replace("1", "2"), [], 2, "the policy does not allow this role"),
        ("Joiner", [], 2, "neither a GUID nor a known built-in role"),
        ("Owner", [], 2, "never grantable"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    stored: Type,
    azure: Azure,
    store: Store,
    role: str,
    actions: list[str],
    code: int,
    complaint: str,
) -> None:
    store.pin(CUSTOM, "the digest of before")
    if actions:
        azure.define(CUSTOM, "Joiner", *actions)
    answer = stored("roles", "accept", role, "--yes")
    assert answer.code == code
    assert complaint in answer.err
    assert store.pin(CUSTOM, "") == "the digest of before"


@pytest.mark.parametrize("command", [["roles"], ["roles", "accept"]])
def test_the_help_has_an_example(typed: Type, command: list[str]) -> None:
    answer = typed(*command, "--help")
    assert f"Example: grantkeeper {' '.join(command)}" in answer.out
    assert answer.code == 0
