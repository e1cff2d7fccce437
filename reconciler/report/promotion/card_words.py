"""The words of model cards, by template. Cards of each are in people's repositories, and are compared byte by byte."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.report.evaluation.tables import ROUGH
from reconciler.report.layout.blocks import Code, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CardWords:
    """The words in which templates differ; with fields in braces, which `format` fills."""

    rows: str
    warning: str
    metrics: str
    compared: str
    confusion: str
    recall: str
    influences: str
    not_evaluated: tuple[str, str]
    holdout: str
    recipe: tuple[str, str]
    reproduce: str
    description: str
    signed: str = " (unsigned)"  # behind the verification
    apart: str = "The incumbent's figures do not stand beside these"

    def previously_deployed(self, environment: str) -> Words:
        """Say that gates do not count for an artifact that was deployed before."""
        before, after = self.not_evaluated
        return (before, Code(environment), after)


WORDS = {
    1: CardWords(
        rows="judged on {rows} that it was not trained on",
        warning="Do not edit: a card that is not its\nartifact's is refused.",
        metrics="How good it is",
        compared="Each model on its own holdout; gates that compare the two do so on the same rows.",
        confusion="What it mistakes for what",
        recall="found",
        influences="Most influential data",
        not_evaluated=("Not asked: this artifact was deployed in ", " before and is vetted there."),
        holdout="{trained} to train, {held_out} held out to judge",
        recipe=("what", "how"),
        reproduce="trains it again and compares the bytes. Made with {versions} on {architecture}.",
        description="{description}",
    ),
    2: CardWords(
        rows="evaluated on {rows} that training did not use",
        warning="Do not edit: a card\nthat the evidence does not give is rejected.",
        metrics="Metrics",
        compared="Each model on its own holdout; gates that compare the two use the same rows for both.",
        confusion="Confusion matrix",
        recall="recall",
        influences="Most important features",
        not_evaluated=("Not evaluated: this artifact was deployed in ", " before."),
        holdout="{trained} for training, {held_out} for evaluation",
        recipe=("setting", "value"),
        reproduce="trains the model again and compares the bytes. Trained with {versions} on {architecture}.",
        # Unlabelled, a description could read as the line of the grade below it.
        description="Description: {description}",
    ),
}
WORDS[3] = WORDS[2]
WORDS[4] = replace(WORDS[3], influences=f"Most important features ({ROUGH})")
WORDS[5] = WORDS[4]
# Whether it is signed may change after the card was written, and which keys count is the environment's to say: the plan
# tells it.
WORDS[6] = replace(WORDS[5], signed="")
WORDS[7] = WORDS[6]
