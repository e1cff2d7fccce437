"""Pushing by git: to a folder and over HTTP, never forced, without hooks, within a time limit, and without a trace of
the token."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.git.remote import GitRemote
from reconciler.core.forge.detection import Token
from reconciler.errors import ConflictError, ForgeError, SourceError
from tests.contract.git_repository import Repository, repository_in
from tests.forge.fake.server import Fault, Server, serving

pytestmark = pytest.mark.needs("git")
BRANCH = "promote/production/pay/0123456789ab"
SECRET = "tok-ada-write"
ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "forge") as here:
        yield here


@pytest.fixture
def clone(tmp_path: Path, server: Server) -> Repository:
    """Of the forge's repository, whose folder is its remote, with a branch of its own."""
    one = repository_in(tmp_path / "clone")
    one.git("remote", "add", "origin", str(server.place.repository))
    one.git("fetch", "-q", "origin")
    one.git("reset", "-q", "--hard", "origin/main")
    one.git("switch", "-q", "-c", BRANCH)
    one.commit({"a": b"1"})
    one.git("switch", "-q", "main")
    return one


def remote(clone: Repository, server: Server, token: str | None = SECRET, *, timeout: float = 60) -> GitRemote:
    held = None if token is None else Token(name="GITHUB_TOKEN", secret=token)
    return GitRemote(clone.project, environ=ENVIRON, token=held, site=server.root, timeout=timeout)


def over_http(clone: Repository, server: Server, user: str = "") -> None:
    address = server.remote.replace("http://", f"http://{user}@") if user else server.remote
    clone.git("remote", "set-url", "origin", address)


@pytest.mark.parametrize("way", ["folder", "file", "http"])
def test_a_branch_arrives_and_again_changes_nothing(clone: Repository, server: Server, way: str) -> None:
    match way:
        case "file":
            clone.git("remote", "set-url", "origin", f"file://{server.place.repository}")
        case "http":
            over_http(clone, server)
    for _ in range(2):
        remote(clone, server).push(BRANCH)
        assert server.place.tip(BRANCH) == clone.git("rev-parse", BRANCH)
    clone.git("tag", "anchor/1", BRANCH)
    remote(clone, server).push_tag("anchor/1")
    assert "refs/tags/anchor/1" in server.place.git("show-ref")
    assert clone.git("status", "--porcelain") == ""


def test_another_history_at_the_remote_is_a_conflict_and_stays(clone: Repository, server: Server) -> None:
    theirs = server.place.push(BRANCH)
    with pytest.raises(ConflictError) as caught:
        remote(clone, server).push(BRANCH)
    assert "--delete" in (caught.value.hint or "")
    assert server.place.tip(BRANCH) == theirs
    clone.git("tag", "anchor/1", BRANCH)
    server.place.git("update-ref", "refs/tags/anchor/1", theirs)
    with pytest.raises(ConflictError):
        remote(clone, server).push_tag("anchor/1")


def test_what_the_remote_has_is_taken_where_that_loses_nothing(clone: Repository, server: Server) -> None:
    there = remote(clone, server)
    assert there.fetch(BRANCH) is None
    ours = clone.git("rev-parse", BRANCH)
    there.push(BRANCH)
    assert there.fetch(BRANCH) == ours
    theirs = server.place.push(BRANCH)  # somebody went on from ours
    assert there.fetch(BRANCH) == theirs == clone.git("rev-parse", BRANCH)
    clone.git("branch", "-q", "-D", BRANCH)
    assert there.fetch(BRANCH) == theirs == clone.git("rev-parse", BRANCH)
    clone.git("branch", "-q", "-f", BRANCH, ours)
    clone.git("switch", "-q", BRANCH)
    clone.commit({"a": b"2"})
    diverged = clone.git("rev-parse", BRANCH)
    assert there.fetch(BRANCH) == theirs
    assert clone.git("rev-parse", BRANCH) == diverged


def test_a_branch_that_is_checked_out_is_not_moved_under_its_files(clone: Repository, server: Server) -> None:
    there = remote(clone, server)
    there.push(BRANCH)
    clone.git("switch", "-q", BRANCH)
    ours = clone.git("rev-parse", BRANCH)
    theirs = server.place.push(BRANCH)
    assert there.fetch(BRANCH) == theirs
    assert clone.git("rev-parse", "HEAD") == ours


def test_without_a_remote_there_is_nothing_to_push_to(clone: Repository, server: Server) -> None:
    clone.git("remote", "remove", "origin")
    there = remote(clone, server)
    assert there.url() is None
    for call in (there.push, there.push_tag, there.fetch):
        with pytest.raises(SourceError) as caught:
            call(BRANCH)
        assert caught.value.code == "E306"


def test_only_plain_branches_are_pushed(clone: Repository, server: Server) -> None:
    for name in ("--force", "a:b", "+main", "a..b", "x\ny"):
        with pytest.raises(SourceError) as caught:
            remote(clone, server).push(name)
        assert caught.value.code == "E304"
    with pytest.raises(SourceError) as caught:
        remote(clone, server).push("nowhere")
    assert caught.value.code == "E306"


@pytest.mark.parametrize("address", ["ext::sh -c 'touch marker'", "-oProxyCommand=touch marker", "git://host/x/y"])
def test_a_hostile_address_is_refused_wherever_it_stands(clone: Repository, server: Server, address: str) -> None:
    for key in ("remote.origin.pushurl", "remote.origin.url"):
        clone.git("config", key, address)
        for call in (lambda: remote(clone, server).url(), lambda: remote(clone, server).push(BRANCH)):
            with pytest.raises(SourceError) as caught:
                call()
            assert caught.value.code == "E305"
    assert not (clone.root / "marker").exists()


