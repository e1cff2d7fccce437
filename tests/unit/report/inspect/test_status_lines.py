"""A table of which some lines were made before says what one of all the models says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.digest import Digest
from reconciler.core.inspect.status import EnvironmentStatus, ModelStatus, Status
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from reconciler.report.inspect.status import blocks, blocks_with_lines, line_in_order
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.shell_commands import CommandForm
from reconciler.report.layout.text_layout import UNICODE, TextStyle

ODD = st.sampled_from(["A", "reconciler apply prod", "git add .", "  two  spaces ", "a\tb", "\x1b[31m", "漢", "é", ""])
WHEN = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
MODELS = st.builds(
    ModelStatus,
    model=st.sampled_from([f"model-{n}" for n in range(12)]),
    sync=st.sampled_from([SyncStatus.IN_SYNC, SyncStatus.IN_SYNC, *SyncStatus]),
    health=st.sampled_from([HealthStatus.HEALTHY] * 5 + [*HealthStatus]),
    reason=st.sampled_from(["deployed as declared", "tampered"]),
    artifact=st.none() | st.just(Digest(f"sha256:{'4b' * 32}")),
    entry=st.none() | st.integers(0, 12_345),
    since=st.none() | st.just(WHEN),
    grade=st.none() | ODD,
    headline=st.none() | st.floats(-2_000_000, 2_000_000),
    data_as_of=st.none() | st.just("2026-11-28") | ODD,
    notes=st.just(()) | st.lists(ODD, max_size=2).map(tuple),
    status=st.sampled_from([ResultStatus.CLEAN] * 5 + [ResultStatus.PENDING, ResultStatus.DAMAGED]),
)
FLEETS = st.lists(MODELS, max_size=12, unique_by=lambda model: model.model).map(
    lambda models: tuple(sorted(models, key=lambda model: model.model))
)
STYLES = st.sampled_from(
    [
        TextStyle(),
        TextStyle(width=1_000_000, paint=lambda text, tone: f"{tone}:{text}"),
        TextStyle(width=60, glyphs=UNICODE, commands=CommandForm(program="rec", options=" -C x", repository="x")),
    ]
)
GOOD = ModelStatus(
    model="a", sync=SyncStatus.IN_SYNC, health=HealthStatus.HEALTHY, reason="deployed", entry=29, grade="C", since=WHEN
)


def status(*environments: tuple[ModelStatus, ...]) -> Status:
    return Status(
        project="p",
        environments=tuple(
            EnvironmentStatus(environment=f"e{at}", role="production", revision="ab" * 20, models=models)
            for at, models in enumerate(environments)
        ),
    )


@given(st.lists(FLEETS, max_size=2), STYLES)
def test_lines_that_were_made_before_are_those_that_are_made_now(
    fleets: list[tuple[ModelStatus, ...]], style: TextStyle
) -> None:
    lines = [[line for line in map(line_in_order, models) if line] for models in fleets]
    others = [tuple(model for model in models if not line_in_order(model)) for models in fleets]
    whole = to_text(blocks(status(*fleets), Detail.SCREEN), style)
    assert to_text(blocks_with_lines(status(*others), lines), style) == whole


def test_only_a_model_in_order_has_a_line_with_its_notes_below() -> None:
    line = "a\tIN_SYNC\tHEALTHY\t-\t29\tC\t-\t-\t2026-11-28"
    assert line_in_order(GOOD) == line
    assert line_in_order(replace(GOOD, notes=("checks: few-rows", "unsigned"))) == f"{line}\nchecks: few-rows\nunsigned"
    for changed in (
        {"sync": SyncStatus.OUT_OF_SYNC},
        {"health": HealthStatus.SUSPENDED},
        {"status": ResultStatus.PENDING},
        {"notes": ("checks: leak\nsuspect",)},
        {"notes": ("checks: ünsafe",)},
        {"grade": "a\tb"},
        {"grade": "é"},
    ):
        fields = {name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__} | changed
        assert line_in_order(ModelStatus(**fields)) == "", changed
