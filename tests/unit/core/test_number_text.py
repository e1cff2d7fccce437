"""Numbers are written as people read them, and a number beside its bound is told from it."""

from __future__ import annotations

import pytest

from reconciler.core.number_text import beside, declared, ranged, rounded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.73124567, "0.7312"),
        (0.5, "0.5"),
        (1.0, "1"),
        (0.0, "0"),
        (12.3456, "12.35"),
        (999.96, "1,000"),
        (12345.678, "12,346"),
        (-12345.678, "-12,346"),
        (1234567.0, "1,234,567"),
        (0.00012345, "0.0001234"),
        (0.000012345, "1.234e-05"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_a_measured_number_has_four_digits_and_no_exponent(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(10000.0, "10,000"), (0.05, "0.05"), (0.1234567, "0.1234567"), (1e-05, "1e-05")]
)
def test_a_declared_number_keeps_its_digits(value: float, text: str) -> None:
    assert declared(value) == text


@pytest.mark.parametrize(
    ("value", "bound", "text"),
    [(0.74996, 0.75, "0.74996"), (0.75, 0.75, "0.75"), (0.7, 0.75, "0.7"), (9999.7, 10000.0, "9,999.7")],
)
def test_a_number_is_told_from_its_bound(value: float, bound: float, text: str) -> None:
    assert beside(value, bound) == text


@pytest.mark.parametrize(
    ("lowest", "highest", "shown"),
    [
        (1962, 2026, "1962 to 2026"),
        (0, 12000, "0 to 12,000"),
        (1962.5, 2026, "1,962.5 to 2,026"),
        (-1e9, 1950, "-1,000,000,000 to 1,950"),
    ],
)
def test_years_have_no_comma_and_other_numbers_do(lowest: float, highest: float, shown: str) -> None:
    assert ranged(lowest, highest) == shown
