"""Draw on matplotlib's canvas and return SVG to stand within an HTML page: the same bytes for the same drawing.

Colours are drawn as sentinels and leave as variables of the page's style sheet, so that a plot follows light and dark.
Names from data never reach matplotlib, which would look for markup and glyphs in them: a short mark is drawn in their
place, and the escaped name is written over it. Identifiers that nothing refers to are left out, the others begin with
the plot's name, so that many plots stand in one page.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from reconciler.errors import UsageError
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import UNICODE, TextStyle, elide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, GRID = "#010101", "#010102", "#010103"
SERIES = ("#010111", "#010112", "#010113", "#010114", "#010115", "#010116")
"""As many series as can be told apart by colour and dashes."""
DASHES = ("solid", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 2, 2)), (0, (1, 1)), (0, (9, 3)))
_VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--grid"} | {c: f"--s{n}" for n, c in enumerate(SERIES, start=1)}
_WIDTH, _HEIGHT, _INCH = 420, 300, 72
NAME_CELLS = 24
_SETTINGS: Mapping[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "reconciler",
    "font.size": 11,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "path.simplify": False,
}
_MARK = re.compile(r"@(\d+)@")
_REFERENCE = re.compile(r'(?:xlink:href="#|url\(#)([^")]+)')


def check_installed() -> None:
    """Raise UsageError E801, which names the extra, where matplotlib is not installed."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # of its cache of fonts, and of settings of others
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "plots need matplotlib, which is not installed",
            hint="pip install 'model-reconciler[report]'",
            code="E801",
        ) from error


class Names:
    """The names of one drawing: `mark` gives what to draw in the place of a name."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def mark(self, name: str) -> str:
        """Return what stands for a name until the drawing is done."""
        self._names.append(name)
        return f"@{len(self._names) - 1}@"

    def written(self, svg: str) -> str:
        """Return the drawing with the names in the place of their marks; a long one ends in an ellipsis."""
        return _MARK.sub(lambda found: _name(self._names[int(found[1])]), svg)


def _name(name: str) -> str:
    return escape(elide(plain(name), NAME_CELLS, TextStyle(glyphs=UNICODE)))


@contextmanager
def drawing(*, left: int = 52, height: int = _HEIGHT) -> Iterator[tuple[Figure, Axes]]:
    """Return an empty figure and its axes, `left` from its edge, of fixed size and with our settings alone."""
    check_installed()
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(dict(_SETTINGS))
        figure = Figure(figsize=(_WIDTH / _INCH, height / _INCH))
        FigureCanvasSVG(figure)
        below, above, right = 44 / height, 12 / height, 14 / _WIDTH
        axes = figure.add_axes((left / _WIDTH, below, 1 - left / _WIDTH - right, 1 - below - above))
        yield figure, axes


def svg_of(figure: Figure, *, name: str, title: str, description: str, names: Names | None = None) -> str:
    """Return the drawing as an element of HTML. `name`: of the plot, unlike any other of the page; `title` and
    `description` are read to whoever does not see it."""
    stream = io.StringIO()
    figure.savefig(
        stream,
        format="svg",
        transparent=True,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    drawn = stream.getvalue()
    width, height = (float(part) for part in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0])
    inner = drawn[drawn.index("</defs>") + len("</defs>") : drawn.rindex("</svg>")]
    inner = _own_identifiers(inner, name)
    inner = re.sub(r" font-family: [^;\"]*;", "", inner)
    inner = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", inner)
    inner = re.sub(r"\s*\n\s*", " ", inner)
    for colour, variable in _VARIABLES.items():
        inner = inner.replace(colour, f"var({variable})")
    if names is not None:
        inner = names.written(inner)
    return (
        f'<svg class="plot" viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(plain(title))}</title><desc id="{name}-d">{escape(plain(description))}</desc>'
        f'<g aria-hidden="true" stroke-linejoin="round">{inner.strip()}</g></svg>'
    )


def _own_identifiers(svg: str, name: str) -> str:
    """Return the drawing with identifiers that begin with the plot's name, and without those that nothing refers to."""
    used = {identifier: f"{name}-{n}" for n, identifier in enumerate(dict.fromkeys(_REFERENCE.findall(svg)))}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{used[m[1]]}"' if m[1] in used else "", svg)
    return _REFERENCE.sub(lambda m: m[0].replace(m[1], used[m[1]]), svg)
