"""A record that cannot be read: its turns fail, visibly, and nothing else does."""

import pytest
from azure.data.tables import UpdateMode

from tests.e2e.deployment import RECONCILE, Deployment, until

pytestmark = pytest.mark.e2e


def test_turns_that_keep_failing_leave_a_trace_and_the_timer_works_for_the_others(
    deployment: Deployment,
) -> None:
    deployment.azure.create_cluster("damaged")
    until(lambda: deployment.ready("damaged"))
    until(deployment.calm)
    key = (deployment.azure.subscription, "clusters|damaged")
    with deployment.table("clusters") as table:
        row = table.get_entity(*key)
        table.update_entity({**row, "record": "{"}, mode=UpdateMode.REPLACE)
        try:
            deployment.wake("damaged")
            until(lambda: deployment.rejections("/damaged"))
            assert {each.reason for each in deployment.rejections("/damaged")} == {"RecordDamaged"}
            until(lambda: deployment.waiting(f"{RECONCILE}-poison") == 0)
            deployment.azure.spoil_events("drop", "neighbour", 100)
            deployment.azure.create_cluster("neighbour")
            deployment.tick()
            until(lambda: deployment.ready("neighbour"))
        finally:
            table.update_entity(row, mode=UpdateMode.REPLACE)
