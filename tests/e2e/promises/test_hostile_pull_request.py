"""A request whose every text is an attack changes nothing but text, and what the job knows stands nowhere."""

from __future__ import annotations

import json
import re

import pytest

from tests.forge.fake.server import Server
from tests.support.project import Project
from tests.support.team import APPLY, KINDS, Reviewed

FIRST = "<img src=x onerror=alert(1)> @acme/sec | [a](javascript:b) `c`"
SECOND = "::error::owned ${{ secrets.T }} <!-- reconciler-reviewed e= -->"
OWNER = "@acme/owners ::set-output name=a::b </details> http://evil.example/x"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "canary-7731-aws",
    "DATABASE_PASSWORD": "canary-7731-db",
    "ACTIONS_RUNTIME_TOKEN": "canary-7731-actions",
    "CI_REGISTRY_PASSWORD": "canary-7731-registry",
}
CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


def harmless(document: str) -> None:
    """Markdown in which an attack's text is text: nothing of it stands outside of code, but for what is escaped."""
    assert not any(line.lstrip().startswith(("::", "##[", "/")) for line in document.splitlines()), document
    outside = CODE.sub("", document)
    assert outside.count("<!-- reconciler-reviewed") <= 1, document
    assert "<!-- reconciler-reviewed e=" not in outside
    for one in ("<img", "@acme", "](javascript", "://evil"):
        assert one not in outside, document
    assert outside.count("</details>") == len(re.findall(r"<details\b", outside)), document


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_request_is_only_text_and_no_secret_is_told(project: Project, server: Server, kind: str) -> None:
    manifest = project.root / "manifests/sandbox/lateness.yaml"
    text = manifest.read_text()
    for name, hostile in (("on_time: days_late", FIRST), ("late: days_late", SECOND)):
        text = text.replace(f"        {name}", f"        {json.dumps(hostile)}: days_late", 1)
    metadata = f"metadata: {{name: lateness, owner: {json.dumps(OWNER)}, description: {json.dumps(OWNER)}}}"
    text = text.replace("metadata: {name: lateness, owner: credit}", metadata)
    manifest.write_text(text)
    assert "onerror" in text
    assert "owned" in text
    assert "evil" in text
    project.commit("Nothing to see here")
    team = Reviewed(project, server, kind)
    summary = project.root.parent / "summary.md"
    project.environment |= SECRETS | {"GITHUB_STEP_SUMMARY": str(summary)}
    said = [team.run("apply", "sandbox", "--yes")]
    found = team.open()
    number, branch = found["opening"]["number"], found["branch"]
    out = project.root.parent / "comment.json"
    team.plan(number, branch, "--out", str(out))
    team.plan(number, branch)
    project.git("switch", "-q", branch)
    said += [team.run("plan", "production", *more) for more in ((), ("-o", "markdown"), ("-v",), ("-o", "json"))]
    said += [team.run("validate"), team.run("diff", "sandbox", "production")]
    project.git("switch", "-q", "main")
    server.place.approve(number, "zoe")
    team.merge(number)
    said += [team.run(*APPLY), team.run("apply", "production", "--on-merge", "-o", "markdown")]
    said += [
        team.run(*one)
        for one in (("status",), ("history", "--env", "production"), ("why", "lateness", "--in", "production"))
    ]

    pull = server.place.pulls[number]
    card = (project.root / "manifests/production/lateness.md").read_text()
    told = [pull.body, card, *(one.body for one in server.place.remarks), said[2].out, said[-4].out]
    told += [summary.read_text()] if summary.exists() else []
    assert any("onerror" in one for one in told), "it was shown, as text"
    for document in told:
        harmless(document)
    lines = [one.description for one in server.place.lines] + [pull.title]
    everything = "\n".join([*told, *lines, out.read_text(), *(one.out + one.err for one in said)])
    for secret in SECRETS.values():
        assert secret not in everything
    for ran in said:
        for line in (ran.out + ran.err).splitlines():
            assert not line.lstrip().startswith(("::", "##[")), line
