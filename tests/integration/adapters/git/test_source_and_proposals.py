"""Git as strangers leave it: hostile configuration, short or strange clones, a work tree full of unfinished work."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.plumbing import Git
from reconciler.adapters.git.proposal_branch import GitProposer
from reconciler.adapters.git.tags import GitTags
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.errors import ConflictError, SourceError, UsageError
from reconciler.testing.contracts.git import proposal
from tests.contract.git_repository import Repository, repository_in

pytestmark = pytest.mark.needs("git")
FILES = {"manifests/sandbox/a.yaml": b"a: 1\n", "reconciler.yaml": b"kind: Project\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return repository_in(tmp_path / "clone")


def read_everything(source: GitSource) -> None:
    commit = source.resolve("HEAD")
    source.read(file.id for file in source.tree(commit, ()))
    source.order(commit, source.resolve("HEAD~1"), branch="main")
    source.changed("b", at=commit, branch="main")
    source.changed("manifests", at=commit, branch="main")
    source.tracked(("manifests", ".reconciler"))


def descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def booby_trapped(repository: Repository, marker: Path) -> None:
    """Every way that we know of in which a repository's own files make git start a program."""
    program = repository.root.parent / "program"
    program.write_text(f"#!/bin/sh\necho started >> {marker}\nexit 1\n")
    program.chmod(0o755)
    hooks = repository.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    names = ("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "commit-msg", "pre-auto-gc")
    for name in names:
        shutil.copy(program, hooks / name)
    (repository.root / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil merge=evil text\n")
    for name in (
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy"),
        *("core.alternateRefsCommand", "diff.external", "diff.evil.textconv", "diff.evil.command"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "credential.helper"),
        *("gpg.program", "gpg.ssh.program", "sequence.editor", "uploadpack.packObjectsHook", "pager.ls-tree"),
        *("pager.rev-list", "remote.evil.uploadpack"),
    ):
        repository.git("config", name, str(program))
    for name in (
        "rev-parse",
        "ls-tree",
        "cat-file",
        "rev-list",
        "remote",
        "show-ref",
        "read-tree",
        "merge-base",
        "diff-tree",
    ):
        repository.git("config", f"alias.{name}", f"!{program}")


def test_a_hostile_repository_starts_no_program_when_it_is_read(repository: Repository, tmp_path: Path) -> None:
    repository.commit(FILES)
    repository.commit({**FILES, "b": b"2"})
    marker = tmp_path / "marker"
    booby_trapped(repository, marker)
    Git(repository.root).run("update-ref", "refs/remotes/evil/main", "HEAD")
    read_everything(GitSource(repository.project))
    assert not marker.exists()
    with contextlib.suppress(subprocess.CalledProcessError):
        repository.git("status")
    assert marker.exists(), "an ordinary git command walks into the trap"


def test_a_missing_object_is_not_fetched_from_wherever_the_repository_says(
    repository: Repository, tmp_path: Path
) -> None:
    """A partial clone asks its remote for what it lacks, by a command of its own configuration."""
    commit = repository.commit(FILES)
    source = GitSource(repository.project)
    (file,) = source.tree(commit, ("manifests",))
    marker = tmp_path / "marker"
    booby_trapped(repository, marker)
    for name, value in (
        *(("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "evil")),
        *(("remote.evil.promisor", "true"), ("remote.evil.url", f"ext::{tmp_path / 'program'}")),
    ):
        repository.git("config", name, value)
    lost = repository.root / ".git" / "objects" / file.id[:2] / file.id[2:]
    lost.unlink()
    for url in (f"ext::{tmp_path / 'program'}", "ssh://example.org/x", str(repository.root), "file:///nowhere"):
        repository.git("config", "remote.evil.url", url)
        with pytest.raises(SourceError):
            GitSource(repository.project).read([file.id])
    assert not marker.exists()


def test_neither_replaced_objects_nor_grafts_change_what_is_read(repository: Repository) -> None:
    first = repository.commit(FILES)
    second = repository.commit({"a": b"2"})
    third = repository.commit({"a": b"3"})
    repository.git("replace", second, first)
    (repository.root / ".git" / "info" / "grafts").write_text(f"{third}\n")
    source = GitSource(repository.project)
    assert [file.path for file in source.tree(second, ())] == ["a"]
    assert source.order(first, third, branch="main") is CommitOrder.AFTER


def test_settings_of_the_user_and_of_the_environment_do_not_count(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository.commit(FILES)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    assert GitSource(repository.project).resolve("HEAD") == commit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a clone to somebody else")
def test_a_clone_that_belongs_to_another_user_can_be_read(repository: Repository) -> None:
    commit = repository.commit(FILES)
    for path in (repository.root, *repository.root.rglob("*")):
        os.chown(path, 12345, 12345)
    assert GitSource(repository.project).resolve("HEAD") == commit


def test_in_a_short_clone_an_order_that_cannot_be_told_is_an_error_and_one_that_can_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    commits = [repository.commit({"a": bytes([n])}) for n in range(4)]
    repository.git("clone", "-q", "--depth=2", "--branch=main", f"file://{repository.root}", str(tmp_path / "short"))
    source = GitSource(tmp_path / "short")
    assert source.order(commits[2], commits[3], branch="main") is CommitOrder.AFTER
    with pytest.raises(SourceError, match="too short") as refused:
        source.order(commits[0], commits[3], branch="main")
    assert refused.value.code == "E307"
    assert "fetch-depth: 0" in (refused.value.hint or "")


def test_a_history_that_is_cut_off_where_a_change_would_be_is_an_error_and_no_other_change(
    repository: Repository, tmp_path: Path
) -> None:
    commits = [repository.commit({"a": bytes([n]), "b": b"", "c": bytes([n // 2])}) for n in range(4)]
    repository.git("clone", "-q", "--depth=3", "--branch=main", f"file://{repository.root}", str(tmp_path / "short"))
    source = GitSource(tmp_path / "short")
    assert source.changed("a", at=commits[3], branch="main") == FirstParentChange(commit=commits[3], before=commits[2])
    assert source.changed("c", at=commits[3], branch="main") == FirstParentChange(commit=commits[2], before=commits[1])
    with pytest.raises(SourceError, match="which change introduced b") as refused:
        source.changed("b", at=commits[3], branch="main")
    assert refused.value.code == "E307"


def test_a_merge_is_the_change_that_brought_what_its_branch_did(repository: Repository) -> None:
    first = repository.commit({"a": b"1"})
    repository.git("switch", "-q", "-c", "topic")
    repository.commit({"a": b"2"})
    repository.commit({"a": b"2", "b": b"1"})
    repository.git("switch", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
    merge = repository.git("rev-parse", "HEAD")
    later = repository.commit({"a": b"2", "b": b"1", "c": b"1"})
    source = GitSource(repository.project)
    for path in ("a", "b"):
        assert source.changed(path, at=later, branch="main") == FirstParentChange(commit=merge, before=first), path


def test_where_there_is_a_remote_its_branch_counts_and_not_the_local_one(
    repository: Repository, tmp_path: Path
) -> None:
    first = repository.commit({"a": b"1"})
    second = repository.commit({"a": b"2"})
    clone = Repository(root=tmp_path / "mine", project=tmp_path / "mine")
    repository.git("clone", "-q", str(repository.root), str(clone.root))
    clone.git("config", "user.name", "Ada")
    clone.git("config", "user.email", "ada@example.org")
    unreviewed = clone.commit({"a": b"3"})
    source = GitSource(clone.project)
    assert source.order(first, second, branch="main") is CommitOrder.AFTER
    assert source.order(second, unreviewed, branch="main") is CommitOrder.OFF
    with pytest.raises(SourceError, match="branch 'release', which does not exist at origin"):
        source.order(first, second, branch="release")


def test_a_tag_that_is_called_like_the_remote_branch_is_not_the_branch(repository: Repository) -> None:
    commit = repository.commit({"a": b"1"})
    repository.git("config", "remote.origin.url", "nowhere")
    repository.git("tag", "refs/remotes/origin/main", commit)
    with pytest.raises(SourceError, match="protected by branch 'main', which does not exist at origin"):
        GitSource(repository.project).order(commit, commit, branch="main")


def test_a_branch_that_was_merged_is_not_on_the_first_parent_line(repository: Repository) -> None:
    first = repository.commit({"a": b"1"})
    repository.git("switch", "-q", "-c", "topic")
    topic = repository.commit({"a": b"1", "b": b"2"})
    repository.git("switch", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    merge = repository.git("rev-parse", "HEAD")
    source = GitSource(repository.project)
    assert source.order(first, merge, branch="main") is CommitOrder.AFTER
    assert source.order(first, topic, branch="main") is CommitOrder.OFF


def test_links_and_submodules_are_told_by_their_mode(repository: Repository) -> None:
    repository.commit(FILES)
    (repository.root / "manifests" / "link.yaml").symlink_to("/etc/hostname")
    repository.git("add", "-A")
    commit = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},manifests/sub")
    repository.git("commit", "-q", "-m", "odd")
    modes = {file.path: file.mode for file in GitSource(repository.project).tree("HEAD", ("manifests",))}
    assert (modes["manifests/link.yaml"], modes["manifests/sub"]) == ("120000", "160000")


@pytest.mark.parametrize(
    ("arrange", "remedy"),
    [("nothing", "inside a clone"), ("bare", "clone it"), ("elsewhere", "core.worktree")],
)
def test_what_is_no_work_tree_is_an_error_with_a_remedy(arrange: str, remedy: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    git = Git(folder)
    if arrange == "bare":
        git.run("init", "-q", "--bare")
    if arrange == "elsewhere":
        git.run("init", "-q")
        (tmp_path / "other").mkdir()
        git.run("config", "core.worktree", str(tmp_path / "other"))
    with pytest.raises(SourceError) as refused:
        GitSource(folder)
    assert refused.value.code == "E306"
    assert remedy in (refused.value.hint or ""), refused.value.hint


def test_a_branch_without_a_commit_says_so_and_tracks_nothing(repository: Repository) -> None:
    source = GitSource(repository.project)
    with pytest.raises(SourceError, match="no commit yet"):
        source.resolve("HEAD")
    assert source.tracked(("manifests",)) == ()


def test_no_process_outlives_a_call_and_no_descriptor_stays_open(repository: Repository) -> None:
    repository.commit(FILES)
    repository.commit({**FILES, "b": b"2"})
    source = GitSource(repository.project)
    read_everything(source)
    before = descriptors()
    for _ in range(5):
        read_everything(source)
        GitProposer(repository.project).propose(proposal(source.resolve("HEAD"), "new"))
    assert descriptors() == before


# --- the work tree ---------------------------------------------------------------------------------------------------


def test_the_work_tree_is_read_as_it_stands_without_links_pipes_or_hidden_folders(tmp_path: Path) -> None:
    for path, body in {**FILES, ".reconciler/store/x": b"x", "run.sh": b"#!"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(body)
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "manifests" / "link.yaml").symlink_to("/etc/hostname")
    (tmp_path / "manifests" / "linked").symlink_to("sandbox")
    os.mkfifo(tmp_path / "manifests" / "pipe.yaml")
    source = WorkTree(tmp_path)
    files = source.tree("", ())
    assert {file.path: file.mode for file in files} == {
        "manifests/link.yaml": "120000",
        "manifests/linked": "120000",
        "manifests/sandbox/a.yaml": "100644",
        "reconciler.yaml": "100644",
        "run.sh": "100755",
    }
    bodies = source.read(file.id for file in files)
    assert bodies[files[0].id] == b"/etc/hostname", "a link is its text, never what it points to"
    assert [file.path for file in source.tree("", ("manifests/sandbox",))] == ["manifests/sandbox/a.yaml"]
    for attempt in (lambda: source.resolve("HEAD"), lambda: source.order("a", "b", branch="main")):
        with pytest.raises(UsageError):
            attempt()
    with pytest.raises(SourceError):
        source.read(["unknown"])


# --- proposals -------------------------------------------------------------------------------------------------------


def test_a_proposal_touches_neither_the_work_tree_nor_the_index_nor_the_branch(repository: Repository) -> None:
    start = repository.commit({"kept": b"kept", "changed": b"old"})
    (repository.root / "kept").write_bytes(b"half written")
    (repository.root / "staged").write_bytes(b"staged")
    repository.git("add", "staged")
    index = (repository.root / ".git" / "index").read_bytes()
    status = repository.git("status", "--porcelain")
    commit = GitProposer(repository.project).propose(proposal(start, "new"))
    assert repository.git("status", "--porcelain") == status
    assert repository.git("rev-parse", "HEAD") == start
    assert repository.git("show", f"{commit}:kept") == "kept"
    assert index == (repository.root / ".git" / "index").read_bytes()
    assert (
        repository.git("log", "-1", "--format=%an <%ae>|%P|%s", commit)
        == f"Ada <ada@example.org>|{start}|Promote payments"
    )


def test_attributes_and_line_end_settings_change_no_byte_of_a_proposal(repository: Repository) -> None:
    start = repository.commit({".gitattributes": b"* text eol=crlf filter=evil\n", "changed": b"old"})
    repository.git("config", "core.autocrlf", "true")
    repository.git("config", "filter.evil.clean", "tr a-z A-Z")
    commit = GitProposer(repository.project).propose(proposal(start, "one\r\ntwo\nthree"))
    assert Git(repository.root).run("cat-file", "blob", f"{commit}:changed") == b"one\r\ntwo\nthree"


def test_no_hook_runs_for_a_proposal(repository: Repository, tmp_path: Path) -> None:
    start = repository.commit({"changed": b"old"})
    marker = tmp_path / "marker"
    booby_trapped(repository, marker)
    GitProposer(repository.project).propose(proposal(start, "new"))
    assert not marker.exists()


def test_without_an_identity_the_remedy_is_told_and_no_branch_is_made(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start = repository.commit({"changed": b"old"})
    for name in ("user.name", "user.email"):
        repository.git("config", "--unset", name)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    with pytest.raises(SourceError, match="does not know who you are") as refused:
        GitProposer(repository.project).propose(proposal(start, "new"))
    assert "user.email" in (refused.value.hint or "")
    assert repository.git("branch", "--list", "promote/*") == ""


def test_where_commits_are_signed_a_proposal_is_signed_or_refused(repository: Repository, tmp_path: Path) -> None:
    start = repository.commit({"changed": b"old"})
    signer = tmp_path / "signer"
    signer.write_text("#!/bin/sh\nexit 1\n")
    signer.chmod(0o755)
    repository.git("config", "commit.gpgSign", "yes")
    repository.git("config", "gpg.program", str(signer))
    with pytest.raises(SourceError, match="could not sign"):
        GitProposer(repository.project).propose(proposal(start, "new"))
    assert repository.git("branch", "--list", "promote/*") == ""
    signer.write_text(
        '#!/bin/sh\ncat >/dev/null\necho "[GNUPG:] SIG_CREATED " >&2\n'
        "printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n"
    )
    commit = GitProposer(repository.project).propose(proposal(start, "new"))
    assert "BEGIN PGP SIGNATURE" in repository.git("cat-file", "commit", commit)
    assert GitProposer(repository.project).propose(proposal(start, "new")) == commit


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"gpg.format": "ssh", "user.signingKey": "/gone.pub"}, "could not sign: there is no public key in /gone.pub"),
        ({"gpg.format": "ssh"}, "could not sign: no SSH key is configured"),
        ({"gpg.program": "/gone/gpg"}, "could not sign: the program /gone/gpg cannot be run"),
        ({"gpg.format": "seal"}, "does not understand the value of gpg.format"),
        ({"commit.gpgSign": "maybe"}, "does not understand the value of commit.gpgsign"),
    ],
)
def test_why_git_could_not_sign_is_told_by_its_cause(
    repository: Repository, settings: dict[str, str], problem: str
) -> None:
    start = repository.commit({"changed": b"old"})
    for name, value in {"commit.gpgSign": "yes", **settings}.items():
        repository.git("config", name, value)
    with pytest.raises(SourceError, match=problem):
        GitProposer(repository.project).propose(proposal(start, "new"))
    assert repository.git("branch", "--list", "promote/*") == ""


def test_a_branch_that_somebody_has_checked_out_is_not_moved(repository: Repository) -> None:
    start = repository.commit({"changed": b"old"})
    commit = GitProposer(repository.project).propose(proposal(start, "new"))
    repository.git("merge", "-q", "--no-ff", "-m", "merge", commit)
    merged = repository.git("rev-parse", "HEAD")
    repository.git("switch", "-q", proposal(start, "").branch)
    with pytest.raises(ConflictError, match="checked out"):
        GitProposer(repository.project).propose(proposal(merged, "newer"))
    assert repository.git("rev-parse", "HEAD") == commit


def test_a_branch_in_the_way_of_another_is_a_conflict(repository: Repository) -> None:
    start = repository.commit({"changed": b"old"})
    repository.git("branch", "promote/production")
    with pytest.raises(ConflictError):
        GitProposer(repository.project).propose(proposal(start, "new"))


@pytest.mark.parametrize("path", ["../outside", ".git/config", "/etc/hostname"])
def test_a_path_that_leaves_the_project_is_refused(path: str, repository: Repository) -> None:
    start = repository.commit({"changed": b"old"})
    one = proposal(start, "new")
    hostile = type(one)(branch=one.branch, start=start, files=((path, "x"),), message="m")
    with pytest.raises(SourceError):
        GitProposer(repository.project).propose(hostile)


def test_what_a_proposal_writes_is_an_ordinary_file(repository: Repository) -> None:
    start = repository.commit({"changed": b"old"})
    commit = GitProposer(repository.project).propose(proposal(start, "new"))
    assert {file.mode for file in GitSource(repository.project).tree(commit, ())} == {"100644"}
    assert not stat.S_ISLNK((repository.root / "changed").lstat().st_mode)


def test_a_branch_that_changes_more_than_is_proposed_is_not_taken_for_the_proposal(repository: Repository) -> None:
    """Somebody may have prepared one under the name that a promotion will have."""
    start = repository.commit({"changed": b"old"})
    proposer = GitProposer(repository.project)
    commit = proposer.propose(proposal(start, "new"))
    repository.git("switch", "-q", proposal(start, "").branch)
    (repository.project / "policy").write_text("weaker")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "By the way")
    more = repository.git("rev-parse", "HEAD")
    repository.git("switch", "-q", "main")
    later = repository.commit({"changed": b"old", "other": b"1"})
    with pytest.raises(ConflictError):
        proposer.propose(proposal(later, "new"))
    repository.git("branch", "-q", "-f", proposal(start, "").branch, commit)
    assert proposer.propose(proposal(later, "new")) == commit != more


@pytest.mark.parametrize("how", [("-m", "I know better"), ("--amend", "--no-edit", "--reset-author")])
def test_what_somebody_committed_to_a_proposal_is_never_written_over(
    how: tuple[str, ...], repository: Repository
) -> None:
    start = repository.commit({"changed": b"old"})
    proposer, branch = GitProposer(repository.project), proposal(start, "").branch
    commit = proposer.propose(proposal(start, "new"))
    later = repository.commit({"changed": b"others", "other": b"1"})
    updated = proposer.propose(proposal(later, "new"))
    assert repository.git("rev-list", "--parents", "-1", updated).split() == [updated, commit, later], "a push forward"
    last = repository.commit({"changed": b"others again"})
    updated = proposer.propose(proposal(last, "new"))

    repository.git("switch", "-q", branch)
    (repository.project / "changed").write_text("by hand")
    repository.git("commit", "-q", "-a", *how)
    by_hand = repository.git("rev-parse", "HEAD")
    assert by_hand != updated
    repository.git("switch", "-q", "main")
    last = repository.commit({"changed": b"others once more"})
    with pytest.raises(ConflictError):
        proposer.propose(proposal(last, "new"))
    assert repository.git("rev-parse", branch) == by_hand


def test_variables_of_a_git_that_called_us_change_neither_a_proposal_nor_a_tag(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a hook, where git sets them for its own repository and index."""
    head = repository.commit(FILES)
    other = repository_in(tmp_path / "other")
    other.commit(FILES)
    before = (other.git("for-each-ref"), other.git("status", "--porcelain"))
    for name, value in (("GIT_DIR", other.root / ".git"), ("GIT_WORK_TREE", other.root), ("GIT_TRACE", 2)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    GitProposer(repository.project).propose(proposal(head, "text"))
    GitTags(repository.project).create("v1", commit=head, message="text\n")
    assert "refs/tags/v1" in repository.git("for-each-ref")
    assert (other.git("for-each-ref"), other.git("status", "--porcelain")) == before
