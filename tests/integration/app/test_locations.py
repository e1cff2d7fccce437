"""Which project, which commit, which files: found upwards, read from git, and never from what git should not hold."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.project import PRODUCTION, Project, begin, configured


def test_the_project_is_found_from_any_folder_below_it_and_not_beyond_the_repository(
    project: Project, tmp_path: Path
) -> None:
    below = project.root / "manifests/sandbox"
    assert "lateness" in project.run("-C", str(below), "plan", "sandbox").out
    assert "lateness" in project.run("plan", "sandbox", "-C", str(below)).out

    inner = Project(project.root / "inner")
    inner.root.mkdir()
    inner.git("init", "-q", "-b", "main")
    ran = inner.run("status", code=2)
    assert "E801" in ran.err
    assert "-C DIR" in ran.err
    outside = Project(tmp_path / "outside")
    outside.root.mkdir()
    assert "reconciler.yaml" in outside.run("status", code=2).err


def test_every_path_on_the_command_line_is_meant_from_the_named_folder(project: Project) -> None:
    for arguments in (
        ["-C", str(project.root), "plan", "sandbox", "--out", "data/one.json"],
        ["plan", "sandbox", "--out", "two.json", "-C", str(project.root / "data")],
        ["-C", str(project.root), "plan", "sandbox", "-C", "data", "--out", "three.json"],
    ):
        project.run(*arguments)
    assert {path.name for path in (project.root / "data").glob("*.json")} == {"one.json", "two.json", "three.json"}


def test_what_is_no_file_is_not_replaced_by_one(project: Project, tmp_path: Path) -> None:
    """`--out /dev/null`, by an administrator, took the device away."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "stream").symlink_to("/proc/self/fd/1")
    for name in ("pipe", "device", "stream"):
        assert (
            "a file would take its place" in project.run("plan", "sandbox", "--out", str(tmp_path / name), code=2).err
        )
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "device").is_symlink()
    assert (tmp_path / "stream").is_symlink()
    (tmp_path / "latest.json").symlink_to("of-today.json")
    project.run("plan", "sandbox", "--out", str(tmp_path / "latest.json"))


def test_a_project_may_lie_below_the_root_of_its_repository(tmp_path: Path) -> None:
    made = configured(tmp_path / "mono/teams/credit")
    outer = Project(tmp_path / "mono")
    outer.environment = made.environment
    begin(outer)
    assert "lateness" in made.run("plan", "sandbox").out
    assert made.run("validate", "--revision", "HEAD").out.startswith("Valid: 1 model manifest, 2 environments")


def test_a_plan_is_of_a_commit_and_says_so_when_the_files_on_disk_differ(project: Project) -> None:
    manifest = project.root / "manifests/sandbox/lateness.yaml"
    assert "uncommitted" not in project.run("plan", "sandbox").err
    manifest.write_bytes(manifest.read_bytes().replace(b"\n", b"\r\n"))
    assert "uncommitted" not in project.run("plan", "sandbox").err, "other line ends are no change"
    manifest.write_text(manifest.read_text().replace("seed: 7", "sead: 7"))
    project.write("manifests/sandbox/another.yaml", "x")

    ran = project.run("plan", "sandbox")
    assert "uncommitted changes in manifests/sandbox/another.yaml, manifests/sandbox/lateness.yaml" in ran.err
    assert "another" not in ran.out
    assert project.run("why", "lateness").err.count("uncommitted") == 1, "the environment was found by reading it, too"
    assert "uncommitted" not in project.run("plan", "sandbox", "--revision", "HEAD").err

    seen = project.run("plan", "sandbox", "--working-tree", code=2)
    assert "manifests/sandbox/lateness.yaml:" in seen.err
    assert "sead" in seen.err


def test_validate_reads_the_files_on_disk_and_lists_every_problem_with_its_place(project: Project) -> None:
    assert project.run("validate").out.startswith("Valid: 1 model manifest, 2 environments (production, sandbox)")
    manifest = project.root / "manifests/sandbox/lateness.yaml"
    manifest.write_text(manifest.read_text().replace("seed: 7", "sead: 7").replace("from:", "form:"))
    project.write("environments/production.yaml", "- a list")
    ran = project.run("validate", code=2)
    assert ran.err == ""
    assert "environments/production.yaml:1:1: E102" in ran.out
    assert "manifests/sandbox/lateness.yaml:" in ran.out
    assert "did you mean" in ran.out
    found = project.run("validate", "-o", "json", code=2).json["error"]
    assert len(found["problems"]) >= 3
    assert all(one["where"]["line"] >= 1 and one["code"] for one in found["problems"])
    assert project.run("validate", "--revision", "HEAD").code == 0


def test_a_named_revision_is_read_and_a_hostile_one_is_refused(project: Project) -> None:
    project.git("tag", "v1")
    project.recipe("seed: 7", "seed: 8")
    for revision in ("v1", "main", "HEAD~1", project.git("rev-parse", "HEAD")):
        assert project.run("validate", "--revision", revision).code == 0
    for hostile in ("--upload-pack=x", "-x", "main..v1", "a b", "$(x)", ":/x", "", "no-such", "@{-1}", "HEAD\n"):
        ran = project.run("plan", "sandbox", f"--revision={hostile}", code=2)
        assert ran.err.startswith("error: E30"), (hostile, ran.err)


def test_stores_and_targets_that_git_tracks_are_refused_before_anything_is_read_from_them(project: Project) -> None:
    for place in (".reconciler/production/store.json", "serving/lateness/current"):
        project.write(place, "planted")
        project.git("add", "-f", place)
        project.git("commit", "-q", "-m", "Planted")
        for command in (["status"], ["plan", "production"], ["apply", "production", "--yes"], ["audit"]):
            ran = project.run(*command, code=6)
            assert place in ran.err
            assert "E302" in ran.err
            assert ".gitignore" in ran.err
        project.git("reset", "-q", "--hard", "HEAD~1")
    assert project.run("status").code == 0


def test_a_data_root_is_a_folder_or_an_error(project: Project) -> None:
    ran = project.run("--data-root", "no/such", "status", code=2)
    assert "E801" in ran.err
    for given in (str(project.root), ".", "", "../" + project.root.name):  # as an unset variable of a forge comes: ""
        project.environment["RECONCILER_DATA_ROOT"] = given
        assert project.run("status").code == 0
    project.environment["RECONCILER_DATA_ROOT"] = "elsewhere"
    assert "E801" in project.run("status", code=2).err


def test_tables_are_below_the_data_root_that_a_variable_names_and_no_path_leaves_it(
    project: Project, tmp_path: Path
) -> None:
    tables = tmp_path / "tables"
    (project.root / "data").rename(tables)
    project.write("environments/production.yaml", PRODUCTION.replace("data/invoices.csv", "invoices.csv"))
    project.commit("Tables elsewhere")
    project.environment["RECONCILER_DATA_ROOT"] = "../tables"
    (tables / "invoices.csv").rename(tmp_path / "outside.csv")
    (tables / "invoices.csv").symlink_to(tmp_path / "outside.csv")
    ran = project.run("apply", "sandbox", "--yes", code=None)
    assert ran.code != 0
    assert "E302" in ran.out + ran.err
    (tables / "invoices.csv").unlink()
    (tmp_path / "outside.csv").rename(tables / "invoices.csv")
    assert project.run("apply", "sandbox", "--yes").code == 0


def test_a_protected_environment_is_never_applied_from_a_work_tree(project: Project) -> None:
    ran = project.run("apply", "production", "--working-tree", "--yes", code=2)
    assert "protected" in ran.err
    assert not (project.root / ".reconciler").exists()
