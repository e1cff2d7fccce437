"""`report`: the page of a model and the site of an environment, from a real project; and what they refuse."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.effort import spread
from tests.support.project import Project

RECORD = "reconciler-site.jsonl"


def pages(site: Path) -> dict[str, bytes]:
    return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_a_page_shows_the_deployed_model_in_full_and_is_the_same_again(deployed: Project, tmp_path: Path) -> None:
    ran = deployed.run("report", "lateness", "--in", "production", "--html", str(tmp_path / "page.html"))
    assert ran.code == 0, ran
    assert "production/lateness, grade" in ran.out
    first = (tmp_path / "page.html").read_bytes()
    assert len(first) < 1_000_000
    text = first.decode()
    assert re.findall(r'<section id="([a-z]+)"', text)[:3] == ["verdict", "figures", "confusion"]
    assert text.count('<svg class="plot"') >= 3
    assert "No column that the model reads was masked." in text
    assert "reconciler reproduce sha256:" in text
    deployed.run("report", "lateness", "--in", "production", "--html", str(tmp_path / "again.html"))
    assert (tmp_path / "again.html").read_bytes() == first


def test_json_holds_what_the_page_shows(deployed: Project) -> None:
    report = deployed.run("report", "lateness", "--in", "production", "-o", "json").json
    assert report["judged"]["detailed"]["rows"] == report["judged"]["evaluation"]["rows"]
    assert report["events"][0]["action"] == "deploy"
    assert [each["name"] for each in report["tables"]] == ["invoices"]


def test_a_site_is_made_once_and_then_only_what_changed(redeployed: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    made = redeployed.run("report", "production", "--html", str(site), "-o", "json").json
    assert (made["models"], made["written"], made["removed"]) == (1, 1, 0)
    before = pages(site)
    assert {"index.html", "history.html", "requests.html", "site.css", "models/lateness.html", RECORD} == set(before)
    history = before["history.html"].decode()
    assert history.count("<td>deploy</td>") == 2
    again = redeployed.run("report", "production", "--html", str(site), "-o", "json").json
    assert (again["written"], again["unchanged"]) == (0, 1)
    assert pages(site)["models/lateness.html"] == before["models/lateness.html"]


def test_plots_are_drawn_of_what_is_evaluated_in_full_or_of_all_or_of_none(deployed: Project, tmp_path: Path) -> None:
    site = str(tmp_path / "site")
    assert deployed.run("report", "production", "--html", site, "--plots", "none", "-o", "json").json["drawn"] == 0
    assert deployed.run("report", "production", "--html", site, "--plots", "all", "-o", "json").json["drawn"] == 1
    assert deployed.run("report", "production", "--html", site, "--plots", "all", "-o", "json").json["written"] == 0
    other = str(tmp_path / "other")
    assert deployed.run("report", "production", "--html", other, "-o", "json").json["drawn"] == 1


def test_the_page_of_a_retired_model_goes_and_a_file_of_others_stays(deployed: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    deployed.run("report", "sandbox", "--html", str(site))
    (site / "CNAME").write_text("example.org")
    (site / "models/notes.html").write_text("mine")
    deployed.git("rm", "-q", "manifests/sandbox/lateness.yaml")
    deployed.git("commit", "-qm", "Retire")
    made = deployed.run("report", "sandbox", "--html", str(site), "-o", "json").json
    assert (made["models"], made["removed"]) == (0, 1)
    assert {"CNAME", "models/notes.html"} <= set(pages(site))
    assert "models/lateness.html" not in pages(site)


def test_a_page_that_is_gone_or_cut_is_made_again(deployed: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    deployed.run("report", "production", "--html", str(site))
    page = site / "models/lateness.html"
    whole = page.read_bytes()
    page.write_bytes(whole[:100])
    deployed.run("report", "production", "--html", str(site))
    assert page.read_bytes() == whole


def test_a_damaged_artifact_is_exit_6_of_a_page_and_of_a_site_which_says_so(deployed: Project, tmp_path: Path) -> None:
    head = deployed.run("status", "production", "-o", "json").json["environments"][0]["models"][0]["artifact"]
    blob = deployed.root / ".reconciler/production/blobs/sha256" / head.removeprefix("sha256:")
    blob.chmod(0o644)
    blob.write_bytes(b"{}")
    deployed.run("report", "lateness", "--in", "production", "--html", str(tmp_path / "page.html"), code=6)
    assert not (tmp_path / "page.html").exists()
    ran = deployed.run("report", "production", "--html", str(tmp_path / "site"), code=6)
    assert "unread  lateness" in ran.out
    assert "is damaged" in (tmp_path / "site/models/lateness.html").read_text()


def test_a_journal_that_is_gone_is_exit_6_and_no_page_says_that_nothing_was_deployed(
    deployed: Project, tmp_path: Path
) -> None:
    shutil.rmtree(deployed.root / ".reconciler/production/journal/production/lateness")
    deployed.run("report", "lateness", "--in", "production", "--html", str(tmp_path / "page.html"), code=6)
    deployed.run("report", "production", "--html", str(tmp_path / "site"), code=6)
    shown = (tmp_path / "site/models/lateness.html").read_text()
    assert "nothing was deployed yet" not in shown
    assert "missing from the store" in shown
    assert "lateness" in (tmp_path / "site/index.html").read_text().split('id="attention"')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["lateness", "--in", "sandbox"], "missing option '--html'"),
        (["sandbox"], "missing option '--html'"),
        (["nothing", "--in", "sandbox", "--html", "x.html"], "no model 'nothing' is declared"),
        (["sandbox", "--html", "reconciler.yaml"], "is a file, and a site is a folder"),
        (["lateness", "--in", "sandbox", "--html", "data"], "is a folder, and a page is a file"),
        (["sandbox", "--html", "manifests"], "holds files that no site of ours is made of"),
        (["sandbox", "--html", "no/such/folder"], "there is no folder"),
        (["sandbox", "--digest", "abcdef", "--html", "site"], "--digest is for the page of one model"),
        (["lateness", "--in", "sandbox", "--plots", "all", "--html", "x.html"], "--plots is for a site"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    trained: Project, arguments: list[str], problem: str
) -> None:
    ran = trained.run("report", *arguments, code=2)
    assert problem in ran.err
    assert "hint: " in ran.err


def test_a_link_that_git_tracks_decides_nothing_about_where_a_site_goes(trained: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (trained.root / "site").symlink_to(tmp_path / "elsewhere")
    trained.git("add", "site")
    trained.git("commit", "-qm", "Link")
    ran = trained.run("report", "sandbox", "--html", "site", code=6)
    assert "E302" in ran.err
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_that_cannot_be_written_is_told(trained: Project) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    ran = trained.run("report", "sandbox", "--html", "/proc/self/site", code=2)
    assert "E803 cannot write" in ran.err


def test_without_matplotlib_a_page_names_the_extra_and_a_site_has_its_tables(trained: Project, tmp_path: Path) -> None:
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "matplotlib.py").write_text("raise ImportError('hidden')\n")
    environ = {**trained.environment, "PYTHONPATH": str(hide)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*trained.command("report", *arguments, cold=True)]
        return subprocess.run(command, cwd=trained.root, env=environ, capture_output=True, text=True, check=False)

    ran = run("lateness", "--in", "sandbox", "--html", str(tmp_path / "page.html"))
    assert ran.returncode == 2, ran
    assert "pip install 'model-reconciler[report]'" in ran.stderr
    ran = run("sandbox", "--html", str(tmp_path / "site"), "--plots", "none")
    assert ran.returncode == 0, ran


def test_open_shows_the_file_in_the_browser_that_the_person_named(trained: Project, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)
    trained.environment["BROWSER"] = f"{browser} %s"
    ran = trained.run("report", "lateness", "--in", "sandbox", "--html", str(tmp_path / "page.html"), "--open")
    assert ran.code == 0, ran
    assert (tmp_path / "shown").read_text().strip() == (tmp_path / "page.html").as_uri()
    assert os.fspath(tmp_path) in (tmp_path / "shown").read_text()


@pytest.mark.soak(only=True)  # as one that is killed does
@pytest.mark.needs("small-disk")
def test_a_full_disk_leaves_a_site_that_the_next_run_makes_good(deployed: Project, tmp_path: Path) -> None:
    """On a disk of its own, in a namespace of its own, which ends with the command."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = deployed.command("report", "production", "--html", str(disk / "site"), "--plots", "none", cold=True)
    script = (
        f"mount -t tmpfs -o size=24k small {disk} && {shlex.join(command)}; echo first $?; "
        f"mount -o remount,size=4M {disk} && {shlex.join(command)}; echo second $?; "
        f"ls -A {disk}/site {disk}/site/models"
    )
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=deployed.root,
        env=deployed.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "E803 cannot write" in ran.stderr, ran
    assert "No space left" in ran.stderr
    assert "first 2" in ran.stdout
    assert "second 0" in ran.stdout
    assert ".tmp-" not in ran.stdout
    assert "lateness.html" in ran.stdout


