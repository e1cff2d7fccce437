"""`add`: a further model of a project, as `init` would suggest it, and nothing that was there is changed or lost."""

from __future__ import annotations

import csv
import difflib
import random
import re
from pathlib import Path

import pytest
import yaml

from reconciler.app.onboarding import add_model, init_project
from reconciler.app.onboarding.add_model import NewModel
from reconciler.app.project_options import ProjectOptions
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.onboarding.estimator_options import DEFAULT
from reconciler.core.onboarding.init_result import AddResult
from reconciler.core.onboarding.table_profile import ReadOption, TableReading
from reconciler.errors import InvalidManifestsError, UsageError
from tests.support.once import copy, once

pytestmark = pytest.mark.usefixtures("warm_workers")


def table(path: Path, *, seed: int = 1, rows: int = 120, price: str = "{:.2f}") -> Path:
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["visit", "price", "colour", "bought"])
        for number in range(rows):
            colour = chance.choice(["red", "green", "blue"])
            bought = "yes" if (colour == "red") != (chance.random() < 0.2) else "no"
            writer.writerow([f"V{number:04d}", price.format(chance.uniform(2, 90)), colour, bought])
    return path


@pytest.fixture
def shop(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `init` makes of its own table."""

    def make(folder: Path) -> None:
        init_project.begin(folder / "shop", table=None, outcome=None, name=None, ci=ForgeKind.NONE)

    return copy(once(tmp_path_factory, "shop", make), tmp_path / "made") / "shop"


def add(root: Path, name: str, **asked: object) -> AddResult:
    return add_model.add(ProjectOptions(root=root), NewModel(name=name, estimator=DEFAULT, **asked))  # type: ignore[arg-type]


def files(root: Path) -> dict[str, bytes]:
    """Every file of the project, without git's own."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def test_a_table_from_elsewhere_is_copied_declared_and_suggested_from_and_all_else_stays(
    shop: Path, tmp_path: Path
) -> None:
    before = files(shop)
    visits = table(tmp_path / "Visits 2024.csv")
    added = add(shop, "buyers", table=visits, outcome="bought")
    after = files(shop)
    production = "environments/production.yaml"
    assert added.files == ("data/visits-2024.csv", production, "manifests/sandbox/buyers.yaml")
    assert {path for path in after if after[path] != before.get(path)} == set(added.files)
    assert after["data/visits-2024.csv"] == visits.read_bytes()
    edit = difflib.ndiff(before[production].decode().splitlines(), after[production].decode().splitlines())
    assert {line[0] for line in edit} == {" ", "+"}
    tables = yaml.safe_load(after[production])["spec"]["data"]["tables"]
    assert tables["visits-2024"] == {"uses": "csv", "path": "data/visits-2024.csv"}
    recipe = yaml.safe_load(after["manifests/sandbox/buyers.yaml"])["spec"]["recipe"]
    assert (recipe["data"]["from"], recipe["outcome"]["column"]) == ("visits-2024", "bought")
    assert "written by `reconciler add`" in after["manifests/sandbox/buyers.yaml"].decode()
    first_lines = {after[f"manifests/sandbox/{name}.yaml"].partition(b"\n")[0] for name in ("orders", "buyers")}
    assert len(first_lines) == 1, "both name the schema for editors"
    assert (added.environment, added.promotes_to) == ("sandbox", ("production",))


