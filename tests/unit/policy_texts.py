"""Policies as texts: the usual one changed in a place, and a grant declared."""

from tests.unit.nouns import POLICY_TEXT

SCOPES = "[/subscriptions/*/resourceGroups/net-*, /subscriptions/*/resourceGroups/shared-*]"
GRANT = "grants: [{{identity: {0}, role: {1}, scope: '{2}', because: x}}]\n"


def changed(before: str, after: str) -> str:
    """The usual policy with one thing changed."""
    assert before in POLICY_TEXT
    return POLICY_TEXT.replace(before, after, 1)
