"""What is fuzzed, for a moment: every seed, everything that fuzzing ever found, and neighbours of the seeds."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.targets import FOUND, TARGETS

NEIGHBOURS = 60


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_read_or_refused(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert len(seeds) > 5
    for seed in seeds:
        TARGETS[name](seed)


FINDINGS = sorted(path for path in FOUND.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_not_found_again(path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_neighbours_of_the_seeds_are_read_or_refused(name: str) -> None:
    """As libFuzzer makes them: a byte changed, lost or put in, two seeds in one, a word of the target's own."""
    chance = random.Random(name)
    seeds = list(TARGETS[name].seeds())
    words = [word.encode() for word in TARGETS[name].words]
    for _ in range(NEIGHBOURS):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(5):
                case 0 if at < len(data):
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(1, 9)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(1, 5))
                case 3:
                    other = chance.choice(seeds)
                    data[at:] = other[chance.randrange(len(other) + 1) :]
                case _:
                    data[at:at] = chance.choice(words)
        TARGETS[name](bytes(data))
