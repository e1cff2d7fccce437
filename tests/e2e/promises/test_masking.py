"""What may be copied is said where the data live: masks hold for every copy, whatever a branch says of them."""

from __future__ import annotations

import csv
import hmac
import json
import random
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.effort import FULL, spread
from tests.support.project import PRODUCTION, Project, begin, configured, write_ledger
from tests.support.unpacked import bytes_below

KEY = "a key that nobody else has, 2026"
TABLES = "      invoices: {uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}}\n"
MASKED = (
    TABLES
    + """\
      customers: {uses: csv, path: data/customers.csv, types: {customer_id: VARCHAR, born: DATE}}
    mask:
      customers.name: drop
      customers.email: pseudonym
      customers.street: redact
      customers.born: {generalise: year}
      customers.customer_id: pseudonym
      invoices.customer_id: pseudonym
    maskKey: env:MASK_KEY
"""
)


def write_customers(path: Path, seed: int = 5, count: int = 30) -> list[str]:
    """Customers with names and addresses nobody may see elsewhere; return each such value."""
    chance, canaries = random.Random(seed), []
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["customer_id", "name", "email", "street", "born", "segment"])
        for number in range(count):
            mark = f"{chance.getrandbits(64):016x}"
            secret = [f"Anna Q{mark}", f"q{mark}@example.com", f"Lindenweg {mark}"]
            canaries += secret
            born = f"19{50 + number % 40}-0{1 + number % 9}-1{number % 10}"
            canaries.append(born)
            writer.writerow([f"{number:03d}", *secret, born, "AB"[number % 2]])
    return canaries


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = configured(tmp_path / "project")
    (tmp_path / "temporary").mkdir()
    project.environment |= {"MASK_KEY": KEY, "TMPDIR": str(tmp_path / "temporary")}
    write_ledger(project.root / "data/invoices.csv")
    write_customers(project.root / "data/customers.csv")
    project.write("environments/production.yaml", PRODUCTION.replace(TABLES, MASKED))
    recipe = project.root / "manifests/sandbox/lateness.yaml"
    text = recipe.read_text().replace(
        "      key: invoice_id\n", "      key: invoice_id\n      join: {customers: customer_id}\n"
    )
    text = text.replace("derive:\n", "derive:\n        age: date_diff('year', born, issued)\n")
    text = text.replace("numeric: [amount,", "numeric: [age, amount,").replace("[country]", "[country, segment]")
    recipe.write_text(text)
    return begin(project)


def tables(project: Project) -> dict[str, list[dict[str, object]]]:
    """Every table in the sandbox's store, by its columns."""
    found = {}
    for path in (project.root / ".reconciler/sandbox/blobs").rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"PAR1":
            table = pq.read_table(path)
            found[" ".join(table.column_names)] = table.to_pylist()
    return found


