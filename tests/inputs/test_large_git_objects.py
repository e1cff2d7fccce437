"""Requests that are small as git objects and large when they are read: told by their sizes, none of them read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.tags import GitTags
from reconciler.app import uncommitted_changes
from reconciler.core.size_limits import CONFIGURATION_BYTES, LOCK_BYTES, TAG_BYTES
from reconciler.errors import SourceError
from tests.support.effort import FULL
from tests.support.large_objects import commit_with, git, large_blob, nested_trees
from tests.support.memory_use import MIB, peak_of
from tests.support.project import Project, begin, configured

pytestmark = pytest.mark.needs("git")
HUGE = 99 * 10**6
MANIFESTS = tuple(f"manifests/sandbox/m{number}.yaml" for number in range(8))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project, and a commit beside its branch that adds eight manifests of 99 MB."""
    project = begin(configured(tmp_path_factory.mktemp("large") / "project"))
    blobs = {path: large_blob(project.root, HUGE, first=f"# {path}\n") for path in MANIFESTS}
    return project, commit_with(project.root, blobs)


@pytest.fixture
def project(made: tuple[Project, str], tmp_path: Path) -> Project:
    shutil.copytree(made[0].root, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def warm(project: Project) -> Project:
    """The same, whose expressions were checked before: of a sound commit, a worker process checks new ones."""
    project.run("plan", "sandbox")
    return project


def refused_in_60_mb(project: Project, *arguments: str) -> str:
    """The command's output: exit 2, and no process of it as large as one of these manifests."""
    command = (project.python, "-P", "-m", "reconciler", *arguments)
    code, said, peak = peak_of(*command, cwd=project.root, environment=project.environment)
    assert code == 2, said
    assert peak < 60 * MIB, f"{peak / MIB:.0f} MiB: {said}"
    return said


@pytest.mark.parametrize(
    "packed", [pytest.param(False, marks=pytest.mark.soak(only=True)), True], ids=["loose", "packed"]
)
def test_a_request_with_eight_manifests_of_99_mb_is_refused_in_60_mb(
    made: tuple[Project, str], project: Project, packed: bool
) -> None:
    commit = made[1]
    if packed:  # one of two is a few bytes that say how it differs from the other
        two = [project.git("rev-parse", f"{commit}:{path}") for path in MANIFESTS[:2]]
        git(project.root, "pack-objects", "-q", ".git/objects/pack/pack", stdin="\n".join(two))
        project.git("prune-packed", "-q")
        sizes = git(project.root, "cat-file", "--batch-check=%(objectsize:disk)", stdin="\n".join(two))
        assert min(map(int, sizes.split())) < 10_000
    said = refused_in_60_mb(project, "plan", "sandbox", "--revision", commit)
    assert said.count("E109 the file has 9") == len(MANIFESTS)
    assert "the limit is 1 MiB" in said


@pytest.mark.soak(only=True)
def test_so_is_every_other_command_that_reads_that_commit(made: tuple[Project, str], warm: Project) -> None:
    commit = made[1]
    commands: list[tuple[str, ...]] = [
        ("validate", "--revision", commit),
        ("diff", "--from", commit, "--to", "HEAD"),
        ("diff", "--from", "HEAD", "--to", commit),
        ("status", "--revision", commit),
    ]
    for arguments in commands if FULL else commands[1:2]:
        assert "E109" in refused_in_60_mb(warm, *arguments), arguments


def test_the_base_of_a_request_is_measured_as_the_request_is(made: tuple[Project, str], warm: Project) -> None:
    """The branch has them, and the request removes them: its plan reads both."""
    warm.git("branch", "-f", "main-with", made[1])
    warm.git("symbolic-ref", "HEAD", "refs/heads/main-with")
    warm.git("read-tree", "HEAD~1")
    warm.git("commit", "-q", "-m", "Remove them")
    environment = warm.root / "environments/production.yaml"
    environment.write_text(environment.read_text().replace("branch: main", "branch: main-with"))
    warm.commit("Another branch")
    warm.git("checkout", "-q", "-b", "request")
    warm.git("branch", "-f", "main-with", made[1])
    said = refused_in_60_mb(warm, "plan", "production", "--comment")
    assert "E109" in said


def test_files_on_disk_are_measured_before_they_are_read(project: Project) -> None:
    for path in MANIFESTS:
        with (project.root / path).open("wb") as stream:
            stream.truncate(HUGE)
    assert "E109 the file has 99,000,000 bytes" in refused_in_60_mb(project, "validate")
    assert "E109" in refused_in_60_mb(project, "plan", "sandbox", "--working-tree")
    project.git("add", "manifests/sandbox/m0.yaml")  # zeros: small in git
    project.git("commit", "-q", "-m", "One of them")
    for path in MANIFESTS[1:]:
        (project.root / path).unlink()
    source = GitSource(project.root)
    (note,) = uncommitted_changes.notes(source, project.root, source.resolve("HEAD"))
    assert MANIFESTS[0] in note, "not read, so it may differ"


def test_a_picture_beside_manifests_is_nobodys_business(project: Project) -> None:
    with (project.root / "manifests/sandbox/curve.png").open("wb") as stream:
        stream.truncate(HUGE)
    project.run("validate")
    picture = large_blob(project.root, HUGE, first="picture")
    project.run("validate", "--revision", commit_with(project.root, {"manifests/sandbox/curve.png": picture}))


def test_a_lock_is_measured_and_one_that_nothing_names_is_not_read(project: Project) -> None:
    project.git(
        "branch", "-f", "aside", commit_with(project.root, {"yarn.lock": large_blob(project.root, HUGE, first="yarn")})
    )
    project.run("validate", "--revision", "aside")
    locked = commit_with(project.root, {"requirements.lock": large_blob(project.root, HUGE, first="pip")})
    said = refused_in_60_mb(project, "plan", "sandbox", "--revision", locked)
    assert "environments/sandbox.yaml" in said
    assert "E311 spec.runtime.lock: requirements.lock has 9" in said


def test_many_files_that_are_small_each_are_refused_by_their_sum(project: Project) -> None:
    files = {
        f"manifests/sandbox/m{number}.yaml": large_blob(project.root, MIB - 100_000, first=f"# {number}\n")
        for number in range(160)
    }
    said = refused_in_60_mb(project, "plan", "sandbox", "--revision", commit_with(project.root, files))
    assert "reconciler.yaml:1:1: E310" in said
    assert f"the limit is {CONFIGURATION_BYTES:,}" in said


def test_trees_that_name_each_other_are_not_listed_without_end(project: Project) -> None:
    """Six objects of a few kilobytes: 64 million files."""
    top = nested_trees(project.root, depth=5, width=50)
    commit = commit_with(project.root, {}, trees={"deep": nested_trees(project.root, depth=5, width=50)})
    assert top in project.git("ls-tree", commit)
    with pytest.raises(SourceError, match="64 MiB") as refused:
        GitSource(project.root).tree(commit, ())
    assert refused.value.code == "E311"
    assert "E311" in project.run("plan", "sandbox", "--revision", commit, code=2).err


def test_a_source_reads_nothing_of_what_is_too_large(project: Project) -> None:
    source = GitSource(project.root)
    large = large_blob(project.root, LOCK_BYTES + MIB, first="large")
    small = source.tree(source.resolve("HEAD"), ("reconciler.yaml",))[0].id
    assert source.sizes([small, large])[large] > LOCK_BYTES
    with pytest.raises(SourceError, match="at most 4,194,304 are read") as refused:
        source.read([small, large])
    assert refused.value.code == "E311"
    many = [large_blob(project.root, LOCK_BYTES - MIB, first=str(number)) for number in range(60)]
    with pytest.raises(SourceError, match="together") as refused:
        source.read(many)
    assert refused.value.code == "E311"
    assert len(source.read(many[:30])) == 30, "in several answers"


def test_a_tag_is_measured_before_it_is_read(warm: Project) -> None:
    body = f"object {git(warm.root, 'rev-parse', 'HEAD')}\ntype commit\ntag t/1\ntagger A <a@b> 0 +0000\n\n"
    tag = git(warm.root, "hash-object", "-t", "tag", "-w", "--stdin", stdin=body + "x" * (TAG_BYTES * 8))
    git(warm.root, "update-ref", "refs/tags/t/1", tag)
    with pytest.raises(SourceError) as refused:
        GitTags(warm.root).under("t/")
    assert refused.value.code == "E311"
    git(warm.root, "update-ref", "refs/tags/reconciler/anchor/1", tag)
    command = (warm.python, "-P", "-m", "reconciler", "audit")
    _, said, peak = peak_of(*command, cwd=warm.root, environment=warm.environment)
    assert "E311" in said
    assert peak < 60 * MIB, f"git reads no tag to list it: {peak / MIB:.0f} MiB"
