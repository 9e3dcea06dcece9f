"""The demo's policy is what its first line says."""

import yaml

from infra.demo.__main__ import POLICY
from infra.demo.scene import Scene
from infra.stack.stack import DEFAULT_POLICY


def test_it_is_the_local_stacks_and_one_grant_on_the_registry_of_the_scene() -> None:
    demo, stack = (yaml.safe_load(file.read_text()) for file in (POLICY, DEFAULT_POLICY))
    (grant,) = demo.pop("grants")
    assert stack.pop("grants") == []
    assert demo == stack
    assert grant["scope"] == Scene("{subscriptionId}").registry
