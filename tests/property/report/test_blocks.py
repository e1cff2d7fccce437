"""Blocks of any hostile text: each medium keeps to its form, and no text of theirs is markup, HTML or a command."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.report.layout.blocks import (
    ARROW,
    GAP,
    Bar,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Either,
    EntryList,
    Fold,
    Heading,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Quote,
    Row,
    Strong,
    Words,
)
from reconciler.report.layout.escaping import visible
from reconciler.report.layout.render_html import to_html
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import ASCII, UNICODE, TextStyle, cells

HOSTILE = [
    "::",
    "##[",
    "`",
    "```",
    "|",
    "<b>",
    "</td>",
    '"',
    "&",
    "@a",
    "\x1b[31m",
    "\x1b]",
    "\u202e",
    "\n",
    "\r",
    "漢",
    "- ",
    "1. ",
]
TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12)), max_size=12).map("".join)
STYLES = st.builds(TextStyle, width=st.integers(40, 120), glyphs=st.sampled_from([ASCII, UNICODE]))
WORDS: st.SearchStrategy[Words] = st.recursive(
    st.one_of(TEXTS, st.builds(Code, TEXTS), st.builds(Strong, TEXTS), st.just(ARROW), st.just(Bar(0.5, 10))),
    lambda words: st.one_of(st.tuples(words, words), st.builds(Either, words, words)),
    max_leaves=4,
)
CELL_TAGS = {"code", "strong"}


def report(words: Words, text: str) -> list[Block]:
    columns = (Column(name="a"), Column(name=words, right=True), Column(name="c", spare=1))
    inner = (Paragraph(words), Items((Item(words, label=words, command=text, hang=2), Item(text, label="b"))))
    return [
        Heading(words),
        Paragraph(words, indent=2, hang=2),
        Quote(words),
        GAP,
        *inner,
        DataTable(columns, (Row((words, words, words), notes=(words,)),)),
        EntryList(columns, (ListEntry("!", words, name=words, cells=(words, words, words), body=inner),)),
        CodeBlock((text, "  ```"), language="yaml"),
        CodeBlock((f"reconciler plan {text}",), runnable=True),
        Fold(words, inner),
    ]


@given(WORDS, TEXTS, STYLES)
@example("漢" * 200, "::error::x", TextStyle(width=41))
@example("x" * 500, "y" * 500, TextStyle(width=40))
def test_text_fits_its_width_and_holds_no_control_character_and_no_command_of_a_runner(
    words: Words, text: str, style: TextStyle
) -> None:
    shown = to_text(report(words, text), style)
    assert shown.endswith("\n")
    for line in shown[:-1].split("\n"):
        assert cells(line) <= style.width, line
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co") for character in line), ascii(line)


@given(WORDS, TEXTS)
def test_markdown_has_the_lines_of_its_blocks_whatever_they_say(words: Words, text: str) -> None:
    """Text that broke out of its paragraph, cell or code block would add a line, a bar or a fence."""
    shown, harmless = to_markdown(report(words, text)), to_markdown(report("x", "x"))
    assert shown.count("\n") == harmless.count("\n")
    for line, model in zip(shown.splitlines(), harmless.splitlines(), strict=True):
        assert re.match(r"[#>|<`-]*", line)[0][:1] == re.match(r"[#>|<`-]*", model)[0][:1] or model.startswith("x"), (
            line
        )
        if model.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == model.count("|"), line


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *(name for name, _ in attributes)]))

    def handle_data(self, data: str) -> None:
        self.data += data


def outline(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    return [tag for tag in parser.tags if tag not in CELL_TAGS]


@given(WORDS, TEXTS)
def test_html_has_the_elements_of_its_blocks_whatever_they_say(words: Words, text: str) -> None:
    shown = to_html(report(words, text))
    assert outline(shown) == outline(to_html(report("x", "x")))


@given(TEXTS)
def test_html_shows_each_visible_character_of_a_text(text: str) -> None:
    content = to_html([CodeBlock((text,))]).removeprefix("<pre><code>").removesuffix("</code></pre>\n")
    assert not re.search("[<>\"']", content)
    assert unescape(content) == visible(text)


def test_words_between_backticks_are_code_in_documents_and_stay_as_they_are_in_text() -> None:
    blocks = [Paragraph("run `reconciler plan`, then <b>")]
    assert to_text(blocks, TextStyle()) == "run `reconciler plan`, then <b>\n"
    assert to_markdown(blocks) == "run `reconciler plan`, then &lt;b&gt;\n"
    assert to_html(blocks) == "<p>run <code>reconciler plan</code>, then &lt;b&gt;</p>\n"


def test_each_medium_writes_a_fact_its_own_way() -> None:
    blocks = [Items((Item((Either("pass", "✅"), Literal(" "), Code("threshold"), ARROW, Strong("2")), label="gate"),))]
    assert to_text(blocks, TextStyle()) == "  gate  pass threshold->2\n"
    assert to_markdown(blocks) == "- gate: ✅ `threshold`→**2**\n"
    assert to_html(blocks) == "<ul>\n<li>gate: ✅ <code>threshold</code>→<strong>2</strong></li>\n</ul>\n"


PLAIN = st.sampled_from(["a", "model-1", "", "1,234.5", "git add .", "reconciler apply x", " a  b ", "\ta", "é", "a|b"])
CELLS = st.one_of(PLAIN, TEXTS, st.builds(Code, PLAIN), st.builds(Literal, PLAIN))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5), STYLES)
def test_cells_that_are_looked_at_together_are_shown_as_each_by_itself(
    cells: list[list[Words]], style: TextStyle
) -> None:
    columns = (Column(name="a"), Column(name="b", right=True))
    alone = DataTable(columns, tuple(Row(tuple((cell,) for cell in row)) for row in cells))
    assert to_text([DataTable(columns, tuple(Row(tuple(row)) for row in cells))], style) == to_text([alone], style)
