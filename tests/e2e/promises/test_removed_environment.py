"""An environment that git declares no more is told by every command that looks around, and retired as it prints."""

from __future__ import annotations

import json
import re

from tests.support.project import Project


def test_what_serves_on_after_its_environment_was_removed_is_told_and_retired_by_what_is_printed(
    trained: Project,
) -> None:
    text = (trained.root / "environments/production.yaml").read_text()
    text = text.replace("name: production", "name: staging").replace("role: production", "role: staging")
    trained.write("environments/staging.yaml", text.replace("root: serving", "root: serving-staging"))
    trained.write(".gitignore", "data/\n.reconciler/\nserving/\nserving-staging/\n")
    trained.commit("Staging")
    trained.run("apply", "sandbox", "--yes")  # judged by its gates, too
    trained.merge(trained.run("promote", "lateness", "--to", "staging", "-o", "json").json["branch"])
    trained.run("apply", "staging", "--yes")
    trained.run("plan", "sandbox")
    trained.git("rm", "-rq", "environments/staging.yaml", "manifests/staging")
    trained.commit("No staging any more")
    told = "environments/staging.yaml is in git no more, and staging still serves lateness"
    for command in (("status",), ("audit",), ("doctor",), ("plan", "sandbox"), ("plan", "sandbox")):
        printed = " ".join(trained.run(*command).out.split())
        assert told in printed, command
        plan, apply = re.findall("`reconciler ([^`]* FILE)`", printed)[:2]
    assert trained.run("history", "--env", "staging", "-o", "json").json["events"]
    refused = trained.run("apply", "staging", "--yes", code=4)
    assert "bring environments/staging.yaml back" in " ".join(refused.out.split())
    file = str(trained.root.parent / "retire.json")
    assert "retire" in trained.run(*plan.replace("FILE", file).split()).out
    assert "retired" in trained.run(*apply.replace("FILE", file).split()).out
    assert "artifact" not in json.loads((trained.root / "serving-staging/lateness/current").read_text())
    for command in (("status",), ("audit",), ("doctor",), ("plan", "sandbox")):
        assert "staging" not in trained.run(*command).out, command
