"""Look at an invalid document as if its problems were mended, for those that would only show then.

What is wrong is replaced by a value of an example, or left out, and the document is checked again; so a value of the
wrong type does not hide that another field is missing, nor a wrong field the mistakes in expressions. A problem that
may come from the replacement is not told.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from reconciler.errors import Problem
from reconciler.manifest.loading import field_docs
from reconciler.manifest.loading.validation_errors import Path, problems_of
from reconciler.manifest.yaml.parse import Node

D = TypeVar("D", bound=BaseModel)

ROUNDS = 4  # an error hides others on few levels: a field, a form, the whole document


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook(Generic[D]):
    """The problems of a document and, where it could be mended, the document as it would be; `replaced`: where."""

    problems: tuple[Problem, ...]
    document: D | None
    replaced: frozenset[Path]


def look(error: ValidationError, *, path: str, node: Node, model: type[D]) -> SecondLook[D]:
    """Return every problem of a document that `error` says is invalid."""
    mended = copy.deepcopy(node.data())
    located = list(problems_of(error, path=path, node=node, model=model))
    problems = [problem for _, problem in located]
    replaced: set[Path] = set()
    for _ in range(ROUNDS):
        mends = [_mend(mended, place, problem, model) for place, problem in located]
        places = {place for place in mends if place is not None}
        if None in mends or places <= replaced:
            break
        replaced |= places
        try:
            document = model.model_validate(mended)
        except ValidationError as further:
            located = list(problems_of(further, path=path, node=node, model=model, data=mended))
            problems += [problem for place, problem in located if not _is_doubtful(place, replaced, mended)]
        else:
            return SecondLook(problems=_distinct(problems), document=document, replaced=frozenset(replaced))
    return SecondLook(problems=_distinct(problems), document=None, replaced=frozenset(replaced))


def _is_doubtful(path: Path, places: Collection[Path], mended: Any) -> bool:
    """Tell whether a problem may come from a replacement there or around it.

    Or from what was removed in it, or has another form than a single value.
    """
    if any(path[: len(place)] == place for place in places):
        return True
    if any(path[:-1] == place[:-1] for place in places) and _at(mended, path[:-1]) == {}:
        return True  # the only field was removed: nothing tells which form was meant
    inside = (place for place in places if len(path) < len(place) and place[: len(path)] == path)
    return any(isinstance(_at(mended, place), (dict, list, type(None))) for place in inside)


def _distinct(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


def _mend(document: Any, place: Path, problem: Problem, model: type[BaseModel]) -> Path | None:
    """Replace what is at a place by the example's, or remove it where it is unknown; return what was replaced.

    None where nothing is known that could stand there.
    """
    if not place:
        return None
    for depth, part in enumerate(place):
        if isinstance(part, int):  # an item of a list is replaced as a whole
            return place[: depth + 1] if _replace_item(document, place[:depth], part, model) else None
    around = _at(document, place[:-1])
    if not isinstance(around, dict):
        return None
    example = field_docs.example_value(model.__name__, place, document)
    if problem.code != "E203" and example is not None:
        around[place[-1]] = copy.deepcopy(example)
    elif place[-1] in around:
        del around[place[-1]]
    else:
        return None
    return place


def _replace_item(document: Any, place: Path, index: int, model: type[BaseModel]) -> bool:
    """Replace an item of a list: a mapping by the example's, a text by one that no other item is."""
    items = _at(document, place)
    if not isinstance(items, list) or index >= len(items):
        return False
    examples = field_docs.example_value(model.__name__, place, document)
    if isinstance(examples, list) and examples and isinstance(examples[0], dict):
        items[index] = copy.deepcopy(examples[0])
    else:
        items[index] = f"item_{index}"
    return True


def _at(document: Any, place: Path) -> Any:
    value = document
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
