"""Check the attributes of one object of a loaded model, each under its name.

scikit-learn checks its rows but not its own arrays, and native code indexes with them as they are. So each check names
every attribute that the object may have: one that no check asked for is refused, since it could shadow a method or
switch to a path that nobody looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from reconciler.errors import ScoringError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Parameters that only training reads, or that switch to paths that no model of ours takes: as they are in all of ours.
_FIXED: dict[str, tuple[object, ...]] = {
    "covariance_estimator": (None,),
    "init": (None,),
    "interaction_cst": (None,),
    "memory": (None,),
    "metric_params": (None,),
    "monotonic_cst": (None,),
    "n_jobs": (None,),
    "oob_score": (False,),
    "precompute": (False,),
    "priors": (None,),
    "scoring": ("loss",),
    "store_covariance": (False,),
    "transform_input": (None,),
    "transformer_weights": (None,),
    "verbose": (0, False),
    "warm_start": (False,),
}
# Parameters of a base class that some classes hold and do not take.
_INHERITED = ("alpha", "class_weight", "l1_ratio")
_LONGEST = 100  # characters of a parameter that is a text
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ModelScope:
    """What a model predicts from and into: `features` columns, the number of `classes` (0 for a number).

    `categories`: per categorical column, by its index, how many categories the schema lists.
    `trees` collects the ids of the trees seen so far: one that counts twice would let a small file take any time.
    """

    features: int
    classes: int
    categories: Mapping[int, int] = field(default_factory=dict)
    trees: set[int] = field(default_factory=set)


def refuse(path: str, expected: str, found: str) -> NoReturn:
    """Refuse a model file for what is at `path` of its model. Raises ScoringError E507."""
    raise ScoringError(
        f"invalid model file: {path}: expected {expected}, found {found}",
        code="E507",
        hint="use a model file that this tool wrote; with this one, scikit-learn could crash or never end",
    )


def type_name(value: object) -> str:
    """Return the full name of a value's type, as a model file writes it."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def in_words(value: object) -> str:
    """Return a value in words for a message: never the content of an array."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype.name if value.dtype.names is None else 'records'} {value.shape}"
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return repr(value)[:40]
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def check_items(value: object, kind: type, count: int | None, path: str) -> Any:
    """Check that a value is exactly a list, tuple or dict (`kind`) of `count` items (None: any), and return it."""
    if type(value) is not kind or (count is not None and len(value) != count):  # type: ignore[arg-type]
        refuse(path, f"a {kind.__name__}" + ("" if count is None else f" of {count}"), in_words(value))
    return value


def check_equal(value: object, allowed: tuple[object, ...], path: str) -> Any:
    """Check that a value is one of the allowed ones, in type as well, and return it."""
    for choice in allowed:
        if type(choice) is type(value) and (value == choice or (value != value and choice != choice)):  # noqa: PLR0124
            return value
    refuse(path, " or ".join(repr(choice) for choice in allowed), in_words(value))


def check_whole(value: object, least: int, most: int | None, path: str) -> int:
    """Check that a value is a whole number within bounds, and return it."""
    import numpy as np

    whole = type(value) is int or isinstance(value, np.integer)
    if not whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        bounds = f"of at least {least}" if most is None else f"between {least} and {most}"
        refuse(path, f"a whole number {bounds}", in_words(value))
    return int(value)  # type: ignore[call-overload,no-any-return]


def check_array(
    value: object,
    path: str,
    *,
    shape: tuple[int | None, ...],
    dtype: str = "float64",
    finite: bool = True,
    rows: bool = False,
) -> Array:
    """Check an array and return it.

    `shape`: None where any length will do. `dtype`: exactly this type, in this machine's byte order. `finite`: whether
    each number must be finite. `rows`: whether rows must lie one after another in memory, as native code reads them.
    """
    import numpy as np

    fits = (
        type(value) is np.ndarray
        and value.dtype == np.dtype(dtype)
        and value.ndim == len(shape)
        and all(wanted in (None, length) for wanted, length in zip(shape, value.shape, strict=True))
        and (value.flags.c_contiguous or not rows)
        and value.flags.aligned
    )
    if not fits:
        lengths = ", ".join("any" if length is None else str(length) for length in shape)
        order = ", its rows one after another" if rows else ""
        refuse(path, f"an array of {dtype} ({lengths}){order}", in_words(value))
    array: Array = value  # type: ignore[assignment]
    if finite and dtype == "float64" and not np.isfinite(array).all():
        refuse(path, "finite numbers", "one that is not")
    return array


def check_range(array: Array, least: float, most: float, path: str) -> None:
    """Check that each number of an array lies within bounds; no number that is missing does."""
    import numpy as np

    if array.size and not (array.min() >= least and array.max() <= most):
        outside = np.flatnonzero(~((array >= least) & (array <= most)).ravel())[0]
        found = f"{array.ravel()[outside]} at {outside}"
        refuse(path, f"numbers between {least} and {most}", found)


def check_rising(numbers: Array, path: str) -> None:
    """Check that each number is above the one before it, as a search for one of them takes for granted."""
    import numpy as np

    if (np.diff(numbers) <= 0).any():
        refuse(path, "numbers in rising order", "others")


def check_random_state(value: object, path: str) -> None:
    """Check a seed, or a random state: nothing is drawn from it to predict, but its position is an index."""
    import numpy as np

    if type(value) is np.random.RandomState:
        state: dict[str, Any] = value.get_state(legacy=False)
        check_equal(state["bit_generator"], ("MT19937",), f"{path}.bit_generator")
        check_whole(state["state"]["pos"], 0, 624, f"{path}.pos")
    elif value is not None:
        check_whole(value, 0, 2**64, path)


@cache
def _parameters(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of an estimator's parameters: scikit-learn reads them from the signature each time."""
    names: list[str] = getattr(kind, "_get_param_names", list)()
    return (*names, *_INHERITED)


