"""What is fuzzed: four readers of bytes that strangers write.

Each takes any bytes and either reads them or says, as one of our errors, why not: no other exception, nothing above two
seconds or a gigabyte.

`make fuzz` gives them to libFuzzer; `test_targets.py` tries what is known, and neighbours of it, in every `make test`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from reconciler import codec
from reconciler.adapters.git.plumbing import check_revision
from reconciler.codec.exit_codes import EXIT_CODES
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action, Entry, State
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.names import is_column
from reconciler.core.status_codes import status_of
from reconciler.data.expressions import validate
from reconciler.data.expressions.validate import Scalar, grammar
from reconciler.engine.storage import journal
from reconciler.errors import IntegrityError, InvalidManifestsError, ReconcilerError, SourceError
from reconciler.manifest.loading.load import load
from reconciler.manifest.loading.wanted_files import documents_and_cards, locks
from reconciler.ports import ParsedExpression, TreeFile
from reconciler.report.help import problems
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import ASCII, TextStyle, unpainted
from reconciler.testing.memory import MemoryStore

REPOSITORY = Path(__file__).resolve().parents[2]
FOUND = Path(__file__).parent / "found"
LONGEST = 2.0  # seconds of our own processor time


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`words`: what libFuzzer puts in by itself, since it would take long to come upon them."""

    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()

    def __call__(self, data: bytes) -> None:
        started = time.process_time()
        self.run(data)
        if time.process_time() - started > LONGEST:
            raise TimeoutError("it takes too long")


def shown(error: ReconcilerError) -> None:
    """It can be told in every form."""
    style = TextStyle(width=60, glyphs=ASCII, paint=unpainted)
    to_text(problems.error_blocks(error, Detail.SCREEN), style).encode()
    to_markdown(problems.error_blocks(error, Detail.PAGE)).encode()
    json.dumps(problems.error_document(error, EXIT_CODES[status_of(error)])).encode("ascii")


# --- manifests -------------------------------------------------------------------------------------------------------

PLACES = (
    "reconciler.yaml",
    "environments/sandbox.yaml",
    "environments/production.yaml",
    "manifests/sandbox/customer-payments.yaml",
    "manifests/production/customer-payments.yaml",
    "manifests/production/customer-payments.md",
    "requirements.lock",
)


@cache
def shipped() -> dict[str, bytes]:
    """Of the lock only what is read of it: all else is time."""
    files = {path: (REPOSITORY / path).read_bytes() for path in PLACES if (REPOSITORY / path).exists()}
    pins = re.findall(rb"(?m)^(?:duckdb|numpy|scikit-learn|scipy|skops)==.*$", files["requirements.lock"])
    return {**files, "requirements.lock": b"\n".join(pins) + b"\n"}


class Guessed:
    """Every word is a column: reading expressions is another target's work, and takes a hundred times as long."""

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        return {text: _guess(text) for text in texts}


def _guess(text: str) -> ParsedExpression:
    if "(" in text and text.startswith(("count", "avg", "sum", "max")):
        return ParsedExpression(aggregate=True, columns=tuple(re.findall(r"\b[a-z_]+\b(?!\()", text)))
    if "?" in text:
        return ParsedExpression(refused="a parameter", position=text.index("?"))
    return ParsedExpression(columns=tuple(re.findall(r"\b[a-z_]+\b(?!\()", text)))


def manifest(data: bytes) -> None:
    """The first byte says which file of the shipped project the rest is."""
    if not data:
        return
    files = {**shipped(), PLACES[data[0] % len(PLACES)]: data[1:]}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    read = {file.path: files[file.path] for file in documents_and_cards(tree)}
    read |= {file.path: files[file.path] for file in locks(tree, read)}
    try:
        desired = load(read, tree, revision="c", expressions=Guessed())
    except InvalidManifestsError as error:
        assert error.problems
        assert all(one.code and one.where.line for one in error.problems)
        shown(error)
    else:
        for model in desired.models:
            assert codec.digest_of(model.recipe) == model.recipe_digest


def manifests() -> Iterator[bytes]:
    for path, body in shipped().items():
        if path != "requirements.lock":
            yield bytes([PLACES.index(path)]) + body
    for place, file in enumerate(sorted((REPOSITORY / "reconciler/manifest/example").rglob("*.yaml"))):
        yield bytes([place % len(PLACES)]) + file.read_bytes()
    for text in (
        "",
        "a: 1\n",
        "- a\n",
        "a: &x 1\nb: *x\n",
        "a: !!set {}\n",
        "a: [[[[\n",
        "%YAML 1.1\n---\na: 1\n...\n",
    ):
        yield b"\x03" + text.encode()


def words_of_manifests() -> tuple[str, ...]:
    found: set[str] = set()
    for file in (REPOSITORY / "reconciler/manifest/schemas").glob("*.json"):
        found |= set(re.findall(r'"([A-Za-z][A-Za-z0-9-]{1,40})"', file.read_text()))
    return (
        *sorted(found),
        "<<: ",
        "&a ",
        "*a",
        "!!",
        "---\n",
        "? ",
        "| \n",
        ">-\n",
        "%YAML 1.2",
        "0x",
        "1e400",
        "~",
        ".inf",
    )


# --- expressions -----------------------------------------------------------------------------------------------------


