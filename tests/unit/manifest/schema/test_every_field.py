"""Every scalar of the shipped manifests, replaced by something wrong: refused at its own place, without its value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.data.in_process import LocalExpressions
from reconciler.errors import InvalidManifestsError, Problem
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
DOCUMENTS = (
    "reconciler.yaml",
    "environments/sandbox.yaml",
    "environments/production.yaml",
    "manifests/sandbox/customer-payments.yaml",
)
FILES = {path: (REPOSITORY / path).read_bytes() for path in (*DOCUMENTS, "requirements.lock")}
CANARY = "Canary7731"
EXPRESSIONS = LocalExpressions()
# Free text takes any text, and so does the name of a file or folder inside the project.
FREE = ("metadata.owner", "metadata.description", "spec.target.root")


def problems(files: dict[str, bytes]) -> tuple[Problem, ...]:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    try:
        load(files, tree, revision="c", expressions=EXPRESSIONS)
    except InvalidManifestsError as error:
        return error.problems
    return ()


def scalars(node: yaml.Node, path: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from scalars(value, f"{path}.{key.value}" if path else key.value)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from scalars(value, f"{path}.{index}")
    elif isinstance(node, yaml.ScalarNode):
        yield path, node


def places() -> Iterator[tuple[str, str, yaml.ScalarNode]]:
    for file in DOCUMENTS:
        root = yaml.compose(FILES[file].decode(), Loader=yaml.SafeLoader)
        for path, node in scalars(root):
            yield file, path, node


PLACES = [pytest.param(file, path, node, id=f"{Path(file).stem}:{path}") for file, path, node in places()]


def replaced(file: str, node: yaml.ScalarNode, text: str) -> dict[str, bytes]:
    before = FILES[file].decode()
    return {**FILES, file: (before[: node.start_mark.index] + text + before[node.end_mark.index :]).encode()}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("file", "path", "node"), PLACES)
def test_a_wrong_value_is_refused_at_its_line_and_column(file: str, path: str, node: yaml.ScalarNode) -> None:
    here = (file, node.start_mark.line + 1, node.start_mark.column + 1)
    wrong = {f'{{a: "{CANARY}"}}': "a mapping", ".nan": "no number"}
    if path not in FREE and not path.endswith(".path"):
        wrong[f'"{CANARY} ("'] = "a text of no form"
    for text, what in wrong.items():
        found = problems(replaced(file, node, text))
        told = [str(problem) for problem in found]
        assert found, f"{what} is taken"
        assert here in [(one.where.file, one.where.line, one.where.column) for one in found] or (
            # A text is as good an expression, so what is wrong with it is told at the character.
            any(one.code == "E224" and (one.where.file, one.where.line) == here[:2] for one in found)
        ), f"{what} is told elsewhere: {told}"
        assert not any(CANARY in one for one in told), f"the value is repeated: {told}"
        assert all(one.code.startswith("E") and len(one.code) == 4 and one.message for one in found)


@pytest.mark.parametrize("file", DOCUMENTS)
def test_every_field_that_is_needed_is_missed_by_name(file: str) -> None:
    """Each top-level field, taken away: told as missing, at the document that misses it."""
    root = yaml.compose(FILES[file].decode(), Loader=yaml.SafeLoader)
    lines = FILES[file].decode().splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in root.value]
    for (key, _), start, end in zip(root.value, starts, [*starts[1:], len(lines)], strict=True):
        if file == "reconciler.yaml" and key.value == "spec":
            continue  # the one that has a default
        found = problems({**FILES, file: "".join(lines[:start] + lines[end:]).encode()})
        assert ("E204", file, key.value) in [(one.code, one.where.file, one.field) for one in found]
