"""Two runs at once, and one that wakes up late: one history, no fork, no gap, never an older model over a newer one."""

from __future__ import annotations

import json

from tests.e2e.promises.project import Project


def test_two_applies_at_once_leave_one_unbroken_journal_twenty_times_over(deployed: Project) -> None:
    digests = [deployed.served()["artifact"]]
    deployed.recipe("max_depth: 3", "max_depth: 5")
    deployed.run("apply", "sandbox", "--yes")
    digests.append(deployed.promote())
    path = deployed.root / "manifests/production/lateness.yaml"
    texts = [deployed.git("show", f"HEAD~1:{path.relative_to(deployed.root)}") + "\n", path.read_text()]
    cards = [
        deployed.git("show", "HEAD~1:manifests/production/lateness.md") + "\n",
        path.with_suffix(".md").read_text(),
    ]
    if digests[0] not in texts[0]:
        texts[0] = deployed.git("show", f"HEAD~2:{path.relative_to(deployed.root)}") + "\n"
        cards[0] = deployed.git("show", "HEAD~2:manifests/production/lateness.md") + "\n"
    entries = []
    for turn in range(20):
        wanted = (turn + 1) % 2
        if turn:
            path.write_text(texts[wanted])
            path.with_suffix(".md").write_text(cards[wanted])
            deployed.commit(f"Turn {turn}")
        pair = [deployed.start("apply", "production", "--yes") for _ in range(2)]
        results = [process.communicate(timeout=300) for process in pair]
        codes = sorted(process.returncode for process in pair)
        assert codes in ([0, 0], [0, 5]), (codes, results)
        assert deployed.served()["artifact"] == digests[wanted]
        entries.append(deployed.served()["n"])
    deployed.run("audit", "production")
    history = deployed.run("history", "--env", "production", "-o", "json").json["events"]
    assert [event["n"] for event in history] == list(range(len(history)))[::-1]
    assert json.dumps(history).count('"deploy"') == 21
    assert entries == sorted(set(entries))
