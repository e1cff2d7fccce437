"""Every error code that can be told is explained, and none that cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.error_reporting import guarded
from reconciler.error_codes import CODES
from reconciler.errors import UsageError
from reconciler.report.help.error_code import known

PACKAGE = Path(__file__).resolve().parents[2] / "reconciler"


def test_exactly_the_codes_of_the_source_are_explained() -> None:
    used = set()
    for path in PACKAGE.rglob("*.py"):
        if path.name != "error_codes.py":
            used |= set(re.findall(r'"(E[1-9][0-9]{2})"', path.read_text()))
    assert used == set(CODES)


def test_each_says_what_it_means_and_what_to_do_in_sentences() -> None:
    for code, one in CODES.items():
        assert re.fullmatch(r"E[1-9][0-9]{2}", code)
        assert one.meaning.endswith(".")
        assert one.remedy.endswith(".")
    assert list(CODES) == sorted(CODES)


def test_a_code_is_found_in_any_case_and_a_field_is_no_code() -> None:
    assert known(" e413 ") is CODES["E413"]
    assert known("estimator") is None
    with pytest.raises(UsageError, match="error code E998 does not exist") as refused:
        known("E998")
    assert refused.value.hint is not None
    with pytest.raises(UsageError) as refused:
        known("e499")
    assert "E413" in (refused.value.hint or "")


def test_explain_tells_a_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(["explain", "E604"]) == 0
    out, _ = capfd.readouterr()
    assert "never read as" in out
    assert "what to do" in out
