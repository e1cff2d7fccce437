"""What each reader says of a project after something happened to it: a table of exit codes, and its golden one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.project_on_disk import ENVIRONMENTS, READERS

GOLDEN = Path(__file__).parents[1] / "golden/inputs"
ALIKE = ("status", "plan", "audit", "doctor")
FULL = ("audit", "doctor")  # these read everything; the others what decides what is served
NOTE = "audit and doctor alone"
WIDE, HEADINGS = 78, 2  # characters of the first column, and lines above the rows

Codes = Mapping[str, Mapping[str, int]]
"""By environment and reader."""


def disagreement(codes: Codes) -> str | None:
    """Return why not all readers say the same of a row: "" where they do, None where there is no reason for it.

    `drift`, `why` and `predict` look at less than the others: they say the same, or nothing. `predict` uses bytes that
    others only look for.
    """
    notes = set()
    for said in codes.values():
        told = {said[reader] for reader in FULL}
        shown = {said[reader] for reader in READERS if reader not in (*FULL, "predict")}
        if len(told) > 1:
            return None
        if shown == {0} and told != {0}:
            notes.add(NOTE)
        elif said["status"] != said["audit"] or said["plan"] != said["audit"] or not shown <= {0, *told}:
            return None
        if said["predict"] not in {0, *told}:
            return None
    return "".join(notes)


def compare(name: str, what: str, rows: Mapping[str, Codes], *, some: bool = False) -> None:
    """Assert that no two readers disagree without reason, and that the table is the golden one of this name.

    `what` heads the first column, in which the rows' names stand. `some`: of the golden table, only these rows are
    looked at. UPDATE_GOLDEN=1 writes the golden table.
    """
    found, golden = list(_lines(what, rows)), GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") and not some:
        golden.write_text("".join(f"{line}\n" for line in found))
    assert not {row: codes for row, codes in rows.items() if disagreement(codes) is None}, "no reason for it"
    expected = golden.read_text().splitlines()
    if some:
        expected = [line for number, line in enumerate(expected) if number < HEADINGS or line[:WIDE].rstrip() in rows]
    assert found == expected


def _lines(what: str, rows: Mapping[str, Codes]) -> Iterator[str]:
    wide = 8 * len(READERS)
    yield f"{'':{WIDE}}" + "  ".join(f"{environment:>{wide}}" for environment in ENVIRONMENTS)
    yield f"{what:{WIDE}}" + "  ".join("".join(f"{reader:>8}" for reader in READERS) for _ in ENVIRONMENTS)
    for row, codes in rows.items():
        said = "  ".join("".join(f"{codes[environment][reader]:>8}" for reader in READERS) for environment in codes)
        reason = disagreement(codes)
        yield f"{row:{WIDE}}{said}   {'NOT ALIKE' if reason is None else reason}".rstrip()
