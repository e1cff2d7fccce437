"""What is printed to be typed works where the person stands: the same program, and the folder that it needs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from reconciler.cli.command_group import COMMANDS
from reconciler.console.invocation import Invocation, program_of
from reconciler.report.layout.blocks import CodeBlock, Item, Items, Paragraph
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.shell_commands import PROJECT_COMMANDS, CommandForm
from reconciler.report.layout.text_layout import TextStyle, command

ELSEWHERE = CommandForm(options=" -C 'my models'", entered="my models", repository="my models")


@pytest.mark.parametrize(
    ("worded", "typed"),
    [
        ("reconciler apply production", "reconciler -C 'my models' apply production"),
        ("run `reconciler why m --in p`: see", "run `reconciler -C 'my models' why m --in p`: see"),
        ("a: git add . && git commit -m x", "a: git -C 'my models' add . && git -C 'my models' commit -m x"),
        ("`git rm manifests/a.yaml` and commit", "`git -C 'my models' rm manifests/a.yaml` and commit"),
        ("reconciler -C ../x add m", "reconciler -C x add m"),
        ("name it: reconciler -C DIR ...", "name it: reconciler -C DIR ..."),
        ("see `reconciler plan --help`", "see `reconciler plan --help`"),
        ("`reconciler explain policy` lists them", "`reconciler explain policy` lists them"),
        ("there is no git remote to push to", "there is no git remote to push to"),
        ("an anchor is a git tag", "an anchor is a git tag"),
        ("reconciler did not write this tag", "reconciler did not write this tag"),
        ("model-reconciler apply", "model-reconciler apply"),
        ("it is in reconciler/cache/plan", "it is in reconciler/cache/plan"),
    ],
)
def test_commands_are_told_from_prose_and_get_the_folder(worded: str, typed: str) -> None:
    assert ELSEWHERE.typed(worded) == typed
    assert CommandForm().typed(worded) == worded


def test_every_command_of_a_project_gets_its_folder() -> None:
    assert {*PROJECT_COMMANDS, "explain", "push", "pull", "completion"} == set(COMMANDS)


def test_all_that_stands_on_a_terminal_to_be_typed_goes_that_way_and_documents_do_not() -> None:
    blocks = (
        Paragraph("Run `reconciler plan p`."),
        Items((Item("next", command="git merge --no-ff x"),)),
        CodeBlock(("reconciler apply p",), runnable=True),
        CodeBlock(("cd shop", "git add .", "reconciler apply s"), runnable=True),
    )
    form = CommandForm(program="bin/python -m reconciler", anywhere="/venv/bin/python -m reconciler", repository="..")
    lines = [line.strip() for line in to_text(blocks, TextStyle(commands=form)).splitlines() if line]
    assert lines == [
        "Run `bin/python -m reconciler plan p`.",
        "next:",
        "git -C .. merge --no-ff x",
        "bin/python -m reconciler apply p",
        "cd shop",
        "git add .",
        "/venv/bin/python -m reconciler apply s",
    ]


def test_the_folder_is_told_from_where_the_command_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my models/manifests").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "my models/manifests")
    entered = Invocation(entered="my models/manifests", project=tmp_path / "my models").command_form()
    assert (entered.options, entered.repository) == (" -C 'my models/manifests'", "my models")
    below = Invocation(project=tmp_path / "my models").command_form()
    assert (below.options, below.repository) == ("", "..")
    monkeypatch.chdir(tmp_path / "my models")
    there = Invocation(project=tmp_path / "my models").command_form()
    assert there.typed("reconciler plan p; git add x") == "reconciler plan p; git add x"
    tables = Invocation(data_root="/srv/my tables", typed=frozenset({"data_root"})).command_form()
    assert tables.typed("reconciler plan p") == "reconciler --data-root '/srv/my tables' plan p"
    by_environment = Invocation(data_root="/srv/tables").command_form()
    assert by_environment.typed("reconciler plan p") == "reconciler plan p"


def test_the_program_is_the_one_that_was_started(tmp_path: Path) -> None:
    python, script = [".venv/bin/python", "-I"], tmp_path / "bin/reconciler"
    script.parent.mkdir()
    script.touch(mode=0o755)
    assert program_of([*python, "-m", "reconciler", "plan"], ["x/__main__.py"], {}) == [*python, "-m", "reconciler"]
    assert program_of(["python", "plan.py", "-m", "reconciler"], ["plan.py"], {}) == ["reconciler"]
    run = ["python", str(script), "plan"]
    assert program_of(run, [str(script)], {"PATH": str(script.parent)}) == ["reconciler"]
    assert program_of(run, [str(script)], {"PATH": str(tmp_path)}) == [str(script)]
    assert program_of([sys.executable], [], {}) == ["reconciler"]


def test_a_quoted_word_is_not_broken_however_narrow_the_terminal_is() -> None:
    typed = f"reconciler -C {shlex.quote('my ' + 'long ' * 20 + 'folder')} rollback lateness --in production"
    for width in (40, 60, 100):
        lines = command(typed, width, indent="  ")
        assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(typed), lines