def test_no_program_that_the_clone_names_is_run(clone: Repository, server: Server, tmp_path: Path) -> None:
    marker, program = tmp_path / "marker", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {marker}\nexit 1\n")
    program.chmod(0o755)
    hooks = clone.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        shutil.copy(program, hooks / name)
    for name in ("remote.origin.receivepack", "remote.origin.uploadpack", "core.fsmonitor", "gpg.program"):
        clone.git("config", name, str(program))
    clone.git("config", "push.gpgSign", "if-asked")
    clone.git("config", "remote.origin.mirror", "false")
    there = remote(clone, server)
    there.push(BRANCH)
    server.place.push(BRANCH)
    there.fetch(BRANCH)
    assert not marker.exists()


def test_the_token_is_in_the_environment_of_git_and_nowhere_else(
    clone: Repository, server: Server, tmp_path: Path
) -> None:
    over_http(clone, server)
    record, folder = tmp_path / "record", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$@" >> {record}\nexec {shutil.which("git")} "$@"\n')
    (folder / "git").chmod(0o755)
    environ = {**ENVIRON, "PATH": f"{folder}{os.pathsep}{ENVIRON['PATH']}", "GIT_TRACE_CURL": str(tmp_path / "trace")}
    token = Token(name="GITHUB_TOKEN", secret=SECRET)
    GitRemote(clone.project, environ=environ, token=token, site=server.root).push(BRANCH)
    assert server.place.tip(BRANCH) is not None
    assert "push" in record.read_text()
    said = record.read_text() + (clone.root / ".git/config").read_text()
    assert SECRET not in said
    assert "Authorization" not in said
    assert not (tmp_path / "trace").exists()


def test_the_token_goes_to_its_own_site_alone(clone: Repository, server: Server) -> None:
    over_http(clone, server)
    held = Token(name="GITHUB_TOKEN", secret=SECRET)
    with pytest.raises(ForgeError) as caught:
        GitRemote(clone.project, environ=ENVIRON, token=held, site="https://github.com").push(BRANCH)
    assert caught.value.code == "E902"
    assert server.place.tip(BRANCH) is None


def test_the_token_takes_the_place_of_what_a_checkout_configured(clone: Repository, server: Server) -> None:
    """Two headers would be refused: Actions' own checkout leaves one in the clone's configuration."""
    over_http(clone, server)
    clone.git("config", f"http.{server.root}/.extraheader", "Authorization: Basic bm9ib2R5Om5vYm9keQ==")
    remote(clone, server).push(BRANCH)
    assert server.place.tip(BRANCH) is not None


def test_the_token_takes_the_place_of_what_stands_in_the_address(clone: Repository, server: Server) -> None:
    """GitLab's runner clones from an address with the job's token in it, which may not push."""
    over_http(clone, server, user="gitlab-ci-token:tok-job-old")
    remote(clone, server).push(BRANCH)
    assert server.place.tip(BRANCH) is not None
    assert remote(clone, server).url() == server.remote.removesuffix(".git")


@pytest.mark.parametrize("token", ["tok-unknown-s3cret", "tok-read-only", None])
def test_who_may_not_push_is_told_so_without_a_secret(clone: Repository, server: Server, token: str | None) -> None:
    over_http(clone, server, user="ada:s3cret")
    with pytest.raises(ForgeError) as caught:
        remote(clone, server, token).push(BRANCH)
    told = f"{caught.value} {caught.value.hint}"
    assert caught.value.code == "E902"
    assert not any(one in told for one in ("s3cret", "tok-", "ada"))
    assert remote(clone, server).url() == server.remote.removesuffix(".git")


def test_a_push_whose_answer_was_lost_on_the_way_is_no_conflict(clone: Repository, server: Server) -> None:
    """Git's transport asks again by itself, and finds what it made."""
    over_http(clone, server)
    server.order(Fault.LOST_AFTER, method="POST", path=".*/git-receive-pack")
    remote(clone, server).push(BRANCH)
    assert server.place.tip(BRANCH) == clone.git("rev-parse", BRANCH)


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.LOST_BEFORE, Fault.LOST_AFTER], ids=lambda one: one.name)
def test_a_push_that_broke_is_finished_by_the_next(clone: Repository, server: Server, fault: Fault) -> None:
    over_http(clone, server)
    server.order(fault, method="POST", path=".*/git-receive-pack", times=9)
    with pytest.raises(ForgeError) as caught:
        remote(clone, server).push(BRANCH)
    assert caught.value.code == "E901"
    server.orders.clear()
    remote(clone, server).push(BRANCH)
    assert server.place.tip(BRANCH) == clone.git("rev-parse", BRANCH)


def test_a_remote_that_hangs_is_left_in_time(clone: Repository, server: Server) -> None:
    over_http(clone, server)
    server.order(Fault.HELD_BEFORE, path=".*/info/refs")
    with pytest.raises(ForgeError, match="did not answer git push in 3 seconds") as caught:
        remote(clone, server, timeout=3).push(BRANCH)
    assert caught.value.code == "E901"


def test_a_remote_that_is_not_there_is_named_as_such(clone: Repository, server: Server) -> None:
    clone.git("remote", "set-url", "origin", str(clone.root.parent / "nowhere.git"))
    with pytest.raises(ForgeError, match="cannot be reached"):
        remote(clone, server).push(BRANCH)


def test_the_branch_that_people_work_on_is_the_remotes_else_the_one_here(clone: Repository, server: Server) -> None:
    there = remote(clone, server)
    clone.git("switch", "-q", "-c", "here")
    assert there.base() == "here"
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert there.base() == "main"
    clone.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    clone.git("switch", "-q", "--detach")
    assert there.base() is None
