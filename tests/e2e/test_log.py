"""What the host's log tells: lines about what happened; no stack traces of passing weather."""

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e

NAME = "logged"


def test_a_page_in_place_of_an_answer_leaves_no_stack_trace(deployment: Deployment) -> None:
    path = deployment.azure.id_of(NAME)
    page = {"kind": "html", "status": 502, "path": path, "method": "GET", "count": 3}
    deployment.azure.control("POST", "/faults", page)
    deployment.ask(NAME)
    until(lambda: deployment.ready(NAME))
    log = deployment.stack.host.log.read_text(errors="replace")
    assert "reason=Http502" in log
    assert "failsafe deserialization" not in log
