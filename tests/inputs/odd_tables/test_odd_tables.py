"""Tables as programs write them, from `init` to predictions: each is the model of the plain table, or a message that
says what to do, and doing it works. None is another model without a word.

A look at a table, as `init` does it, compares every cell and the whole recipe with the plain table's: some of the
tables in `make test`, all in `make soak`, which also carries each to production and compares the predictions.
"""

from __future__ import annotations

import csv
import shlex
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.table_profile import ProfileRequest, ReadOption, TableProfile
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import ReconcilerError
from tests.inputs.odd_tables import cells, files, meanings
from tests.inputs.odd_tables.ledger import Body, OddTable, Row, text
from tests.support.effort import count, spread
from tests.support.invoice_tables import read_rows
from tests.support.project import Project

CASES = [*cells.CASES, *files.CASES, *meanings.CASES]
LOOKED_AT, CARRIED = 60, 300  # rows
OF_CELLS = {"--nulls": "nulls", "--dates": "dates", "--decimal": "decimal", "--type": "types"}
OF_FILES = {"--encoding": "encoding", "--delimiter": "delimiter"}
LOOKED = CASES[:: count("ODD_TABLES")]


def written(folder: Path, name: str, body: Body) -> Path:
    path = folder / name
    if isinstance(body, pa.Table):
        pq.write_table(body, path)
    else:
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


def look(path: Path, into: Path, options: tuple[str, ...]) -> tuple[TableProfile, RecipeSuggestion, list[Row]]:
    """What `init` sees in a file with these options, what it suggests, and the rows that are read."""
    into.mkdir()
    words = iter(shlex.split(" ".join(options)))
    of_cells, of_files, outcome, header = [], {}, None, None
    for word in words:
        if word in OF_CELLS:
            column, _, value = next(words).rpartition("=")
            of_cells.append(ReadOption(field=OF_CELLS[word], column=column, value=value))
        elif word in OF_FILES:
            of_files[OF_FILES[word]] = next(words)
        elif word == "--outcome":
            outcome = next(words)
        else:
            assert word == "--no-header"
            header = False
    request = ProfileRequest(
        path=path,
        into=into,
        limits=Limits(),
        options=tuple(of_cells),
        given=Table(uses="", path="", **of_files),
        is_header=header,
    )
    profile = LocalData().profile(request)
    return (
        profile,
        suggest(profile, name="t", today="2026-01-01", outcome=outcome),
        read_rows(into / "profiled.parquet"),
    )


@cache
def plain_recipe(body: str, options: tuple[str, ...]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return look(written(Path(folder), "t.csv", body), Path(folder) / "into", options)[1].recipe


def without(case: OddTable, rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if case.left is None or name != case.left[0]} for row in rows]


def refusal(case: OddTable, error: str, hint: str) -> None:
    """The refusal is the case's, and its hint names the options that go on."""
    assert case.refused is not None, f"{error}; {hint}"
    assert case.refused[1] in error
    assert hint
    for option in case.options:
        assert (case.shown or option.replace("'", "")) in f"{error}; {hint}".replace("'", ""), hint


@pytest.mark.soak
@pytest.mark.parametrize("case", LOOKED, ids=[case.name for case in LOOKED])
def test_each_table_is_the_plain_one_or_says_what_to_do_and_doing_it_works(tmp_path: Path, case: OddTable) -> None:
    rows = case.rows(LOOKED_AT)
    path = written(tmp_path, case.file, case.write(rows))
    options = case.more
    if case.refused is not None:
        with pytest.raises(ReconcilerError) as caught:
            look(path, tmp_path / "refused", options)
        assert caught.value.code == case.refused[0]
        refusal(case, caught.value.message, caught.value.hint or "")
        if case.mended is not None:
            path = written(tmp_path, case.file, case.mended(rows))
        options = (*case.more, *case.options)
    profile, suggestion, read = look(path, tmp_path / "into", options)
    expected = without(case, case.expected(LOOKED_AT))
    assert without(case, read) == expected
    assert suggestion.recipe == plain_recipe(text(expected), case.more)
    told = "; ".join((*profile.layout_notes, *(f"{note.column}: {note.note}" for note in profile.notes)))
    assert case.told in told
    if case.left is not None:
        assert case.left[1] in dict(suggestion.left_out)[case.left[0]]


CARRIED_ON = [CASES[index] for index in spread(range(len(CASES)), "JOURNEYS")]
_PREDICTED: dict[str, list[dict[str, str]]] = {}


def predicted(folder: Path, file: str, options: tuple[str, ...]) -> list[dict[str, str]]:
    """The predictions of production for a table that goes all the way, without an edit."""
    words = shlex.split(" ".join(options))
    Project(folder).run(
        "init", "project", "--from-table", file, "--name", "m", "--ci", "none", "--estimator", "default", *words
    )
    project = Project(folder / "project")
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")
    project.commit("A first model")
    project.run("validate")
    project.run("apply", "sandbox", "--yes")
    project.merge(project.run("promote", "m", "--to", "production", "-o", "json").json["branch"])
    project.run("apply", "production", "--yes")
    project.run("predict", "m", "--in", "production", "--out", "predictions.csv")
    with (project.root / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("case", CARRIED_ON, ids=[case.name for case in CARRIED_ON])
def test_each_table_reaches_production_and_predicts_as_the_plain_one(tmp_path: Path, case: OddTable) -> None:
    rows = case.rows(CARRIED)
    written(tmp_path, case.file, case.write(rows))
    options = case.more
    if case.refused is not None:
        words = shlex.split(" ".join(options))
        ran = Project(tmp_path).run("init", "project", "--from-table", case.file, "--ci", "none", *words, code=None)
        error, _, hint = " ".join(ran.err.split()).partition("hint: ")
        assert ran.code in (1, 2)
        refusal(case, error, hint)
        assert not (tmp_path / "project").exists()
        if case.mended is not None:
            written(tmp_path, case.file, case.mended(rows))
        options = (*case.more, *case.options)
    plain = text(without(case, case.expected(CARRIED)))
    if plain not in _PREDICTED:
        (tmp_path / "plain").mkdir()
        written(tmp_path / "plain", "t.csv", plain)
        _PREDICTED[plain] = predicted(tmp_path / "plain", "t.csv", case.more)
    assert len(_PREDICTED[plain]) == CARRIED // 10
    assert predicted(tmp_path, case.file, options) == _PREDICTED[plain]
