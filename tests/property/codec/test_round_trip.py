"""Laws of the codec: one value, one form; Python's own encoder gives RFC 8785's bytes wherever it is used."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.spec.gates import Gate, PerformanceGrade, Threshold
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Param
from reconciler.errors import IntegrityError

MOST = 2**53 - 1
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-MOST, MOST)
# Numbers near which the two encoders part: whole ones, tiny ones, those from where an exponent is written.
odd = st.sampled_from([0.0, -0.0, 1.0, -7.0, 1e-4, 9.9e-5, 1e-7, 1e15, 1e16, 2.0**53, 1e21, 1e22, 0.1, MOST, -MOST])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
documents = st.recursive(
    st.none() | st.booleans() | numbers | odd | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_the_canonical_form_is_that_of_rfc_8785(document: Any) -> None:
    assert codec.canonical(document) == rfc8785.dumps(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    number: float
    whole: int | None = None
    grade: Grade = Grade.A


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    text: str
    flag: bool
    when: datetime
    digest: Digest | None
    inner: Inner | None
    many: tuple[Inner, ...]
    named: tuple[tuple[str, Inner], ...]
    params: tuple[tuple[str, Param], ...]
    gates: tuple[Gate, ...]
    itself: Outer | None = None


inners = st.builds(
    Inner,
    number=st.floats(allow_nan=False, allow_infinity=False) | odd.map(float),
    whole=st.none() | st.integers(-MOST, MOST),
    grade=st.sampled_from(Grade),
)
scalars = st.none() | st.booleans() | st.integers(-MOST, MOST) | texts | st.floats(0.001, 0.999)


def outers_with(itself: st.SearchStrategy[Outer | None]) -> st.SearchStrategy[Outer]:
    return st.builds(
        Outer,
        text=texts,
        flag=st.booleans(),
        when=st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)).map(
            lambda one: one.replace(microsecond=0)
        ),
        digest=st.none() | st.integers(0, 2**256 - 1).map(lambda one: Digest(f"sha256:{one:064x}")),
        inner=st.none() | inners,
        many=st.lists(inners, max_size=2).map(tuple),
        named=st.dictionaries(texts, inners, max_size=2).map(lambda one: tuple(sorted(one.items()))),
        params=st.dictionaries(texts, scalars | st.lists(scalars, max_size=2).map(tuple), max_size=2).map(
            lambda one: tuple(sorted(one.items(), key=lambda pair: pair[0]))
        ),
        gates=st.lists(
            st.builds(PerformanceGrade, at_least=st.sampled_from(Grade))
            | st.builds(Threshold, metric=texts, at_least=st.none() | st.floats(0, 1)),
            max_size=2,
        ).map(tuple),
        itself=itself,
    )


outers = outers_with(st.none() | outers_with(st.none()))
# How long it takes to make up a value says something about the machine only.
patient = settings(suppress_health_check=[HealthCheck.too_slow])


@patient
@given(outers)
def test_what_is_written_reads_back_as_itself(value: Outer) -> None:
    assert codec.decode(Outer, codec.encode(value), what="it") == value


@patient
@given(outers, st.data())
def test_any_other_spelling_of_a_value_is_refused(value: Outer, data: st.DataObject) -> None:
    body = codec.encode(value)
    document = json.loads(body)
    others = [
        json.dumps(document, indent=1).encode(),
        body + b"\n",
        body.replace(b'"flag":', b'"flag":true,"flag":', 1),
        body.replace(b'"flag":', b'"extra":1,"flag":', 1),
        body[:-1] + b',"itself":null}' if value.itself is None else b"[]",
    ]
    with pytest.raises(IntegrityError) as caught:
        codec.decode(Outer, data.draw(st.sampled_from(others)), what="it")
    assert caught.value.message.startswith("it is damaged: ")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: one["many"][0].pop("number"), "Outer.many[0].number: is missing"),
        (lambda one: one["many"][0].update(number="1"), "Outer.many[0].number: expected a number, found str"),
        (lambda one: one["many"][0].update(whole=True), "Outer.many[0].whole: found bool"),
        (lambda one: one["many"][0].update(grade="E"), "Outer.many[0].grade: 'E' is not a valid Grade"),
        (lambda one: one["named"]["a"].update(colour=1), "Outer.named.a: unknown field 'colour'"),
        (lambda one: one.update(gates=[{"uses": "luck"}]), "Outer.gates[0]: unknown kind 'luck'"),
        (lambda one: one.update(digest="sha256:1"), "Outer.digest: expected sha256:<64 hex>"),
        (lambda one: one.update(when="2026-1-3T00:00:00Z"), "Outer.when: expected a time such as"),
        (lambda one: one.update(text=1), "Outer.text: expected str, found int"),
        (lambda one: one.update(many={}), "Outer.many: expected list, found dict"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(spoil: Any, words: str) -> None:
    value = Outer(
        text="",
        flag=True,
        when=datetime(2026, 1, 3, tzinfo=UTC),
        digest=None,
        inner=None,
        many=(Inner(number=1.5),),
        named=(("a", Inner(number=2.0)),),
        params=(),
        gates=(),
    )
    document = codec.to_json(value)
    spoil(document)
    with pytest.raises(ValueError, match=re.escape(words)):
        codec.from_json(Outer, document)
