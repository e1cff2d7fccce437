"""Write numbers as people do: thousands apart, no exponent, and no more digits than it takes."""

from __future__ import annotations

import math

_YEARS = range(1800, 2200)
DIGITS = 4  # significant ones


def rounded(value: float, digits: int = DIGITS) -> str:
    """Return a measured number with so many significant digits; whole numbers are never cut: `12,346`, `0.7312`."""
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size < 1e-4:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def declared(value: float) -> str:
    """Return a number that a person wrote, with all its digits: `10,000`, `0.05`."""
    return f"{value:,.0f}" if math.isfinite(value) and value == int(value) else f"{value:,}"


def ranged(lowest: float, highest: float) -> str:
    """Return the numbers from one to another: years as they are written, `1962 to 2026`."""
    if all(value == int(value) and value in _YEARS for value in (lowest, highest) if math.isfinite(value)):
        return f"{lowest:.0f} to {highest:.0f}"
    return f"{declared(lowest)} to {declared(highest)}"


def beside(value: float, bound: float, digits: int = DIGITS) -> str:
    """Return a measured number with as many digits as tell it from the bound that it is compared with."""
    shown = rounded(value, digits)
    while shown in (declared(bound), rounded(bound, digits)) and value != bound and digits < 17:
        digits += 1
        shown = rounded(value, digits)
    return shown
