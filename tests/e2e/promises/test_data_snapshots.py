"""Data snapshots are desired state that `data` shows, and what a recipe does not read does not touch its model."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.e2e.conftest import _copied
from tests.support.project import Project, committed
from tests.support.unpacked import bytes_below

SANDBOX = "environments/sandbox.yaml"
PRODUCTION = "environments/production.yaml"
NEW_DATA = "  retrain: {because: [recipe, data]}\n"


def add_column(project: Project, name: str, values: str = "x{}", *, among: int = 1_000_000) -> None:
    """Add a column that no recipe reads to the ledger."""
    path = project.root / "data/invoices.csv"
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([[*row, values.format(n % among) if n else name] for n, row in enumerate(rows)])


def declare(project: Project, path: str, old: str, new: str) -> None:
    text = (project.root / path).read_text()
    assert old in text
    project.write(path, text.replace(old, new))
    project.commit(f"{path}: {new}")


def build(project: Project) -> dict[str, str]:
    (path,) = (project.root / ".reconciler/sandbox/builds").glob("*.json")
    found: dict[str, str] = json.loads(path.read_text())
    return found


def snapshot(project: Project, n: int) -> dict[str, object]:
    found: dict[str, object] = json.loads((project.root / f".reconciler/sandbox/snapshots/{n}.json").read_text())
    return found


def candidates(project: Project) -> dict[str, str]:
    """The newest artifact of each model in the sandbox."""
    status = project.run("status", "sandbox", "-o", "json").json["environments"][0]
    return {model["model"]: model["artifact"] for model in status["models"]}


@pytest.mark.soak(only=True)
def test_a_column_that_no_recipe_reads_changes_neither_fingerprint_nor_digest_nor_schema(
    trained: Project, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = _copied(committed(tmp_path_factory), tmp_path / "second")
    add_column(project, "note")
    project.run("apply", "sandbox", "--yes")
    with_note, without = build(project), build(trained)
    assert with_note["fingerprint"] == without["fingerprint"]
    assert with_note["artifact"] == without["artifact"]
    assert with_note["data"] == without["data"]
    tables = [snapshot(each, 0)["tables"][0]["digest"] for each in (project, trained)]  # type: ignore[index]
    assert tables[0] != tables[1], "the tables do differ"


@pytest.mark.soak(only=True)
def test_new_data_in_a_column_that_is_not_read_trains_nothing_though_new_data_is_asked_for(trained: Project) -> None:
    manifest = "manifests/sandbox/lateness.yaml"
    declare(trained, manifest, "  gates:\n", "  retrain: {because: [recipe, data]}\n  gates:\n")
    trained.run("plan", "sandbox", "--check")
    add_column(trained, "note")
    trained.run("data", "refresh", "sandbox", "--force", "--yes")
    trained.run("plan", "sandbox", "--check")
    path = trained.root / "data/invoices.csv"
    path.write_text(path.read_text().replace(",SE,", ",DK,"))
    trained.run("data", "refresh", "sandbox", "--force", "--yes")
    plan = trained.run("plan", "sandbox", "--check", code=3).out
    assert "the newest data snapshot differs from the one it was trained on" in " ".join(plan.split())


def test_snapshots_are_refreshed_listed_shown_and_compared(trained: Project) -> None:
    idle = trained.run("data", "refresh", "sandbox", "--yes")
    assert idle.out.startswith("Nothing to do: data snapshot 0 is in use (1 table, 600 rows, as of 2024-12-31).")
    assert trained.run("data", "refresh", "sandbox", "--yes", "-o", "json").json["taken"] is False
    assert "--yes" in trained.run("data", "refresh", "sandbox", "--force", code=2).err
    same = trained.run("data", "refresh", "sandbox", "--force", "--yes", "-o", "json").json
    assert (same["taken"], same["snapshot"], same["same"]) == (True, 1, ["invoices"])
    add_column(trained, "note", "canary {}")
    declare(trained, PRODUCTION, "asOf: 2024-12-31", "asOf: 2025-01-01")
    listed = trained.run("data", "list", "sandbox")
    assert "A refresh is due: data snapshot 1 is as of 2024-12-31; asOf is 2025-01-01 now" in " ".join(
        listed.out.split()
    )
    taken = trained.run("data", "refresh", "sandbox", "--yes")
    assert taken.out.startswith("Data snapshot 2: 1 table, 600 rows, as of 2025-01-01.")
    listed = trained.run("data", "list", "sandbox", "-o", "json").json
    assert [(line["n"], line["artifacts"]) for line in listed["snapshots"]] == [(2, 0), (1, 0), (0, 1)]
    assert "due" not in listed
    shown = trained.run("data", "show", "sandbox", "1", "-o", "json").json
    assert shown["details"][0]["since"] == 0
    assert "as of 2024-12-31" in shown["otherwise"]
    assert any("path 'data/invoices.csv'" in line for line in shown["declared"])
    assert "unchanged since" in trained.run("data", "show", "sandbox").out
    compared = trained.run("data", "diff", "sandbox", "-o", "json").json
    assert compared["declared"] == ["asOf was 2024-12-31, is 2025-01-01"]
    assert compared["tables"][0]["added"] == ["note"]
    assert compared["tables"][0]["values"] == []
    text = trained.run("data", "diff", "sandbox", "0").out
    assert "new columns" in text
    assert "canary" not in text
    assert "Every table is the same: invoices" in trained.run("data", "diff", "sandbox", "0", "1").out
    assert "no data snapshot 7" in trained.run("data", "show", "sandbox", "7", code=2).err
    assert "has no data snapshots" in trained.run("data", "list", "production", code=2).err


def test_only_columns_that_are_used_are_copied_and_a_recipe_that_names_a_new_one_changes_no_other_model(
    project: Project,
) -> None:
    """The new column comes by a new snapshot of the same tables; whoever does not read it stays as it is."""
    add_column(project, "remark", "canary {}", among=3)
    declare(project, SANDBOX, "maxAge: 24h", "maxAge: 24h, columns: used")
    model = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    other = model.replace("name: lateness,", "name: other,").replace("seed: 7", "seed: 8")
    project.write("manifests/sandbox/other.yaml", other.replace("  gates:\n", f"{NEW_DATA}  gates:\n"))
    project.commit("Another model of the same table, trained again on new data")
    project.run("apply", "sandbox", "--yes")
    columns = [column["name"] for column in snapshot(project, 0)["tables"][0]["columns"]]  # type: ignore[index]
    assert columns == ["invoice_id", "customer_id", "issued", "due", "paid", "amount", "country"]
    assert b"canary" not in bytes_below(project.root / ".reconciler/sandbox/blobs")
    before = candidates(project)

    declare(project, "manifests/sandbox/lateness.yaml", "categorical: [country]", "categorical: [country, remark]")
    plan = " ".join(project.run("plan", "sandbox").out.split())
    assert "table invoices: remark is used now, and not copied yet" in plan
    project.run("apply", "sandbox", "--yes")
    after = candidates(project)
    assert len(snapshot(project, 1)["tables"][0]["columns"]) == 8  # type: ignore[index]
    assert after["lateness"] != before["lateness"]
    assert after["other"] == before["other"]
    assert len(list((project.root / ".reconciler/sandbox/builds").glob("*.json"))) == 3
    project.run("plan", "sandbox", "--check")


def test_a_sample_holds_whole_customers(project: Project) -> None:
    declare(project, SANDBOX, "maxAge: 24h", "maxAge: 24h, sample: {by: invoices.customer_id, share: 50%}")
    project.run("data", "refresh", "sandbox", "--yes")
    table = project.run("data", "show", "sandbox", "-o", "json").json["details"][0]
    assert table["sampledBy"] == "customer_id"
    assert 100 < table["rows"] < 500
    assert "a sample by customer_id" in project.run("data", "show", "sandbox").out


def test_a_source_that_cannot_be_read_leaves_the_last_snapshot_in_use(trained: Project) -> None:
    ledger = trained.root / "data/invoices.csv"
    whole = ledger.read_text()
    ledger.write_text(whole[: len(whole) // 2] + '"')
    before = sorted(path.name for path in files(trained))
    failed = trained.run("data", "refresh", "sandbox", "--force", "--yes", code=1)
    assert "invoices.csv" in failed.err
    ledger.unlink()
    trained.run("data", "refresh", "sandbox", "--force", "--yes", code=1)
    assert sorted(path.name for path in files(trained)) == before
    assert trained.run("status", "sandbox", "-o", "json").json["environments"][0]["snapshot"] == 0
    trained.run("plan", "sandbox", "--check")
    ledger.write_text(whole)
    assert trained.run("data", "refresh", "sandbox", "--force", "--yes", "-o", "json").json["snapshot"] == 1


def files(project: Project) -> list[Path]:
    return [path for path in (project.root / ".reconciler/sandbox").rglob("*") if path.is_file()]


@pytest.mark.soak(only=True)
def test_two_refreshes_at_once_take_one_snapshot_each_or_say_so(trained: Project) -> None:
    results = trained.run_two("data", "refresh", "sandbox", "--force", "--yes")
    assert sorted(result.code for result in results) in ([0, 0], [0, 5])
    assert all("E702" in result.err or "in the meantime" in result.err for result in results if result.code == 5)
    listed = [line["n"] for line in trained.run("data", "list", "sandbox", "-o", "json").json["snapshots"]]
    assert listed in ([1, 0], [2, 1, 0]), "two of the same second that found the same are one"
    trained.run("audit")
