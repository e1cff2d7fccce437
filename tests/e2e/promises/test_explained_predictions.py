"""Predictions are explained, grouped with their history, and handed on in the form and to the place asked for."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project

PREDICT = ("predict", "lateness", "--in", "production")


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def held(project: Project) -> set[str]:
    return {path.name for path in project.root.iterdir()}


def test_each_record_tells_its_factors_beside_columns_of_the_data_under_the_key_s_own_name(deployed: Project) -> None:
    out = deployed.root / "open.csv"
    told = deployed.run(*PREDICT, "--out", str(out), "--top", "2", "--with", "country", "--by", "country", "-o", "json")
    rows = cells(out.read_text())
    assert list(rows[0])[:3] == ["invoice_id", "country", "predicted"]
    assert list(rows[0])[-6:] == ["factor_1", "value_1", "effect_1", "factor_2", "value_2", "effect_2"]
    assert all(abs(float(row["effect_1"])) >= abs(float(row["effect_2"] or 0)) for row in rows if row["effect_1"])
    with (deployed.root / "data/invoices.csv").open() as stream:
        table = {row["invoice_id"]: row for row in csv.DictReader(stream)}
    for row in rows:
        assert row["country"] == table[row["invoice_id"]]["country"]
        if row["factor_1"] == "amount":
            assert float(row["value_1"]) == float(table[row["invoice_id"]]["amount"])
    explained = told.json["explained"]
    assert (explained["method"], explained["background"], explained["top"]) == ("trees", 100, 2)
    groups = {each["group"]: each for each in told.json["groups"]}
    assert sum(each["records"] for each in groups.values()) == len(rows)
    paid = [row for row in table.values() if row["paid"]]
    assert 0 < sum(each["past"] for each in groups.values()) <= len(paid)
    assert all(abs(sum(each["soFar"]) - 1) < 1e-9 for each in groups.values())
    assert [row["country"] for row in cells((deployed.root / "open.groups.csv").read_text())] == sorted(groups)
    again = out.read_bytes()
    deployed.run(*PREDICT, "--out", str(out), "--top", "2", "--with", "country", "--by", "country")
    assert out.read_bytes() == again, "the same inputs give the same bytes"


@pytest.mark.soak(only=True)
def test_standard_output_holds_the_table_alone_and_a_wrong_option_writes_nothing(deployed: Project) -> None:
    before = held(deployed)
    ran = deployed.run(*PREDICT, "--out", "-", "--by", "country")
    assert {row["uncertain"] for row in cells(ran.out)} <= {"yes", "no"}
    assert "By country" in ran.err
    for options, code in (
        (("--out", "a.xlsx"), "E801"),
        (("--out", "/dev/null"), "E801"),
        ((), "E801"),
        (("--out", "a.csv", "--amount", "amount"), "E801"),
        (("--out", "a.csv", "--with", "p_late"), "E416"),
        (("--out", "a.csv", "--with", "nothing"), "E416"),
        (("--out", "a.csv", "--by", "nothing"), "E416"),
        (("--to-table", "nowhere"), "E801"),
    ):
        assert code in deployed.run(*PREDICT, *options, code=None).err
    assert held(deployed) == before


def test_predictions_go_into_a_declared_table_and_a_file_or_neither(deployed: Project, tmp_path: Path) -> None:
    path = deployed.root / "environments/production.yaml"
    declared = "  predictions:\n    forecast: {uses: sql, url: env:OUT_URL, table: forecast}\n  policy:\n"
    deployed.write("environments/production.yaml", path.read_text().replace("  policy:\n", declared, 1))
    deployed.commit("A table for predictions")
    database, out = tmp_path / "out.db", deployed.root / "open.jsonl"
    assert "E433" in deployed.run(*PREDICT, "--to-table", "forecast", code=1).err
    deployed.environment["OUT_URL"] = f"sqlite:///{database}"
    assert "E431" in deployed.run(*PREDICT, "--to-table", "forecast", "--out", str(out), code=1).err
    assert not out.exists()
    sqlite3.connect(database).close()
    for _ in range(2):
        told = deployed.run(*PREDICT, "--to-table", "forecast", "--out", str(out), "-o", "json").json
    connection = sqlite3.connect(database)
    rows: list[Any] = connection.execute("SELECT invoice_id, p_late, log, artifact FROM forecast").fetchall()
    connection.close()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(key, share) for key, share, _, _ in rows] == [(line["invoice_id"], line["p_late"]) for line in lines]
    assert {(log, artifact) for _, _, log, artifact in rows} == {(told["log"], told["artifact"])}
