"""An event or a wake-up names a managed cluster, or none; nothing else in it is believed."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages import Refusal, cluster_named_by, cluster_to_wake
from tests.unit.damage import clean, damaged
from tests.unit.nouns import CLUSTER, OTHER_SUB, SUB

WRITE = "Microsoft.Resources.ResourceWriteSuccess"


@pytest.mark.parametrize("outcome", ["Success", "Failure", "Cancel"])
@pytest.mark.parametrize("verb", ["Write", "Delete", "Action"])
@pytest.mark.parametrize(
    "subject", [str(CLUSTER), str(CLUSTER).upper(), f"{CLUSTER}/agentPools/a1"]
)
def test_events_about_a_cluster_name_it(verb: str, outcome: str, subject: str) -> None:
    kind = f"Microsoft.Resources.Resource{verb}{outcome}"
    assert cluster_named_by(kind, subject, (SUB,)) == CLUSTER


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("", str(CLUSTER)),
        ("Microsoft.Storage.BlobCreated", str(CLUSTER)),
        (f"x{WRITE}", str(CLUSTER)),
        (f"{WRITE}\n", str(CLUSTER)),
        (WRITE, ""),
        (WRITE, f"{CLUSTER}/"),
        (WRITE, f"{CLUSTER}/agentPools/"),
        (WRITE, f"{CLUSTER}/agentPools/../x"),
        (WRITE, f"{CLUSTER}/maintenanceConfigurations/default"),
        (WRITE, str(CLUSTER).replace(SUB, OTHER_SUB)),
        (WRITE, str(CLUSTER.group)),
        (WRITE, 5),
        (WRITE, [str(CLUSTER)]),
        (WRITE, None),
        (5, str(CLUSTER)),
        (None, str(CLUSTER)),
    ],
)
def test_any_other_event_names_none(kind: object, subject: object) -> None:
    assert cluster_named_by(kind, subject, (SUB,)) is None


def test_a_turn_is_taken_of_a_managed_cluster_only() -> None:
    assert cluster_to_wake(str(CLUSTER), (SUB,)) == CLUSTER
    for text, reason in (
        ("x", "InvalidId"),
        (f'{{"id": "{CLUSTER}"}}', "InvalidId"),
        (str(CLUSTER).replace(SUB, OTHER_SUB), "SubscriptionNotManaged"),
    ):
        with pytest.raises(Refusal) as caught:
            cluster_to_wake(text, (SUB,))
        assert caught.value.reason == reason


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_damaged_id_causes_anything_but_a_clean_cluster_or_none(seed: int) -> None:
    """10,000 of each kind, a hundred from each number drawn."""
    dice = Random(seed)  # noqa: S311
    for _ in range(100):
        with suppress(Refusal):
            assert clean(str(cluster_to_wake(damaged(str(CLUSTER), dice), (SUB,))))
        named = cluster_named_by(WRITE, damaged(str(CLUSTER), dice), (SUB,))
        assert not named or clean(str(named))
