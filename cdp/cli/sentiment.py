"""Sentiment: what people feel about what, and the models that read it."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from cdp.model.sentiment import SentimentFigures, TextSentiment

app = typer.Typer(
    help="What people feel about what, read out of their texts.", no_args_is_help=True
)

ProfileRef = Annotated[str, typer.Argument(metavar="ID", help="A profile's id or namespace:value.")]
LONGEST_QUOTE = 60


@app.command()
def of(ref: ProfileRef, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Show what a person feels: overall, by category and aspect, and opinion by opinion."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.sentiment(ref, limit=limit)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    console.print(output.pairs((name, output.words(said)) for name, said in found.overall.items()))
    rows = output.table(
        "when (UTC)", "what", "stated", "read", "words", "text", right=("stated", "read")
    )
    for each in found.opinions:
        read = each.sentiment
        rows.add_row(
            output.moment(each.occurred_at),
            each.kind,
            _signed(each.rating),
            _signed(read.polarity if read and read.confidence else None),
            ", ".join(read.words) if read else None,
            _quote(each.text),
        )
    console.print(rows)


@app.command()
def train(
    measure: Annotated[
        bool, typer.Option(help="First learn from 70 % of the people and test on the others.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Learn a model of each language with enough rated texts; then run `cdp sentiment rescore`."""
    from cdp.cli import output
    from cdp.derive.sentiment.store import train as learn
    from cdp.store.database import Database

    with closing(Database()) as database, output.aside().status("learning"):
        found = learn(database, measure=measure)
    if as_json:
        output.emit_all(found.figures)
        return
    console = output.screen()
    console.print(f"in force: {', '.join(found.models) or 'no model, lexicons only'}")
    for language, texts in found.too_few.items():
        console.print(f"{language}: {output.number(texts)} rated texts are too few")
    for channel, language in found.channels.items():
        console.print(f"{channel} is usually in {language}")
    if found.figures:
        console.print(_figures(found.figures))


@app.command()
def rescore() -> None:
    """Score anew every text that was scored before the last training; may be interrupted."""
    from cdp.cli import output
    from cdp.derive.sentiment.store import rescore as score
    from cdp.store.database import Database

    with closing(Database()) as database, output.aside().status("scoring") as line:
        done = score(database, lambda count: line.update(f"{output.number(count)} texts"))
    output.screen().print(
        f"{output.number(done)} texts scored; `cdp derive run` takes up the profiles"
    )


@app.command()
def evaluate(as_json: AsJson = False) -> None:
    """Measure models, lexicons and the commonest tone on people held back; changes nothing."""
    from cdp.cli import output
    from cdp.derive.sentiment.store import evaluate as measure
    from cdp.store.database import Database

    with closing(Database()) as database, output.aside().status("measuring"):
        found = measure(database)
    if as_json:
        output.emit_all(found)
    else:
        output.screen().print(_figures(found))


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the models that were learnt, what they are worth and how many texts they scored."""
    from cdp.cli import output
    from cdp.derive.sentiment.reading import models as learnt
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = learnt(database)
    if as_json:
        output.emit_all(found)
        return
    rows = output.table(
        "model",
        "language",
        "trained (UTC)",
        "texts",
        "people",
        "scored",
        "",
        right=("texts", "people", "scored"),
    )
    for each in found:
        rows.add_row(
            each.model,
            each.language,
            output.moment(each.trained_at),
            output.number(each.texts),
            output.number(each.people),
            output.number(each.scored),
            "in force" if each.in_force else "",
        )
    output.screen().print(rows)


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="What somebody might write.")],
    kind: Annotated[str, typer.Option(help="The kind of event it would come as.")] = "review",
    as_json: AsJson = False,
) -> None:
    """Read a text as it would be read now: language, polarity, aspects and the words for them."""
    from cdp.cli import output
    from cdp.derive.sentiment.reading import read_texts
    from cdp.store.database import Database

    with closing(Database()) as database:
        (found,) = read_texts(database, [text], kind=kind)
    if as_json:
        output.emit(found)
        return
    read = found.sentiment
    console = output.screen()
    console.print(
        f"{read.tone} {read.polarity:+.2f} (confidence {read.confidence:.2f}, language "
        f"{read.language or 'unknown'}, model {read.model}): {', '.join(read.words)}"
    )
    console.print(_aspects(read))


def _aspects(read: "TextSentiment") -> "Table":
    from cdp.cli import output

    rows = output.table("aspect", "polarity", "words", right=("polarity",))
    for name, aspect in read.aspects.items():
        rows.add_row(name, _signed(aspect.polarity), ", ".join(aspect.words))
    return rows


def _figures(found: "Iterable[SentimentFigures]") -> "Table":
    from cdp.cli import output

    numbers = ("texts", "accuracy", "macro F1", "Spearman", "calibration error")
    rows = output.table("language", "by", *numbers, right=numbers)
    for each in found:
        rows.add_row(
            each.language,
            each.by,
            output.number(each.texts),
            *(
                _share(said)
                for said in (
                    each.accuracy,
                    each.macro_f1,
                    each.rank_correlation,
                    each.calibration_error,
                )
            ),
        )
    return rows


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+.2f}"


def _quote(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
