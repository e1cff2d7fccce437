"""Every path of a manifest is resolved: what git brings leads nobody anywhere, what the operator made does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import PRODUCTION, Project, begin, configured

STORE = "environments/production.yaml:"


def production(project: Project, *, store: str = ".reconciler/production", target: str = "serving") -> None:
    """Declare where production keeps and serves models, in a commit."""
    text = PRODUCTION.replace("root: serving}", f"root: {target}}}\n  store: {{uses: files, root: {store}}}")
    project.write("environments/production.yaml", text)
    project.git("add", "-A")
    project.git("commit", "-q", "--allow-empty", "-m", "Where production is")


def link(project: Project, name: str, to: str | Path) -> None:
    (project.root / name).symlink_to(to)


def add_submodule(project: Project, name: str) -> Path:
    """Commit a submodule, populated, that holds a store."""
    folder = project.root / name
    folder.mkdir()
    inner = Project(folder)
    inner.git("init", "-q", "-b", "main")
    inner.git("config", "user.name", "Eve")
    inner.git("config", "user.email", "eve@example.org")
    inner.write("production/store.json", "planted")
    head = inner.commit("A store")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{head},{name}")
    project.git("commit", "-q", "-m", "A submodule")
    return folder


def a_committed_link_on_the_way(project: Project) -> str:
    (project.root / "evil").mkdir()
    link(project, "stores", "evil")
    production(project, store="stores/production")
    return "stores, a symbolic link that git tracks to 'evil'"


def a_committed_link_to_a_target(project: Project) -> str:
    (project.root / "site").mkdir()
    link(project, "www", "site")
    production(project, target="www/models")
    return "www, a symbolic link that git tracks to 'site'"


def a_committed_link_that_is_the_folder(project: Project) -> str:
    (project.root / "evil").mkdir()
    link(project, "store", "evil")
    production(project, store="store")
    return "store, a symbolic link that git tracks"


def a_committed_link_that_is_not_checked_out(project: Project) -> str:
    """A sparse checkout, or a disk that cannot hold links, has a folder there."""
    link(project, "stores", "evil")
    production(project, store="stores/production")
    (project.root / "stores").unlink()
    (project.root / "stores").mkdir()
    return "stores, a symbolic link that git tracks"


def a_staged_link(project: Project) -> str:
    production(project, store="stores/production")
    (project.root / "evil").mkdir()
    link(project, "stores", "evil")
    project.git("add", "stores")
    return "stores, a symbolic link that git tracks"


def a_submodule_on_the_way(project: Project) -> str:
    add_submodule(project, "stores")
    production(project, store="stores/production")
    return "stores, a submodule that git tracks"


def a_submodule_that_git_left_behind(project: Project) -> str:
    """Git removes the entry of a submodule, and leaves its folder where it is."""
    add_submodule(project, "stores")
    project.git("rm", "-q", "--cached", "stores")
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "stores/\n")
    production(project, store="stores/production")
    return "production/store.json is tracked by git"


def a_link_in_another_case(project: Project) -> str:
    link(project, "STORES", "evil")
    production(project, store="stores/production")
    return "stores, a symbolic link that git tracks"


def a_link_in_another_unicode_form(project: Project) -> str:
    link(project, "bu\u0308cher", "evil")
    production(project, store="b\u00fccher/production")
    return "a symbolic link that git tracks"


def a_link_with_a_sign_that_nobody_sees(project: Project) -> str:
    link(project, "sto\u200cres", "evil")
    production(project, store="stores/production")
    return "stores, a symbolic link that git tracks"


def tracked_files_in_another_case(project: Project) -> str:
    project.write("Stores/production/store.json", "planted")
    production(project, store="stores/production")
    return "production/store.json is tracked by git"


def a_tracked_file_on_the_way(project: Project) -> str:
    project.write("stores", "a file")
    production(project, store="stores/production")
    return "but stores is tracked by git"


def an_own_link_into_tracked_files(project: Project) -> str:
    project.write("docs/production/store.json", "planted")
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "stores\n")
    production(project, store="stores/production")
    link(project, "stores", "docs")
    return "docs/production/store.json is tracked by git"


def an_own_link_through_a_committed_one(project: Project) -> str:
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "stores\n")
    (project.root / "evil").mkdir()
    link(project, "shared", "evil")
    production(project, store="stores/production")
    link(project, "stores", project.root / "shared")
    return "shared, a symbolic link that git tracks to 'evil'"


def an_own_link_into_another_clone(project: Project) -> str:
    clone = Project(project.root.parent / "clone")
    clone.environment = project.environment
    project.git("clone", "-q", ".", str(clone.root))
    clone.git("config", "user.name", "Eve")
    clone.git("config", "user.email", "eve@example.org")
    clone.write("evil/production/store.json", "planted")
    clone.commit("A store")
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "stores\n")
    production(project, store="stores/production")
    link(project, "stores", clone.root / "evil")
    return "evil/production/store.json is tracked by git"


def a_link_up_and_down_again(project: Project) -> str:
    """`..` in a link is followed from where the link really is."""
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "own\n")
    project.write("docs/production/store.json", "planted")
    (project.root / "own").mkdir()
    (project.root / "own/stores").symlink_to("../data/../docs")
    production(project, store="own/stores/production")
    return "docs/production/store.json is tracked by git"


CASES = [
    *(a_committed_link_on_the_way, a_committed_link_to_a_target, a_committed_link_that_is_the_folder),
    *(a_committed_link_that_is_not_checked_out, a_submodule_on_the_way, a_submodule_that_git_left_behind),
    *(a_link_in_another_case, a_link_in_another_unicode_form, a_link_with_a_sign_that_nobody_sees),
    *(tracked_files_in_another_case, a_tracked_file_on_the_way, an_own_link_into_tracked_files),
    *(an_own_link_through_a_committed_one, an_own_link_into_another_clone, a_link_up_and_down_again, a_staged_link),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_place_that_git_decides_about_is_refused_with_its_line(
    project: Project, case: Callable[[Project], str]
) -> None:
    expected = case(project)
    for command in (("status",), ("apply", "production", "--yes")):
        told = " ".join(project.run(*command, code=6).err.split())
        assert "E302" in told
        assert expected in told
        assert STORE in told
        assert "git rm --cached" in told
    assert not (project.root / "evil/production").exists()


@pytest.mark.parametrize("command", [("plan", "production"), ("audit",), ("validate",), ("drift",), ("doctor",)])
def test_every_reader_refuses_a_planted_link(project: Project, command: tuple[str, ...]) -> None:
    a_committed_link_on_the_way(project)
    ran = project.run(*command, code=None)
    assert "E302" in ran.out + ran.err
    assert ran.code == (6 if command != ("doctor",) else ran.code) != 0


def test_a_link_of_the_applied_revision_alone_is_refused(project: Project) -> None:
    a_committed_link_on_the_way(project)
    revision = project.git("rev-parse", "HEAD")
    project.git("reset", "-q", "--hard", "HEAD~1")
    (project.root / "stores").mkdir()
    assert "E302" in project.run("plan", "production", "--revision", revision, code=6).err


@pytest.mark.parametrize("elsewhere", ["disk", "project/big"])
def test_a_link_that_the_operator_made_is_followed(project: Project, tmp_path: Path, elsewhere: str) -> None:
    folder = tmp_path / elsewhere
    folder.mkdir()
    if elsewhere != "disk":
        project.write(".gitignore", (project.root / ".gitignore").read_text() + "big/\n")
    project.write(".gitignore", (project.root / ".gitignore").read_text() + ".reconciler\nserving\n")
    project.commit("Ignored")
    link(project, ".reconciler", folder)
    (tmp_path / "www").mkdir()
    link(project, "serving", tmp_path / "www")
    project.run("apply", "production", "--yes")
    assert (folder / "production/store.json").exists()
    for command in (("status",), ("plan", "production"), ("plan", "production"), ("audit",), ("validate",)):
        project.run(*command)


@pytest.mark.parametrize("where", ["home", "/", "project", "above", "git"])
def test_a_store_is_a_folder_of_its_own(project: Project, where: str) -> None:
    project.environment["HOME"] = str(project.root.parent / "home")
    (project.root.parent / "home").mkdir()
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "own\n")
    (project.root / "own").mkdir()
    to = {"home": "../../home", "/": "/", "project": "..", "above": "../..", "git": "../.git/stores"}[where]
    (project.root / "own/place").symlink_to(to)
    production(project, store="own/place")
    told = project.run("status", code=1).err
    assert "E607" in told
    assert STORE in told


def test_gits_own_folder_is_named_by_no_manifest(project: Project) -> None:
    for store in (".git", ".GIT/production", "own/.git/production"):
        production(project, store=store)
        told = project.run("status", code=2).err
        assert "E302" in told
        assert "outside of .git" in told


def test_two_stores_never_meet_through_a_link(project: Project) -> None:
    project.write(".gitignore", (project.root / ".gitignore").read_text() + "own\n")
    (project.root / "own").mkdir()
    (project.root / "own/production").symlink_to("../.reconciler/sandbox")
    production(project, store="own/production/deep")
    told = project.run("status", code=6).err
    assert "E609" in told
    assert STORE in told
    assert ".reconciler/sandbox" in told


def test_tables_are_read_through_no_link_that_git_brings(project: Project) -> None:
    shutil.move(project.root / "data", project.root / "real")
    project.write(".gitignore", ".reconciler/\nserving/\nreal/\n")
    link(project, "data", "real")
    project.commit("A link to the data")
    told = project.run("apply", "sandbox", "--yes", code=6).err
    assert "data, a symbolic link that git tracks to 'real'" in told
    project.git("rm", "-q", "--cached", "data")
    project.write(".gitignore", ".reconciler/\nserving/\nreal/\ndata\n")
    project.commit("The link is the operator's own")
    project.run("plan", "sandbox")


def test_a_data_root_is_reached_through_no_link_that_git_brings(project: Project) -> None:
    (project.root / "elsewhere").mkdir()
    link(project, "inputs", "elsewhere")
    project.commit("A link")
    told = project.run("--data-root", str(project.root / "inputs"), "plan", "sandbox", code=6).err
    assert "E302" in told
    assert "--data-root" in told


def test_tables_may_be_committed(project: Project) -> None:
    project.write(".gitignore", ".reconciler/\nserving/\n")
    project.commit("Tables")
    project.run("plan", "sandbox")


def test_a_folder_that_cannot_be_searched_is_told(project: Project) -> None:
    if os.geteuid() == 0:
        link(project, "loop", "loop")
        project.write(".gitignore", (project.root / ".gitignore").read_text() + "loop\n")
        production(project, store="loop/production")
        told = project.run("status", code=1).err
        assert "E602" in told
        assert STORE in told


def test_a_project_is_entered_through_no_link_of_its_own_repository(tmp_path: Path) -> None:
    """A request could replace the folder that a job names by a link to a project of its own."""
    outer = Project(tmp_path / "mono")
    inner = configured(tmp_path / "mono/teams/other")
    (outer.root / "teams/credit").symlink_to("other")
    (tmp_path / "own").symlink_to(outer.root / "teams/other")
    begin(outer)
    told = inner.run("-C", str(outer.root / "teams/credit"), "status", code=6).err
    assert "E302" in told
    assert "teams/credit, a symbolic link that git tracks to 'other'" in told
    assert f"-C {inner.root}" in told
    outer.environment["PWD"] = str(outer.root / "teams/credit")
    entered = subprocess.run(
        [outer.python, "-P", "-m", "reconciler", "status"],
        cwd=outer.root / "teams/credit",
        env=outer.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (entered.returncode, "E302" in entered.stderr) == (6, True)
    inner.run("-C", str(tmp_path / "own"), "status")
    inner.run("-C", str(inner.root), "status")


def test_an_output_is_written_through_no_link_that_git_brings(project: Project, tmp_path: Path) -> None:
    (project.root / "elsewhere").mkdir()
    link(project, "out", "elsewhere")
    project.commit("A link")
    told = project.run("plan", "production", "--out", str(project.root / "out/plan.json"), code=6).err
    assert "E302" in told
    assert "out, a symbolic link that git tracks to 'elsewhere'" in told
    assert not list((project.root / "elsewhere").iterdir())
    (tmp_path / "own").symlink_to(project.root / "elsewhere")
    os.link(project.root / "reconciler.yaml", project.root / "elsewhere/plan.json")
    project.run("plan", "production", "--out", str(tmp_path / "own/plan.json"))
    assert "kind: Project" in (project.root / "reconciler.yaml").read_text(), "a hard link is replaced, not written to"