def expression(data: bytes) -> None:
    """Several texts. What is accepted is written anew, and names the same columns when it is read again."""
    texts = data.decode("utf-8", "replace").split("\x1e")
    written: dict[str, Scalar] = {}
    for text, found in validate.read_all(texts).items():
        if isinstance(found, validate.RefusedError):
            assert found.reason
            assert found.position is None or 0 <= found.position <= len(text)
            continue
        assert all(is_column(name) for name in found.columns)
        if isinstance(found, Scalar) and len(found.sql) <= grammar.MAX_LENGTH:
            written[found.sql] = found
    for sql, again in validate.read_all(written).items():
        # Brackets of our own may be one too many for a second reading; what is read means the same.
        assert isinstance(again, validate.RefusedError) or again.columns == written[sql].columns, sql


def sentences() -> Iterator[bytes]:
    texts = sorted({*_sentences()})
    for at in range(0, len(texts), 4):
        yield b"\x1e".join(texts[at : at + 4])


def _sentences() -> Iterator[bytes]:
    for path, body in shipped().items():
        if path.endswith(".yaml"):
            for line in body.decode().splitlines():
                yield line.partition(": ")[2].strip("\"' ").encode()
    for file in ("tests/unit/data/expressions/test_validate.py", "tests/unit/manifest/loading/test_cross_checks.py"):
        for text in re.findall(r'"([^"\n]{3,120})"', (REPOSITORY / file).read_text()):
            yield text.encode()


def words_of_expressions() -> tuple[str, ...]:
    signs = (
        "case when ",
        " then ",
        " else ",
        " end",
        "::",
        " between ",
        " and ",
        " in (",
        "filter (where ",
        " is not distinct from ",
    )
    return (
        *sorted(grammar.FUNCTIONS),
        *sorted(grammar.AGGREGATES),
        *sorted(grammar.TYPES),
        *signs,
        "$$",
        "--",
        "/*",
        "e'",
        "x'",
    )


# --- journals --------------------------------------------------------------------------------------------------------

HERE = {"project": "town", "environment": "production", "model": "payments"}
DIGEST = Digest("sha256:" + "a" * 64)


@cache
def chain() -> tuple[bytes, ...]:
    made: list[bytes] = []
    for n in range(3):
        entry = Entry(
            **HERE,
            n=n,
            previous=digest_of_bytes(made[-1]) if made else None,
            commit="c" * 40,
            plan=DIGEST,
            action=Action.DEPLOY if n == 0 else Action.RESTORE,
            artifact=DIGEST,
            verification=DIGEST,
            reason="why",
            who="somebody",
            when=datetime(2026, 1, 1, tzinfo=UTC),
            attempt=f"a-{n}",
            state=State(artifact=DIGEST, vetted=(DIGEST,)),
        )
        made.append(codec.encode(entry))
    return tuple(made)


def journal_entry(data: bytes) -> None:
    """The first byte says which entry of three the rest is, and whether its seal is made to fit."""
    if len(data) < 2:
        return
    n, fits, body = data[0] % 3, data[0] & 128, data[1:]
    store = MemoryStore(Path("/nowhere"))
    store.objects = {
        store_layout.member(store_layout.journal("production", "payments"), at): one for at, one in enumerate(chain())
    }
    store.objects[store_layout.member(store_layout.journal("production", "payments"), n)] = (
        codec.with_checksum(body) if fits else body
    )
    previous = None
    try:
        for head in journal.entries(store, **HERE):
            assert head.entry.previous == previous
            assert digest_of_bytes(codec.encode(head.entry)) == head.digest
            previous = head.digest
    except IntegrityError as error:
        shown(error)
    else:
        assert fits or body == chain()[n]


def entries() -> Iterator[bytes]:
    for n, body in enumerate(chain()):
        yield bytes([n]) + body
        yield bytes([n + 129 - (129 % 3)]) + body.rpartition(b',"~sha256"')[0] + b"}"


# --- revisions -------------------------------------------------------------------------------------------------------


def revision(data: bytes) -> None:
    """What is let through is one plain word that git takes for a revision and nothing else."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = check_revision(text)
    except SourceError as error:
        assert error.code == "E304"
        shown(error)
        return
    assert found == text
    assert re.fullmatch(r"[A-Za-z0-9_./+#=@~^-]+", found)
    assert not found.startswith("-")
    assert not any(part in found for part in ("..", "@{", "//", ":"))
    assert len(found) < 300


def revisions() -> Iterator[bytes]:
    for file in ("reconciler/testing/contracts/git.py", "tests/integration/app/test_locations.py"):
        for text in re.findall(r'"([^"\n]{1,60})"', (REPOSITORY / file).read_text()):
            yield text.encode()
    yield from (b"main", b"v1.2", b"HEAD~1", b"a" * 40, b"feature/x^2~3", b"refs/heads/main", b"x" * 300)


TARGETS = {
    "manifest": Target(run=manifest, seeds=manifests, words=words_of_manifests()),
    "expression": Target(run=expression, seeds=sentences, words=words_of_expressions()),
    "journal": Target(
        run=journal_entry, seeds=entries, words=tuple(f'"{name}":' for name in Entry.__dataclass_fields__)
    ),
    "revision": Target(run=revision, seeds=revisions, words=("..", "@{", "^{", "~", ".lock", "HEAD", "--", "//")),
}
