"""One claim over many values in one test: a test of its own for each of thousands costs more than what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def hold_for_each(check: Callable[[T], None], values: Iterable[T]) -> None:
    """Check each value; fail once, naming every value that failed, and how."""
    tried = list(values)
    assert tried, "there is no value to be checked"
    failed = []
    for value in tried:
        try:
            check(value)
        except Exception as error:  # noqa: BLE001  (told below, with its value)
            failed.append(f"{value}: {type(error).__name__}: {error}")
    assert not failed, f"{len(failed)} of {len(tried)}:\n" + "\n".join(failed)
