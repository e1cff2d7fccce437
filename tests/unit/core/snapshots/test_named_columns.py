"""What a recipe names is found in its text: never too little, and text, functions, types and its own names are none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import codec
from reconciler.core.snapshots.named_columns import named_columns, used_columns, words_of
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation, DeclaredSlice, Model
from reconciler.core.spec.recipe import Holdout, Join, NamedExpression, Past, PastFeature, Recipe, Window
from reconciler.data.expressions.parse import RefusedError
from reconciler.data.expressions.validate import read_all
from tests.simulation.sample_project import recipe
from tests.support.effort import examples


def model(recipe: Recipe, evaluation: DeclaredEvaluation = NO_DECLARATION) -> Model:
    return Model(
        name="m",
        environment="sandbox",
        recipe=recipe,
        recipe_digest=codec.digest_of(recipe),
        gates=(),
        file="manifests/sandbox/m.yaml",
        evaluation=evaluation,
    )


CASES = [
    ("amount > 0 AND country IN ('DE', 'amount_2')", {"amount", "country"}),
    ("CASE WHEN paid THEN 'yes' ELSE \"end\" END", {"paid", "end"}),
    ("date_diff('day', invoiced, as_of)", {"invoiced", "as_of"}),
    ("CAST(text AS date) - x::integer", {"text", "x"}),
    ("a + 1e5 + 0.5", {"a"}),
    ("name = 'it''s' || b", {"name", "b"}),
    ("e'\\'' || k || 'm'", {"e", "k", "m"}),
    ("sum(amount) FILTER (WHERE paid)", {"amount", "paid", "WHERE"}),
    ("d > DATE '2024-01-01'", {"d"}),
    ("(DATE '2024-01-01') IN(amount,'x')", {"amount"}),
    ("between = 1 AND filter > 2", {"between", "filter"}),
]


@pytest.mark.parametrize(("text", "words"), CASES, ids=[text for text, _ in CASES])
def test_the_words_of_an_expression(text: str, words: set[str]) -> None:
    assert words_of(text) == words


NAMES = (
    "amount",
    "date",
    "year",
    "interval",
    "between",
    "filter",
    "Case_2",
    "is_paid",
    '"end"',
    '"in"',
    "_x",
    "e",
    "x",
)
_TERM = st.recursive(
    st.sampled_from((*NAMES, "'amount'", "'it''s x'", "e'\\'x'", "1e5", "DATE '2024-01-01'", "NULL")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("+", "=", "||", " AND ", " LIKE ", " IS DISTINCT FROM ")), inner).map(
            "".join
        ),
        inner.map("({})".format),
        inner.map("lower({})".format),
        inner.map("CAST({} AS date)".format),
        inner.map("{}::varchar".format),
        st.tuples(inner, inner).map(lambda pair: "CASE WHEN {}THEN({})ELSE NULL END".format(*(f"({p})" for p in pair))),
        st.tuples(inner, inner).map(lambda pair: "({}) IN({},'x')".format(*pair)),
    ),
    max_leaves=6,
)


@settings(max_examples=examples(80))
@given(text=_TERM)
def test_no_column_that_the_parser_finds_is_missed(text: str) -> None:
    parsed = read_all([text])[text]
    if not isinstance(parsed, RefusedError):
        assert words_of(text) >= set(parsed.columns), text


def test_a_recipe_names_keys_features_dates_and_what_it_computes_with_but_not_what_it_computes() -> None:
    plain = recipe(1)
    full = replace(
        plain,
        data=replace(
            plain.data,
            joins=(Join(table="customers", key="customer"),),
            derive=(NamedExpression(name="late", expression="paid - due"),),
            past=Past(
                by="customer",
                at="invoiced",
                known="settled",
                where="NOT disputed",
                features=(PastFeature(name="count_before", expression="count(*) FILTER (late > 3)"),),
            ),
            where="amount > 0",
            train=Window(by="booked", since="2024-01-01", where="region <> 'x'"),
            predict="open",
        ),
        holdout=Holdout(last=0.2, by="closed"),
        features=replace(plain.features, numeric=("late", "count_before", "limit_2")),
        outcome=replace(plain.outcome, matured="ripe + as_of"),
    )
    own = {"late", "count_before", "as_of"}
    expected = {
        "id",
        "customer",
        "paid",
        "due",
        "invoiced",
        "settled",
        "disputed",
        "amount",
        "booked",
        "region",
        "open",
    }
    assert named_columns(full) - {"WHERE"} == expected | {"closed", "limit_2", "ripe", "y"} - own
    used = used_columns([model(plain), model(full)])
    assert used["customers"] == named_columns(full)
    assert used["invoices"] == named_columns(full) | named_columns(plain)


def test_what_a_slice_names_is_used_and_is_no_part_of_the_recipe() -> None:
    plain = recipe(1)
    sliced = DeclaredEvaluation(slices=(DeclaredSlice(name="old", expression="date_part('year', born) < 1960"),))
    assert used_columns([model(plain, sliced)])[plain.data.table] == named_columns(plain) | {"born"}
