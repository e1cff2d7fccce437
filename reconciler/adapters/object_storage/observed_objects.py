"""Record what is read of a bucket, and list later what a path stands for now, a thousand objects per request.

A path is NUL, the name of a part of a bucket (`production.store`), NUL, and a key, `prefix/` for the names of all
objects below a prefix, or `prefix//` for the names directly below it. An object's state is its size and its tag. The
tag is what the store says of itself, and good for a plan that a person reads, as a file's times are (ADR 11, 37).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from reconciler.adapters.executors.thread_map import started_map

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket, ETag
    from reconciler.ports import ReadObserver

NUL = "\0"
AT_ONCE = 8  # listings
_ABSENT = "-"
_DEEP = 4  # parts of a key whose first two make a place of their own: journal/production/churn/0.json


class ObservedObjects:
    """What one store or target reads of its part of a bucket. `observer`: None where nobody wants to know."""

    def __init__(self, observer: ReadObserver | None, part: str) -> None:
        self._observer = observer
        self._start = f"{NUL}{part}{NUL}"

    def about(self, subject: str) -> None:
        """Attribute the following reads of this thread to a subject."""
        if self._observer is not None:
            self._observer.about(subject)

    def saw(self, key: str, answer: tuple[int, ETag] | None) -> None:
        """Record the size and the tag that came with an object; None: there was none."""
        self._saw(key, _ABSENT if answer is None else _state(answer[0], answer[1].e_tag))

    def saw_names(self, prefix: str, names: Iterable[str]) -> None:
        """Record the names of all objects below a prefix that ends with a slash; another one cannot be compared."""
        whole = prefix.endswith("/")
        self._saw(prefix, _digest(name.removeprefix(prefix) for name in names) if whole else None)

    def saw_folders(self, folder: str, names: Iterable[str]) -> None:
        """Record the names directly below a folder that have something below them."""
        self._saw(f"{folder}//", _digest(names))

    def _saw(self, key: str, state: str | None) -> None:
        if self._observer is not None:
            self._observer.saw_state(self._start + key, state)


UNOBSERVED = ObservedObjects(None, "")


def store_part(environment: str) -> str:
    """Return the name of the part of a bucket that is an environment's store."""
    return f"{environment}.store"


def target_part(environment: str) -> str:
    """Return the name of the part of a bucket that is an environment's target."""
    return f"{environment}.target"


class ListedPart(NamedTuple):
    """A part of a bucket, opened where something of it is to be listed. `whole`: it is listed as a whole, since its
    models are its first folders."""

    open_bucket: Callable[[], Bucket]
    whole: bool


def asked_states(parts: Mapping[str, ListedPart], paths: Iterable[str]) -> Callable[[], dict[str, str]]:
    """Ask for the states of the recorded paths as they are now, and return what waits for them; of none on a disk.

    Few listings are asked for, whatever the number of paths. Raises KeyError for a part that is not among `parts`; what
    is returned raises what opening or listing a bucket does.
    """
    wanted: dict[str, set[str]] = {}
    for path in paths:
        if path.startswith(NUL):
            part, _, key = path[1:].partition(NUL)
            wanted.setdefault(part, set()).add(key)
    asked = {
        (name, place): keys
        for name, each in sorted(wanted.items())
        for place, keys in _places(each, whole=parts[name].whole).items()
    }
    # What may take many pages comes first: the longest of them is what all wait for.
    questions = sorted(asked, key=lambda question: not _is_long(question[1]))
    buckets = {name: OpenedOnce(parts[name].open_bucket) for name in wanted}
    # Each is compared by the thread that asked, while the longest listing goes on.
    wait = started_map(
        lambda question: _states(buckets[question[0]].open(), question[1], asked[question]), questions, at_once=AT_ONCE
    )

    def answered() -> dict[str, str]:
        return {
            f"{NUL}{name}{NUL}{key}": state
            for (name, _), states in zip(questions, wait(), strict=True)
            for key, state in states.items()
            if state is not None
        }

    return answered


class OpenedOnce:
    """A bucket that the first of several threads opens."""

    def __init__(self, open_bucket: Callable[[], Bucket]) -> None:
        self._open = open_bucket
        self._bucket: Bucket | None = None
        self._opening = threading.Lock()

    def open(self) -> Bucket:
        """Return the bucket."""
        with self._opening:
            if self._bucket is None:
                self._bucket = self._open()
            return self._bucket


def _places(keys: Collection[str], *, whole: bool) -> dict[str, set[str]]:
    """Return what to ask for, with the keys that each answers: folders with a slash at their ends, of which all is
    listed, or two, of which the names directly below are; and single objects."""
    found: dict[str, set[str]] = {}
    for key in keys:
        place = key if key.endswith("//") else "/" if whole else _place(key)
        found.setdefault(place, set()).add(key)
    return found


def _is_long(place: str) -> bool:
    return place.endswith("/") and not place.endswith("//")


def _place(key: str) -> str:
    parts = key.split("/")
    if len(parts) == 1:
        return key
    return f"{parts[0]}/{parts[1]}/" if len(parts) >= _DEEP else f"{parts[0]}/"


def _states(bucket: Bucket, place: str, keys: Collection[str]) -> dict[str, str | None]:
    """Return the states of keys and prefixes by what is in a folder, by its names, or by one object."""
    if place.endswith("//"):  # asked as it was: some services keep a folder whose last object was removed
        return {place: _digest(bucket.folders(place[:-2]))}
    if not place.endswith("/"):
        answer = bucket.head(place)
        return {place: _state(answer[0], answer[1].e_tag) if answer is not None else _ABSENT}
    below: dict[str, list[str]] = {key: [] for key in keys if key.endswith("/")}
    takers: dict[str, list[tuple[int, list[str]]]] = {}  # by folder, since many names share one
    found: dict[str, str | None] = {}

    def take(name: str, size: int, tag: str | None) -> None:
        if name in keys:
            found[name] = _state(size, tag)
        folder = name.rpartition("/")[0]
        if (lists := takers.get(folder)) is None:
            lists = takers[folder] = list(_takers(folder, below))
        for start, names in lists:
            names.append(name[start:])

    bucket.each_object(place[:-1], take)
    return {key: _digest(below[key]) if key in below else found.get(key, _ABSENT) for key in keys}


def _takers(folder: str, below: Mapping[str, list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lists that the names in `folder` belong into, and where in a name its part below that prefix starts."""
    while folder:
        if (names := below.get(f"{folder}/")) is not None:
            yield len(folder) + 1, names
        folder = folder.rpartition("/")[0]


def _state(size: int, tag: str | None) -> str | None:
    """Return the state of an object; None without a tag. Azure's listings leave out the quotes of a tag."""
    return f"{size} " + tag.removeprefix("W/").strip('"') if tag else None


def _digest(names: Iterable[str]) -> str:
    return hashlib.blake2b(NUL.join(sorted(set(names))).encode(), digest_size=16).hexdigest()
