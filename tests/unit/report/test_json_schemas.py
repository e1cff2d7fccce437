"""What `--output json` prints is described by schemas that are never stale."""

from __future__ import annotations

import json
from collections.abc import Callable

import jsonschema
import pytest

from reconciler.cli.command_group import COMMANDS
from reconciler.cli.commands.data import COMMANDS as DATA_COMMANDS
from reconciler.cli.commands.experiment import COMMANDS as EXPERIMENT_COMMANDS
from reconciler.cli.commands.keys import COMMANDS as KEYS_COMMANDS
from reconciler.report.help import problems
from reconciler.report.layout import json_output
from reconciler.report.write_json_schemas import FOLDER, commands, documents, schema_of, text_of
from tests.golden.report import (
    values,
    values_controls,
    values_drift,
    values_help,
    values_inspect,
    values_monitoring,
    values_quality,
    values_review,
)
from tests.support import evaluations
from tests.support.json_schemas import closed

EXAMPLES: dict[str, Callable[[], str]] = {
    "add": lambda: json_output.document(values_help.added()),
    "adopt": lambda: json_output.document(values_drift.adopted()),
    "anchor": lambda: json_output.document(values_drift.anchored()),
    "apply": lambda: json_output.document(values.applied(), {"exit": 3}),
    "audit": lambda: json_output.document(values.audit(), {"exit": 6}),
    "ci": lambda: json_output.document(values_help.ci(written=False), {"exit": 3}),
    "ci-environments": lambda: json_output.document(values_help.environments()),
    "diff": lambda: json_output.document(values_inspect.compared()),
    "doctor": lambda: json_output.document(values_inspect.checkup(), {"exit": 1}),
    "drift": lambda: json_output.document(values_drift.drifted(), {"exit": 6}),
    "history": lambda: json_output.document(values_controls.history(), {"exit": 0}),
    "monitor": lambda: json_output.document(values_monitoring.asked(), {"exit": 6}),
    "override": lambda: json_output.document(values.proposed()),
    "plan-comment": lambda: json_output.document(values_review.request()),
    "apply-on-merge": lambda: json_output.document(values_review.on_merge(), {"exit": 5}),
    "plan": lambda: json_output.document(values.hostile_plan(), {"exit": 4}),
    "predict": lambda: json_output.document(values_quality.predictions_of_unknown()),
    "data-drift": lambda: json_output.document(values_quality.drifted()),
    "promote": lambda: json_output.document(values.opened()),
    "proposal-set": lambda: json_output.document(values_review.opened_set()),
    "reproduce": lambda: json_output.document(values.reproduced(equal=False), {"exit": 6, "equal": False}),
    "rollback": lambda: json_output.document(values_controls.rolled_back()),
    "show": lambda: json_output.document(evaluations.judged(evaluations.named()), {"exit": 0}),
    "evaluate": lambda: json_output.document(evaluations.judged(evaluations.days()), {"exit": 0}),
    "status": lambda: json_output.document(values.status(), {"exit": 0}),
    "why": lambda: json_output.document(values_inspect.why(), {"exit": 0}),
    "error": lambda: json.dumps(problems.error_document(values.invalid(), 2)),
}


@pytest.mark.parametrize("command", commands())
def test_the_committed_schema_is_what_the_code_says(command: str) -> None:
    path = FOLDER / f"{command}.json"
    assert path.read_text() == text_of(command), "run python -m reconciler.report.write_json_schemas"


def test_every_command_that_prints_a_result_has_a_schema() -> None:
    beside = {
        "explain-code",
        "explain-word",
        "plan-comment",
        "apply-on-merge",
        "ci-environments",
        *(f"data-{name}" for name in DATA_COMMANDS),
        *(f"experiment-{name}" for name in EXPERIMENT_COMMANDS),
        *(f"keys-{name}" for name in KEYS_COMMANDS),
        *(f"data-forget-{name}" for name in ("returned", "finish", "verify")),
        "loss",
        "report-site",
        "proposal-set",
        "why-set",
    }
    assert set(documents()) - beside == set(COMMANDS) - {"completion", "data", "experiment", "keys", "serve"}
    assert {path.stem for path in FOLDER.glob("*.json")} == set(commands())


@pytest.mark.parametrize("command", EXAMPLES)
def test_a_result_with_everything_in_it_is_what_its_schema_says(command: str) -> None:
    schema = closed(schema_of(command))
    document = json.loads(EXAMPLES[command]())
    jsonschema.validate(document, schema)
    assert document["format"] >= 1
    for broken in ({"format": 99}, {"surprise": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | broken, schema)
