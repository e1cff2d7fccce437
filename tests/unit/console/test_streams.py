"""What a stream can show, who is recorded, and how progress is told."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from reconciler.app.actor import who
from reconciler.console import streams
from reconciler.console.progress import LogProgress
from reconciler.report.layout.text_layout import Tone


@pytest.mark.parametrize(
    ("on_terminal", "environ", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_follows_the_stream_and_the_usual_variables(
    on_terminal: bool, environ: dict[str, str], expected: bool
) -> None:
    assert streams.colours(terminal=on_terminal, environ=environ) is expected


def test_paint_adds_codes_around_a_text_and_nothing_else() -> None:
    for tone in Tone:
        shown = streams.painted("words", tone)
        assert shown.replace("\x1b[0m", "").endswith("words")
    assert streams.painted("words", Tone.PLAIN) == "words"


def test_a_step_is_told_on_one_line_of_visible_characters(capfd: pytest.CaptureFixture[str]) -> None:
    lines = LogProgress(patience=0)
    lines.start("model", "train\x1b[2J")
    lines.done("model", "trained\n::error::x")
    lines.done("::error::", "x")
    lines.close()
    assert capfd.readouterr().err == "model: train ...\nmodel: trained ::error::x\n: error::: x\n"


def test_a_step_that_is_over_at_once_shows_only_its_result(capfd: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    lines = LogProgress(patience=3600)
    lines.start("model", "train")
    assert threading.active_count() == before + 1
    lines.done("model", "trained")
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert capfd.readouterr().err == "model: trained\n"


def test_steps_of_several_models_do_not_hide_each_other(capfd: pytest.CaptureFixture[str]) -> None:
    lines = LogProgress(patience=3600)
    before = threading.active_count()
    lines.start("a", "train")
    lines.start("b", "train")
    assert threading.active_count() == before + 2, "each will be named when it takes long"
    lines.done("a", "trained")
    lines.leave("a")
    lines.leave("b")
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert capfd.readouterr().err == "a: trained\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


ACTIONS = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octo"}


def test_who_is_the_actor_of_the_ci_else_the_user_of_git_else_the_login_and_says_which(repository: Path) -> None:
    assert who(repository, {**ACTIONS, "GIT_AUTHOR_NAME": "Ada"}) == "octo (GitHub Actions)"
    assert who(repository, {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "tanuki"}) == "tanuki (GitLab CI)"
    assert who(repository, {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@example.org"}) == "Ada <a@example.org>"
    assert who(repository, {"GITHUB_ACTOR": "octo"}).endswith(" (this machine)"), "no job of a CI"
    subprocess.run(["git", "config", "user.name", "Grace"], cwd=repository, check=True)
    assert who(repository, {}) == "Grace <no email>"


def test_no_name_in_gits_configuration_reads_as_one_that_a_ci_told(repository: Path) -> None:
    for name in ("octo (GitHub Actions)", "octo", "octo (GitHub Actions) <x>", "\u202e(snoitcA buHtiG) otco"):
        for email in ("", "octo@example.org", "(GitHub Actions)"):
            forged = who(repository, {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email})
            assert forged.endswith(">")
            assert not set("()") & set(forged)


def test_who_is_one_visible_line_of_bounded_length(repository: Path) -> None:
    told = who(repository, {**ACTIONS, "GITHUB_ACTOR": "a\x1b[31m\nb" + "c" * 500})
    assert told == ("a b" + "c" * 500)[:160] + " (GitHub Actions)"
