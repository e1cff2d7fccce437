"""A plug-in gate of an installed package is found and asked; what is not there, or fails, judges nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler import plugins
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import LONGEST, GateAnswer, result_of
from reconciler.core.spec.gates import GateStatus, PluginGate
from reconciler.core.spec.recipe import Task
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.judging.plug_ins import ask_plug_in
from reconciler.errors import ScoringError, UsageError
from reconciler.ports import GatePlugin
from reconciler.testing.contracts.gates import candidate
from tests.support.half_as_good import WorstClass

GATE = PluginGate(name="worst-class", settings=(("share", "0.5"),))
GOOD = candidate(Task.CLASSIFICATION, quality=0.9)


def providing(find: Callable[[str], GatePlugin]) -> Dependencies:
    return cast("Dependencies", SimpleNamespace(gate_plug_in=find))


def test_a_package_brings_a_gate_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_gates.py").write_text("from tests.support.half_as_good import WorstClass as Made\n")
    described = tmp_path / "acme_gates-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gates\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[reconciler.gates]\nworst-class = acme_gates:Made\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_gates", raising=False)
    answer = ask_plug_in(providing(plugins.gate), GATE, GOOD)
    assert isinstance(answer, GateAnswer)
    found = result_of(GATE, answer)
    assert (found.verdict, found.reason) == (
        GateStatus.PASSED,
        "worst-class: recall of late is 0.900, at least 0.5",
    )
    assert found.figures


def test_one_that_is_not_installed_judges_nobody() -> None:
    with pytest.raises(UsageError, match="worst-class") as raised:
        ask_plug_in(providing(plugins.gate), GATE, GOOD)
    assert raised.value.code == "E610"


def test_one_that_fails_judges_nobody_and_tells_no_value() -> None:
    class Broken(WorstClass):
        def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
            raise ValueError("customer 4711")

    with pytest.raises(ScoringError, match="ValueError") as raised:
        ask_plug_in(providing(lambda _: Broken()), GATE, GOOD)
    assert raised.value.code == "E614"
    assert "4711" not in str(raised.value)


def test_wrong_settings_and_figures_that_are_not_known_refuse() -> None:
    here = providing(lambda _: WorstClass())
    wrong = ask_plug_in(here, PluginGate(name="worst-class", settings=(("share", "half"),)), GOOD)
    assert result_of(GATE, wrong).reason == "worst-class did not judge: its settings are wrong: share is no number"
    unknown = ask_plug_in(here, GATE, "the worker ended")
    assert result_of(GATE, unknown).verdict is GateStatus.REFUSED


@pytest.mark.parametrize("passed", ["yes", 1, None])
def test_only_true_passes_and_a_reason_is_one_short_line(passed: Any) -> None:
    found = result_of(GATE, GateAnswer(passed=passed, reason="a\nb\x1b[31m" + "c" * 1_000))
    assert found.verdict is GateStatus.REFUSED
    assert found.reason.startswith("worst-class: a b [31mc")
    assert len(found.reason) <= LONGEST + len("worst-class: ")
