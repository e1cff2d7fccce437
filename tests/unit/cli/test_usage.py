"""The command line itself: what is refused, how it is told, and what help and version say."""

from __future__ import annotations

import json

import click
import pytest

from reconciler import __version__
from reconciler.cli.command_group import COMMANDS
from reconciler.cli.error_reporting import guarded
from reconciler.cli.main import main
from reconciler.errors import DataError

LONG = "x" * 200_000
CONTRACT = (
    *("validate", "plan", "apply", "status", "promote", "rollback", "override", "controls"),
    *("predict", "history", "audit", "reproduce"),
)
REFUSED = [
    ["plan", ""],
    ["plan", "prod\n"],
    ["plan", "Prod"],
    ["plan", "../production"],
    ["plan", LONG],
    ["plan", "production", "a b"],
    ["plan", "production", "--boo"],
    ["plan", "production", "--out", "-"],
    ["plan", "production", "--out", ""],
    ["plan", "production", "--out", "x\0y"],
    ["plan", "production", "--out", LONG],
    ["plan", "production", "--out", "no/such/folder/plan.json"],
    ["plan", "production", "--out", "/"],
    ["plan", "production", "--out", "tests"],
    ["plan", "production", "--output", "yaml"],
    ["plan"],
    ["frobnicate"],
    [LONG],
    ["--" + LONG],
    ["apply", "production", "--plan", "-"],
    ["apply", "production", "--plan", "no-such-file.json"],
    ["promote", "--to", "production"],
    ["promote", "model", "--to", "production", "--digest", "1a2b3"],
    ["promote", "model", "--to", "production", "--digest", "sha256:" + "a" * 65],
    ["rollback", "model", "--in", "production", "--to", "-1"],
    ["rollback", "model", "--in", "production", "--to", "one"],
    ["rollback", "model", "--in", "production", "--reason", "without --now"],
    ["rollback", "model", "--in", "production", "--now", "--reason", ""],
    ["override", "model", "--in", "production", "--reason", "which control?"],
    ["override", "model", "--in", "production", "--control", "everything", "--reason", "x"],
    ["override", "model", "--in", "production", "--control", "freeze"],
    ["override", "model", "--in", "production", "--control", "freeze", "--reason", "x" * 301],
    ["predict", "model", "--in", "production"],
    ["predict", "model", "--in", "production", "--out", "o.csv", "--input", "invoices"],
    ["predict", "model", "--in", "production", "--out", "o.csv", "--input", "invoices=-"],
    ["history", "--at", "yesterday"],
    ["history", "--at", LONG],
    ["reproduce", "latest"],
    ["status", "-C", "no/such/folder"],
    ["status", "-C", ""],
    ["status", "-C", "x\0y"],
    ["-C", LONG, "status"],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda value: " ".join(value)[:60])
