"""Several models go the whole way together: added, promoted in one request, used, and rolled back."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from tests.forge.fake.server import Server
from tests.support.project import Project
from tests.support.team import Team

UNTRIED = ("--estimator", "default")  # other tests try some


def write_table(path: Path, outcome: str, *, seed: int) -> Path:
    """A table whose outcome follows its colour, with ten rows whose outcome is open."""
    chance = random.Random(seed)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "price", "colour", outcome])
        for number in range(400):
            colour = chance.choice(["red", "green", "blue"])
            known = "yes" if (colour == "red") != (chance.random() < 0.1) else "no"
            writer.writerow([f"{number:04d}", f"{chance.uniform(2, 90):.2f}", colour, known if number >= 10 else ""])
    return path


def small(shop: Project, model: str) -> None:
    """Let the model have few trees: how good it is does not matter here."""
    path = shop.root / f"manifests/sandbox/{model}.yaml"
    text, changed = re.subn(r"(n_estimators|max_iter): \d+", r"\1: 20", path.read_text())
    assert changed
    path.write_text(text)


def commands_of(text: str) -> list[list[str]]:
    return [line.split()[1:] for line in re.findall(r"^ +(reconciler .*)$", text, re.MULTILINE)]


@pytest.mark.soak(only=True)  # the tests below do each of its steps
def test_two_tables_become_two_models_that_go_to_production_together_and_back(tmp_path: Path) -> None:
    for name, outcome, seed in (("visits", "bought", 1), ("parcels", "returned", 2)):
        write_table(tmp_path / f"{name}.csv", outcome, seed=seed)
    Project(tmp_path).run("init", "shop", "--from-table", "visits.csv", "--outcome", "bought", "--ci", "none", *UNTRIED)
    shop = Project(tmp_path / "shop")
    shop.git("config", "user.name", "Ada")
    shop.git("config", "user.email", "ada@example.org")
    small(shop, "visits")
    shop.commit("A first model")
    printed = shop.run("add", "parcels", "--from-table", "../parcels.csv", *UNTRIED).out
    added = re.search(r"git add (.*) && git commit", printed)
    assert added is not None
    small(shop, "parcels")
    shop.git("add", *added[1].split())
    shop.git("commit", "-q", "-m", "Add parcels")
    assert shop.git("status", "--short") == ""
    assert [words[0] for words in commands_of(printed)] == ["apply", "promote"]

    first = promote_all(shop, "promote")
    assert set(first) == {"parcels", "visits"}
    for model in first:
        shop.run("predict", "production", model, "--out", f"predictions-{model}.csv")
        rows = list(csv.DictReader((shop.root / f"predictions-{model}.csv").read_text().splitlines()))
        assert [next(iter(row.values())) for row in rows] == [f"{number:04d}" for number in range(10)]

    for model in first:
        path = shop.root / f"manifests/sandbox/{model}.yaml"
        path.write_text(path.read_text().replace("seed: 1\n", "seed: 2\n"))
    shop.commit("Other seeds")
    second = promote_all(shop, "promote")
    assert all(second[model] != first[model] for model in first)
    assert promote_all(shop, "rollback", "visits", "parcels") == first
    history = shop.run("history", "production", "visits", "-o", "json").json["events"]
    assert [(event["model"], event["artifact"]) for event in history] == [
        ("visits", first["visits"]),
        ("visits", second["visits"]),
        ("visits", first["visits"]),
    ]


def promote_all(shop: Project, verb: str, *models: str) -> dict[str, str]:
    """Propose with one command, merge the one branch, apply; what production serves then, by model."""
    if verb == "promote":
        shop.run("apply", "sandbox", "--yes")
    proposed = shop.run(verb, *(models or ("--all",)), "-o", "json").json
    assert shop.run(verb, *(models or ("--all",)), "-o", "json").json == proposed, "again it is the same"
    assert shop.git("rev-list", "--count", f"HEAD..{proposed['branch']}") == "1"
    shop.merge(proposed["branch"])
    shop.run("apply", "production", "--yes")
    status = shop.run("status", "production", *(each["model"] for each in proposed["models"]), "-o", "json").json
    served = {model["model"]: model["artifact"] for model in status["environments"][0]["models"]}
    assert served == {each["model"]: each["artifact"] for each in proposed["models"]}
    return served


def test_without_a_name_what_can_be_promoted_is_listed_with_commands_and_the_only_one_is_taken(two: Project) -> None:
    listed = " ".join(two.run("promote", code=2).err.split())
    commands = re.findall(r"reconciler (promote [a-z ]+ --to production)", listed)
    assert commands == [
        "promote lateness --to production",
        "promote slowness --to production",
        "promote lateness slowness --to production",
    ]
    both = two.run(*commands[2].split(), "-o", "json").json
    assert both["branch"].startswith("promote/production/lateness+slowness/")
    two.merge(two.run(*commands[0].split(), "-o", "json").json["branch"])
    assert two.run("promote", "production", "-o", "json").json["model"] == "slowness"
    two.merge(two.run("promote", "--all", "-o", "json").json["branch"])
    nothing = two.run("promote", "--all", "-o", "json").json
    assert ("branch" in nothing, nothing["models"]) == (False, [])
    told = two.run("promote", code=2).err
    assert "nothing to promote to production: it pins the newest candidate of each model that has one" in told
    assert "reconciler apply sandbox --refresh" in told


def test_of_two_of_which_one_is_refused_none_is_proposed_and_all_reasons_are_told(two: Project) -> None:
    path = two.root / "manifests/sandbox/slowness.yaml"
    text = path.read_text()
    path.write_text(text.replace("byShareOfErrors: 0.01", "byShareOfErrors: 0.99"))
    two.commit("A gate that it fails")
    two.run("apply", "sandbox", "--yes", code=4)
    before = two.git("for-each-ref")
    refused = two.run("promote", "lateness", "slowness", "no-such", "-o", "json", code=4).json["error"]
    assert two.git("for-each-ref") == before
    assert refused["message"].startswith("2 of 3 models may not be promoted to production, so none is: ")
    assert "slowness: E701" in refused["message"]
    assert "no-such: E210" in refused["message"]
    assert refused["hint"].endswith("to go on without: reconciler promote lateness --to production")
    proposed = two.run("promote", "--all", "--skip-refused", "-o", "json").json
    assert [each["model"] for each in proposed["models"]] == ["lateness"]
    assert [each["model"] for each in proposed["leftOut"]] == ["slowness"]
    assert proposed["branch"] == two.run("promote", "lateness", "-o", "json").json["branch"]


@pytest.mark.soak(only=True)  # unit/engine/promotion
def test_one_request_for_two_is_opened_once_closes_those_of_each_and_rolls_both_back(
    two: Project, server: Server
) -> None:
    team = Team(two, server, "github")
    alone = team.open("promote", "slowness", "--open")
    both = team.open("promote", "lateness", "slowness", "--open")
    assert [each["number"] for each in both["opening"]["superseded"]] == [alone["opening"]["number"]]
    assert team.open("promote", "slowness", "lateness", "--open")["opening"]["state"] == "unchanged"
    assert team.states() == ["closed", "open"]
    request = server.place.pulls[both["opening"]["number"]]
    assert request.body.startswith("<!-- reconciler-models: lateness slowness -->")
    for words in ("**2 models in `production`**", "`slowness` for `production`: first artifact"):
        assert words in request.body
    team.approve_and_merge(both["opening"]["number"])
    first = json.loads(two.run("status", "production", "-o", "json").out)["environments"][0]["models"]
    for name in ("lateness", "slowness"):
        path = two.root / f"manifests/sandbox/{name}.yaml"
        path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
    two.commit("Other seeds")
    team.share()
    team.run("apply", "sandbox", "--yes")
    team.approve_and_merge(team.open("promote", "--all", "--open")["opening"]["number"])
    back = team.open("rollback", "lateness", "slowness", "--now", "--reason", "it is late", "--open")
    served = json.loads(two.run("status", "production", "-o", "json", code=None).out)["environments"][0]["models"]
    assert [each["artifact"] for each in served] == [each["artifact"] for each in first]
    assert all(each["servedBy"] for each in back["models"])
    again = team.open("rollback", "lateness", "slowness", "--now", "--reason", "it is late", "--open")
    assert (again["branch"], again["opening"]["state"]) == (back["branch"], "unchanged")
    team.approve_and_merge(back["opening"]["number"])
    assert two.run("plan", "production", "--check")


@pytest.mark.soak(only=True)
def test_several_are_explained_overridden_and_adopted_as_one_is(two: Project, server: Server) -> None:
    team = Team(two, server, "github")
    team.approve_and_merge(team.open("promote", "--all", "--open")["opening"]["number"])
    one = two.run("why", "lateness", "-o", "json").json
    both = two.run("why", "production", "lateness", "slowness", "-o", "json").json
    assert [each["model"] for each in both["explanations"]] == ["lateness", "slowness"]
    facts = ("model", "environment", "role", "revision", "state", "deployed", "advice")  # a plan has its own time
    assert [both["explanations"][0].get(name) for name in facts] == [one.get(name) for name in facts]
    asked = ("--control", "freeze", "--reason", "a leak", "--open")
    freed = team.open("override", "slowness", "lateness", *asked)
    assert freed["branch"].startswith("override/production/lateness+slowness/freeze/")
    assert team.open("override", "lateness", "slowness", *asked)["opening"]["state"] == "unchanged"
    body = server.place.pulls[freed["opening"]["number"]].body
    assert "The overrides hold for these artifacts alone" in body
    assert "reconciler rollback" not in body
    changed = two.git("diff", f"{freed['base']}...{freed['branch']}", "--", "environments/production.yaml")
    assert re.findall(r"^\+.*model: (\w+)", changed, re.MULTILINE) == ["lateness", "slowness"]
    first = {each["model"]: each["artifact"] for each in freed["models"]}
    for name in first:
        path = two.root / f"manifests/sandbox/{name}.yaml"
        path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
    two.commit("Other seeds")
    team.share()
    team.run("apply", "sandbox", "--yes")
    team.approve_and_merge(team.open("promote", "--all", "--open")["opening"]["number"])
    for name, artifact in first.items():  # somebody puts the former ones back by hand
        current = two.root / "serving" / name / "current"
        document = {**json.loads(current.read_text()), "artifact": artifact}
        document.pop("~sha256", None)  # whoever writes by hand writes no seal
        current.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True))
    before = two.git("for-each-ref")
    refused = two.run("adopt", "lateness", "no-such", "-o", "json", code=2).json["error"]
    assert refused["message"].startswith("1 of 2 models may not be adopted in production, so none is: no-such: E801")
    assert two.git("for-each-ref") == before
    kept = two.run("adopt", "lateness", "slowness", "-o", "json").json
    assert {each["model"]: each["artifact"] for each in kept["models"]} == first
    assert kept["branch"].startswith("adopt/production/lateness+slowness/")


def test_by_the_clock_only_what_is_shown_to_be_better_is_proposed_and_the_others_are_told(
    two: Project, server: Server
) -> None:
    gate = "      - {uses: no-worse-than-incumbent, metric: accuracy, tolerance: 0.3, minRows: 20}\n"
    path = two.root / "environments/production.yaml"
    path.write_text(path.read_text().replace("    maxDataAge", f"{gate}    maxDataAge"))
    blind = "numeric: [amount, terms]"
    for model in ("lateness", "slowness"):
        manifest = two.root / f"manifests/sandbox/{model}.yaml"
        text = manifest.read_text().replace("numeric: [amount, terms, prior, prior_late]", blind)
        easy = "uses: threshold, metric: accuracy, atLeast: 0.1"
        manifest.write_text(text.replace("uses: beats-naive-guess, byShareOfErrors: 0.01", easy))
    two.commit("Two weak models")
    two.run("apply", "sandbox", "--yes")
    first = two.run("promote", "--all", "--better", "-o", "json").json
    assert [each["model"] for each in first["models"]] == ["lateness", "slowness"], "a first one has nothing to beat"
    two.merge(first["branch"])
    two.run("apply", "production", "--yes")

    two.recipe(blind, "numeric: [amount, terms, prior, prior_late]")
    manifest = two.root / "manifests/sandbox/slowness.yaml"
    manifest.write_text(manifest.read_text().replace("seed: 7", "seed: 8"))
    two.commit("One learns from the past, the other has another seed")
    two.run("apply", "sandbox", "--yes")
    team = Team(two, server, "github")
    opened = team.open("promote", "--all", "--better", "--open")
    assert [each["model"] for each in opened["models"]] == ["lateness"]
    (left,) = opened["leftOut"]
    assert left["model"] == "slowness"
    assert re.match(r"no difference seen: accuracy [+-]0\.\d{3} \(95% interval ", left["problem"])
    body = server.place.pulls[opened["opening"]["number"]].body
    assert left["problem"] in body
    assert "Left out: 1 model" in body
    assert team.open("promote", "--all", "--better", "--open")["opening"]["state"] == "unchanged"

    nothing = two.run("promote", "slowness", "--better")
    assert nothing.out.startswith("Nothing to propose to production.\nLeft out: 1 model.\n")
    assert "no difference seen" in nothing.out
    two.run("promote", "slowness", "--better", "--digest", left["model"].encode().hex()[:6], code=2)
