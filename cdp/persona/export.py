"""Cards to hand on: Markdown, JSON, one page of HTML with plots, and PDF."""

import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Literal

import matplotlib as mpl
from jinja2 import Environment, PackageLoader
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure as Plot
from matplotlib.ticker import PercentFormatter

from cdp.model.persona import Card, Figure

Format = Literal["markdown", "json", "html", "pdf"]
TYPES: Mapping[str, str] = {
    "markdown": "text/markdown; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
SUFFIXES: Mapping[str, str] = {"markdown": "md", "json": "json", "html": "html", "pdf": "pdf"}
PLOTTED = 12  # figures
A4 = (8.27, 11.69)  # inches
OWN, BASE = "#2b6cb0", "#a0aec0"
LINES_OF_PAGE = 62
WIDTH_OF_PAGE = 96  # characters
WIDTH_OF_LABEL = 40

_templates = Environment(
    loader=PackageLoader("cdp.persona", "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def exported(card: Card, form: Format) -> bytes:
    """The card in a form to hand on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        return _exported(card, form)


def _exported(card: Card, form: Format) -> bytes:
    if form == "json":
        return card.model_dump_json(indent=2).encode()
    if form == "markdown":
        return _markdown(card).encode()
    if form == "html":
        return (
            _templates.get_template("card.html")
            .render(card=card, sections=_told(card), plot=_svg(card))
            .encode()
        )
    return _pdf(card)


def words(figure: Figure) -> str:
    """One figure in words: the persona's, the base's beside it, n and interval."""
    name = _plain(figure.trait)
    if figure.statistic == "share":
        return (
            f"{name} is {figure.value}: {figure.persona:.0%} [{figure.low:.0%}, {figure.high:.0%}], "
            f"base {figure.base:.0%}, n = {figure.n}"
        )
    return (
        f"{name}: median {_number(figure.persona)} [{_number(figure.low)}, {_number(figure.high)}], "
        f"base {_number(figure.base)}, n = {figure.n}"
    )


def _plain(trait: str) -> str:
    """The trait without the part that the section's title says."""
    return trait.rpartition(".")[2].replace("_", " ")


def _number(value: float) -> str:
    """As people write it; without a group mark, since it may be a year."""
    return f"{value:.0f}" if abs(value) >= 100_000 else f"{value:g}"


def _told(card: Card) -> list[tuple[str, Sequence[str], str | None]]:
    """Title, figures in words and note of each section."""
    return [
        (part.capitalize(), [words(each) for each in section.figures], section.note)
        for part, section in card.sections.items()
    ]


def _markdown(card: Card) -> str:
    plain = Environment(
        loader=PackageLoader("cdp.persona", "templates"), trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701  Markdown is text; the HTML page escapes
    )  # fmt: skip
    return plain.get_template("card.md").render(card=card, sections=_told(card))


def _plot(card: Card) -> Plot | None:
    """Shares of the persona beside the base's, where they differ most."""
    shares = [
        each
        for section in card.sections.values()
        for each in section.figures
        if each.statistic == "share" and each.value != "other"
    ]
    best = sorted(shares, key=lambda each: -abs(each.distinct))[:PLOTTED][::-1]
    if not best:
        return None
    plot = Plot(figsize=(7.4, 0.8 + 0.34 * len(best)), layout="constrained")
    axes = plot.subplots()
    places = range(len(best))
    off = [[each.persona - each.low for each in best], [each.high - each.persona for each in best]]
    axes.barh(
        [p + 0.2 for p in places],
        [e.persona for e in best],
        0.38,
        color=OWN,
        label="this persona",
        xerr=off,
    )
    axes.barh(
        [p - 0.2 for p in places], [e.base for e in best], 0.38, color=BASE, label="everybody"
    )
    axes.set_yticks(list(places), [_label(each) for each in best], fontsize=8)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    # Above: inside it would lie on the longest bars.
    plot.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return plot


def _label(figure: Figure) -> str:
    label = f"{_plain(figure.trait)}: {figure.value}"
    label = label if len(label) <= WIDTH_OF_LABEL else f"{label[: WIDTH_OF_LABEL - 1]}…"
    return label.replace("$", r"\$")  # else it would be read as a formula


def _svg(card: Card) -> str:
    plot = _plot(card)
    if plot is None:
        return ""
    buffer = io.StringIO()
    # Text stays text: the reader's browser has fonts for all of it.
    with mpl.rc_context({"svg.hashsalt": str(card.persona_id), "svg.fonttype": "none"}):
        plot.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _pdf(card: Card) -> bytes:
    """Its Markdown as pages of text, and the plot."""
    buffer = io.BytesIO()
    lines = [part for line in _markdown(card).splitlines() for part in _wrapped(line)]
    with PdfPages(buffer, metadata={"Title": card.name}) as pdf:
        for start in range(0, len(lines), LINES_OF_PAGE):
            page = Plot(figsize=A4)
            said = "\n".join(lines[start : start + LINES_OF_PAGE]).replace("$", r"\$")
            page.text(0.07, 0.95, said, va="top", fontsize=8, family="monospace", linespacing=1.35)
            pdf.savefig(page)
        if plot := _plot(card):
            pdf.savefig(plot)
    return buffer.getvalue()


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH_OF_PAGE, subsequent_indent="  ") or [""]