def test_a_hostile_or_mistaken_argument_is_a_usage_error_with_a_remedy(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    code = guarded(arguments)
    out, err = capfd.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("error: E801 ")
    assert "\nhint: " in err
    assert len(err) < 1000
    assert "Traceback" not in err


def test_an_error_in_json_is_a_document_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in (["plan", "Prod", "-o", "json"], ["plan", "--boo", "--output=json"], ["-ojson", "plan"]):
        assert guarded(arguments) == 2
        out, err = capfd.readouterr()
        found = json.loads(out)
        assert found["format"] == 1
        assert found["error"]["code"] == "E801"
        assert found["error"]["exit"] == 2
        assert err == ""


def test_every_command_of_the_contract_exists_and_explains_itself(capfd: pytest.CaptureFixture[str]) -> None:
    contract = [
        "init",
        "add",
        "ci",
        "explain",
        "validate",
        "plan",
        "apply",
        "status",
        "drift",
        "diff",
        "show",
        "evaluate",
        "why",
        "improve",
        "experiment",
        "report",
        "promote",
        "rollback",
        "override",
        "controls",
        "keys",
        "attest",
        "adopt",
        "export",
        "import",
        "push",
        "pull",
        "predict",
        "serve",
        "monitor",
        "data",
        "history",
        "audit",
        "gc",
        "repair",
        "anchor",
        "reproduce",
        "doctor",
        "completion",
    ]
    assert list(COMMANDS) == contract
    assert guarded(["--help"]) == 0
    out, _ = capfd.readouterr()
    for name in contract:
        assert f"\n  {name} " in out
        assert guarded([name, "--help"]) == 0
        help_text, _ = capfd.readouterr()
        if name in ("data", "experiment", "keys"):  # a group: its commands have the options
            continue
        assert ("-o, --output [text|json|markdown]" in help_text) is (name not in ("completion", "serve"))
        assert "-C DIR" in help_text
        assert ("--revision REV" in help_text) is (
            name not in ("init", "add", "explain", "diff", "push", "pull", "completion")
        )
    assert "130  interrupted" in out


def test_no_command_is_a_usage_error_that_shows_the_help(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded([]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "Commands:" in err


def test_the_version_is_the_same_by_the_short_way_and_by_the_long_one(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert guarded(["-v", "--version"]) == 0
    assert capfd.readouterr().out == f"reconciler {__version__}\n" * 2


@click.group
def broken() -> None:
    """Commands that end in every way."""


@broken.command("bug")
def bug() -> None:
    raise KeyError("the secret 4711")


@broken.command("typed")
@click.option("-o", "form")
def typed(form: str | None) -> None:
    raise DataError("3 rows match no class", code="E412", hint="add a class", where="manifests/a.yaml")


@broken.command("interrupted")
def interrupted() -> None:
    raise KeyboardInterrupt


def test_a_bug_is_exit_70_with_a_log_that_holds_frames_and_no_values(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert guarded(["bug"], broken) == 70
    out, err = capfd.readouterr()
    [log] = (tmp_path / "reconciler").iterdir()
    assert out == ""
    assert "a bug in reconciler" in err
    assert str(log) in err
    text = log.read_text()
    assert "KeyError" in text
    assert "in bug" in text
    assert "4711" not in text + err
    assert log.stat().st_mode & 0o077 == 0


def test_a_bug_whose_log_cannot_be_written_is_told_on_standard_error(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert guarded(["bug"], broken) == 70
    err = capfd.readouterr().err
    assert "KeyError" in err
    assert "in bug" in err
    assert "4711" not in err


def test_a_typed_error_has_its_own_exit_code_place_rule_and_remedy(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["typed"], broken) == 1
    assert capfd.readouterr().err == "error: manifests/a.yaml: E412 3 rows match no class\nhint: add a class\n"
    assert guarded(["typed", "-o", "json"], broken) == 1
    assert json.loads(capfd.readouterr().out) == {
        "error": {
            "code": "E412",
            "exit": 1,
            "hint": "add a class",
            "kind": "DataError",
            "message": "3 rows match no class",
            "where": "manifests/a.yaml",
        },
        "format": 1,
    }


def test_an_interruption_is_exit_130_and_says_that_running_again_is_safe(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["interrupted"], broken) == 130
    assert "safe to run again" in capfd.readouterr().err


def test_who_mistypes_a_command_or_an_option_is_told_what_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promot", "model"]) == 2
    assert "'promote'" in capsys.readouterr().err
    assert main(["plan", "production", "--chekc"]) == 2
    assert "'--check'" in capsys.readouterr().err


def test_a_file_given_as_the_form_is_told_how_to_write_one(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["predict", "-o", "p.csv"], ["plan", "production", "-o", "plan.json"]):
        main(command)
        assert "to write a file: --out FILE" in capsys.readouterr().err
    main(["status", "-o", "p.csv"])  # it has no such option
    assert "--out" not in capsys.readouterr().err.replace("--output", "")


@pytest.mark.parametrize(
    ("group", "typed", "meant"), [("data", "refersh", "refresh"), ("experiment", "adpot", "adopt")]
)
def test_a_mistyped_command_of_a_group_is_answered_with_the_one_that_was_meant(
    group: str, typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([group, typed]) == 2
    assert meant in capsys.readouterr().err
