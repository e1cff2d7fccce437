"""Write a recipe's estimator as text, with the scores of those that were tried and the lines to take them instead."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.spec.recipe import Estimator
from reconciler.manifest.scaffold.yaml_text import comment, quoted

_LONGEST = 118


def why_this(suggestion: RecipeSuggestion) -> Iterator[str]:
    """Yield why this estimator; where others were tried, their scores and the lines to take them instead."""
    if suggestion.choice is None:
        yield from comment(f"Because {suggestion.reasons.estimator}.", "    ")
        return
    for sentence in suggestion.choice.sentences:
        yield from comment(sentence, "    ")
    for entry in suggestion.choice.tried:
        yield f"    # - {entry.option.name}, {entry.score}:"
        yield from estimator_text(entry.option.estimator, "    # ")


def estimator_text(estimator: Estimator, indent: str) -> Iterator[str]:
    """Yield the estimator on one line, or on two where that is too long to read."""
    params = ", ".join(
        f"{name}: {quoted(value) if isinstance(value, str) else json.dumps(value)}" for name, value in estimator.params
    )
    begin, end = (
        f"{indent}estimator: {{uses: {estimator.uses}, class: {estimator.class_name},",
        f"params: {{{params}}}}}",
    )
    if len(line := f"{begin} {end}") <= _LONGEST:
        yield line
    else:
        yield from (begin, f"{indent}  {end}")
