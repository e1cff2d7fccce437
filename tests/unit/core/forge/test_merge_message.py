"""The number of a pull request, as the message of the commit that merged it names it."""

from __future__ import annotations

import pytest

from reconciler.core.forge.merge_message import request_of

NAMED = {
    "Merge pull request #12 from acme/promote/production/churn/abc\n\nPromote churn": "#12",
    "Promote churn to production: 1a2b3c (#7)": "#7",
    "Merge branch 'promote/production/churn' into 'main'\n\nPromote churn\n\nSee merge request acme/ml!345": "!345",
    "Merge branch 'x' into 'main'\n\nSee merge request !9\n": "!9",
}
NOT_NAMED = (
    "",
    "fix #12 at last",
    "Merge branch 'main' of somewhere",
    "Merge pull request #x from acme/y",
    "Title\n\nMerge pull request #12 from acme/y",
    "Promote (#7) and more",
    "See merge requests of others!",
    "#" * 100_000,
)


@pytest.mark.parametrize("message", NAMED)
def test_a_merge_names_its_request(message: str) -> None:
    assert request_of(message) == NAMED[message]


@pytest.mark.parametrize("message", NOT_NAMED)
def test_another_message_names_none(message: str) -> None:
    assert request_of(message) is None