def test_what_init_tells_and_asks_of_a_table_add_tells_and_asks_too(shop: Path, tmp_path: Path) -> None:
    day = [f"{1 + row % 7:02d}/{1 + row % 11:02d}/2021" for row in range(300)]
    lines = ["id,x,booked,y", *(f"{row},{row * 7 % 31},{day[row]},{'yn'[row % 2]}" for row in range(300))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    before = files(shop)
    with pytest.raises(UsageError, match="can be read in two ways") as refused:
        add(shop, "booking", table=tmp_path / "t.csv")
    assert files(shop) == before
    answer = re.findall(r"--dates (\w+)=(\S+)", refused.value.hint or "")[0]
    options = (ReadOption(field="dates", column=answer[0], value=answer[1]),)
    add(shop, "booking", table=tmp_path / "t.csv", reading=TableReading(options=options))
    cells = yaml.safe_load((shop / "environments/production.yaml").read_text())["spec"]["data"]["tables"]["t"]["cells"]
    assert cells["booked"]["dates"] == answer[1]


def test_guesses_stand_as_comments_where_the_table_is_declared(shop: Path, tmp_path: Path) -> None:
    add(shop, "buyers", table=table(tmp_path / "visits.csv", price="EUR {:.2f}"))
    text = (shop / "environments/production.yaml").read_text()
    assert 'price: {unit: "EUR"}' in text
    assert re.search(r"# .*EUR.*\n +price: ", text)


def test_a_table_that_is_declared_already_is_used_as_it_is(shop: Path) -> None:
    before = (shop / "environments/production.yaml").read_bytes()
    added = add(shop, "express", table=shop / "data/orders.csv", outcome="express")
    assert added.files == ("manifests/sandbox/express.yaml",)
    assert (shop / "environments/production.yaml").read_bytes() == before
    recipe = yaml.safe_load((shop / added.manifest).read_text())["spec"]["recipe"]
    assert (recipe["data"]["from"], recipe["outcome"]["column"]) == ("orders", "express")


def test_the_same_file_read_in_another_way_is_declared_a_second_time(shop: Path) -> None:
    options = (ReadOption(field="nulls", column="country", value="NL"),)
    added = add(shop, "elsewhere", table=shop / "data/orders.csv", reading=TableReading(options=options))
    tables = yaml.safe_load((shop / "environments/production.yaml").read_text())["spec"]["data"]["tables"]
    assert tables["orders"] == {"uses": "csv", "path": "data/orders.csv"}
    assert tables["elsewhere"]["cells"] == {"country": {"nulls": ["NL"]}}
    assert yaml.safe_load((shop / added.manifest).read_text())["spec"]["recipe"]["data"]["from"] == "elsewhere"


def test_without_a_table_the_only_one_that_is_not_declared_is_taken_and_of_none_or_several_one_is_asked_for(
    shop: Path,
) -> None:
    with pytest.raises(UsageError, match="not declared yet") as none:
        add(shop, "buyers")
    assert "--from-table" in (none.value.hint or "")
    assert "--like" in (none.value.hint or "")
    (shop / "p.csv").write_text("key,predicted,probability,uncertain,p_no,p_yes\n1,no,0.9,no,0.9,0.1\n")
    (shop / "data/r.csv").write_text("key,predicted\n1,2.5\n")
    (shop / "q.csv").write_text("id,day,predicted,probability,uncertain,p_no,p_yes\n1,2,no,0.9,no,0.9,0.1\n")
    (shop / "s.csv").write_text("id,predicted,factor_1,value_1,effect_1\n1,2.5,a,1,0.5\n")
    with pytest.raises(UsageError, match="not declared yet"):
        add(shop, "buyers")  # what `predict` wrote is no table to learn from
    table(shop / "data/visits.csv")
    table(shop / "data/more.csv")
    with pytest.raises(UsageError, match=r"2 tables: data/more\.csv, data/visits\.csv"):
        add(shop, "buyers")
    (shop / "data/more.csv").unlink()
    assert add(shop, "buyers").files == ("environments/production.yaml", "manifests/sandbox/buyers.yaml")


def test_a_table_beside_the_manifests_is_kept_out_of_git_and_git_is_told_only_once(shop: Path) -> None:
    table(shop / "visits.csv")
    assert ".gitignore" in add(shop, "buyers").files
    assert (shop / ".gitignore").read_text().splitlines()[-1] == "/visits.csv"
    assert ".gitignore" not in add(shop, "buyers-2", table=shop / "visits.csv").files


def test_like_another_model_only_the_name_differs(shop: Path) -> None:
    path = shop / "manifests/sandbox/orders.yaml"
    path.write_text(path.read_text().replace("metadata:\n", "metadata:\n  renamedFrom: sales\n"))
    before = files(shop)
    added = add(shop, "returns", like="orders")
    assert {name for name in files(shop) if name not in before} == {added.manifest} == set(added.files)
    one, two = yaml.safe_load(path.read_text()), yaml.safe_load((shop / added.manifest).read_text())
    assert (two["metadata"]["name"], two["spec"]) == ("returns", one["spec"])
    assert "renamedFrom" not in two["metadata"]
    with pytest.raises(UsageError, match="no model 'order' is declared") as unknown:
        add(shop, "more", like="order")
    assert "did you mean orders" in (unknown.value.hint or "")


@pytest.mark.parametrize(("name", "like"), [("orders", "orders"), ("sales", "orders"), ("orders", "nobody")])
def test_a_name_that_is_or_was_a_model_is_refused_with_one_that_is_free(shop: Path, name: str, like: str) -> None:
    path = shop / "manifests/sandbox/orders.yaml"
    path.write_text(path.read_text().replace("metadata:\n", "metadata:\n  renamedFrom: sales\n"))
    before = files(shop)
    with pytest.raises(UsageError, match=name) as refused:
        add(shop, name, like=like)
    assert files(shop) == before
    command = re.search(r"reconciler add (\S+) --like (\S+)", refused.value.hint or "")
    assert command is not None
    add(shop, command[1], like=command[2])


def test_a_run_that_was_killed_after_any_of_its_files_is_finished_by_the_next(shop: Path, tmp_path: Path) -> None:
    visits = table(tmp_path / "visits.csv")
    before = files(shop)
    added = add(shop, "buyers", table=visits, outcome="bought")
    after = files(shop)
    steps = ["data/visits.csv", "environments/production.yaml", "manifests/sandbox/buyers.yaml"]
    assert set(steps) == set(added.files)
    for done in range(len(steps)):
        for path in steps:
            content = after[path] if path in steps[:done] else before.get(path)
            (shop / path).unlink(missing_ok=True)
            if content is not None:
                (shop / path).write_bytes(content)
        add(shop, "buyers", table=visits, outcome="bought")
        assert files(shop) == after


def test_another_file_in_the_place_of_the_copy_is_not_overwritten(shop: Path, tmp_path: Path) -> None:
    table(shop / "data/visits.csv", seed=2)
    before = files(shop)
    with pytest.raises(UsageError, match=r"data/visits\.csv would be overwritten"):
        add(shop, "buyers", table=table(tmp_path / "visits.csv"))
    assert files(shop) == before


def test_a_project_that_is_not_valid_is_told_and_gets_nothing(shop: Path, tmp_path: Path) -> None:
    (shop / "manifests/sandbox/orders.yaml").write_text("kind: Model\n")
    before = files(shop)
    with pytest.raises(InvalidManifestsError):
        add(shop, "buyers", table=table(tmp_path / "visits.csv"))
    assert files(shop) == before


def test_of_two_sandboxes_one_is_asked_for_and_where_nothing_is_trained_nothing_is_added(shop: Path) -> None:
    text = (shop / "environments/sandbox.yaml").read_text()
    (shop / "environments/lab.yaml").write_text(text.replace("name: sandbox", "name: lab"))
    with pytest.raises(UsageError, match="2 environments train models") as several:
        add(shop, "express", table=shop / "data/orders.csv", outcome="express")
    assert "--in lab or --in sandbox" in (several.value.hint or "")
    with pytest.raises(UsageError, match="nothing is trained in production"):
        add(shop, "express", like="orders", environment="production")
    added = add(shop, "express", table=shop / "data/orders.csv", outcome="express", environment="lab")
    assert (added.manifest, added.promotes_to) == ("manifests/lab/express.yaml", ())


def test_where_a_project_is_already_init_names_the_command_that_adds_a_model(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = table(tmp_path / "visits.csv")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="there is a project in shop already") as refused:
        init_project.begin(Path("made/shop"), table=Path("visits.csv"), outcome=None, name=None)
    assert "reconciler -C made/shop add visits --from-table ../../visits.csv" in (refused.value.hint or "")
    monkeypatch.chdir(shop / "manifests")
    with pytest.raises(UsageError, match="lies in the project of shop") as below:
        init_project.begin(None, table=visits, outcome=None, name=None)
    assert f"reconciler -C .. add visits --from-table {visits}" not in (below.value.hint or "")
    assert "reconciler -C .. add visits --from-table ../../visits.csv" in (below.value.hint or "")


def test_the_current_folder_becomes_a_project_unless_it_is_one_that_nobody_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="your home folder"):
        init_project.begin(None, table=None, outcome=None, name=None)
    assert not list(tmp_path.iterdir())
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    table(tmp_path / "shop/visits.csv")
    begun = init_project.begin(None, table=None, outcome=None, name=None, ci=ForgeKind.NONE, estimator=DEFAULT)
    assert (begun.folder, begun.project, begun.model) == (".", "shop", "visits")
