"""The report's figures: drawn as SVG for print, told apart without colour, without scripts.

Colours are Okabe and Ito's, in an order that also differs in grey; lines have a marker and a
dash of their own, bars a hatching. Letters are drawn as paths, so a figure looks the same
everywhere. The same data gives the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from cryptodrug_scraper.common.terminal import safe
from cryptodrug_scraper.language import Language
from cryptodrug_scraper.report.parts import SUPPRESSED, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["count", "decimal", "euros", "share"]

# Okabe & Ito 2008, from dark to light in grey as far as neighbours go.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#E69F00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "--", "++")
_INK, _GRID = "#222222", "#d9d9d9"
_WIDTH = 7.1  # inches: the width of text on A4

_STYLE: dict[str, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "cryptodrug",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.7,
    "lines.markersize": 4.5,
}


def has_values(series: Sequence[Series]) -> bool:
    """Whether there is anything to draw: a value that is known, shown and not nothing."""
    return any(value for one in series for value in one.values)


@dataclass(frozen=True)
class Series:
    """One line or row of bars; None where a value is not known or not shown.

    `hidden` says where it is not shown: there stands the mark of suppressed values.
    """

    label: str
    values: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    hidden: Sequence[bool] | None = None


def series_of(
    label: str,
    rows: Sequence[Mapping[str, Any]],
    key: str,
    hidden: Sequence[bool] | None = None,
    *,
    ends: tuple[str, str] | None = None,
) -> Series:
    """Return the series of a key of rows, with the ends of its intervals where rows have them.

    Not shown are those that are `hidden`, or suppressed in their row. `ends` names the keys of the
    ends, if they are not ``KEY_low`` and ``KEY_high``.
    """
    marks = [row.get(key) is SUPPRESSED for row in rows] if hidden is None else hidden
    values, low, high = (
        [None if mark else drawn(row.get(name)) for row, mark in zip(rows, marks, strict=True)]
        for name in (key, *(ends or (f"{key}_low", f"{key}_high")))
    )
    known = any(value is not None for value in low)
    return Series(label, values, low if known else None, high if known else None, marks)


def lines(
    lang: Language, names: Sequence[str], series: Sequence[Series], *, kind: Kind, label: str
) -> str:
    """Draw lines over periods, with a band from `low` to `high` where a series has them."""
    with _figure(3.1) as (figure, axes):
        count = len(names)
        for n, one in enumerate(series):
            colour = COLOURS[n % len(COLOURS)]
            # Where periods are missing between two values, a thin line leads from one to the next.
            known = [(at, value) for at, value in enumerate(one.values) if value is not None]
            at, there = [point[0] for point in known], [point[1] for point in known]
            axes.plot(at, there, color=colour, lw=0.6, alpha=0.5)
            axes.plot(
                list(range(count)),
                [_gap(v) for v in one.values],
                color=colour,
                linestyle=_DASHES[n % len(_DASHES)],
                marker=_MARKERS[n % len(_MARKERS)],
                markerfacecolor="white" if n % 2 else colour,
                label=safe(one.label),
            )
            if one.low is not None and one.high is not None:
                low, high = [_gap(v) for v in one.low], [_gap(v) for v in one.high]
                axes.fill_between(range(count), low, high, color=colour, alpha=0.18, lw=0)
                for edge in (low, high):
                    axes.plot(range(count), edge, color=colour, lw=0.7, ls=(0, (1, 1.5)))
            for place in _marked(one):
                axes.text(
                    place,
                    0.01 + 0.055 * n,
                    lang.text("table.suppressed"),
                    transform=axes.get_xaxis_transform(),
                    color=colour,
                    ha="center",
                    style="italic",
                )
        step = max(1, -(-count // 8))
        ticks = list(range(0, count, step))
        axes.set_xticks(ticks, ["\n".join(names[n].split()) for n in ticks])
        axes.set_xlim(-0.4, max(count - 0.6, 0.4))
        _values(axes.yaxis, lang, kind)
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.04 * axes.dataLim.ymax))  # markers stay within
        axes.grid(visible=False, axis="x")
        _titled(axes, label)
        _legend(axes, len(series))
        return _svg(figure)


def bars(
    lang: Language,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    kind: Kind,
    label: str,
) -> str:
    """Draw groups of horizontal bars, the first label on top; what is None has no bar.

    `low` and `high` of a series are drawn as whiskers.
    """
    thick = 0.8 / len(series)
    with _figure(0.75 + len(labels) * (0.13 + 0.17 * len(series))) as (figure, axes):
        for n, one in enumerate(series):
            colour = COLOURS[n % len(COLOURS)] if n else COLOURS[0]
            at = [row + (n - (len(series) - 1) / 2) * thick for row in range(len(labels))]
            axes.barh(
                at,
                [v or 0 for v in one.values],
                height=thick * 0.9,
                color=colour if n == 0 else "white",
                edgecolor=colour,
                linewidth=0.8,
                hatch=_HATCHES[n % len(_HATCHES)],
                label=safe(one.label),
            )
            if one.low is not None and one.high is not None:
                for y, low, high in zip(at, one.low, one.high, strict=True):
                    if low is not None and high is not None:
                        axes.plot([low, high], [y, y], color="black", lw=0.9, marker="|", ms=4)
            for row in _marked(one):
                axes.annotate(
                    lang.text("table.suppressed"),
                    (0, at[row]),
                    xytext=(3, 0),
                    textcoords="offset points",
                    color=colour,
                    va="center",
                    style="italic",
                    fontsize=8,
                )
        axes.set_yticks(range(len(labels)), [safe(name) for name in labels])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        _values(axes.xaxis, lang, kind)
        axes.set_xlim(left=0)
        axes.set_xlabel(safe(label))
        _legend(axes, len(series))
        return _svg(figure)


def curves(
    lang: Language,
    series: Mapping[str, Sequence[tuple[float, float, float | None, float | None]]],
    *,
    across: str,
    label: str,
) -> str:
    """Draw steps that fall from 1 (survival): points of (day, share, low, high) a series."""
    with _figure(3.1) as (figure, axes):
        for n, (name, points) in enumerate(series.items()):
            colour = COLOURS[n % len(COLOURS)]
            x = [p[0] for p in points]
            axes.step(
                x,
                [p[1] for p in points],
                where="post",
                color=colour,
                linestyle=_DASHES[n % len(_DASHES)],
                label=safe(name),
            )
            if all(p[2] is not None and p[3] is not None for p in points):
                low, high = [_gap(p[2]) for p in points], [_gap(p[3]) for p in points]
                axes.fill_between(x, low, high, step="post", color=colour, alpha=0.15, lw=0)
        _values(axes.yaxis, lang, "share")
        _values(axes.xaxis, lang, "count")
        axes.set_ylim(0, 1.02)
        axes.set_xlim(left=0)
        axes.set_xlabel(across)
        _titled(axes, label)
        _legend(axes, len(series))
        return _svg(figure)


def matrix(
    lang: Language,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    hidden: str = "",
) -> str:
    """Draw a table of squares, darker for more, each with its number; `hidden` where None."""
    from matplotlib import colormaps

    shades = colormaps["cividis_r"]
    known = [v for row in values for v in row if v is not None]
    most = max(known, default=0) or 1
    wide = min(_WIDTH, 1.9 + 0.62 * len(columns))
    with _figure(0.95 + 0.3 * len(rows), wide) as (figure, axes):
        axes.grid(visible=False)
        for r, row in enumerate(values):
            for c, value in enumerate(row):
                face = shades(0.05 + 0.9 * value / most) if value else (1.0, 1.0, 1.0, 1.0)
                axes.fill([c, c + 1, c + 1, c], [r, r, r + 1, r + 1], color=face, ec=_GRID, lw=0.8)
                shown = hidden if value is None else _as_text(lang, "count", value)
                ink = "black" if _luminance(face) > 0.18 else "white"
                axes.text(c + 0.5, r + 0.5, shown, ha="center", va="center", color=ink, fontsize=8)
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([n + 0.5 for n in range(len(rows))], [safe(name) for name in rows])
        axes.set_xticks([n + 0.5 for n in range(len(columns))], [safe(name) for name in columns])
        axes.xaxis.tick_top()
        for tick in axes.get_xticklabels():
            tick.set(rotation=35, ha="left", rotation_mode="anchor")
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return _svg(figure)


@contextmanager
def _figure(high: float, wide: float = _WIDTH) -> Iterator[tuple[Figure, Axes]]:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()  # whatever matplotlibrc the user has
        mpl.rcParams.update(_STYLE)  # type: ignore[arg-type]
        figure = Figure(figsize=(wide, high), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.add_subplot()


def _marked(series: Series) -> list[int]:
    """Return the places at which a series has a value that is not shown."""
    return [n for n, mark in enumerate(series.hidden or ()) if mark]


def _gap(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance of WCAG; at 0.18 black and white stand out alike."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _as_text(lang: Language, kind: Kind, value: float) -> str:
    match kind:
        case "share":
            return lang.percent(value)
        case "euros":
            return lang.euros(value)
        case "decimal":
            return lang.number(value, 2)
    return lang.number(value)


def _values(axis: Any, lang: Language, kind: Kind) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def write(value: float, _: int | None) -> str:
        ticks = axis.get_majorticklocs()
        step = abs(ticks[1] - ticks[0]) * (100 if kind == "share" else 1)
        digits = 0 if step >= 1 else 1 if step >= 0.1 else 2 if step >= 0.01 else 3
        if kind == "share":
            return lang.percent(value, digits)
        return lang.euros(value) if kind == "euros" else lang.number(value, digits)

    whole = kind in ("count", "euros")
    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    axis.set_major_locator(MaxNLocator(6, steps=steps, integer=whole))
    axis.set_major_formatter(FuncFormatter(write))


def _titled(axes: Axes, label: str) -> None:
    """Put the label of the values above the axis, where it is read without turning the head."""
    axes.set_title(safe(label), loc="left", fontsize=9, color=_INK, pad=8)


def _legend(axes: Axes, count: int) -> None:
    if count > 1:
        axes.figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside upper left",
            ncols=min(count, 4),
            handlelength=3.2,
        )


def _svg(figure: Figure) -> str:
    """Return the drawing as an element that can stand in a page, its ids its own."""
    file = io.StringIO()
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box; the table has the name.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(
            file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->|<style.*?</style>", "", drawn, flags=re.DOTALL)
    return re.sub(r' xmlns(?::xlink)?="[^"]*"| version="[^"]*"', "", drawn)


def placed(drawn: str, name: str, title: str) -> str:
    """Return a drawing to stand in a page under a name (an id) with a title; both are escaped.

    All ids in it get the name before them, so that several drawings can be on one page.
    """
    prefix = re.sub(r"[^a-z0-9-]", "-", name.lower()) + "-"
    drawn = re.sub(r'\bid="', f'id="{prefix}', drawn)
    drawn = re.sub(r'href="#', f'href="#{prefix}', drawn)
    drawn = drawn.replace("url(#", f"url(#{prefix}")
    head = f'<svg role="img" aria-label="{escape(safe(title, lines=True))}"'
    return drawn.replace("<svg", head, 1)