def test_no_value_of_a_masked_column_is_anywhere_but_in_productions_tables(project: Project, tmp_path: Path) -> None:
    """Nothing holds one of 10,000 values: the stores, artifacts, cards, predictions, caches and all that is said."""
    canaries = set(write_customers(project.root / "data/customers.csv", count=3400))
    assert len(canaries) > 10_000
    project.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    ran = [project.run("plan", "sandbox"), project.run("apply", "sandbox", "--yes", "-v")]
    with (project.root / "data/customers.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    project.promote()
    ran += [project.run("apply", "production", "--yes"), project.run("status")]
    ran += [project.run("predict", "lateness", "--in", "production", "--out", "p.csv")]
    (project.root / "data").rename(tmp_path / "data")
    everything = bytes_below(project.root, tmp_path / "cache", tmp_path / "temporary")
    everything += "".join(each.out + each.err for each in ran).encode()
    marks = {value.split(" ")[-1].split("@")[0].lstrip("Qq") for value in canaries}
    found = marks & {match.decode() for match in re.findall(rb"[0-9a-f]{16}", everything)}
    assert not found, f"{len(found)} of {len(marks)}"
    assert not [value for value in canaries if value[:2] == "19" and value.encode() in everything]
    assert KEY.encode() not in everything
    copied = next(table for names, table in tables(project).items() if "segment" in names and "street" in names)
    assert [row["customer_id"] for row in copied] == [
        hmac.new(KEY.encode(), row["customer_id"].encode(), "sha256").hexdigest() for row in rows
    ]
    assert {str(row["street"]) for row in copied} == {"redacted"}
    assert {str(row["born"])[4:] for row in copied} == {"-01-01"}


def _attacks(project: Project) -> dict[str, dict[str, str]]:
    """Ways round the masks, each as the files that a branch changes."""
    production = (project.root / "environments/production.yaml").read_text()
    sandbox = (project.root / "environments/sandbox.yaml").read_text()
    start, end = production.index("    mask:\n"), production.index("    maskKey")
    bare = production[:start] + production[end:].replace("    maskKey: env:MASK_KEY\n", "")
    path = "data/customers.csv, types"
    away = "notPersonal: {customers.email: none, customers.name: none, customers.street: none, customers.born: none}"
    other = bare.replace("name: production}", "name: elsewhere}").replace("root: serving", "root: else")
    own = sandbox.replace(
        "data: {copyFrom: production, maxAge: 24h}", "data:\n    maxAge: 24h\n    tables:\n      TABLES"
    )
    tables = bare[bare.index("      invoices:") : bare.index("  target:")]
    return {
        "masks deleted": {"production": bare},
        "and personal data excused": {"production": bare.replace("    tables:\n", f"    {away}\n    tables:\n")},
        "and only told": {"production": bare.replace("    tables:\n", "    personalData: warn\n    tables:\n")},
        "a weaker treatment": {
            "production": production.replace("customers.street: redact", "customers.street: pseudonym")
        },
        "protection deleted": {"production": bare.replace("  protect: {branch: main}\n", "")},
        "another environment": {
            "elsewhere": other.replace("  protect: {branch: main}\n", ""),
            "sandbox": sandbox.replace("copyFrom: production", "copyFrom: elsewhere"),
        },
        "tables of its own": {"production": bare, "sandbox": own.replace("      TABLES\n", tables)},
        "a pattern": {"production": bare.replace(path, "data/custom*.csv, types")},
        "a link": {"production": bare.replace(path, "data/link.csv, types")},
        "a second table": {
            "production": production.replace(
                "    mask:\n", "      clients: {uses: csv, path: data/customers.csv}\n    mask:\n"
            )
        },
        "renamed columns": {
            "production": bare.replace(
                "path: data/customers.csv,",
                "path: data/customers.csv, columns: {mail: email, label: name, way: street, day: born},",
            ).replace("born: DATE", "day: DATE")
        },
        "other cells": {
            "production": bare.replace("path: data/customers.csv,", "path: data/customers.csv, delimiter: '|',")
        },
        "no header": {
            "production": bare.replace("path: data/customers.csv,", "path: data/customers.csv, header: false,")
        },
    }


NAMES = (
    "masks deleted",
    "and personal data excused",
    "and only told",
    "a weaker treatment",
    "protection deleted",
    "another environment",
    "tables of its own",
    "a pattern",
    "a link",
    "a second table",
    "renamed columns",
    "other cells",
    "no header",
)


WAYS = [f"{attack}, {state}" for state in ("nothing in force yet", "in force") for attack in NAMES]


@pytest.mark.soak
@pytest.mark.usefixtures("forked_commands")
@pytest.mark.parametrize("way", spread(WAYS, "MASK_ATTACKS"))
def test_a_branch_that_goes_round_masks_copies_no_unmasked_value(project: Project, tmp_path: Path, way: str) -> None:
    attack, _, state = way.partition(", ")
    if state == "in force":
        project.run("apply", "production", "--yes", code=None)
    (project.root / "data/link.csv").symlink_to(project.root / "data/customers.csv")
    changed = _attacks(project)[attack]
    project.git("checkout", "-q", "-b", "attack")
    for name, text in changed.items():
        assert text != (project.root / f"environments/{name}.yaml").read_text() if name != "elsewhere" else True
        project.write(f"environments/{name}.yaml", text)
    project.commit(attack)
    ran = project.run("apply", "sandbox", "--yes", code=None)
    treed = project.run("apply", "sandbox", "--yes", "--working-tree", "--refresh", code=None)
    with (project.root / "data/customers.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    canaries = [row[name] for row in rows for name in ("name", "email", "street", "born")]
    sandbox = project.root / ".reconciler/sandbox"
    everything = bytes_below(sandbox, tmp_path / "temporary")
    everything += "".join((ran.out, ran.err, treed.out, treed.err)).encode()
    assert not [canary for canary in canaries if canary.encode() in everything], ran.out + ran.err
    assert ran.code in (0, 1, 2), ran.err  # copied with the masks, or refused; never our bug


def test_after_another_key_no_row_that_the_incumbent_trained_on_judges_it(project: Project) -> None:
    production = project.root / "environments/production.yaml"
    text = production.read_text().replace("    mask:\n", "    mask:\n      invoices.invoice_id: pseudonym\n")
    gate = "      - {uses: no-worse-than-incumbent, metric: f1_macro, tolerance: 0.9, minRows: 5}\n"
    production.write_text(text.replace("    gates:\n", "    gates:\n" + gate))
    project.recipe("holdout: {last: 25%, by: issued}", "holdout: {random: 30%}")
    project.run("apply", "sandbox", "--yes")
    project.promote()
    project.run("apply", "production", "--yes")
    project.environment["MASK_KEY"] = other = "another key, which nobody had before"
    production.write_text(production.read_text().replace("asOf: 2024-12-31", "asOf: 2025-12-31"))
    ledger = project.root / "data/invoices.csv"
    before = [line.split(",") for line in ledger.read_text().splitlines()[1:]]
    later = [
        [
            "9" + number,
            customer,
            *(day.replace("2024", "2025").replace("2023", "2025") for day in days),
            amount,
            country,
        ]
        for number, customer, *days, amount, country in before[:250]
    ]
    with ledger.open("a", newline="") as stream:
        csv.writer(stream).writerows(later)
    project.recipe("seed: 7", "seed: 8")
    project.run("apply", "sandbox", "--yes")

    journal = [
        json.loads(file.read_text()) for file in sorted(project.root.glob(".reconciler/sandbox/journal/**/*.json"))
    ]
    builds = {build["artifact"]: build for entry in journal if (build := entry["state"].get("build"))}
    incumbent, candidate = builds.values()
    then, now = _plain(before + later, KEY), _plain(before + later, other)
    trained = {then[key] for key in _keys(project, incumbent["trainingKeys"])}
    holdout = {now[key] for key in _keys(project, candidate["evaluationRows"])}
    assert trained & holdout, "else this shows nothing"
    expected = {row[0] for row in before + later if row[0] in holdout and row[2] > "2024-12-31"}
    assert expected
    assert not expected & trained
    folder = project.root / ".reconciler/sandbox/verifications" / candidate["artifact"].removeprefix("sha256:")
    files = folder.glob("*.json")
    results = [result for file in files for result in json.loads(file.read_text())["results"]]
    (compared,) = [result for result in results if result.get("comparison")]
    assert compared["comparison"]["rows"] == len(expected)
    assert "only rows after 2024-12-31: keys of rows were masked otherwise before" in compared["reason"]


def _keys(project: Project, digest: str) -> list[str]:
    path = project.root / f".reconciler/sandbox/blobs/sha256/{digest.removeprefix('sha256:')}"
    keys: list[str] = pq.read_table(path).column("key").to_pylist()
    return keys


def _plain(rows: list[list[str]], key: str) -> dict[str, str]:
    """Return the number of each row by the pseudonym that the key gives it."""
    return {hmac.new(key.encode(), row[0].encode(), "sha256").hexdigest(): row[0] for row in rows}


@pytest.mark.soak(only=True)
def test_a_recipe_that_reads_no_masked_column_gives_the_same_artifact_with_and_without_masks(tmp_path: Path) -> None:
    digests = []
    for name, mask in (("with", "    mask: {invoices.contact: drop}\n"), ("without", "    personalData: warn\n")):
        project = begin(_with_contacts(tmp_path / name, mask))
        project.run("apply", "sandbox", "--yes")
        digests.append(project.run("promote", "lateness", "--to", "production", "-o", "json").json["artifact"])
    assert digests[0] == digests[1]


def test_columns_that_look_personal_stop_a_copy_and_are_all_named(tmp_path: Path) -> None:
    project = begin(_with_contacts(tmp_path / "project", ""))
    ran = project.run("apply", "sandbox", "--yes", code=None)
    assert ran.code
    assert "invoices.contact (e-mail addresses, 100% of the sampled rows)" in ran.err
    assert "mask: {invoices.contact: drop}" in ran.err
    assert "@" not in ran.out + ran.err
    assert not list((project.root / ".reconciler/sandbox").rglob("snapshots/*"))


def test_a_masked_column_as_a_feature_is_an_error_at_its_place_at_every_door(project: Project) -> None:
    project.recipe("[country, segment]", "[country, segment, street]")
    for command in (("validate",), ("plan", "sandbox"), ("apply", "sandbox", "--yes")):
        ran = project.run(*command, code=2)
        assert "manifests/sandbox/lateness.yaml:" in ran.out + ran.err
        assert "E228 spec.recipe.features.categorical.2: customers.street is masked (redact)" in ran.out + ran.err


@pytest.mark.soak
def test_another_treatment_leaves_what_is_deployed_predicting(project: Project) -> None:
    project.run("apply", "sandbox", "--yes")
    project.promote()
    project.run("apply", "production", "--yes")
    project.run("predict", "lateness", "--in", "production", "--out", "before.csv")
    before = (project.root / "before.csv").read_bytes()
    assert b"000" in before
    production = project.root / "environments/production.yaml"
    text = production.read_text()
    production.write_text(text.replace("born: {generalise: year}", "born: {generalise: month}"))
    project.commit("Another treatment")
    project.run("predict", "lateness", "--in", "production", "--out", "after.csv")
    assert (project.root / "after.csv").read_bytes() == before

    if not FULL:
        return
    # Ones with which nobody could train such a model, merged before its recipe in the sandbox was mended, and after.
    stricter = text.replace("born: {generalise: year}", "born: redact").replace(
        "customer_id: pseudonym", "customer_id: drop"
    )
    production.write_text(stricter.replace("    mask:\n", "    mask:\n      customers.segment: drop\n"))
    project.commit("Stricter ones")
    assert "E228" in project.run("validate", code=2).out
    project.run("predict", "lateness", "--in", "production", "--out", "after.csv")
    assert (project.root / "after.csv").read_bytes() == before
    recipe = project.root / "manifests/sandbox/lateness.yaml"
    told = recipe.read_text().replace("        age: date_diff('year', born, issued)\n", "")
    told = told.replace("      join: {customers: customer_id}\n", "").replace("[country, segment]", "[country]")
    past = told[told.index("      past:\n") : told.index("      predict:")]
    told = told.replace(past, "").replace("[age, amount, terms, prior, prior_late]", "[amount, terms]")
    recipe.write_text(told)
    project.commit("A recipe for them")
    project.run("apply", "production", "--yes")
    project.run("predict", "lateness", "--in", "production", "--out", "after.csv")
    assert (project.root / "after.csv").read_bytes() == before


def _with_contacts(root: Path, mask: str) -> Project:
    project = configured(root)
    write_ledger(project.root / "data/invoices.csv")
    head, *rows = (project.root / "data/invoices.csv").read_text().splitlines()
    lines = [f"{head},contact", *(f"{row},q{number}@example.com" for number, row in enumerate(rows))]
    (project.root / "data/invoices.csv").write_text("\n".join(lines) + "\n")
    project.write("environments/production.yaml", PRODUCTION.replace("    tables:\n", mask + "    tables:\n"))
    return project


@pytest.mark.soak(only=True)
def test_what_init_writes_masks_what_looks_personal_and_can_be_applied(tmp_path: Path) -> None:
    chance, table = random.Random(3), tmp_path / "orders.csv"
    first = ["Anna", "Peter", "Marie", "Jan"]
    people = [(f"C{n:02d}", f"{first[n % 4]} {'VLWRT'[n % 5]}ogel", f"q{n}@example.com") for n in range(20)]
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["order_id", "customer", "customer_name", "email", "amount", "returned"])
        for number in range(300):
            amount = round(chance.uniform(5, 400), 2)
            late = "yes" if amount > 250 and chance.random() < 0.8 else "no"
            writer.writerow([number, *chance.choice(people), amount, late])
    project = Project(tmp_path / "project")
    words = ("--from-table", str(table), "--outcome", "returned", "--estimator", "forest")
    ran = Project(tmp_path).run("init", str(project.root), *words)
    assert "customer_name (drop), email (drop)" in ran.out
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")
    project.commit("A first model")
    project.run("apply", "sandbox", "--yes")
    everything = bytes_below(project.root / ".reconciler/sandbox")
    assert not [value for person in people for value in person[1:] if value.encode() in everything]


@pytest.mark.soak(only=True)
def test_a_prediction_in_the_sandbox_reads_tables_as_they_are_masked(project: Project) -> None:
    project.run("apply", "sandbox", "--yes")
    inputs = ("--input", "customers=data/customers.csv", "--input", "invoices=data/invoices.csv")
    words = ("--in", "sandbox", "--out", "p.csv", *inputs)
    project.run("predict", "lateness", *words, "--by", "born", "--amount", "amount")
    refused = project.run("predict", "lateness", *words, "--by", "name", "--amount", "amount", code=None)
    assert refused.code
    project.run("predict", "lateness", *words, "--by", "email", "--amount", "amount")
    with (project.root / "data/customers.csv").open() as stream:
        canaries = [row[name] for row in csv.DictReader(stream) for name in ("name", "email", "street", "born")]
    everything = bytes_below(project.root / ".reconciler/sandbox") + (project.root / "p.amounts.csv").read_bytes()
    assert not [canary for canary in canaries if canary.encode() in everything]


def test_a_mask_that_nothing_could_heed_is_an_error_at_its_place(project: Project) -> None:
    sandbox = project.root / "environments/sandbox.yaml"
    added = "maxAge: 24h, mask: {clients.email: drop}, maskKey: env:MINE}"
    sandbox.write_text(sandbox.read_text().replace("maxAge: 24h}", added))
    project.commit("Masks of no table")
    ran = project.run("validate", code=2)
    assert "E212 spec.data.mask.clients.email: production has no table 'clients'" in ran.out + ran.err
    assert "E205 spec.data.maskKey: production declares `maskKey`" in ran.out + ran.err


def test_a_loosened_mask_is_told_and_is_not_in_force_on_a_branch(project: Project) -> None:
    production = project.root / "environments/production.yaml"
    project.run("apply", "production", "--yes", code=None)
    assert "mask customers.name: drop" in project.run("controls", "show", "production").out
    project.git("checkout", "-q", "-b", "weaker")
    production.write_text(production.read_text().replace("customers.name: drop", "customers.name: pseudonym"))
    project.commit("A weaker mask")
    said = " ".join(project.run("controls", "show", "production", code=None).out.split())
    assert "mask customers.name: drop -> pseudonym" in said
    assert "this commit is not the newest of main" in said
