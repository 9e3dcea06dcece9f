"""Fixtures: an app in a folder of its own, over a storage account of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functions_host.running_host import App


@pytest.fixture
def make_app(tmp_path: Path, storage: str) -> Callable[..., App]:
    """Makes the app of a test: `make_app(code, **queue_options)`."""

    def make(code: str, **queues: Any) -> App:
        return App(tmp_path, code, storage, **queues)

    return make
