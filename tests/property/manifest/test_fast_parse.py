"""The fast way of reading a manifest gives what the careful way gives, or leaves the document to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.yaml import fast_parse, secret_scan
from reconciler.manifest.yaml.parse import MAX_DEPTH, MAX_NODES, BadDocumentError, read

MANIFESTS = sorted(Path(__file__).resolve().parents[3].glob("manifests/*/*.yaml"))
# Pieces of which documents are put together: every form of scalar, and what YAML gives a meaning to.
PIECES = [
    *(
        "a",
        "b: ",
        "c:\n  ",
        "- ",
        "\n",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "? ",
        "#x\n",
        "|\n  x\n  y\n",
        ">\n  z\n",
    ),
    *(
        '"q"',
        "'s'",
        '"\\u200b"',
        '"\\ud800"',
        '"\\n"',
        "é",
        "\u200b",
        "#x\u2028",
        "#x\x85",
        "#x\r",
        "\r\n",
        "&x ",
        "*x",
        "!t ",
        "!!str ",
        "<<: ",
        "---\n",
        "...\n",
    ),
    *(
        "~",
        "null",
        "true",
        "no",
        "012",
        "0x1f",
        "0o17",
        "1e3",
        "1.",
        ".5",
        "-.inf",
        ".nan",
        "+1",
        "1_000",
        "=",
        "9" * 41,
    ),
    *("AKIA" + "A" * 16, "postgres://u:p@h", "https://example.org", "%", "@", "`", "\t", "\r\n", "\x07", "\ufeff"),
]
soup = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-_ ", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def careful(body: bytes) -> object:
    """What `read` gives; None for what it refuses, or what holds a secret."""
    try:
        node = read("it", body)
    except BadDocumentError:
        return None
    return None if list(secret_scan.find_secrets(node)) else node.data()


def agree(body: bytes) -> None:
    found = fast_parse.data_of(body)
    if found is not None:
        assert repr(found) == repr(careful(body))  # NaN is not itself; 1 and True are not the same


@given(soup)
def test_documents_of_any_pieces(text: str) -> None:
    agree(text.encode())
    agree(("a: " + text).encode())


@given(st.binary(max_size=30))
def test_any_bytes(body: bytes) -> None:
    agree(body)


@given(trees)
def test_documents_as_other_tools_write_them(tree: object) -> None:
    import yaml

    agree(yaml.safe_dump({"a": tree}, allow_unicode=True).encode())
    agree(yaml.safe_dump({"a": tree}, default_flow_style=True).encode())


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.name}")
@given(data=st.data())
def test_manifests_with_some_bytes_changed(path: Path, data: st.DataObject) -> None:
    body = path.read_bytes()
    at = data.draw(st.integers(0, len(body) - 1))
    agree(body[:at] + data.draw(st.sampled_from(PIECES)).encode() + body[at + data.draw(st.integers(0, 3)) :])


def test_it_answers_where_there_is_nothing_to_say() -> None:
    body = b'kind: Model\nspec:\n  list: [1, 2.5, true, ~]\n  text: |\n    two\n    lines\n  quoted: "012"\n'
    spec = {"list": [1, 2.5, True, None], "text": "two\nlines\n", "quoted": "012"}
    assert fast_parse.data_of(body) == {"kind": "Model", "spec": spec} == careful(body)


def test_an_ordinary_manifest_is_read_the_fast_way() -> None:
    for path in MANIFESTS:
        assert fast_parse.data_of(path.read_bytes().decode().encode("ascii", "ignore")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 100_000,
        "- " * 100_000,
        "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "a: [" + "1," * MAX_NODES + "1]",
    ],
    ids=["lists", "mappings", "dashes", "one level too many", "one node too many"],
)
def test_what_is_too_deep_or_too_much_is_left_alone(text: str) -> None:
    assert fast_parse.data_of(text.encode()) is None


def test_the_deepest_that_may_be_is_read() -> None:
    agree(body := ("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)).encode())
    assert fast_parse.data_of(body) is not None
