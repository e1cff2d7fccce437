"""A project from Python is the project of the command line: the same plans, artifacts, numbers and errors."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import reconciler
from reconciler import errors
from reconciler.api.views import PlanView
from tests.support.once import copy, once
from tests.support.project import Project, begin, configured
from tests.support.warm_start import warm_workers


def _trained(root: Path) -> None:
    begin(configured(root))
    api = reconciler.Project.open(root)
    assert api.apply("sandbox", api.plan("sandbox")).ok


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One whose sandbox was never applied."""
    return begin(configured(tmp_path / "project"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One whose sandbox was applied, by the API. Only read by tests, but for its prediction log."""
    root = tmp_path_factory.mktemp("trained") / "project"
    return Project(copy(once(tmp_path_factory, "api-trained", _trained), root))


@pytest.fixture(scope="module", autouse=True)
def forked_workers() -> Iterator[None]:
    """As `warm_workers`, also while what all of these tests share is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr(sys, "executable", warm_workers())
        yield


@pytest.fixture(autouse=True)
def unchanged_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that these tests do may change the process that does it."""

    def state() -> object:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
        mask = os.umask(0o022)
        os.umask(mask)
        environ = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return Path.cwd(), environ, handlers, mask

    before = state()
    yield
    now = state()
    monkeypatch.undo()
    assert now == before


def invoices(project: Project) -> pd.DataFrame:
    text = {"customer_id": str, "invoice_id": str}
    return pd.read_csv(project.root / "data/invoices.csv", dtype=text)


@pytest.fixture(scope="module")
def scores(trained: Project) -> pd.DataFrame:
    """Predictions of the environment's own open records, by key."""
    return reconciler.Project.open(trained.root).predict("lateness", "sandbox")


def test_a_plan_is_the_one_of_the_command_line_and_shows_its_text(project: Project) -> None:
    plan = reconciler.Project.open(project.root / "data").plan("sandbox")
    shown = project.run("plan", "sandbox", "-o", "json").json
    assert (plan.value.id, plan.environment, plan.empty) == (shown["id"], "sandbox", False)
    assert str(plan) + "\n" == project.run("plan", "sandbox").out
    assert repr(plan) == f"<plan of sandbox at {shown['revision'][:12]}: 1 to change, 0 blocked, 0 unchanged>"
    assert plan.to_frame()[["model", "steps", "blocked"]].values.tolist() == [["lateness", "train, verify", ""]]
    assert "lateness" in plan._repr_html_()


def test_what_is_applied_is_the_plan_that_was_shown_at_its_commit_as_far_as_it_still_holds(project: Project) -> None:
    api = reconciler.Project.open(project.root)
    plan = api.plan("sandbox")
    project.recipe("max_depth: 3", "max_depth: 2")
    newer = api.plan("sandbox")
    result = api.apply("sandbox", plan)
    assert (result.ok, result.problems) == (True, {})
    assert result.value.revision == plan.value.revision
    [row] = result.to_frame().to_dict("records")
    assert (row["model"], row["artifact"]) == ("lateness", project.model_status("sandbox")["artifact"])
    moved = api.apply("sandbox", newer)
    assert not moved.ok
    assert set(moved.problems) == {"lateness"}
    assert not api.plan("sandbox").empty


@pytest.mark.parametrize("wrong", ["production", "nowhere"])
def test_a_plan_for_another_environment_is_refused(project: Project, wrong: str) -> None:
    api = reconciler.Project.open(project.root)
    with pytest.raises(errors.UsageError, match=f"a plan for sandbox, not for {wrong}") as caught:
        api.apply(wrong, api.plan("sandbox"))
    assert caught.value.__notes__ == ["hint: project.apply('sandbox', plan)"]


def test_nothing_is_applied_without_a_plan_or_with_that_of_another_project(project: Project, tmp_path: Path) -> None:
    api = reconciler.Project.open(project.root)
    with pytest.raises(errors.UsageError, match="a plan that was shown"):
        api.apply("sandbox", None)  # type: ignore[arg-type]
    copy(project.root, tmp_path / "other")
    other = Project(tmp_path / "other")
    other.write("reconciler.yaml", (project.root / "reconciler.yaml").read_text().replace("books", "journals"))
    other.commit("Another name")
    shown = reconciler.Project.open(other.root).plan("sandbox").value
    plan = PlanView(dataclasses.replace(shown, revision=project.git("rev-parse", "HEAD")))
    with pytest.raises(errors.UsageError, match="for the project journals, not for books"):
        api.apply("sandbox", plan)
    assert not (project.root / ".reconciler").exists()


def test_status_models_and_history_say_what_the_command_line_says(trained: Project) -> None:
    api = reconciler.Project.open(trained.root)
    model = trained.model_status("sandbox")
    [row] = api.status("sandbox").to_frame().to_dict("records")
    assert (row["model"], row["sync"], row["artifact"]) == ("lateness", model["sync"], model["artifact"])
    assert row["headline"] == model["headline"]
    assert repr(api.status()) == "<status of books: production (0 models), sandbox (1 model)>"
    models = api.models("sandbox")
    assert list(models) == ["lateness"]
    [facts] = models.to_frame().to_dict("records")
    assert (facts["f1_macro"], facts["grade"]) == (model["headline"], model["grade"])
    assert f'<td style="text-align: right">{model["headline"]:.3f}</td>' in models._repr_html_()
    events = trained.run("history", "--env", "sandbox", "-o", "json").json["events"]
    history = api.history("sandbox", "lateness").to_frame()
    assert history["reason"].tolist() == [event["reason"] for event in events]
    with pytest.raises(errors.UsageError, match="no model 'another' is declared"):
        api.history(model="another")
    for view in (api.status(), models, api.history()):
        assert view._repr_html_().count("<table>") == 1
        assert "\n" not in repr(view)


def test_records_are_scored_as_if_they_stood_in_the_table(trained: Project, scores: pd.DataFrame) -> None:
    """Also a few of them, in any order: their customers' earlier invoices count as they do on the command line."""
    api, table = reconciler.Project.open(trained.root), invoices(trained)
    out = trained.root / "predictions.parquet"
    trained.run("predict", "lateness", "--in", "sandbox", "--out", str(out))
    expected = pd.read_parquet(out).set_index("invoice_id")
    assert scores.index.tolist() == expected.index.tolist()
    assert scores["p_late"].tolist() == expected["p_late"].tolist()
    some = table[table["paid"].isna()].sample(frac=0.5, random_state=3)
    found = api.predict("lateness", "sandbox", some)
    assert found.index.tolist() == some.index.tolist()
    assert found.set_axis(some["invoice_id"]).equals(scores.loc[some["invoice_id"]])
    assert set(some.join(found).columns) == {*some.columns, *found.columns}
    assert trained.run("audit", "-o", "json").json["findings"] == []


def test_new_records_are_scored_as_they_are_given_and_settled_ones_are_left_out(
    trained: Project, scores: pd.DataFrame
) -> None:
    table = invoices(trained)
    records, settled = table[table["paid"].isna()].head(4), table[table["paid"].notna()].tail(2)
    new = records.assign(invoice_id=[f"=new-{number}" for number in range(4)], customer_id="nobody")
    rows = pd.concat([records, settled, new], ignore_index=True)
    found = reconciler.Project.open(trained.root).predict("lateness", "sandbox", rows)
    assert found.index.tolist() == [0, 1, 2, 3, 6, 7, 8, 9]
    assert found.head(4).set_axis(records["invoice_id"]).equals(scores.loc[records["invoice_id"]])
    assert found["p_late"].tolist()[:4] != found["p_late"].tolist()[4:]


def test_new_records_need_no_outcome_and_whole_numbers_may_have_a_point(trained: Project, scores: pd.DataFrame) -> None:
    """`paid` is what the outcome and `past` are computed from: a record that is new does not have it."""
    table = invoices(trained)
    records = table[table["paid"].isna()].drop(columns="paid").astype({"amount": object})
    found = reconciler.Project.open(trained.root).predict("lateness", "sandbox", records, unknown=True)
    assert found.drop(columns="unknown").set_axis(records["invoice_id"]).equals(scores.loc[records["invoice_id"]])
    assert found.attrs["unknown"]["rows"] == (found["unknown"] != "").sum()
    strange = records.assign(country="XX")
    told = reconciler.Project.open(trained.root).predict("lateness", "sandbox", strange)
    assert told.attrs["unknown"]["rows"] == len(strange)
    assert ("country", "category", len(strange)) in told.attrs["unknown"]["columns"]
    with pytest.raises(errors.DataError, match="amount"):
        reconciler.Project.open(trained.root).predict("lateness", "sandbox", records.drop(columns="amount"))


def test_a_mapping_gives_tables_whole(trained: Project, scores: pd.DataFrame) -> None:
    api, table = reconciler.Project.open(trained.root), invoices(trained)
    alone = table[table["paid"].isna()]
    found = api.predict("lateness", "sandbox", {"invoices": table})
    assert found.set_axis(alone["invoice_id"]).equals(scores.loc[alone["invoice_id"]])
    without_past = api.predict("lateness", "sandbox", {"invoices": alone})
    assert without_past.index.tolist() == alone.index.tolist()
    assert not without_past.equals(found)
    with pytest.raises(errors.UsageError, match="reads no table 'orders'"):
        api.predict("lateness", "sandbox", {"orders": table})


def test_rows_that_cannot_be_read_as_the_model_was_trained_are_named(trained: Project) -> None:
    api, table = reconciler.Project.open(trained.root), invoices(trained)
    records = table[table["paid"].isna()]
    numbers = records.assign(customer_id=records["customer_id"].astype(int))
    with pytest.raises(errors.DataError, match="customer_id holds int64") as caught:
        api.predict("lateness", "sandbox", numbers)
    assert "dtype={'customer_id': str}" in caught.value.__notes__[0]
    with pytest.raises(errors.DataError, match="amount"):
        api.predict("lateness", "sandbox", records.drop(columns="amount"))
    with pytest.raises(errors.DataError, match="no column invoice_id"):
        api.predict("lateness", "sandbox", records.drop(columns="invoice_id"))
    with pytest.raises(errors.DataError, match="amount"):
        api.predict("lateness", "sandbox", records.assign(amount="a lot"))
    with pytest.raises(errors.DataError, match="mixes types"):
        api.predict("lateness", "sandbox", records.assign(amount=["1", *[2] * (len(records) - 1)]))
    with pytest.raises(errors.UsageError, match="not list"):
        api.predict("lateness", "sandbox", [1])  # type: ignore[arg-type]
    empty = api.predict("lateness", "sandbox", records.head(0))
    assert (len(empty), "p_late" in empty.columns) == (0, True)


def test_errors_are_those_of_the_command_line(project: Project, tmp_path: Path) -> None:
    api = reconciler.Project.open(project.root)
    told = project.run("predict", "lateness", "--in", "sandbox", "--out", "p.csv", code=2).err
    with pytest.raises(errors.UsageError) as caught:
        api.predict("lateness", "sandbox")
    assert caught.value.message in told
    assert caught.value.__notes__[0].removeprefix("hint: ") in told
    with pytest.raises(errors.UsageError, match="no environment 'staging'"):
        api.plan("staging")
    with pytest.raises(errors.UsageError, match=r"no reconciler\.yaml"):
        reconciler.Project.open(tmp_path)
    with pytest.raises(errors.SourceError):
        reconciler.Project.open(project.root, revision="no-such-branch").plan("sandbox")
    project.write("manifests/sandbox/lateness.yaml", "kind: Model\n")
    with pytest.raises(errors.InvalidManifestsError) as problems:
        reconciler.Project.open(project.root, working_tree=True).models("sandbox")
    assert any("lateness.yaml" in note for note in problems.value.__notes__)


def test_a_project_is_read_at_a_commit_on_disk_or_at_head_and_says_what_it_does_not_see(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    first = project.git("rev-parse", "HEAD")
    project.recipe("max_depth: 3", "max_depth: 2")
    old = reconciler.Project.open(project.root, revision=first)
    path = project.root / "manifests/sandbox/lateness.yaml"
    path.write_text(path.read_text().replace("max_depth: 2", "max_depth: 1"))
    with caplog.at_level(logging.WARNING, "reconciler"):
        head = reconciler.Project.open(project.root).plan("sandbox")
    assert "uncommitted changes in manifests/sandbox/lateness.yaml" in caplog.text
    disk = reconciler.Project.open(project.root, working_tree=True).plan("sandbox")
    recipes = {view.value.models[0].basis.recipe for view in (old.plan("sandbox"), head, disk)}
    assert len(recipes) == 3
    assert disk.value.revision is None


def test_several_projects_are_open_at_once(project: Project, trained: Project) -> None:
    one, other = reconciler.Project.open(project.root), reconciler.Project.open(trained.root)
    assert (one.plan("sandbox").empty, other.plan("sandbox").empty) == (False, True)
    assert str(one.root) in repr(one)


def test_predictions_are_explained_beside_columns_and_summed_up_by_group(trained: Project) -> None:
    frame = reconciler.Project.open(trained.root).predict(
        "lateness", "sandbox", top=2, with_columns=["country", "amount"], by="country", amount="amount"
    )
    assert list(frame.columns)[:3] == ["country", "amount", "predicted"]
    assert list(frame.columns)[-6:] == ["factor_1", "value_1", "effect_1", "factor_2", "value_2", "effect_2"]
    assert frame.attrs["explained"]["method"] == "trees"
    table = invoices(trained).set_index("invoice_id")
    assert (frame["country"] == table.loc[frame.index, "country"]).all()
    groups = {each["group"]: each for each in frame.attrs["groups"]}
    counts, means = frame["country"].value_counts(), frame.groupby("country")["p_late"].mean()
    assert {name: each["records"] for name, each in groups.items()} == counts.to_dict()
    for name, each in groups.items():
        assert each["expected"]["late"] == pytest.approx(means[name], abs=1e-6)
        assert sum(each["so_far"].values()) == pytest.approx(1)
    amounts = frame.attrs["amounts"]
    assert set(amounts) == set(groups)
    assert sum(sum(each.values()) for each in amounts.values()) == pytest.approx(frame["amount"].sum())


def test_a_single_column_is_no_list_of_letters_and_an_unknown_one_is_refused(trained: Project) -> None:
    api = reconciler.Project.open(trained.root)
    assert api.predict("lateness", "sandbox", with_columns="country").columns[0] == "country"
    with pytest.raises(errors.DataError, match="nothing"):
        api.predict("lateness", "sandbox", by="nothing")
    with pytest.raises(errors.UsageError, match="nowhere"):
        api.predict("lateness", "sandbox", to_table="nowhere")


def test_predictions_are_written_into_a_declared_table(trained: Project, tmp_path: Path) -> None:
    copy(trained.root, tmp_path / "writes")
    project = Project(tmp_path / "writes")
    file = "environments/sandbox.yaml"
    text = (project.root / file).read_text()
    place = f"{{uses: sql, url: 'file:{tmp_path}/address', table: forecast}}"
    project.write(file, text.rstrip("\n") + f"\n  predictions:\n    out: {place}\n")
    project.commit("A table for predictions")
    database = tmp_path / "out.db"
    sqlite3.connect(database).close()
    (tmp_path / "address").write_text(f"sqlite:///{database}")
    frame = reconciler.Project.open(project.root).predict("lateness", "sandbox", to_table="out")
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT invoice_id, p_late FROM forecast").fetchall()
    connection.close()
    assert dict(rows) == pytest.approx(frame["p_late"].to_dict(), abs=1e-9)
