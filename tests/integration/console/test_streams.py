"""Real processes on real streams: closed, full, without a terminal, on one; and in poor surroundings."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.support.effort import FULL
from tests.support.project import MODEL, Project
from tests.support.warm_start import warm_workers


def shell(project: Project, line: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = f'exec 3>&1; R() {{ {shlex.join(project.command())} "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", command],
        cwd=project.root,
        env=project.environment | environ,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.soak
def test_a_reader_that_goes_away_changes_neither_the_exit_code_nor_the_quiet(project: Project) -> None:
    for reader in ("true", "head -c 1 >/dev/null") if FULL else ("true",):
        ran = shell(project, f"R plan sandbox --check | {reader}; echo ${{PIPESTATUS[0]}} >&3")
        assert ran.stdout.split()[-1] == b"3", ran
        assert b"Traceback" not in ran.stderr
        assert b"Broken" not in ran.stderr


@pytest.mark.soak
@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(">&-", marks=pytest.mark.soak(only=True)),
        pytest.param("2>&-", marks=pytest.mark.soak(only=True)),
        pytest.param("<&-", marks=pytest.mark.soak(only=True)),
        ">&- 2>&- <&-",
    ],
)
def test_closed_standard_streams_are_no_error(project: Project, closed: str) -> None:
    ran = shell(project, f"R plan sandbox --check {closed}; echo $? >&3")
    assert ran.stdout.split()[-1] == b"3", ran
    assert b"Traceback" not in ran.stderr
    assert project.git("status", "--porcelain") == ""


def test_a_full_disk_under_the_result_is_a_typed_error(project: Project) -> None:
    ran = shell(project, "R plan sandbox >/dev/full; echo $? >&3")
    assert ran.stdout == b"1\n"
    assert b"error: E803" in ran.stderr
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr


FORMS = """\
import sys; sys.executable = {workers!r}
from reconciler.cli.main import run
for form in ("text", "markdown", "json"):
    sys.argv[1:] = ["plan", "sandbox", "-o", form]
    try:
        run()
    except SystemExit as ended:
        assert not ended.code, ended.code
    print("END", flush=True)
"""
"""One result in each form, all in one process that starts cold: what is read at its start holds for all."""


@pytest.mark.soak
def test_a_result_has_the_same_bytes_under_every_locale_and_variable(project: Project) -> None:
    project.recipe("late: days_late > 0", "späť: days_late > 0")
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1", "TERM": "dumb"}
    rich = {"LC_ALL": "C.UTF-8", "COLUMNS": "40", "TERM": "xterm", "CI": "1", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    results = [
        subprocess.run(
            [sys.executable, "-P", "-c", FORMS.format(workers=warm_workers())],
            cwd=project.root,
            env=project.environment | environ,
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for environ in (({"NO_COLOR": ""}, poor, rich) if FULL else (poor, rich))
    ]
    expected, *others = results
    text, markdown, document, end = expected.split(b"END\n")
    assert text.startswith(b"Plan for sandbox")
    assert markdown
    assert markdown != text
    assert json.loads(document)
    assert end == b""
    assert b"\x1b" not in expected
    assert others == [expected] * len(others)
    coloured = shell(project, "R plan sandbox", NO_COLOR="", FORCE_COLOR="1").stdout
    assert b"\x1b[" in coloured


def _take_terminal() -> None:
    """In the child: its standard input becomes its controlling terminal, so that Ctrl-C reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command on a terminal of its own. It is started as a person starts it; its workers are forked."""

    def __init__(self, project: Project, *arguments: str, columns: int = 80, **environ: str) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=theirs, check=True)
        self.shown = self._typed = b""
        self.process = subprocess.Popen(
            project.command(*arguments),
            cwd=project.root,
            env={
                **project.environment,
                "TERM": "xterm",
                "NO_COLOR": "",
                "LC_ALL": "C.UTF-8",
                "CI": "",
                "COLUMNS": "",
                **environ,
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  (this test has no threads)
        )
        os.close(theirs)

    def until(self, text: bytes) -> None:
        while text not in self.shown:
            assert self._more(), self.shown.decode()

    def type(self, keys: bytes) -> None:
        self._typed = keys
        os.write(self._ours, keys)

    def end(self) -> int:
        while self._more():
            pass
        os.close(self._ours)
        return self.process.wait(timeout=60)

    def _more(self) -> bool:
        ready: list[int] = []
        for _ in range(60):
            ready, _, _ = select.select([self._ours], [], [], 1)
            if ready:
                break
            if self._typed in (b"\x03", b"\x04"):
                # As a person would: Python may miss a signal that comes in the instant before it starts to read.
                os.write(self._ours, self._typed)
        assert ready, self.shown.decode()
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.shown += chunk
        return bool(chunk)


def test_on_a_terminal_apply_shows_the_plan_and_asks_and_no_changes_nothing(project: Project) -> None:
    terminal = Terminal(project, "apply", "sandbox")
    terminal.until(b"[y/N]")
    assert "customer" not in terminal.shown.decode()
    assert b"not trained before" in terminal.shown
    terminal.type(b"n\n")
    assert terminal.end() == 3
    assert b"nothing was changed" in terminal.shown
    assert not (project.root / ".reconciler").exists()


@pytest.mark.soak(only=True)  # e2e/test_session: while it trains
@pytest.mark.parametrize(
    "keys", [b"\x03", pytest.param(b"\x04", marks=pytest.mark.soak(only=True))], ids=["ctrl-c", "end of input"]
)
def test_an_interruption_at_the_prompt_is_130_and_changes_nothing(project: Project, keys: bytes) -> None:
    terminal = Terminal(project, "apply", "sandbox")
    terminal.until(b"[y/N]")
    terminal.type(keys)
    assert terminal.end() == 130
    assert b"safe to run again" in terminal.shown
    assert not (project.root / ".reconciler").exists()


def test_without_a_terminal_or_in_ci_apply_wants_yes(project: Project) -> None:
    ran = project.run("apply", "sandbox", code=2)
    assert ran.err.startswith("error: E802")
    assert "--yes" in ran.err
    terminal = Terminal(project, "apply", "sandbox", CI="true")
    assert terminal.end() == 2
    assert b"E802" in terminal.shown
    assert not (project.root / ".reconciler").exists()


def test_a_terminal_gets_its_width_and_colours_and_a_dumb_one_does_not(project: Project) -> None:
    terminal = Terminal(project, "plan", "sandbox", columns=60)
    assert terminal.end() == 0
    assert b"\x1b[" in terminal.shown
    result = re.split(r"\x1b\[[0-9;?]*[A-HJKhl]", terminal.shown.decode())[-1]  # what a spinner drew is erased before
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result)
    assert "Plan for sandbox" in plain
    assert max(len(line) for line in plain.splitlines()) <= 60
    dumb = Terminal(project, "plan", "sandbox", TERM="dumb")
    assert dumb.end() == 0
    assert b"\x1b" not in dumb.shown


def seen(shown: bytes) -> list[str]:
    """What is left on the screen: a board is drawn over the one before it."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+F|\x1b\[J|\r\n)", shown.decode()):
        if up := re.fullmatch(r"\x1b\[(\d+)F", part):
            lines = [*lines[: -1 - int(up[1])], ""]  # what is erased follows at once
        elif part == "\r\n":
            lines.append("")
        elif part != "\x1b[J":
            lines[-1] += part
    return lines


