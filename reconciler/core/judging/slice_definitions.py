"""Say what a slice is made of besides its own expression: the derived columns and the past that it names. Pure.

Another definition of a column cuts other slices under the same name, so a gate per slice is bound to it, too.
"""

from __future__ import annotations

import re

from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.model import Model

_WORD = re.compile(r"[^\W\d]\w*")


def definitions_of(model: Model) -> tuple[tuple[str, Digest], ...]:
    """Return a digest of the definitions that each declared slice names, directly or through others, by its name; none
    of a slice that names columns of tables only."""
    data = model.recipe.data
    known = {each.name.casefold(): (each.expression, repr(each)) for each in data.derive}
    if data.past is not None:
        past = data.past
        cut = (past.by, past.at, past.known, past.where or "", *(past.also_by or ()))
        known |= {
            each.name.casefold(): (" ".join((each.expression, *cut)), repr((each, cut))) for each in past.features
        }
    found = []
    for each in model.evaluation.slices:
        named = _named_in(each.expression, known)
        if named:
            found.append((each.name, digest_of_bytes(repr(named).encode())))
    return tuple(found)


def _named_in(text: str, known: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    named: dict[str, str] = {}
    pending = [text]
    while pending:
        for word in set(_WORD.findall(pending.pop().casefold())):
            if word in known and word not in named:
                expression, named[word] = known[word]
                pending.append(expression)
    return tuple(definition for _, definition in sorted(named.items()))
