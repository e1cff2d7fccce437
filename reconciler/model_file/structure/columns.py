"""Check a column transformer: which columns each of its parts gets, and how many it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model_file.structure.rules import Attributes, check_array, check_equal, check_items, refuse

_KIND = "sklearn.compose._column_transformer.ColumnTransformer"


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """A part of a column transformer: its name, the indices of its columns, and its checks.

    `fitted` checks the part at a path and returns how many columns it gives; `template` checks its unfitted copy.
    """

    name: str
    columns: tuple[int, ...]
    fitted: Callable[[Any, str], int]
    template: Callable[[Any, str], None]


def check_columns(
    value: Any, path: str, *, features: int, parts: Sequence[ColumnPart], masks: bool, density: float
) -> int:
    """Check a column transformer over `features` columns; return how many columns it gives.

    `masks`: whether columns are written as an array of booleans instead of a list of indices.
    `density`: its `sparse_threshold`.
    """
    attributes = Attributes(value, _KIND, path)
    attributes.whole("n_features_in_", features, features)
    attributes.equal("remainder", "drop")
    attributes.equal("sparse_threshold", density)
    attributes.equal("sparse_output_", False)
    attributes.equal("verbose_feature_names_out", True)
    unused: Any = [False] * features if masks else []

    def check_choice(choice: Any, part: ColumnPart, place: str) -> None:
        if masks:
            mask = check_array(choice, place, shape=(features,), dtype="bool")
            choice = [int(index) for index in mask.nonzero()[0]]
        check_items(choice, list, len(part.columns), place)
        for index, column in zip(choice, part.columns, strict=True):
            check_equal(index, (column,), place)

    templates = check_items(attributes.take("transformers"), list, len(parts), attributes.at("transformers"))
    fitted = check_items(attributes.take("transformers_"), list, None, attributes.at("transformers_"))
    if len(fitted) > len(parts):  # the columns of no part come last, where they are written as a mask
        _check_rest(fitted[-1], unused, attributes.at("transformers_[-1]"))
        fitted = fitted[:-1]
    check_items(fitted, list, len(parts), attributes.at("transformers_"))
    choices = check_items(attributes.take("_columns"), list, len(parts), attributes.at("_columns"))
    starts = [0]
    for index, part in enumerate(parts):
        inner = f"{path}.{part.name}"
        for entry, name in ((templates[index], "transformers"), (fitted[index], "transformers_")):
            place = attributes.at(f"{name}[{index}]")
            check_items(entry, tuple, 3, place)
            check_equal(entry[0], (part.name,), place)
            check_choice(entry[2], part, place)
        check_choice(choices[index], part, attributes.at(f"_columns[{index}]"))
        part.template(templates[index][1], inner)
        starts.append(starts[-1] + part.fitted(fitted[index][1], inner))
    _check_rest(attributes.take("_remainder"), unused, attributes.at("_remainder"))
    _check_indices(attributes, parts, starts)
    attributes.close()
    return starts[-1]


def _check_rest(value: Any, unused: Any, path: str) -> None:
    rest = check_items(value, tuple, 3, path)
    if list(rest[:2]) != ["remainder", "drop"] or type(rest[2]) is not list or rest[2] != unused:
        refuse(path, "no column that is left over", "others")


def _check_indices(attributes: Attributes, parts: Sequence[ColumnPart], starts: Sequence[int]) -> None:
    """Check the two dictionaries that say which columns came from where; no prediction reads them."""
    given = {part.name: list(part.columns) for part in parts} | {"remainder": []}
    made = {part.name: slice(start, end, None) for part, start, end in zip(parts, starts, starts[1:], strict=False)}
    made |= {part.name: slice(0, 0, None) for part in parts if not part.columns} | {"remainder": slice(0, 0, None)}
    for name, expected in (("_transformer_to_input_indices", given), ("output_indices_", made)):
        value = check_items(attributes.take(name), dict, None, attributes.at(name))
        if value != expected:
            refuse(attributes.at(name), "the columns of each part", "others")
