"""What can happen to a model file of LightGBM or XGBoost whose author means harm: indexes, counts, cycles, sizes.

`python -m tests.inputs.mutated_boosters SEED COUNT` changes files of every kind, loads each and predicts with it in a
forked process, as `mutated_models` does, and prints how each ended, as JSON.
"""

from __future__ import annotations

import copy
import json
import random
import re
import resource
import struct
import sys
import warnings
from typing import Any

import numpy as np

from reconciler.core.artifact.oci_artifact import LIGHTGBM_FILE
from reconciler.errors import ScoringError
from reconciler.model_file.boosters import ubjson
from reconciler.model_file.loaded_model import LoadedModel
from tests.inputs.mutated_models import CHANGES, FLOATS, INTEGERS, sweep, unlike
from tests.support.small_boosters import SmallBooster, everything, trained

MORE = 256 * 1024  # KiB that a process may take for one file
_SIZES = re.compile(rb"tree_sizes=[0-9 ]*")


def _number(chance: random.Random, near: int) -> str:
    """A number as an index, a count or a value is not made for; often one that is just beside."""
    if chance.random() < 0.3:
        return str(near + chance.choice((-2, -1, 1, 2)))
    return str(chance.choice((*INTEGERS, *FLOATS, 10**30, "1e999", "0x10", "00", "+1", "", "text", "1_0")))


def _text(body: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Change a line of a text; mostly the sizes of its trees are made right again."""
    lines = body.decode().split("\n")
    places = [place for place, line in enumerate(lines) if line]
    place = chance.choice(places)
    name, _, values = lines[place].partition("=")
    match chance.randrange(8):
        case 0 | 1 | 2 | 3 if values:
            parts = values.split(" ")
            for _ in range(chance.choice((1, 1, 2, len(parts)))):
                index = chance.randrange(len(parts))
                near = int(parts[index]) if re.fullmatch(r"-?[0-9]{1,12}", parts[index]) else 0
                parts[index] = _number(chance, near)
            lines[place], said = f"{name}={' '.join(parts)}", f"numbers of {name}"
        case 4 if values:
            parts = values.split(" ")
            lines[place] = f"{name}={' '.join(chance.choice((parts[:-1], parts * 2, parts[::-1], [])))}"
            said = f"length of {name}"
        case 5:
            other = chance.choice(places)
            lines[place], said = lines[other], "a line in place of another"
        case 6:
            lines.insert(place, lines[place])
            said = "a line twice"
        case _:
            del lines[place]
            said = "no line"
    changed = "\n".join(lines).encode()
    if chance.random() < 0.8:
        head, _, trees = changed.partition(b"\n\n")
        parts = re.split(rb"(?m)^(?=Tree=)", trees.partition(b"end of trees")[0])
        sizes = b" ".join(str(len(part)).encode() for part in parts if part)
        changed = _SIZES.sub(b"tree_sizes=" + sizes, head) + changed[len(head) :]
    return said, changed


def _document(body: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Change an array, a text, a number or a list of a document."""
    document = ubjson.read(body)
    holders = _holders(document, [])
    holder, key = chance.choice(holders)
    value = holder[key]
    match value:
        case np.ndarray() if len(value):
            change = chance.choice(CHANGES)
            changed = np.atleast_1d(change(value, chance)).reshape(-1)
            kind = changed.dtype.str[1:] if changed.dtype.str[1:] in ("f4", "i4", "i8", "u1") else value.dtype.str[1:]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    holder[key] = changed.astype(kind)
                except (TypeError, ValueError):
                    holder[key] = np.zeros(len(changed), dtype=kind)
            said = f"{change.__name__} of {key}"
        case str():
            near = int(value) if value.isdecimal() else 0
            holder[key], said = _number(chance, near), f"text {key}"
        case int():
            holder[key], said = chance.choice([*INTEGERS[:-1], value + 1, value - 1]), f"number {key}"
        case list() if value:
            place = chance.randrange(len(value))
            holder[key] = chance.choice(([*value, value[place]], value[:place], value[::-1], value * 2))
            said = f"list {key}"
        case _:
            other_holder, other = chance.choice(holders)
            holder[key], said = copy.deepcopy(other_holder[other]), f"{key} is {other}"
    return said, ubjson.write(document)


def _holders(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found.append((value, key))
            _holders(inner, found)
    return found


def _bytes(body: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Change bytes as they are: lengths among them; cut, lose, double a part, write a name twice."""
    changed = bytearray(body)
    place = chance.randrange(len(body))
    match chance.randrange(5):
        case 0:
            for _ in range(chance.choice((1, 8, 64))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            return "bytes", bytes(changed)
        case 1:
            return "cut", body[:place]
        case 2:
            return "a part lost", body[:place] + body[place + chance.choice((1, 8, 100)) :]
        case 3:
            return "a part twice", body[:place] + body[max(0, place - chance.choice((1, 8, 100))) :]
    begin = body.find(b"#L", place)
    size = struct.pack(">q", chance.choice((2**62, 2**40, 2**31, -1, -(2**63), 10**6)))
    return ("a length", body[: begin + 2] + size + body[begin + 10 :]) if begin >= 0 else ("end", body + b"\0")


def mutated(small: SmallBooster, chance: random.Random) -> tuple[str, bytes]:
    """What was done to a model file, and what is left."""
    body, done = small.body, []
    inside = _text if small.name == LIGHTGBM_FILE else _document
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = inside if chance.random() < 0.8 or done else _bytes
        said, body = change(body, chance)
        done.append(said)
        if change is _bytes:
            break
    return f"{small.name}: " + ", ".join(done), body


def case(seed: int, number: int, models: list[SmallBooster]) -> tuple[str, SmallBooster, bytes]:
    """The n-th changed file of a seed: every kind of model in turn."""
    chance = random.Random(f"{seed}-{number}")
    small = models[number % len(models)]
    while True:
        said, body = mutated(small, chance)
        if body != small.body:
            return said, small, body


def outcome(small: SmallBooster, body: bytes) -> str:
    """How loading and predicting ended."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        model = LoadedModel(estimator=small.loaded(body), schema=small.schema)
        outputs = model.outputs(unlike(small.matrix))
        end = "predicted" if outputs.shape[0] else "UNEXPECTED rows"
    except ScoringError as error:
        end = str(error.code)
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > MORE:
        end = f"UNEXPECTED memory, {end}"
    return end


def main() -> None:
    warnings.simplefilter("ignore")
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    models = [trained(*arguments) for arguments in everything()]
    for small in models:
        small.loaded().predict(small.matrix)  # what a library takes once
    print(json.dumps(sweep(seed, count, models, case, outcome)))


if __name__ == "__main__":
    main()
