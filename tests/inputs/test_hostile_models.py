"""Model files made by somebody who means harm are refused by what is wrong with them; no process dies or hangs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconciler import codec
from reconciler.adapters.executors.compute import ScoringWorker
from reconciler.core.artifact.oci_artifact import MODEL_FILE, PROBE_FILE, SCHEMA_FILE
from reconciler.core.spec.environment import Limits
from reconciler.errors import ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.probe_rows import record_probe
from tests.support.effort import count
from tests.support.small_models import SmallModel, trained

REPOSITORY = Path(__file__).resolve().parents[2]
Members = dict[str, bytes]
MODEL = ("HistGradientBoostingClassifier", 0, 3, "ncnbn")


def read(body: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Members, packing: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


def nodes(change: Callable[[Any], object]) -> Callable[[bytes], bytes]:
    """Change the nodes of every tree."""

    def make(body: bytes) -> bytes:
        members = read(body)
        for name, content in members.items():
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content), allow_pickle=False)
                if "left" in (array.dtype.names or ()):
                    change(array)
                    stream = io.BytesIO()
                    np.save(stream, array, allow_pickle=False)
                    members[name] = stream.getvalue()
        return packed(members)

    return make


def fields(**values: int) -> Callable[[bytes], bytes]:
    def change(array: Any) -> None:
        for name, value in values.items():
            array[name][:] = value

    return nodes(change)


def just_beyond(array: Any) -> None:
    array["left"][:] = array["right"][:] = len(array) + 50


def typed(place: str, **changes: str) -> Callable[[bytes], bytes]:
    """Change the first node whose loader is `place`, or the root."""

    def make(body: bytes) -> bytes:
        members = read(body)
        tree = json.loads(members["schema.json"])
        found = [node for node in walked(tree) if node["__loader__"] == place]
        (found[0] if found else tree).update({f"__{name}__": value for name, value in changes.items()})
        return packed({**members, "schema.json": json.dumps(tree).encode()})

    return make


def walked(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "__loader__" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for value in tree:
            yield from walked(value)


def deep(body: bytes) -> bytes:
    members = read(body)
    one = '{"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": ['
    text = members["schema.json"].decode()[:-1] + ', "more": ' + one * 200_000 + "]}" * 200_000 + "}"
    return packed({**members, "schema.json": text.encode()})


def huge_header(body: bytes) -> bytes:
    said = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999,), }".ljust(117) + b"\n"
    return packed({**read(body), "1.npy": b"\x93NUMPY\x01\x00\x76\x00" + said})


def bomb(body: bytes) -> bytes:
    return packed({**read(body), "999.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)


# What was once tried against a release, by name: (how the file is made, the code, what the message names).
KNOWN: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "a cycle in trees": (fields(is_leaf=0, left=0, right=0), "E507", r"_predictors\[0\]\[0\]\.nodes: .*left child"),
    "a child far beyond": (fields(is_leaf=0, left=2**31 - 8, right=2**31 - 8), "E507", "found 2147483640 in node 0"),
    "a child just beyond": (nodes(just_beyond), "E507", "expected each left child after its node and below"),
    "a feature beyond": (fields(feature_idx=2**30), "E507", r"nodes\.feature_idx: expected numbers between 0 and 4"),
    "a set beyond": (fields(is_categorical=1, bitset_idx=2**30), "E507", r"nodes\.bitset_idx: expected numbers"),
    "200,000 deep": (deep, "E507", "not a zip archive in the form"),
    "os.system": (typed("TypeNode", module="os", **{"class": "system"}), "E506", r"os\.system"),
    "posix.system": (typed("TypeNode", module="posix", **{"class": "system"}), "E506", r"posix\.system"),
    "builtins.eval": (typed("TypeNode", module="builtins", **{"class": "eval"}), "E506", r"builtins\.eval"),
    "an operator": (typed("TypeNode", module="operator", loader="OperatorFuncNode"), "E506", "OperatorFuncNode"),
    "a method": (typed("ObjectNode", loader="MethodNode"), "E506", "MethodNode"),
    "a reduction": (typed("ObjectNode", loader="ReduceNode"), "E506", "ReduceNode"),
    "a cached node": (typed("DictNode", loader="CachedNode"), "E506", "CachedNode"),
    "a huge header": (huge_header, "E507", r"1\.npy .* is not a numeric array"),
    "a zip bomb": (bomb, "E507", "compressed or encrypted"),
    "a pickle": (lambda _: b"\x80\x04cos\nsystem\n(S'touch PWNED'\ntR.", "E507", "not a zip archive"),
    "nothing": (lambda _: b"", "E507", "not a zip archive"),
    "bytes before": (lambda body: b"MZ" + body, "E507", "bytes before or after"),
    "bytes after": (lambda body: body + b"x", "E507", "bytes before or after"),
    "twice": (lambda body: body + body, "E507", "bytes before or after"),
}


@pytest.fixture(scope="module")
def small() -> SmallModel:
    return trained(*MODEL)


@pytest.fixture(scope="module")
def worker() -> Iterator[ScoringWorker]:
    worker = ScoringWorker()
    yield worker
    worker.close()


def release(folder: Path, small: SmallModel, body: bytes) -> Path:
    """A folder as an artifact's: the probe is that of the good model."""
    good = LoadedModel(estimator=small.loaded(), schema=small.schema)
    (folder / MODEL_FILE).write_bytes(body)
    (folder / SCHEMA_FILE).write_bytes(codec.encode(small.schema))
    (folder / PROBE_FILE).write_bytes(codec.encode(record_probe(good)))
    return folder


def test_the_good_file_loads(small: SmallModel, worker: ScoringWorker, tmp_path: Path) -> None:
    assert worker.check(release(tmp_path, small, small.body), Limits()) == small.schema
    assert len(KNOWN) == 20


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", KNOWN)
def test_the_scoring_worker_refuses_what_is_known_by_its_fault(
    name: str, small: SmallModel, worker: ScoringWorker, tmp_path: Path
) -> None:
    make, code, message = KNOWN[name]
    with pytest.raises(ScoringError, match=message) as refused:
        worker.check(release(tmp_path, small, make(small.body)), Limits(seconds=60))
    assert refused.value.code == code
    assert refused.value.hint or "numeric array" in refused.value.message
    assert not Path("PWNED").exists()


@pytest.mark.soak
def test_whatever_is_changed_in_a_model_no_process_dies_or_hangs() -> None:
    """Every estimator's file in turn, its arrays and its tree changed at random, loaded and predicted with.

    In the whole, each kind of end occurs: it is refused for its type, its structure or by Python, or it predicts.
    """
    files = count("MODEL_FILES")
    run = subprocess.run(
        [sys.executable, "-m", "tests.inputs.mutated_models", "1", str(files)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        check=True,
    )
    told = json.loads(run.stdout)
    assert told["bad"] == []
    assert sum(told["ends"].values()) == files
    assert told["ends"]["E507"] > files / 5
    assert told["ends"]["predicted"] > files / 10
