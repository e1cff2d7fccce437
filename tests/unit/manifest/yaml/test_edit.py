"""Edits of manifests: the text says what is wanted, and only the lines that mean something change."""

from __future__ import annotations

import copy
import difflib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.digest import Digest
from reconciler.manifest.yaml.edit import (
    UneditableError,
    document,
    overridden,
    promoted,
    renamed_copy,
    splice,
    with_entry,
)
from tests.support.effort import examples

REPOSITORY = Path(__file__).resolve().parents[4]
MODEL = (REPOSITORY / "manifests/sandbox/customer-payments.yaml").read_text()
FILES = (MODEL, (REPOSITORY / "environments/production.yaml").read_text(), (REPOSITORY / "reconciler.yaml").read_text())
FIRST, SECOND = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)


def changed(before: str, after: str) -> list[str]:
    """Lines that went (-) and came (+)."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def test_a_promotion_pins_the_artifact_and_takes_retrain_away_and_nothing_else() -> None:
    text = promoted(MODEL, artifact=FIRST, base=None)
    assert changed(MODEL, text) == [f"+   artifact: {FIRST}\n", "-   retrain: {because: [recipe]}\n"]
    wanted = document(MODEL)
    del wanted["spec"]["retrain"]
    assert document(text) == {**wanted, "spec": {"artifact": FIRST, **wanted["spec"]}}


def test_the_next_promotion_changes_the_pin_and_what_the_recipe_changed() -> None:
    base = promoted(MODEL, artifact=FIRST, base=None).replace(
        "owner: credit-and-collections", "owner: production-team  # on call"
    )
    base = base.replace("    seed: 7\n", "    seed: 7  # chosen in the open\n")
    sandbox = MODEL.replace("max_iter: 120", "max_iter: 300")
    assert changed(base, promoted(sandbox, artifact=SECOND, base=base)) == [
        f"-   artifact: {FIRST}\n",
        f"+   artifact: {SECOND}\n",
        *changed(MODEL, sandbox),
    ]


def test_a_promotion_of_what_is_pinned_changes_nothing() -> None:
    base = promoted(MODEL, artifact=FIRST, base=None)
    assert promoted(MODEL, artifact=FIRST, base=base) == base


def test_a_base_that_cannot_be_edited_gives_way_to_the_sandbox_text() -> None:
    base = "{apiVersion: reconciler/v1, kind: Model, metadata: {name: customer-payments}, spec: {seed: 1}}\n"
    text = promoted(MODEL, artifact=FIRST, base=base)
    assert document(text)["spec"]["artifact"] == FIRST


@pytest.mark.parametrize("text", FILES)
def test_line_ends_of_windows_and_a_byte_order_mark_stay(text: str) -> None:
    windows = "\ufeff" + text.replace("\n", "\r\n")
    wanted = document(windows)
    assert splice(windows, wanted) == windows
    wanted["metadata"]["owner"] = "somebody-else"
    edited = splice(windows, wanted)
    assert edited.startswith("\ufeff")
    assert edited.count("\n") == edited.count("\r\n")
    assert document(edited) == wanted


def test_lines_with_either_end_keep_their_own() -> None:
    text = "a: 1\r\nb: 2\nc: 3\r\n"
    assert splice(text, {"a": 1, "b": 5, "c": 3}) == "a: 1\r\nb: 5\nc: 3\r\n"


def test_comments_above_a_removed_entry_of_a_list_or_mapping_do_not_swallow_their_neighbours() -> None:
    text = "a: 1\n# about b\nb:\n  - x  # first\n  - y\n\n# about c\nc: 3\n"
    assert splice(text, {"a": 1, "c": 3}) == "a: 1\n# about b\n\n# about c\nc: 3\n"
    assert splice(text, {"a": 1, "b": ["x", "z"], "c": 3}) == text.replace("- y", "- z")


def test_an_entry_can_follow_a_last_line_without_an_end() -> None:
    assert document(splice("a: 1\nb: 2", {"a": 1, "b": 2, "c": {"d": [1]}})) == {"a": 1, "b": 2, "c": {"d": [1]}}


@pytest.mark.parametrize(
    "text", ["a: true", "yes", "1.10", "~", "", "a # b", "x: y", "- a", "é", "'", '"', "a\nb", "#a"]
)
def test_a_text_that_would_read_as_something_else_is_quoted(text: str) -> None:
    assert document(splice("a: 1\n", {"a": text})) == {"a": text}
    assert document(splice("a: {b: 1}\n", {"a": {"b": text}})) == {"a": {"b": text}}


KEYS = st.text("abcdefgh_", min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], max_codepoint=0x2FF), max_size=12)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
FLAT = st.lists(SCALARS, max_size=4) | st.dictionaries(KEYS, SCALARS, max_size=4)
DEEP = st.lists(FLAT | SCALARS, max_size=3) | st.dictionaries(KEYS, FLAT | SCALARS, max_size=3)
VALUES = SCALARS | FLAT | DEEP


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that a document holds."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path] * bool(path) + [place for part, one in inner for place in places(one, (*path, part))]


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data(), text=st.sampled_from(FILES))
def test_any_edit_says_what_is_wanted_and_keeps_all_other_lines(data: st.DataObject, text: str) -> None:
    import unicodedata

    wanted = copy.deepcopy(document(text))
    path = data.draw(st.sampled_from(places(wanted)))
    parent = wanted
    for part in path[:-1]:
        parent = parent[part]
    kind = data.draw(st.sampled_from(["change", "remove", "add"]))
    value = data.draw(VALUES.filter(lambda one: unicodedata.is_normalized("NFC", repr(one))))
    if kind == "change":
        parent[path[-1]] = value
    elif kind == "remove":
        del parent[path[-1]]
    elif isinstance(parent, dict):
        parent[data.draw(KEYS.filter(lambda key: key not in parent))] = value
    else:
        parent.append(value)
    try:
        edited = splice(text, wanted)
    except UneditableError:
        return  # said, not guessed
    assert document(edited) == wanted
    if kind == "add" and isinstance(parent, dict):
        assert comments(edited) == comments(text), "an addition costs no comment"
    if kind != "remove" and len(path) > 1 and isinstance(parent, dict):
        # All that stands outside of the part that was edited is there, byte for byte, in its order.
        top = path[0]
        outside = [
            line for line in text.splitlines() if line and line[0] not in " #" and not line.startswith(f"{top}:")
        ]
        assert [line for line in edited.splitlines() if line in outside] == outside


@settings(max_examples=examples(50), deadline=None)
@given(value=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_any_value_can_be_added_and_taken_away_again(value: dict[str, Any]) -> None:
    import unicodedata

    if not unicodedata.is_normalized("NFC", repr(value)):
        return
    text = "# above\nzz: 1  # here\nzy:\n  zx: [1, 2]\n# below\n"
    before = document(text)
    edited = splice(text, {**before, **value})
    assert document(edited) == {**before, **value}
    assert comments(edited) == comments(text)
    assert splice(edited, before) == text


# --- overrides -------------------------------------------------------------------------------------------------------

PRODUCTION = FILES[1]


def with_override(text: str, artifact: Digest = FIRST, reason: str = "agreed: by phone") -> str:
    return overridden(text, model="customer-payments", artifact=artifact, control="freeze", reason=reason)


def test_an_override_is_added_and_nothing_else_is_touched() -> None:
    once = with_override(PRODUCTION)
    assert changed(PRODUCTION, once) == [
        "+     overrides:\n",
        "+       - {model: customer-payments, artifact: "
        + f'{FIRST}, control: freeze, reason: "agreed: by phone"'
        + "}\n",
    ]
    assert comments(once) == comments(PRODUCTION)
    assert with_override(once) == once


def test_the_next_override_comes_after_the_last_with_its_comments() -> None:
    once = with_override(PRODUCTION).replace('by phone"}\n', 'by phone"}  # ask Rita\n')
    text = overridden(once, model="other", artifact=SECOND, control="hold", reason="soon over")
    assert changed(once, text) == [
        f"+       - {{model: other, artifact: {SECOND}, control: hold, reason: soon over}}\n"
    ]


def test_an_override_for_another_artifact_gives_way_to_the_new_one() -> None:
    text = with_override(with_override(PRODUCTION), artifact=SECOND)
    assert document(text)["spec"]["policy"]["overrides"] == [
        {"model": "customer-payments", "artifact": SECOND, "control": "freeze", "reason": "agreed: by phone"}
    ]


@pytest.mark.parametrize("tail", ["", "\n", "  # the end"])
def test_an_override_goes_into_whatever_policy_there_is(tail: str) -> None:
    for policy in ("", "  policy: {prune: never}\n", "  policy:\n    overrides: []\n"):
        text = f"spec:\n  role: production\n{policy}".rstrip("\n") + tail
        wanted = document(with_override(text))
        assert [one["control"] for one in wanted["spec"]["policy"]["overrides"]] == ["freeze"], text


TABLES = ("spec", "data", "tables")
LINES = (
    "# The decimal is a guess.",
    "uses: csv",
    'path: "data/b.csv"',
    "cells:",
    "  # Twice NA.",
    "  x: {nulls: [NA]}",
)
WANTED = {"uses": "csv", "path": "data/b.csv", "cells": {"x": {"nulls": ["NA"]}}}


def test_a_table_more_is_a_few_lines_more_with_their_comments() -> None:
    text = FILES[1]
    edited = with_entry(text, TABLES, "new", LINES)
    came = changed(text, edited)
    assert [line[0] for line in came] == ["+"] * (len(LINES) + 1)
    assert comments(edited) == sorted(comments(edited), key=comments(edited).index)
    assert {"# The decimal is a guess.", "# Twice NA."} <= set(comments(edited))
    data = document(edited)["spec"]["data"]["tables"]
    assert data == {**document(text)["spec"]["data"]["tables"], "new": WANTED}


@pytest.mark.parametrize(
    "text",
    [
        "spec:\n  data:\n    tables:\n      a: {uses: csv, path: a.csv}\n  more: 1\n",
        "spec:\n  data:\n    tables:\n      a:\n        uses: csv\n        path: a.csv   # mine",
        "spec:\r\n  data:\r\n    tables:\r\n      a: {uses: csv, path: a.csv}\r\n",
        "spec:\n  data:\n    asOf: 2024-01-01\n",
        "spec:\n  role: x\n",
        "spec:\n  data:\n    tables: {}\n",
        "spec:\n  data:\n    tables:\n",
        "spec:\n  data: {tables: {a: {uses: csv, path: a.csv}}}\n  role: x\n",
        "{spec: {data: {tables: {a: {uses: csv, path: a.csv}}}}}\n",
    ],
)
def test_an_entry_comes_into_whatever_layout_there_is_and_all_else_stays(text: str) -> None:
    edited = with_entry(text, TABLES, "new", LINES)
    wanted = document(text)
    data = wanted["spec"].setdefault("data", {})
    data["tables"] = {**(data.get("tables") or {}), "new": WANTED}
    assert document(edited) == wanted
    assert ("\r\n" in text) == ("\r\n" in edited)
    assert set(comments(text)) <= set(comments(edited))


def test_a_copy_of_a_model_differs_in_its_name_alone() -> None:
    renamed = MODEL.replace("metadata:\n", "metadata:\n  renamedFrom: before\n")
    name = document(MODEL)["metadata"]["name"]
    copied = renamed_copy(renamed, "churn")
    assert changed(MODEL, copied) == changed(MODEL, MODEL.replace(f"name: {name}", "name: churn", 1))
