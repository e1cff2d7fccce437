"""Thirty models by the clock: one branch, one request that a forge takes, each refusal with its figure."""

from __future__ import annotations

import re

import pytest

from reconciler.core.forge.pull_request import LONGEST_BODY
from tests.forge.fake.server import Server
from tests.support.project import PRODUCTION, Project
from tests.support.team import APPLY, PLAN, Reviewed

pytestmark = [pytest.mark.soak(only=True)]  # sixty trainings

GATE = "      - {uses: no-worse-than-incumbent, metric: accuracy, tolerance: 0.3, minRows: 20}\n"
BLIND, SEES = "numeric: [amount, terms]", "numeric: [amount, terms, prior, prior_late]"
BETTER, SAME, REFUSED = range(10), range(10, 20), range(20, 30)


def name_of(number: int) -> str:
    return f"a-model-with-a-rather-long-name-{number:02}"


def test_thirty_models_go_in_one_request_and_the_others_are_told(trained: Project, server: Server) -> None:
    trained.write("environments/production.yaml", PRODUCTION.replace("    maxDataAge", f"{GATE}    maxDataAge"))
    first = trained.root / "manifests/sandbox/lateness.yaml"
    easy = first.read_text().replace(SEES, BLIND)
    easy = easy.replace(
        "uses: beats-naive-guess, byShareOfErrors: 0.01", "uses: threshold, metric: accuracy, atLeast: 0.1"
    )
    first.unlink()
    paths = {number: trained.root / f"manifests/sandbox/{name_of(number)}.yaml" for number in range(30)}
    for number, path in paths.items():
        path.write_text(
            easy.replace("name: lateness", f"name: {name_of(number)}").replace("seed: 7", f"seed: {number + 50}")
        )
    trained.commit("Thirty weak models")
    trained.run("apply", "sandbox", "--yes")
    team = Reviewed(trained, server, "github")
    weak = team.open("promote", "--all", "--better", "--open")
    assert len(weak["models"]) == 30
    assert len(server.place.pulls[weak["opening"]["number"]].body) <= LONGEST_BODY
    team.approve_and_merge(weak["opening"]["number"])

    for number, path in paths.items():
        text = path.read_text()
        if number in BETTER:
            text = text.replace(BLIND, SEES)
        elif number in SAME:
            text = text.replace(f"seed: {number + 50}", f"seed: {number + 150}")
        else:
            text = text.replace("atLeast: 0.1", "atLeast: 0.999").replace(
                f"seed: {number + 50}", f"seed: {number + 150}"
            )
        path.write_text(text)
    trained.commit("Some see the past, some have another seed, some ask for too much")
    team.share()
    team.run("apply", "sandbox", "--yes", code=4)
    opened = team.open("promote", "--all", "--better", "--open")
    assert [each["model"] for each in opened["models"]] == [name_of(number) for number in BETTER]
    told = {each["model"]: each["problem"] for each in opened["leftOut"]}
    assert set(told) == {name_of(number) for number in (*SAME, *REFUSED)}
    for number in REFUSED:
        assert re.search(r"accuracy 0\.\d+ is below 0\.999", told[name_of(number)])
    for number in SAME:
        assert re.search(r"accuracy [+-]0\.\d{3} \(95% interval ", told[name_of(number)])
    requests = [each for each in server.place.pulls.values() if each.state == "open"]
    (request,) = requests
    assert len(request.body) <= LONGEST_BODY
    assert all(problem in request.body for problem in told.values())
    assert all(name_of(number) in request.body for number in range(30))

    number = opened["opening"]["number"]
    trained.git("switch", "-q", opened["branch"])
    team.run(*PLAN, str(number))
    trained.git("switch", "-q", "main")
    (comment,) = team.bodies(number)
    assert len(comment) <= LONGEST_BODY
    team.place.approve(number, "zoe")
    team.place.merge(number)
    team.fetch()
    merged = team.run(*APPLY).json
    status = trained.run("status", "production", "-o", "json", code=None).json["environments"][0]["models"]
    served = {each["model"]: each["artifact"] for each in status}
    assert all(served[each["model"]] == each["artifact"] for each in opened["models"])
    (applied,) = merged["merged"]
    assert [each["model"] for each in applied["applied"]["results"]] == [name_of(number) for number in BETTER]
    assert len(team.bodies(number)) == 2, "the plan, and what became of it"