@pytest.mark.soak
def test_a_run_that_is_killed_is_made_good_by_the_next_one(deployed: Project, tmp_path: Path) -> None:
    """At each rename: the moments at which something of a site becomes another one."""
    whole = tmp_path / "whole"
    deployed.run("report", "production", "--html", str(whole), "--plots", "none")
    wanted = {name: body for name, body in pages(whole).items() if name not in ("index.html", RECORD)}
    program = (
        "import os, sys\n"
        "left = int(sys.argv.pop(1))\n"
        "def audit(event, arguments):\n"
        "    global left\n"
        "    if event == 'os.rename' and str(arguments[0]).startswith('.tmp-'):\n"
        "        left -= 1\n"
        "        if left < 0:\n"
        "            os.kill(os.getpid(), 9)\n"
        "sys.addaudithook(audit)\n"
        "from reconciler.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    site = tmp_path / "site"
    for renames in spread(range(4), "RENAMES"):
        command = [deployed.python, "-c", program, str(renames)]
        arguments = ["report", "production", "--html", str(site), "--plots", "none"]
        ran = subprocess.run(
            [*command, *arguments], cwd=deployed.root, env=deployed.environment, capture_output=True, check=False
        )
        assert ran.returncode == -9, ran
    deployed.run("report", "production", "--html", str(site), "--plots", "none")
    found = pages(site)
    assert {name: body for name, body in found.items() if name not in ("index.html", RECORD)} == wanted
    assert {"index.html", RECORD} <= set(found)


def test_a_site_without_plots_loads_no_heavy_library(deployed: Project, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from reconciler.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'matplotlib', 'numpy', 'sklearn', 'pandas', 'duckdb', 'pyarrow', 'skops'}\n"
        "print(code, sorted(heavy & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    arguments = ["report", "production", "--html", str(tmp_path / "site"), "--plots", "none"]
    ran = subprocess.run(
        [deployed.python, "-c", program, *arguments],
        cwd=deployed.root,
        env=deployed.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.splitlines()[-1] == "0 []", ran


PROGRAM = """
import sys
from reconciler.cli.main import main
code = main(sys.argv[1:])
heavy = {"matplotlib", "numpy"}
print(code, sorted(heavy & {name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def test_plots_are_drawn_and_manifests_read_by_processes_that_give_their_memory_back(
    deployed: Project, tmp_path: Path
) -> None:
    """What a site takes must not grow with what its pages need."""
    arguments = ["report", "production", "--html", str(tmp_path / "site")]
    ran = subprocess.run(
        [deployed.python, "-c", PROGRAM, *arguments],
        cwd=deployed.root,
        env=deployed.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.splitlines()[-1] == "0 []", ran
    assert '<svg class="plot"' in (tmp_path / "site/models/lateness.html").read_text()
