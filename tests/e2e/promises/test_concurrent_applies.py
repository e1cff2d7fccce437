"""Two runs at once, and one that wakes up late: one history, no fork, no gap, never an older model over a newer one."""

from __future__ import annotations

import json

import pytest

from tests.support.effort import count
from tests.support.project import Project


@pytest.mark.soak
def test_two_applies_at_once_leave_one_unbroken_journal_however_often(newer: Project) -> None:
    digests = [newer.served()["artifact"]]
    digests.append(newer.promote())
    path = newer.root / "manifests/production/lateness.yaml"
    texts = [newer.git("show", f"HEAD~1:{path.relative_to(newer.root)}") + "\n", path.read_text()]
    cards = [
        newer.git("show", "HEAD~1:manifests/production/lateness.md") + "\n",
        path.with_suffix(".md").read_text(),
    ]
    if digests[0] not in texts[0]:
        texts[0] = newer.git("show", f"HEAD~2:{path.relative_to(newer.root)}") + "\n"
        cards[0] = newer.git("show", "HEAD~2:manifests/production/lateness.md") + "\n"
    entries = []
    for turn in range(count("APPLIES")):
        wanted = (turn + 1) % 2
        if turn:
            path.write_text(texts[wanted])
            path.with_suffix(".md").write_text(cards[wanted])
            newer.commit(f"Turn {turn}")
        pair = newer.run_two("apply", "production", "--yes")
        assert sorted(ran.code for ran in pair) in ([0, 0], [0, 5]), pair
        assert newer.served()["artifact"] == digests[wanted]
        entries.append(newer.served()["n"])
    newer.run("audit", "production")
    history = newer.run("history", "--env", "production", "-o", "json").json["events"]
    assert [event["n"] for event in history] == list(range(len(history)))[::-1]
    assert json.dumps(history).count('"deploy"') == count("APPLIES") + 1
    assert entries == sorted(set(entries))
