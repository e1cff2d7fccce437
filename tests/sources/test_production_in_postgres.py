"""The whole story with production's tables in a real PostgreSQL: no command, store or log holds the way in."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import pytest

from tests.support.each import hold_for_each
from tests.support.postgres import PASSWORD, Postgres
from tests.support.project import Project, begin, configured

pytestmark = pytest.mark.needs("postgres")

COLUMNS = "invoice_id text, customer_id text, issued date, due date, paid date, amount numeric(10, 2), country char(5)"
DECLARED = "{uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}}"
REFUSED = {
    "{uses: postgres, url: 'postgresql://owner:canary@db/x', table: t}": "E219",
    "{uses: postgres, url: 'host=db password=canary', table: t}": "E205",
    "{uses: csv, path: 's3://canary:canary@bucket/a.csv'}": "E219",
    "{uses: csv, path: 's3://bucket/a.csv?X-Amz-Signature=canarycanarycanary'}": "E219",
    "{uses: csv, path: 'az://box/a.csv?sv=1&sig=canarycanarycanary'}": "E219",
    "{uses: csv, path: 'https://h/a.csv'}": "E302",
    "{uses: csv, path: 's3://bucket/../a.csv'}": "E302",
    "{uses: postgres, url: env:ERP_URL}": "E204",
    "{uses: postgres, url: env:ERP_URL, table: t, query: SELECT 1}": "E204",
    "{uses: postgres, table: t}": "E204",
    "{uses: postgres, url: env:ERP_URL, table: t, path: a.csv}": "E205",
    "{uses: postgres, url: env:ERP_URL, table: t, delimiter: ';'}": "E205",
    "{uses: postgres, url: env:ERP_URL, table: t, rowNumber: n}": "E205",
    "{uses: csv, path: a.csv, version: 3}": "E205",
    "{uses: csv, path: a.csv, settings: {x: y}}": "E205",
    "{uses: postgers, url: env:ERP_URL, table: t}": "E205",
}
LOST_HALF_WAY = """
CREATE VIEW ledger AS SELECT * FROM rows_of_ledger UNION ALL
SELECT n::text, 'x', now()::date, now()::date, NULL, n, 'SE' FROM generate_series(1, 100000) AS n
WHERE n < 90000 OR pg_terminate_backend(pg_backend_pid())
"""
WAITING = """
SELECT pg_sleep(0.1), pg_stat_clear_snapshot(), count(*) FROM pg_stat_activity
WHERE application_name = 'reconciler' AND wait_event_type = 'Lock'
"""


@pytest.fixture
def project(database: Postgres, tmp_path: Path) -> Project:
    project = configured(tmp_path / "project")
    with (project.root / "data/invoices.csv").open() as stream:
        rows = list(csv.reader(stream))[1:]
    values = ", ".join("({})".format(", ".join(f"'{cell}'" if cell else "NULL" for cell in row)) for row in rows)
    database.run(
        "DROP TABLE IF EXISTS rows_of_ledger CASCADE",
        "DROP TABLE IF EXISTS ledger",
        f"CREATE TABLE ledger ({COLUMNS})",
        f"INSERT INTO ledger VALUES {values}",
    )
    (project.root / "data/invoices.csv").unlink()
    production = project.root / "environments/production.yaml"
    text = production.read_text()
    assert DECLARED in text
    production.write_text(text.replace(DECLARED, "{uses: postgres, url: env:ERP_URL, table: ledger}"))
    begin(project)
    project.environment |= {"ERP_URL": database.url(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return project


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.soak(only=True)  # what is copied is trained on as from anywhere
def test_a_model_is_trained_promoted_and_predicts_from_the_database(
    database: Postgres, project: Project, tmp_path: Path
) -> None:
    outputs = [project.run("validate"), project.run("apply", "sandbox", "--yes"), project.run("doctor", code=None)]
    assert "reached: invoices" in outputs[-1].out
    project.promote()
    outputs += [project.run("apply", "production", "--yes")]
    out = tmp_path / "predicted.csv"
    outputs += [project.run("predict", "lateness", "--in", "production", "--out", str(out))]
    assert len(out.read_text().splitlines()) > 1
    outputs += [project.run("audit", code=None)]
    everything = held(project.root) + held(tmp_path / "cache") + out.read_bytes()
    assert PASSWORD.encode() not in everything
    assert str(database.port).encode() not in b"".join(f"{ran.out}{ran.err}".encode() for ran in outputs)
    assert all(PASSWORD not in ran.out + ran.err for ran in outputs)


@pytest.mark.soak(only=True)
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
    database.run("ALTER TABLE ledger RENAME TO rows_of_ledger", LOST_HALF_WAY)
    ran = project.run("data", "refresh", "sandbox", "--force", "--yes", code=1)
    assert "E431" in ran.err
    assert "went away" in ran.err
    assert held(project.root / ".reconciler") == before, "nothing was written, half a copy least of all"
    project.run("plan", "sandbox", "--check")
    database.run("DROP VIEW ledger", "ALTER TABLE rows_of_ledger RENAME TO ledger")
    assert project.run("data", "refresh", "sandbox", "--force", "--yes", "-o", "json").json["snapshot"] == 1


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_no_live_worker_of_a_refresh_shows_a_password_and_a_wrong_one_is_nowhere(
    database: Postgres, project: Project, tmp_path: Path
) -> None:
    """The refresh waits for a lock while its processes are looked at; then another database refuses its password."""
    wrong = "canary-of-a-wrong-password"
    path = project.root / "environments/production.yaml"
    other = "      tickets: {uses: postgres, url: env:CRM_URL, table: t}\n"
    path.write_text(path.read_text().replace("    tables:\n", f"    tables:\n{other}"))
    project.commit("Another database")
    (tmp_path / "temporary").mkdir()
    project.environment |= {"CRM_URL": database.url(password=wrong), "TMPDIR": str(tmp_path / "temporary")}
    with database.connected() as lock, database.connected() as asking:
        lock.execute("BEGIN")
        lock.execute("LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE")
        refresh = project.start("data", "refresh", "sandbox", "--yes", "-v", cold=True)
        waiting = 0
        while not waiting and refresh.poll() is None:
            asking.execute(WAITING)
            waiting = asking.fetchone()[2]
        shown = {process: shown_of(process) for process in below(refresh.pid)}
        own = Path(f"/proc/{refresh.pid}/cmdline").read_bytes()
        lock.execute("ROLLBACK")
        out, err = refresh.communicate(timeout=300)
    assert waiting, out + err
    assert any(b"reconciler.data" in text for text in shown.values()), "the worker of the copy is among them"
    assert refresh.returncode == 1
    assert "E432" in err
    ran = project.run("plan", "sandbox", code=None)
    said = ran.out + ran.err + out + err
    stored = held(project.root) + held(tmp_path / "cache") + held(tmp_path / "temporary")
    for secret in (wrong, PASSWORD):
        assert [text for text in (*shown.values(), own, stored, said.encode()) if secret.encode() in text] == []


def below(process: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def shown_of(process: int) -> bytes:
    """What anybody who may look at a process sees of it."""
    return b"".join(Path(f"/proc/{process}/{name}").read_bytes() for name in ("cmdline", "environ"))


@pytest.mark.soak(only=True)
def test_a_declaration_that_cannot_be_meant_is_refused_and_no_secret_is_shown(tmp_path: Path) -> None:
    project = configured(tmp_path / "project")
    path = project.root / "environments/production.yaml"
    text = path.read_text()
    assert DECLARED in text

    def check(said: str) -> None:
        path.write_text(text.replace(DECLARED, said))
        ran = project.run("validate", "--working-tree", code=2)
        assert REFUSED[said] in ran.out + ran.err
        assert "canary" not in ran.out + ran.err

    hold_for_each(check, REFUSED)
