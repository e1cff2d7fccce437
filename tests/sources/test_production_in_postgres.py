"""The whole story with production's tables in a real PostgreSQL: no command, store or log holds the way in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.support.postgres import PASSWORD, Postgres
from tests.support.project import Project, begin, configured

pytestmark = pytest.mark.needs("postgres")

COLUMNS = "invoice_id text, customer_id text, issued date, due date, paid date, amount numeric(10, 2), country char(5)"


@pytest.fixture
def project(database: Postgres, tmp_path: Path) -> Project:
    project = configured(tmp_path / "project")
    with (project.root / "data/invoices.csv").open() as stream:
        rows = list(csv.reader(stream))[1:]
    values = ", ".join("({})".format(", ".join(f"'{cell}'" if cell else "NULL" for cell in row)) for row in rows)
    database.run(
        "DROP TABLE IF EXISTS ledger", f"CREATE TABLE ledger ({COLUMNS})", f"INSERT INTO ledger VALUES {values}"
    )
    (project.root / "data/invoices.csv").unlink()
    production = project.root / "environments/production.yaml"
    told = "{uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}}"
    text = production.read_text()
    assert told in text
    production.write_text(text.replace(told, "{uses: postgres, url: env:ERP_URL, table: ledger}"))
    begin(project)
    project.environment |= {"ERP_URL": database.url(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return project


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_model_is_trained_promoted_and_predicts_from_the_database(
    database: Postgres, project: Project, tmp_path: Path
) -> None:
    outputs = [project.run("validate"), project.run("plan", "sandbox", code=None)]
    outputs += [project.run("apply", "sandbox", "--yes"), project.run("doctor", code=None)]
    assert "reached: invoices" in outputs[-1].out
    project.promote()
    outputs += [project.run("apply", "production", "--yes")]
    out = tmp_path / "predicted.csv"
    outputs += [project.run("predict", "lateness", "--in", "production", "--out", str(out))]
    assert len(out.read_text().splitlines()) > 1
    outputs += [project.run("status", code=None), project.run("audit", code=None)]
    everything = held(project.root) + held(tmp_path / "cache") + out.read_bytes()
    assert PASSWORD.encode() not in everything
    assert str(database.port).encode() not in b"".join(f"{ran.out}{ran.err}".encode() for ran in outputs)
    assert all(PASSWORD not in ran.out + ran.err for ran in outputs)


def test_what_can_be_known_without_the_database_is_told_and_the_last_snapshot_stays(
    database: Postgres, project: Project
) -> None:
    url = project.environment.pop("ERP_URL")
    told = project.run("validate")
    assert (
        "production's invoices were not looked up: the environment variable ERP_URL is not set" in told.out + told.err
    )
    project.environment["ERP_URL"] = url
    project.recipe("numeric: [amount,", "numeric: [amounts,")
    assert "amounts" in project.run("validate", code=2).out, "the columns are looked up in the database"
    project.recipe("numeric: [amounts,", "numeric: [amount,")
    project.run("apply", "sandbox", "--yes")
    before = held(project.root / ".reconciler")
    del project.environment["ERP_URL"]
    told = project.run("validate")
    assert "were not looked up" not in told.err, "the newest snapshot tells the columns"
    assert "sandbox: this machine cannot refresh: the environment variable ERP_URL is not set" in told.out
    assert "ERP_URL" not in project.run("plan", "sandbox", "--check").out, "it refreshes nothing"
    assert "ERP_URL is not set" in project.run("doctor", code=None).out
    for url in (None, database.url(password="canary-wrong"), "postgresql://owner:canary-wrong@127.0.0.1:1/x"):
        if url is not None:
            project.environment["ERP_URL"] = url
        ran = project.run("data", "refresh", "sandbox", "--force", "--yes", code=1)
        assert "E43" in ran.out + ran.err
        assert "canary" not in ran.out + ran.err
        assert held(project.root / ".reconciler") == before, "nothing was written"
    project.environment["ERP_URL"] = database.url()
    assert project.run("status", "sandbox", code=None).code in (0, 3)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{uses: postgres, url: 'postgresql://owner:canary@db/x', table: t}", "E219"),
        ("{uses: postgres, url: 'host=db password=canary', table: t}", "E205"),
        ("{uses: csv, path: 's3://canary:canary@bucket/a.csv'}", "E219"),
        ("{uses: csv, path: 's3://bucket/a.csv?X-Amz-Signature=canarycanarycanary'}", "E219"),
        ("{uses: csv, path: 'az://box/a.csv?sv=1&sig=canarycanarycanary'}", "E219"),
        ("{uses: csv, path: 'https://h/a.csv'}", "E302"),
        ("{uses: csv, path: 's3://bucket/../a.csv'}", "E302"),
        ("{uses: postgres, url: env:ERP_URL}", "E204"),
        ("{uses: postgres, url: env:ERP_URL, table: t, query: SELECT 1}", "E204"),
        ("{uses: postgres, table: t}", "E204"),
        ("{uses: postgres, url: env:ERP_URL, table: t, path: a.csv}", "E205"),
        ("{uses: postgres, url: env:ERP_URL, table: t, delimiter: ';'}", "E205"),
        ("{uses: postgres, url: env:ERP_URL, table: t, rowNumber: n}", "E205"),
        ("{uses: csv, path: a.csv, version: 3}", "E205"),
        ("{uses: csv, path: a.csv, settings: {x: y}}", "E205"),
        ("{uses: postgers, url: env:ERP_URL, table: t}", "E205"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_and_no_secret_is_shown(
    project: Project, said: str, code: str
) -> None:
    path = project.root / "environments/production.yaml"
    path.write_text(path.read_text().replace("{uses: postgres, url: env:ERP_URL, table: ledger}", said))
    ran = project.run("validate", code=2)
    assert code in ran.out + ran.err
    assert "canary" not in ran.out + ran.err
