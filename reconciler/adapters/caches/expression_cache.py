"""A cache of parsed expressions by their text: a plan of unchanged manifests then needs no DuckDB.

One JSON file outside the work tree, safe to delete; a damaged one is ignored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from reconciler import codec
from reconciler.adapters.caches import cached_json
from reconciler.core.computed_once import computed_once
from reconciler.ports import Expressions, ParsedExpression

LIMIT = 50_000  # expressions; beyond it only those of the last call are kept


class CachedExpressions:
    """Implements ports.Expressions. `grammar` returns the version of the rules, each of which has its own file."""

    def __init__(self, inner: Expressions, folder: Path, *, grammar: Callable[[], int]) -> None:
        self._inner = inner
        self._folder = folder
        self._grammar = grammar
        self._known: dict[str, ParsedExpression] | None = None

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        wanted = tuple(dict.fromkeys(texts))
        known = self._load()
        missing = tuple(text for text in wanted if text not in known)
        if missing:
            known |= self._inner.parse(missing)
            self._save(known if len(known) <= LIMIT else {text: known[text] for text in wanted})
        return {text: known[text] for text in wanted}

    @computed_once
    def _path(self) -> Path:
        return self._folder / f"expressions-{self._grammar()}.json"

    def _load(self) -> dict[str, ParsedExpression]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(ValueError, TypeError, AttributeError):
                document = cached_json.load(self._path)
                self._known = {text: codec.from_json(ParsedExpression, parsed) for text, parsed in document.items()}
        return self._known

    def _save(self, known: Mapping[str, ParsedExpression]) -> None:
        cached_json.save(self._path, {text: codec.to_json(parsed) for text, parsed in known.items()})
