"""The deployment that the end-to-end tests share; the violent ones have their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.deployment import Deployment, until


@pytest.fixture(scope="session")
def shared_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment of all tests that leave it as they found it."""
    with Deployment(tmp_path_factory.mktemp("shared")) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def deployment(shared_deployment: Deployment) -> Deployment:
    """The shared deployment, with nothing on its way."""
    until(shared_deployment.calm)
    return shared_deployment
