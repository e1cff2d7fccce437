"""Names for what people called otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.names import seen, without_accents


@pytest.mark.parametrize(
    ("written", "plain"),
    [("Zähler 00", "Zahler 00"), ("Straße", "Strasse"), ("m²", "m2"), ("prénom", "prenom"), ("结果", "结果"), ("", "")],
)
def test_letters_lose_their_marks_and_nothing_else(written: str, plain: str) -> None:
    assert without_accents(written) == plain


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert without_accents(text) == text


@pytest.mark.parametrize("odd", [" Nord", "Nord ", "Nord  Ost", "", "Nord\u00a0Ost", "\tNord"])
def test_values_that_differ_in_their_spaces_do_not_read_alike(odd: str) -> None:
    assert seen(odd) == f'"{odd}"'
    assert seen("Nord Ost") == "Nord Ost"
