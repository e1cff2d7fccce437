"""Write the masks of a new table, each with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.onboarding.suggested_masks import MASK_KEY
from reconciler.core.spec.data import Treatment
from reconciler.manifest.scaffold.yaml_text import quoted


def mask_lines(suggestion: RecipeSuggestion) -> Iterator[str]:
    """Yield the masks of columns that look personal, each with what it looks like."""
    if not suggestion.masks:
        return
    yield "# These columns look personal: no copy of the table has their values. Only a merged change can loosen this."
    yield "mask:"
    for mask, looks_like in suggestion.masks:
        treatment = mask.treatment.value if mask.argument is None else f"{{{mask.treatment.value}: {mask.argument}}}"
        yield f"  {quoted(f'{mask.table}.{mask.column}')}: {treatment}  # looks like {looks_like}"
    if any(mask.treatment is Treatment.PSEUDONYM for mask, _ in suggestion.masks):
        yield f"maskKey: {MASK_KEY}  # the secret, of 16 bytes or more; never written here"
