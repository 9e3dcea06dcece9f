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
    cluster = deployment.id_of("damaged")
    key = (cluster.subscription_id, "clusters|damaged")
    with deployment.table("clusters") as table:
        row = table.get_entity(*key)
        table.update_entity({**row, "record": "{", "glance": ""}, mode=UpdateMode.REPLACE)
        try:
            deployment.azure.spoil_events("drop", "neighbour", 100)
            deployment.azure.create_cluster("neighbour")
            deployment.tick()  # wakes both: nobody else has told of them
            until(lambda: deployment.ready("neighbour"))
            until(lambda: deployment.rejections("/damaged"))
            traces = deployment.rejections("/damaged")
            assert {(each.reason, each.text.decode().lower()) for each in traces} == {
                ("RecordDamaged", cluster.key)
            }
            until(lambda: deployment.waiting(f"{RECONCILE}-poison") == 0)
        finally:
            table.update_entity(row, mode=UpdateMode.REPLACE)
