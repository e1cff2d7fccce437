"""What can happen to a model file whose author means harm: arrays changed, swapped, cut; numbers of its tree changed.

`python -m tests.inputs.mutated_models SEED COUNT` changes files of every estimator, loads each and predicts with it in
a forked process, and prints how each ended, as JSON. A process of its own, since what forks must never have entered an
OpenMP region, and every process of pytest has.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import select
import signal
import sys
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from reconciler.errors import ScoringError
from reconciler.model_file.load import estimator_of
from reconciler.model_file.loaded_model import LoadedModel
from tests.support.small_models import SmallModel, everything, trained

SECONDS = 30.0  # without a sign of life: a hang; each takes milliseconds
MEMORY = 4 * 1024**3
BATCH = 200
INTEGERS = (
    -1,
    -2,
    0,
    1,
    2,
    3,
    7,
    255,
    256,
    2**15,
    2**31 - 8,
    2**31 - 1,
    2**32 - 1,
    -(2**31),
    2**62,
    -(2**63),
    2**63 - 1,
)
FLOATS = (np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 0.5, 1e-320, 1e300, -1e300, 254.0, 256.0, 1e9)
DTYPES = (
    "i1",
    "i4",
    "i8",
    ">i8",
    "u1",
    "u4",
    "u8",
    "f2",
    "f4",
    "f8",
    ">f8",
    "c16",
    "?",
    "U3",
    "S4",
    "V8",
    "V0",
    "m8[s]",
)

Array = np.ndarray[Any, Any]


# --- arrays ----------------------------------------------------------------------------------------------------------


def _values(array: Array, chance: random.Random) -> Array:
    """Some numbers, or all, become what an index or a sum is not made for."""
    changed = np.atleast_1d(array).copy() if chance.random() < 0.1 else array.copy()
    view: Any = changed
    if changed.dtype.names:
        view = changed[chance.choice(changed.dtype.names)]
    if not view.size:
        return changed
    share = chance.choice((1, 1, 3, view.size))
    places: Any = chance.sample(range(view.size), share) if share < view.size else range(view.size)
    flat = view.flat  # writes through, whatever the strides
    for place in places:
        with np.errstate(all="ignore"):
            if view.dtype.kind in "iu":
                near = chance.choice((*INTEGERS, array.size, array.size - 1, array.size + 50))
                flat[place] = np.array(near % 2**64, dtype=np.uint64).astype(view.dtype)
            elif view.dtype.kind in "fc":
                flat[place] = np.array(chance.choice(FLOATS)).astype(view.dtype)
            elif view.dtype.kind == "b":
                flat[place] = not flat[place]
    return changed


def _form(array: Array, chance: random.Random) -> Array:
    """Other lengths, dimensions and orders in memory."""
    match chance.randrange(9):
        case 0:
            return array[: chance.randrange(len(array) + 1)] if array.ndim else array.reshape(1)
        case 1:
            return np.concatenate([np.atleast_1d(array)] * 2)
        case 2:
            return array[None]
        case 3:
            return array.reshape(-1)
        case 4:
            return np.asfortranarray(array)
        case 5:
            return array.T
        case 6:
            return array[:0] if array.ndim else array
        case 7:
            return array[..., None]
    return np.atleast_1d(array)[::-1]


def _dtype(array: Array, chance: random.Random) -> Array:
    dtype = np.dtype(chance.choice(DTYPES))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return array.astype(dtype)
        except (TypeError, ValueError):
            return np.zeros(array.shape, dtype=dtype)


def _order(array: Array, chance: random.Random) -> Array:
    if array.ndim and len(array):
        return array[np.random.default_rng(chance.randrange(2**32)).permutation(len(array))]
    return array


def _bytes(array: Array, chance: random.Random) -> Array:
    """The same form with bytes of chance: some, or all."""
    body = bytearray(array.tobytes())
    if not body:
        return array
    for _ in range(chance.choice((1, 4, len(body)))):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return np.frombuffer(bytes(body), dtype=array.dtype).reshape(array.shape)


CHANGES: tuple[Callable[[Array, random.Random], Array], ...] = (
    _values,
    _values,
    _values,
    _form,
    _dtype,
    _order,
    _bytes,
)


def _change_array(members: dict[str, bytes], chance: random.Random) -> str:
    names = sorted(name for name in members if name.endswith(".npy"))
    name = chance.choice(names)
    if chance.random() < 0.05:
        other = chance.choice(names)
        members[name] = members[other]
        return f"{name} is {other}"
    array = np.load(io.BytesIO(members[name]), allow_pickle=False)
    change = chance.choice(CHANGES)
    stream = io.BytesIO()
    np.save(stream, change(array, chance), allow_pickle=False)
    members[name] = stream.getvalue()
    return f"{change.__name__} of {name}"


# --- the tree --------------------------------------------------------------------------------------------------------


def _nodes(tree: Any, found: list[Any]) -> list[Any]:
    if isinstance(tree, dict):
        found.append(tree)
        for value in tree.values():
            _nodes(value, found)
    elif isinstance(tree, list):
        found.append(tree)
        for value in tree:
            _nodes(value, found)
    return found


def _change_tree(members: dict[str, bytes], chance: random.Random) -> str:
    """A literal, a list, a file's name or a whole object of the tree is another one."""
    tree = json.loads(members["schema.json"])
    nodes = _nodes(tree, [])
    literals = [node for node in nodes if isinstance(node, dict) and node.get("__loader__") == "JsonNode"]
    files = [node for node in nodes if isinstance(node, dict) and "file" in node]
    contents = [node for node in nodes if isinstance(node, dict) and isinstance(node.get("content"), (list, dict))]
    match chance.randrange(5):
        case 0 | 1 if literals:
            node = chance.choice(literals)
            said = f"literal {str(node['content'])[:30]}"
            number = chance.choice((*INTEGERS, *FLOATS[3:], None, True, "x", [1]))
            node["content"] = json.dumps(number) if chance.random() < 0.9 else "NaN"
        case 2 if files:
            node, other = chance.choice(files), chance.choice(files)
            node["file"] = other["file"]
            said = "another file"
        case 3 if contents:
            node, other = chance.choice(contents), chance.choice(contents)
            content = json.loads(json.dumps(other["content"]))
            said = f"content of {node.get('__class__')} is that of {other.get('__class__')}"
            node["content"] = content
        case _:
            node = chance.choice(contents)
            content = node["content"]
            if isinstance(content, list) and content:
                place = chance.randrange(len(content))
                content[place:place] = content[: chance.randrange(3)]
                del content[chance.randrange(len(content))]
            elif isinstance(content, dict) and content:
                del content[chance.choice(sorted(content))]
            said = f"items of {node.get('__class__')}"
    members["schema.json"] = json.dumps(tree).encode()
    return said


