"""The checks of the rows before a training, by id, and what a model switches off of them."""

from __future__ import annotations

from dataclasses import dataclass

LEAK = "leak-suspect"
TOO_FEW = "too-few-rows"
CONSTANT = "constant-feature"
ALWAYS_ERRORS = (TOO_FEW,)  # what they find is never less

CHECKS: dict[str, str] = {
    TOO_FEW: "fewer than 50 rows with an outcome, or fewer than 10 of a class (error)",
    LEAK: "a feature that predicts the outcome nearly alone, copies what the outcome is made of, is filled only where "
    "the outcome is known, or is known only later by its name (an error where it is certain, else a warning)",
    "few-rows": "fewer than 1,000 rows with an outcome (warning)",
    CONSTANT: "a feature with one value in every training row, which the model leaves out (warning)",
    "mostly-missing": "a feature that is missing in more than 99 % of the rows (warning)",
    "identifier": "a feature whose values hardly ever repeat, or a running number (warning)",
    "duplicates": "holdout rows that stand among the training rows, too (warning)",
    "vanished-class": "a class that the training rows or the holdout have no row of (warning)",
    "class-balance": "a class with less than 1 % of the rows (warning)",
    "holdout-shift": "holdout rows outside of what a feature was in training (warning), or distributed in another way "
    "(note)",
}
"""Every check by its id, with what it finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOff:
    """A check that a model switches off, with the reason: of everything, or of one feature or class (`subject`)."""

    check: str
    reason: str
    subject: str = ""

    @property
    def name(self) -> str:
        """Return what is switched off, as the manifest writes it."""
        return f"{self.check}.{self.subject}" if self.subject else self.check

    def covers(self, check: str, subject: str) -> bool:
        """Tell whether this switches off what a check says of a subject."""
        return self.check == check and self.subject in ("", subject)
