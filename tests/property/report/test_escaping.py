"""Whatever stands in manifests and data, a report stays within its page and says only what we wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.plan import MetricChange, Plan
from reconciler.core.prediction.predictions import GroupAmount
from reconciler.core.promotion.proposal import SupersededPullRequest
from reconciler.report.help import problems
from reconciler.report.inspect import audit, drift, history, predict, status
from reconciler.report.layout.blocks import Block, Detail
from reconciler.report.layout.escaping import cell, code, guard, plain, prose
from reconciler.report.layout.render_html import to_html
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.table import TextColumn, table
from reconciler.report.layout.text_layout import ASCII, UNICODE, TextStyle, cells, command, elide, page, wrap
from reconciler.report.plan import apply_result, plan_report
from reconciler.report.promotion import config_diff, promotion_summary, proposal
from tests.golden.report import values, values_drift, values_inspect, values_review
from tests.golden.report.rendering import as_page
from tests.property.report.test_blocks import outline

NASTY = ["::", "##[", "`", "|", "<", "@", "\x1b[31m", "\u202e", "\n", "\r", "\0", "\ud800", "漢", "e\u0301", "#1", "--"]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=12)), max_size=12).map("".join)
LOOKS = st.builds(TextStyle, width=st.integers(40, 120), glyphs=st.sampled_from([ASCII, UNICODE]))


def hostile(text: str) -> Plan:
    part = values.production_plan().models[1]
    detail = replace(
        part.detail,
        changes=(FieldChange(path=text, old=text, new=text),),
        metrics=(MetricChange(metric=f"f1:{text}", candidate=0.1, incumbent=0.2),),
        notes=(text,),
    )
    return values.plan("production", "production", (replace(part, reason=text, detail=detail),))


def reports(text: str) -> list[Callable[[Detail], Iterable[Block]]]:
    """Reports of values in which each text that somebody else writes is `text`."""
    status_found = values.status()
    environment = status_found.environments[1]
    model = replace(environment.models[1], model=text, reason=text, notes=(text,), grade=text, data_as_of=text)
    predictions = replace(
        values.predictions(),
        classes=("a", text),
        counts=(1, 2),
        expected=(GroupAmount(group=text, amounts=(1.0, 2.0)),),
        by=text,
        out=text,
    )
    applied, events, audited = values.applied(), values.history(), values.audit()
    event = replace(events.events[0], who=text, reason=text)
    opening = values.opened().opening
    assert opening is not None
    opening = replace(
        opening, url=text, remote=text, because=text, base=text, superseded=(SupersededPullRequest(number=1, url=text),)
    )
    drifted = values_drift.drifted()
    finding = replace(drifted.environments[0].findings[1], model=text, what=text)
    compared = values_inspect.compared()
    difference = replace(compared.models[0], changes=(FieldChange(path=text, old=text, new=text),))
    error = problems.ReconcilerError(text, hint=text, where=text)
    pairs: list[tuple[Any, object]] = [
        (plan_report, hostile(text)),
        (apply_result, replace(applied, results=(replace(applied.results[2], model=text, problem=text),))),
        (status, replace(status_found, environments=(replace(environment, models=(model,)),))),
        (history, replace(events, events=(event,))),
        (predict, predictions),
        (proposal, replace(values.proposed(), branch=f"promote/{text}", files=(text,))),
        (proposal, replace(values.opened(), opening=opening)),
        (audit, replace(audited, findings=(replace(audited.findings[0], where=text, problem=text),))),
        (drift, replace(drifted, environments=(replace(drifted.environments[0], findings=(finding,)),))),
        (config_diff, replace(compared, models=(difference,))),
    ]
    made = [partial(report.blocks, value) for report, value in pairs]
    made.append(partial(problems.error_blocks, error))
    made.append(lambda _: promotion_summary.blocks(values_review.hostile_promotion(text)))
    return made


@given(TEXTS, LOOKS)
@example("::error::x " * 30, TextStyle(width=60))
@example("漢" * 200, TextStyle(width=41))
@example("x" * 500, TextStyle(width=40))
def test_no_line_of_any_report_is_wider_than_its_page_or_reaches_the_terminal_raw(text: str, look: TextStyle) -> None:
    for report in reports(text):
        shown = to_text(report(Detail.SCREEN), look)
        assert shown.endswith("\n")
        for line in shown[:-1].split("\n"):
            assert cells(line) <= look.width, line
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert all(unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co") for one in line), ascii(line)


@given(TEXTS)
@example("</summary></details><script>alert(1)</script>")
@example("| a |\n\n# b\n```\n- c")
def test_no_text_adds_a_line_to_a_report_in_markdown_or_an_element_to_one_in_html(text: str) -> None:
    for report, harmless in zip(reports(f"a{text}z"), reports("az"), strict=True):
        assert to_markdown(report(Detail.PAGE)).count("\n") == to_markdown(harmless(Detail.PAGE)).count("\n")
        assert outline(to_html(report(Detail.PAGE))) == outline(to_html(harmless(Detail.PAGE)))


@given(TEXTS)
def test_markdown_prose_holds_no_markup_mention_or_link_of_the_author(text: str) -> None:
    shown = prose(f"a {text} z")
    bare = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\[\\`*_\[\]|~$]", "", shown))
    assert "\n" not in shown
    assert not re.search(r"<(?!!-- -->)", bare)
    assert not re.search(r"@(?!<!-- -->)", bare)
    assert not re.search(r"(?<!-)(?<!--)>", bare.replace("<!-- -->", ""))
    assert not re.search(r"[\[\]|*]", bare)
    assert "://" not in bare


@given(TEXTS)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    shown = code(text)
    fence = re.match(r"`+", shown)
    assert fence is not None
    inner = shown[len(fence[0]) : -len(fence[0])]
    assert shown.endswith(fence[0])
    assert fence[0] not in re.findall(r"`+", inner)


@given(TEXTS)
def test_every_row_of_a_markdown_table_has_the_columns_of_its_heading(text: str) -> None:
    shown = as_page(plan_report, hostile(text))
    bars = 0
    for line in shown.splitlines():
        if line.startswith("|"):
            found = len(re.findall(r"(?<!\\)\|", line))
            bars = bars or found
            assert found == bars, line
        else:
            bars = 0


@given(TEXTS)
def test_safe_text_stays_as_it_is_when_it_is_made_safe_again(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert guard(guard(text)) == guard(text)
    assert len(guard(text)) == len(text)


@given(TEXTS, st.integers(6, 80))
def test_an_elided_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    safe = plain(text)
    shown = elide(safe, width, TextStyle())
    assert cells(shown) <= width
    if cells(safe) > width and safe.isascii():
        assert safe.startswith(shown[: width // 2 - 2])
        assert safe.endswith(shown[-(width // 2 - 2) :] if width // 2 > 2 else "")


@given(st.lists(st.text("ab:-", min_size=1, max_size=90), min_size=1, max_size=8), st.integers(40, 100))
@example(["git", "a" * 90, "b" * 90], 60)
@example(["a" * 37, "b"], 40)
@example(["a" * 38, "b"], 40)
def test_a_broken_command_is_the_same_command_to_a_shell(words: list[str], width: int) -> None:
    lines = command(" ".join(words), width, indent="  ")
    assert all(cells(line) <= width for line in lines)
    assert "\n".join(lines).replace("\\\n", "").split() == words


@given(TEXTS, st.integers(30, 100))
def test_wrapping_loses_no_character(text: str, width: int) -> None:
    safe = plain(text)
    assert "".join("".join(wrap(safe, width, first="> ")).split()) == ">" + "".join(safe.split())


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_table_keeps_its_first_columns_when_it_gets_narrow(width: int) -> None:
    columns = [
        TextColumn(name="model"),
        TextColumn(name="health"),
        TextColumn(name="since", spare=2),
        TextColumn(name="n", spare=1),
    ]
    lines = table(columns, [["m" * 30, "DEGRADED", "2026-11-23", "123"]], TextStyle(width=width))
    assert all(len(line) <= width for line in lines)
    assert "DEGRADED" in lines[1]
    assert ("since" in lines[0]) == (width >= 60)


def test_cells_in_tables_and_pages_are_measured_in_terminal_cells_not_characters() -> None:
    lines = table([TextColumn(name="a"), TextColumn(name="b")], [["漢字", "x"], ["ab", "y"]], TextStyle())
    assert lines[1].index("x") + 2 == lines[2].index("y")
    assert page([], TextStyle()) == "\n"
    assert cell("a|b") == "`a\\|b`"
