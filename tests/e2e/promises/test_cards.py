"""A card is what the evidence gives, byte by byte: an edited one lets nothing through, and is told once deployed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import open_project
from reconciler.core.digest import Digest
from reconciler.core.promotion.model_card import stated_evidence
from reconciler.core.spec.gates import Verification
from reconciler.engine.plan import card_check
from reconciler.engine.storage.evaluations import records
from reconciler.engine.storage.journal import Journals
from reconciler.report.promotion import model_card
from tests.forge.fake.server import Server
from tests.support.project import Project, Ran
from tests.support.team import APPLY, Reviewed

CARD = "manifests/production/lateness.md"
GRADE = re.compile(r"\*\*Grade [A-F]\*\*")
F1 = re.compile(r"(`f1_macro` \*\*)0\.\d{3}")
EDITS: dict[str, Callable[[str], str]] = {
    "a better grade": lambda text: GRADE.sub("**Grade A**", text),
    "a better number": lambda text: F1.sub(r"\g<1>0.999", text),
    "a blank at the end of a line": lambda text: text.replace("## Gates\n", "## Gates \n"),
    "a line more": lambda text: text + "\nChecked by the board.\n",
    "a line before": lambda text: "# Approved by the board\n\n" + text,
    "other ends of lines": lambda text: text.replace("\n", "\r\n"),
    "a gate fewer": lambda text: re.sub(r"- ✅ `threshold`.*\n", "", text),
    "gates not asked": lambda text: re.sub(
        r"(?s)Gates of .*Verification: `sha256:[0-9a-f]{64}`\n",
        "Not evaluated: this artifact was deployed in `production` before.\n",
        text,
    ),
    "another owner": lambda text: text.replace("Owner: credit", "Owner: the board"),
    "a verification that nobody made": lambda text: re.sub(
        r"Verification: `sha256:[0-9a-f]{64}`", f"Verification: `sha256:{'0' * 64}`", text
    ),
    "a signature that nobody made": lambda text: re.sub(r"(Verification: `.*`)\n", r"\g<1> (signed)\n", text),
    "a format of another version": lambda text: text.replace("(card format 7)", "(card format 9)"),
    "no format": lambda text: text.replace("(card format 7)", ""),
    "other inputs": lambda text: re.sub(
        r"Fingerprint: `sha256:[0-9a-f]{64}`", f"Fingerprint: `sha256:{'1' * 64}`", text
    ),
    "a better figure": lambda text: re.sub(r"(\| `matthews` \| )[\d.]+", r"\g<1>0.999", text),
    "a better reason": lambda text: re.sub(r"right in [\d.]+% of rows", "right in 99.9% of rows", text),
    "an evaluation that nobody made": lambda text: re.sub(
        r"Evaluation in full: `sha256:[0-9a-f]{64}`", f"Evaluation in full: `sha256:{'3' * 64}`", text
    ),
    "a hidden text": lambda text: text.replace("## Data", "<!-- Grade A -->\n## Data"),
}


def drawn(project: Project, *, template: int) -> str:
    """Return the card of the pin that the work tree declares, as an earlier version drew it."""
    card = (project.root / CARD).read_text()
    with open_project(ProjectOptions(root=project.root, working_tree=True)) as opened:
        production = opened.environment("production")
        model = opened.desired.model("production", "lateness")
        assert model is not None
        assert model.artifact is not None
        journals = Journals(opened.deps.stores, opened.desired.project)
        head = journals.head("production", "lateness")
        build = journals.build_of(("production", "sandbox"), model, model.artifact, head)
        assert build is not None
        pinned = card_check.model_cards(opened.deps, opened.desired, production).pinned(model, build, head)
        verification = verification_in(project, stated_evidence(card).verification)
        return model_card.markdown(
            replace(card_check.draw(pinned, verification, pinned.incumbent()), template=template)
        )


def verification_in(project: Project, stated: Digest | None) -> Verification:
    """Return the recorded verification of this digest."""
    paths = (project.root / ".reconciler/sandbox/verifications").rglob("*.json")
    found = (codec.decode(Verification, path.read_bytes(), what=str(path)) for path in paths)
    return next(one for one in found if codec.digest_of(one) == stated)


def edit(project: Project, change: Callable[[str], str]) -> str:
    path = project.root / CARD
    before = path.read_bytes().decode()
    after = change(before)
    assert after != before
    path.write_bytes(after.encode())
    return before


def planned(project: Project, *more: str, code: int = 0) -> Ran:
    return project.run("plan", "production", *more, code=code)


def command_in(text: str) -> list[str]:
    """The words of the command that mends it, however the text is wrapped."""
    found = re.search(r"reconciler\s+(promote\s+lateness\s+--to\s+production\s+--digest\s+sha256:[0-9a-f]{64})", text)
    assert found is not None, text
    return found[1].split()


def test_no_edit_of_a_card_lets_its_pin_through(newer: Project) -> None:
    """With an incumbent, so that there is a comparison to embellish."""
    newer.promote()
    assert "deploy" in planned(newer, "--working-tree").out
    card = newer.root / CARD
    for name, change in {
        **EDITS,
        "no comparison": lambda text: re.sub(r"\nIncumbent: .*\n", "\n", text),
        "a weaker incumbent": lambda text: re.sub(r"Incumbent: `.*`", f"Incumbent: `sha256:{'2' * 64}`", text),
        "a better change": lambda text: re.sub(r"\| [-+]?0\.\d{3} \|\n", "| +0.999 |\n", text),
    }.items():
        before = edit(newer, change)
        plan = planned(newer, "--working-tree", "-o", "json", code=2).json["models"][0]
        assert plan["blocked"]["exit"] == 2, name
        assert CARD in plan["blocked"]["reasons"][0], name
        assert plan.get("steps", []) == [], name
        card.write_bytes(before.encode())
    card.unlink()  # nothing is said, so nothing false
    assert "deploy" in planned(newer, "--working-tree").out


@pytest.mark.soak(only=True)
def test_a_card_drawn_honestly_with_another_incumbent_does_not_count(redeployed: Project) -> None:
    """Each such card has true numbers only: of a weaker incumbent that was deployed once, or of none."""
    redeployed.recipe("max_depth: 5", "max_depth: 2")
    redeployed.run("apply", "sandbox", "--yes")
    redeployed.promote()
    card = redeployed.root / CARD
    with open_project(ProjectOptions(root=redeployed.root)) as project:
        production = project.environment("production")
        model = project.desired.model("production", "lateness")
        assert model is not None
        assert model.artifact is not None
        journals = Journals(project.deps.stores, project.desired.project)
        head = journals.head("production", "lateness")
        assert head is not None
        build = journals.build_of(("production", "sandbox"), model, model.artifact, head)
        assert build is not None
        pinned = card_check.model_cards(project.deps, project.desired, production).pinned(model, build, head)
        former = next(artifact for artifact in head.state.vetted if artifact != head.state.artifact)
        verification = verification_in(redeployed, stated_evidence(card.read_text()).verification)
        evaluated = stated_evidence(card.read_text()).evaluated
        assert evaluated is not None
        shown = records.named(project.deps.stores["sandbox"], model.artifact, evaluated)
        untrue = [model_card.markdown(card_check.draw(pinned, verification, one, shown)) for one in (former, None)]
        true = model_card.markdown(card_check.draw(pinned, verification, head.state.artifact, shown))
    assert card.read_text() == true
    for text in untrue:
        card.write_text(text)
        plan = planned(redeployed, "--working-tree", "-o", "json", code=2).json["models"][0]
        assert "and the incumbent is" in plan["blocked"]["reasons"][0]


def test_a_card_of_the_former_form_still_counts_and_its_numbers_do_not_if_edited(newer: Project) -> None:
    newer.promote()
    for template in (1, 4):
        former = drawn(newer, template=template)
        edit(newer, lambda _, former=former: former)  # type: ignore[misc]
        plan = planned(newer, "--working-tree", "-o", "json").json["models"][0]
        assert "blocked" not in plan
    edit(newer, EDITS["a better number"])
    plan = planned(newer, "--working-tree", "-o", "json", code=2).json["models"][0]
    assert "0.999" in plan["blocked"]["reasons"][0], "the line is quoted"


@pytest.mark.soak(only=True)
def test_a_card_whose_evaluation_is_gone_is_told_with_the_command_that_makes_it_again(newer: Project) -> None:
    newer.promote()
    for record in newer.root.rglob("evaluations/*/*.json"):
        record.unlink()
    reason = planned(newer, "--working-tree", "-o", "json", code=2).json["models"][0]["blocked"]["reasons"][0]
    assert "`reconciler show lateness --in sandbox` makes it again" in reason
    digest = newer.model_status("sandbox")["artifact"]
    newer.run("show", "lateness", "--in", "sandbox", "--digest", digest)
    assert "blocked" not in planned(newer, "--working-tree", "-o", "json").json["models"][0]


def test_an_edited_card_is_refused_on_the_request_and_at_apply_and_the_named_command_mends_it(
    trained: Project, server: Server
) -> None:
    team = Reviewed(trained, server, "github")
    found = team.open()
    number, branch, digest = found["opening"]["number"], found["branch"], found["artifact"]
    trained.git("switch", "-q", branch)
    edit(trained, EDITS["a better grade"])
    trained.commit("Nothing to see here")
    trained.git("-c", team.header, "push", "-q", "origin", branch)
    ran = team.run("plan", "production", "--comment", "--request", str(number), code=2)
    trained.git("switch", "-q", "main")
    [body] = team.bodies(number)
    assert "is not the card of" in body
    assert "1 blocked" in ran.out
    head = server.place.tip(branch)
    assert team.statuses(str(head)) == {"reconciler/plan/production": "failure"}
    team.merge(number)
    team.run(*APPLY, code=2)
    refused = team.run("apply", "production", "--yes", code=2)
    assert "Grade A" in refused.out
    assert not (trained.root / "serving/lateness/current").exists()

    command = command_in(refused.out)
    assert command[-1] == digest
    again = trained.run(*command, "-o", "json").json
    assert again["files"] == [CARD]
    trained.merge(again["branch"])
    team.share()
    trained.run("apply", "production", "--yes")
    assert trained.served()["artifact"] == digest
    assert "untrue" not in planned(trained).out
    trained.run("audit")


@pytest.mark.soak(only=True)
def test_an_edited_card_of_a_deployed_model_is_told_by_plan_status_and_audit(deployed: Project) -> None:
    deployed.run("audit")
    edit(deployed, EDITS["a better number"])
    deployed.commit("Polish")
    for command in ("plan", "status"):
        assert "0.999" in deployed.run(command, "production", code=3 if command == "status" else 0).out, command
    found = deployed.run("audit", code=3)
    assert CARD in found.out
    again = deployed.run(*command_in(found.out), "-o", "json").json
    assert again["files"] == [CARD]
    deployed.merge(again["branch"])
    for command in ("plan", "status", "audit"):
        assert "0.999" not in deployed.run(command, "production").out, command


@pytest.mark.soak(only=True)
def test_a_rollback_brings_back_the_card_of_that_time(redeployed: Project) -> None:
    back = redeployed.run("rollback", "lateness", "--in", "production", "-o", "json").json
    redeployed.merge(back["branch"])
    redeployed.run("apply", "production", "--yes")
    assert redeployed.served()["artifact"] == back["artifact"]
    redeployed.run("audit")


def test_a_card_whose_evidence_is_gone_says_so(deployed: Project) -> None:
    for store in (".reconciler/sandbox", ".reconciler/production"):
        for path in (deployed.root / store / "verifications").rglob("*.json"):
            path.unlink()
    found = deployed.run("audit", code=6).out
    assert re.search(r"names\s+verification\s+[0-9a-f]{12},\s+which\s+no\s+store\s+holds", found), found


def test_the_way_from_a_card_of_another_artifact_is_named_and_works(redeployed: Project) -> None:
    card = redeployed.root / CARD
    pinned = redeployed.served()["artifact"]
    card.write_text(card.read_text().replace(pinned, "sha256:" + "3" * 64))
    redeployed.commit("Another card")
    refused = redeployed.run("validate", code=2)
    assert "E221" in refused.err + refused.out
    told = refused.err + refused.out
    assert f"git rm {CARD}" in told
    redeployed.git("rm", "-q", CARD)
    redeployed.commit("No card")
    again = redeployed.run(*command_in(told), "-o", "json").json
    assert (again["artifact"], again["files"]) == (pinned, [CARD])
    redeployed.merge(again["branch"])
    redeployed.run("audit")
