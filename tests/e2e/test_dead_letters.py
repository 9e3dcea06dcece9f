"""The timer in the real worker hears what Event Grid gave up."""

import json

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e


def test_a_dead_letter_is_heard_and_goes_and_what_is_none_stays(deployment: Deployment) -> None:
    event = {
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "subject": deployment.azure.id_of("dead-letter"),
    }
    with deployment.dead_letters() as container:
        container.upload_blob("CLUSTERS/2026/1/1/0/a.json", json.dumps([event])).close()
        container.upload_blob("CLUSTERS/2026/1/1/0/b.json", b"hello").close()
        deployment.tick()
        until(lambda: list(container.list_blob_names()) == ["CLUSTERS/2026/1/1/0/b.json"])
        container.delete_blob("CLUSTERS/2026/1/1/0/b.json")
    (rejection,) = deployment.rejections("CLUSTERS/2026/1/1/0/b.json")
    assert rejection.reason == "DeadLetterUnreadable"
    assert deployment.record("dead-letter") is None
