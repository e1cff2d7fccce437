"""Read the classes that a model's file names: places among the declared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.model_file.boosters.boosted_model import classes_text
from reconciler.model_file.structure.rules import refuse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def checked_classes(text: object, schema: Schema) -> NDArray[np.int64]:
    """Return the places of a model's classes: two or more, ascending, each of a declared class.

    Raises ScoringError E507.
    """
    import numpy as np

    parts = text.split(" ") if isinstance(text, str) and len(text) <= 8 * len(schema.classes) else []
    places = [int(part) for part in parts if part.isascii() and part.isdecimal()]
    fits = len(places) >= 2 and places == sorted(set(places)) and places[-1] < len(schema.classes)
    if not fits or classes_text(places) != text:
        refuse("classes", f"two or more of {len(schema.classes)} classes, ascending", "others")
    return np.asarray(places, dtype=np.int64)
