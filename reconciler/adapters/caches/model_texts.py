"""The cache of what a command printed of each unchanged model: a file beside the cached plan, safe to delete.

Texts lie in batches: a line that describes each, and then all of them, one after the other. A text belongs to a
generation of plans and to what its model's cached plan was made from; what belongs to anything else is as good as
absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from reconciler.adapters.filesystem.durable_files import open_checked, write_checked

FORMAT = 2
BATCH = 256  # texts, of about 4 KB


class ModelText(NamedTuple):
    """What is printed of a model; `facts`: JSON values that are needed beside it, or go into it when it is printed."""

    text: str
    facts: list[Any]


class _Batch(NamedTuple):
    """Texts that are read at once: where they begin in the file, and how many bytes they have."""

    start: int
    length: int


class _Place(NamedTuple):
    """A text: its batch, and where it begins and ends there."""

    facts: list[Any]
    batch: _Batch
    start: int
    end: int


@dataclass(slots=True, kw_only=True)
class ModelTexts:
    """The texts in an open file, by model, in the order in which they lie there. `shared`: facts of the environment."""

    stream: BinaryIO
    shared: dict[str, Any]
    places: dict[str, _Place] = field(default_factory=dict)

    def facts(self, model: str) -> list[Any]:
        return self.places[model].facts

    def keep(self, models: Iterable[str]) -> None:
        """Forget the texts of all other models."""
        kept = frozenset(models)
        self.places = {name: place for name, place in self.places.items() if name in kept}

    def texts(self, models: Iterable[str]) -> Iterator[ModelText]:
        """Yield the texts of models, in this order."""
        read: _Batch | None = None
        body = ""
        for name in models:
            place = self.places[name]
            if place.batch is not read:
                read = place.batch
                self.stream.seek(read.start)
                body = self.stream.read(read.length).decode("ascii")
            yield ModelText(body[place.start : place.end], place.facts)

    def close(self) -> None:
        self.stream.close()


def load(path: Path, generation: str, belongs: Callable[[str, str], bool]) -> ModelTexts | None:
    """Open the texts of a generation; None where there are none. `belongs` tells of a model, and what its text was made
    from, whether that is what it would be made from now. The caller closes what is returned."""
    try:
        stream = open_checked(path)
    except (OSError, ValueError):
        return None
    try:
        head = json.loads(stream.readline())
        if (head["format"], head["generation"]) == (FORMAT, generation):
            texts = ModelTexts(stream=stream, shared=dict(head["shared"]))
            for line in iter(stream.readline, b""):
                described, end = json.loads(line), 0
                batch = _Batch(stream.tell(), sum(length for *_, length in described))
                for name, made_from, facts, length in described:
                    start, end = end, end + length
                    if belongs(name, made_from):
                        texts.places[name] = _Place(facts, batch, start, end)
                stream.seek(batch.start + batch.length + 1)
            return texts
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError):
        pass
    stream.close()
    return None


def save(path: Path, generation: str, shared: dict[str, Any], texts: Iterable[tuple[str, str, ModelText]]) -> None:
    """Write texts, or nothing where that is impossible: (model, what it was made from, its text)."""
    head = {"format": FORMAT, "generation": generation, "shared": shared}

    def lines() -> Iterator[bytes]:
        yield json.dumps(head).encode()
        every = iter(texts)
        while batch := list(islice(every, BATCH)):
            yield json.dumps([(name, made_from, facts, len(text)) for name, made_from, (text, facts) in batch]).encode()
            yield "".join(text for _, _, (text, _) in batch).encode("ascii")

    write_checked(path, lines())