# --- one file --------------------------------------------------------------------------------------------------------


def mutated(small: SmallModel, chance: random.Random) -> tuple[str, bytes]:
    """What was done to a model file, and what is left. Three of four times to its arrays."""
    with zipfile.ZipFile(io.BytesIO(small.body)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    done = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = _change_array if chance.random() < 0.75 else _change_tree
        done.append(change(members, chance))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return f"{small.name}: " + ", ".join(done), stream.getvalue()


def unlike(matrix: Any) -> Any:
    """Rows as a model may get them: like those it learnt from, missing, unknown, far away."""
    rows = np.vstack([matrix[:40], np.full_like(matrix[:5], np.nan), matrix[:20] * 1e6, matrix[:20] - 1e30])
    rows[40 + 25 :, :] = np.nan_to_num(rows[40 + 25 :, :], nan=7.0)
    return np.ascontiguousarray(rows)


def outcome(small: SmallModel, body: bytes) -> str:
    """How loading and predicting ended: refused by a code, or predicted. Another error is told, and the test fails."""
    try:
        model = LoadedModel(estimator=estimator_of(body, small.schema), schema=small.schema)
    except ScoringError as error:
        return str(error.code)
    try:
        model.outputs(unlike(small.matrix))
    except ScoringError as error:
        return f"{error.code} ({type(error.__cause__).__name__})"
    return "predicted"


# --- many files ------------------------------------------------------------------------------------------------------


def case(seed: int, number: int, models: list[SmallModel]) -> tuple[str, SmallModel, bytes]:
    """The n-th changed file of a seed: every estimator in turn."""
    chance = random.Random(f"{seed}-{number}")
    small = models[number % len(models)]
    said, body = mutated(small, chance)
    return said, small, body


def _batch(seed: int, numbers: range, models: list[Any], write: int, case: Case, outcome: Outcome) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    for number in numbers:
        try:
            _, small, body = case(seed, number, models)
            end = outcome(small, body)
        except Exception as error:  # noqa: BLE001 - told, and the test fails
            end = f"UNEXPECTED {type(error).__name__}"
        os.write(write, f"{number} {end}\n".encode())


Case = Callable[[int, int, list[Any]], tuple[str, Any, bytes]]
Outcome = Callable[[Any, bytes], str]


def sweep(seed: int, count: int, models: list[Any], case: Case = case, outcome: Outcome = outcome) -> dict[str, Any]:
    """Try `count` files. A process is forked per batch; where one dies or hangs, the next goes on after its file."""
    ends: Counter[str] = Counter()
    bad: list[str] = []
    place = 0
    while place < count:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _batch(seed, range(place, min(place + BATCH, count)), models, write, case, outcome)
            os._exit(0)
        os.close(write)
        lines, hung = _lines(read)
        os.close(read)
        if hung:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for line in lines:
            _, _, end = line.partition(" ")
            ends[end] += 1
            if end.startswith("UNEXPECTED"):
                bad.append(f"{end}: {case(seed, int(line.split()[0]), models)[0]}")
        place += len(lines)
        if hung or status:
            how = "hangs" if hung else f"ends with {status}"
            ends[how] += 1
            bad.append(f"{how}: number {place}, {case(seed, place, models)[0]}")
            place += 1
    return {"ends": dict(ends), "bad": bad}


def _lines(read: int) -> tuple[list[str], bool]:
    """Return the lines that a process wrote until it ended, and whether it hung instead."""
    text = b""
    last = time.monotonic()
    while True:
        ready, _, _ = select.select([read], [], [], max(0.0, last + SECONDS - time.monotonic()))
        if not ready:
            return text.decode().splitlines(), True
        more = os.read(read, 65536)
        if not more:
            return text.decode().splitlines(), False
        text += more
        last = time.monotonic()


def main() -> None:
    warnings.simplefilter("ignore")
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    models = [trained(*arguments) for arguments in everything()]
    print(json.dumps(sweep(seed, count, models)))


if __name__ == "__main__":
    main()