class Attributes:
    """The attributes of one object, each checked under its name; `close` refuses what was not asked for."""

    def __init__(self, value: object, kind: str, path: str) -> None:
        """Look at an object that must be exactly of the type `kind`, at `path` of the model."""
        if type_name(value) != kind:
            refuse(path, f"a {kind.rpartition('.')[2]}", in_words(value))
        self.path = path
        self._kind: type[Any] = type(value)
        self._values = dict(vars(value))
        version = self._values.pop("_sklearn_version", "")
        output = self._values.pop("_sklearn_output_config", {"transform": "default"})
        if type(version) is not str or output != {"transform": "default"}:
            refuse(path, "scikit-learn's version and its own form of output", "others")

    def at(self, name: str) -> str:
        """Return the path of an attribute."""
        return f"{self.path}.{name}"

    def take(self, name: str) -> Any:
        """Return an attribute for a check of the caller's. Raises ScoringError E507 when there is none."""
        if name not in self._values:
            refuse(self.path, f"an attribute {name}", "none")
        return self._values.pop(name)

    def holds(self, name: str) -> bool:
        """Return whether there is an attribute of this name that no check has taken."""
        return name in self._values

    def equal(self, name: str, *allowed: object) -> Any:
        """Check that an attribute is one of the allowed values, and return it."""
        return check_equal(self.take(name), allowed, self.at(name))

    def whole(self, name: str, least: int = 0, most: int | None = None) -> int:
        """Check that an attribute is a whole number within bounds, and return it."""
        return check_whole(self.take(name), least, most, self.at(name))

    def number(self, name: str) -> float:
        """Check that an attribute is one finite number, and return it."""
        import numpy as np

        value = self.take(name)
        if type(value) not in (int, float, np.float64) or not np.isfinite(value):
            refuse(self.at(name), "a finite number", in_words(value))
        return float(value)

    def array(
        self,
        name: str,
        *shape: int | None,
        dtype: str = "float64",
        finite: bool = True,
        rows: bool = False,
    ) -> Array:
        """Check an attribute that is an array, as `check_array`, and return it."""
        return check_array(self.take(name), self.at(name), shape=shape, dtype=dtype, finite=finite, rows=rows)

    def numbers(self, *names: str) -> None:
        """Check attributes that only say how training went: an array of floats, of any length."""
        for name in names:
            self.array(name, None, finite=False)

    def classes(self, scope: ModelScope, least: int = 1) -> int:
        """Check `classes_`, indices of at least so many declared classes in rising order; return how many there are."""
        known = self.array("classes_", None, dtype="int64")
        path = self.at("classes_")
        if not least <= len(known) <= scope.classes:
            refuse(path, f"between {least} and {scope.classes} classes", str(len(known)))
        check_range(known, 0, scope.classes - 1, path)
        check_rising(known, path)
        return len(known)

    def close(self) -> None:
        """Check the parameters that were not asked for, and refuse every attribute that is none.

        A parameter is a plain value; those that decide what predicting does are checked by name before.
        """
        import numpy as np

        for name in _parameters(self._kind):  # type: ignore[arg-type]
            if name not in self._values:
                continue
            value = self._values.pop(name)
            if name in _FIXED:
                check_equal(value, _FIXED[name], self.at(name))
            elif name == "dtype":
                if value is not np.float64:
                    refuse(self.at(name), "float64", in_words(value))
            elif name == "random_state":
                check_random_state(value, self.at(name))
            elif type(value) not in (type(None), bool, int, float, str) or len(str(value)) > _LONGEST:
                refuse(self.at(name), "a plain value", in_words(value))
        if self._values:
            refuse(self.path, "no other attributes than this tool's models have", min(self._values)[:40])


def check_template(value: object, kind: str, path: str) -> None:
    """Check an estimator that was never fitted, such as the one that a forest copies: parameters and nothing else."""
    Attributes(value, kind, path).close()