@pytest.mark.soak(only=True)  # unit/console: what is drawn
@pytest.mark.parametrize(
    "environ", [pytest.param({}, marks=pytest.mark.soak(only=True)), {"NO_COLOR": "1"}], ids=["colours", "no colours"]
)
def test_several_models_at_once_are_a_board_that_is_gone_at_the_end(project: Project, environ: dict[str, str]) -> None:
    for number in range(3):
        text = MODEL.replace("name: lateness", f"name: model-{number}").replace("seed: 7", f"seed: {number}")
        project.write(f"manifests/sandbox/model-{number}.yaml", text)
    project.commit("Four models")
    terminal = Terminal(project, "apply", "sandbox", "--yes", "--jobs", "2", columns=60, **environ)
    assert terminal.end() == 0, terminal.shown.decode()
    assert b"0 of 4 done" in terminal.shown
    assert re.search(rb"[123] of 4 done, about \d+[sm] left", terminal.shown)
    plain = re.sub(rb"\x1b\[\d*m", b"", terminal.shown)
    left = seen(plain)
    drawn = [line for line in re.split(r"\x1b\[\d*[FJ]|\r\n", plain.decode()) if line not in left]
    assert max(map(len, drawn)) < 60
    assert not any(" of 4 done" in line for line in left), left
    assert sum(": trained " in line for line in left) >= 4
    if environ:
        assert not re.search(rb"\x1b\[\d*m", terminal.shown)


@pytest.mark.soak(only=True)  # the test of locales shows the same of files
def test_a_terminal_that_knows_only_ascii_gets_only_ascii(project: Project) -> None:
    project.recipe("late: days_late > 0", "späť: days_late > 0")
    project.recipe("max_depth: 3", "max_depth: 2")
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    terminal = Terminal(project, "apply", "sandbox", "--yes", **poor)
    assert terminal.end() == 0, terminal.shown.decode()
    assert terminal.shown.isascii()
    assert b"lateness: trained" in terminal.shown
    status = Terminal(project, "plan", "sandbox", "-o", "markdown", **poor)
    assert status.end() == 0
    assert status.shown.isascii()


@pytest.mark.soak(only=True)
def test_poor_surroundings_do_not_matter_or_are_named(project: Project, tmp_path: Path) -> None:
    without_home = {name: value for name, value in project.environment.items() if name not in ("HOME", "USER")}
    project.environment = without_home
    assert project.run("plan", "sandbox").code == 0
    ran = shell(project, "umask 000; R plan sandbox --out plan.json && stat -c %a plan.json", TMPDIR=str(tmp_path))
    assert ran.stdout.split()[-1] == b"600"
    gone = shell(project, "R status", TMPDIR=str(tmp_path / "gone"))
    assert gone.returncode == 0, gone
    ran = shell(project, "mkdir doomed; cd doomed; rmdir ../doomed; R status")
    assert ran.returncode == 2
    assert b"E803" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_a_read_only_folder_can_be_planned_but_not_written_to(project: Project) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere; a folder that cannot exist stands for one that may not be written.
        ran = project.run("plan", "sandbox", "--out", "/proc/plan.json", code=2)
    else:
        project.root.chmod(0o555)
        ran = project.run("plan", "sandbox", "--out", str(project.root / "plan.json"), code=2)
        project.root.chmod(0o755)
    assert "E803" in ran.err
