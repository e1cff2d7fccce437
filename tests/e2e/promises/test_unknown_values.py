"""Prediction tells what the model does not know, and is refused where there is too much of it; drift is seen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.support.project import Project


def disguised(project: Project) -> None:
    """Change the open invoices: other countries, and amounts a hundred times as large."""
    path = project.root / "data/invoices.csv"
    header, *rows = csv.reader(path.read_text().splitlines())
    paid, amount, country = map(header.index, ("paid", "amount", "country"))
    for row in rows:
        if not row[paid]:
            row[amount], row[country] = f"{100 * float(row[amount]):.2f}", "DE"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def cells(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def strong(drift: Any) -> set[str]:
    return {each["feature"] for each in drift["drift"]["features"] if each["verdict"] == "strong"}


def test_what_the_model_does_not_know_is_told_limited_and_seen_in_the_status(deployed: Project) -> None:
    out = deployed.root / "open.csv"
    predict = ("predict", "lateness", "--in", "production", "--out", str(out))
    drift = ("data", "drift", "lateness", "--in", "production", "--fail-on", "strong")
    known = deployed.run(*predict, "-o", "json").json
    assert known["unknown"]["referenced"] is True
    assert known["unknown"]["rows"] < known["rows"]
    assert not {"amount", "country"} & {each["column"] for each in known["unknown"]["columns"]}
    assert not {"amount", "country"} & strong(deployed.run(*drift, "-o", "json", code=None).json)

    disguised(deployed)
    before, log = out.read_bytes(), known["log"]
    environment = (deployed.root / "environments/production.yaml").read_text()
    limited = environment.replace("  policy:\n", "  policy:\n    predict: {unknownAtMost: 90%}\n")
    deployed.write("environments/production.yaml", limited)
    deployed.commit("At most nine of ten")
    refused = deployed.run(*predict, code=4)
    assert "E512" in refused.err
    assert "country (a category that is not known: " in refused.err
    assert "DE" not in refused.err.replace("--", "")
    assert out.read_bytes() == before

    deployed.write("environments/production.yaml", environment)
    deployed.commit("No limit")
    told = deployed.run(*predict, "--unknown", "-o", "json").json
    assert told["log"] == log + 1
    assert told["unknown"]["rows"] == told["rows"]
    assert {each["column"] for each in told["unknown"]["columns"]} >= {"amount", "country"}
    assert all({"amount", "country"} <= set(row["unknown"].split("; ")) for row in cells(out))
    assert {"amount", "country"} <= strong(deployed.run(*drift, "-o", "json", code=3).json)
    assert "records predicted on" in deployed.run("status", "production").out
    assert "had drifted from its training rows" in deployed.run("status", "production").out


def test_a_candidate_is_refused_where_what_it_would_predict_is_unlike_its_training(trained: Project) -> None:
    disguised(trained)
    environment = (trained.root / "environments/production.yaml").read_text()
    gated = environment.replace("    gates:\n", "    gates:\n      - {uses: data-drift, atMost: some}\n")
    trained.write("environments/production.yaml", gated)
    trained.commit("A gate")
    trained.recipe("max_depth: 3", "max_depth: 4")
    refused = trained.run("apply", "sandbox", "--yes", "--refresh", code=4)
    assert "records to predict drifted from the training rows, more than some" in refused.out
    assert "amount (strong, psi " in refused.out
