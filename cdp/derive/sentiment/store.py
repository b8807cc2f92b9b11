"""Sentiment in the store: texts scored as they come, models learnt from what was rated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection

from cdp.derive.sentiment.evaluation import evaluated
from cdp.derive.sentiment.language import languages_of
from cdp.derive.sentiment.learning import Rated, learn
from cdp.derive.sentiment.model import Model
from cdp.derive.sentiment.scoring import Scorer, scored
from cdp.derive.sentiment.tokens import tokens_of
from cdp.model.sentiment import SentimentFigures
from cdp.store import staging
from cdp.store.database import Database
from cdp.store.derive import texts

TEXTS_AT_ONCE = 5_000
ENOUGH_OF_A_CHANNEL = 20  # texts whose language is plain, before a channel has a usual one
MOST_OF_A_CHANNEL = 0.8  # of them are in it
GROWN = 1.1  # times as many rated texts as a model was learnt from make another one worth it


@dataclass(frozen=True)
class Trained:
    """What training came to, language by language."""

    models: Sequence[str]
    too_few: dict[str, int]  # rated texts of languages without enough of them
    channels: dict[str, str]  # the language each usually speaks
    figures: Sequence[SentimentFigures]


def score_texts_of(tx: Connection) -> int:
    """Score the texts of the profiles at hand that are new or corrected; how many."""
    texts.forget_orphans(tx)
    waiting = texts.unscored(tx)
    if waiting.height:
        _score(tx, waiting)
    return waiting.height


def rescore(database: Database, progress: Callable[[int], None] = lambda _: None) -> int:
    """Score anew what was scored before the last training; how many texts.

    In transactions of a few thousand texts, each marked by its time: a run that was killed is taken
    up by the next. The profiles are queued to be derived again.
    """
    done = 0
    while True:
        with database.transaction() as tx:
            since = texts.learnt_at(tx)
            staging.prepare(tx)
            waiting = texts.stale(tx, since, TEXTS_AT_ONCE) if since else None
            if waiting is None or waiting.is_empty():
                return done
            _score(tx, waiting)
            texts.queue(tx)
        done += waiting.height
        progress(done)


def _score(tx: Connection, waiting: pl.DataFrame) -> None:
    scorer, now = scorer_in_force(tx), datetime.now(UTC)
    for part in waiting.iter_slices(TEXTS_AT_ONCE):
        keys = part.select("record_uid", "event_id", "event_recorded_at")
        staging.truncate(tx, ("scored_text",))
        texts.write(tx, pl.concat([keys, scored(scorer, part)], how="horizontal"), now)


def scorer_in_force(tx: Connection) -> Scorer:
    """The models and usual languages that texts are scored by now."""
    models = {language: _kept(tx, model) for language, model in texts.models_in_force(tx).items()}
    return Scorer(models, texts.usual_languages(tx))


# Models never change under their id: a process reads each once.
_KEPT: dict[str, Model] = {}


def _kept(tx: Connection, model: str) -> Model:
    if model not in _KEPT:
        _KEPT[model] = Model.of(texts.document(tx, model))
    return _KEPT[model]


def train(
    database: Database, *, now: datetime | None = None, measure: bool = True, anew: bool = True
) -> Trained:
    """Learn the usual language of each channel, and a model of each language with enough ratings.

    Enough are 500 rated texts of more than five people, 25 each of good and bad ones. Models that
    come out as they are in force stay; what another model should score anew is `rescore`'s.
    `measure`: learn first from 70 % of the people and tell what that is worth on the others.
    `anew`: also where the rated texts have not grown by a tenth since the model in force was learnt.
    """
    present = now or datetime.now(UTC)
    with database.transaction() as tx:
        staging.prepare(tx)
        found = texts.rated(tx)
        scorer, learnt_from = scorer_in_force(tx), texts.learnt_from(tx)
    told = _with_language(found, scorer)
    channels = _usual(told)
    told = told.with_columns(
        pl.col("language").fill_null(
            pl.col("channel").replace_strict(channels, default=None, return_dtype=pl.String)
        )
    )
    rated = _rated(told)
    worth = [each for each in rated if each.enough and (anew or _grown(each, learnt_from))]
    models = [(each, learn(each)) for each in worth]
    figures = [figure for each, _ in models for figure in evaluated(each)] if measure else []
    with database.transaction() as tx:
        for channel, language in channels.items():
            count = told.filter(pl.col("channel") == channel).height
            texts.add_language(tx, channel, language, count, present)
        for each, model in models:
            _adopt(tx, each, model, [f for f in figures if f.language == each.language], present)
    return Trained(
        models=[model.model for _, model in models],
        too_few={each.language: each.texts.height for each in rated if not each.enough},
        channels=channels,
        figures=figures,
    )


def _grown(rated: Rated, learnt_from: Mapping[str, int]) -> bool:
    return rated.texts.height >= GROWN * learnt_from.get(rated.language, 0)


def _adopt(
    tx: Connection, rated: Rated, model: Model, figures: list[SentimentFigures], now: datetime
) -> None:
    if texts.models_in_force(tx).get(model.language) == model.model:
        return
    texts.add_model(
        tx,
        {
            "model": model.model,
            "language": model.language,
            "trained_at": now,
            "texts": rated.texts.height,
            "people": rated.texts["person"].n_unique(),
            "figures": {each.by: each.model_dump(mode="json") for each in figures},
            "document": model.document,
        },
    )


def evaluate(database: Database) -> list[SentimentFigures]:
    """What models of the store's languages are worth on people held back; changes nothing."""
    with database.transaction() as tx:
        staging.prepare(tx)
        told = _with_language(texts.rated(tx), scorer_in_force(tx))
    return [figure for each in _rated(told) for figure in evaluated(each)]


def _with_language(found: pl.DataFrame, scorer: Scorer) -> pl.DataFrame:
    """The texts with their language; null where neither the text nor its channel tells it."""
    usual = found["channel"].replace_strict(scorer.usual, default=None, return_dtype=pl.String)
    return found.with_columns(language=languages_of(found["text"], tokens_of(found["text"]), usual))


def _usual(told: pl.DataFrame) -> dict[str, str]:
    """The language of at least 80 % of the texts of each channel whose language is plain."""
    counted = (
        told.drop_nulls("language")
        .group_by("channel", "language")
        .len("texts")
        .with_columns(all=pl.col("texts").sum().over("channel"))
        .filter(
            pl.col("all") >= ENOUGH_OF_A_CHANNEL,
            pl.col("texts") >= MOST_OF_A_CHANNEL * pl.col("all"),
        )
        .sort("channel")
    )
    return dict(zip(counted["channel"], counted["language"], strict=True))


def _rated(told: pl.DataFrame) -> list[Rated]:
    stated = told.filter(pl.col("score").is_not_null()).drop_nulls("language")
    return [
        Rated(str(language), group.select("text", "score", "kind", "person"))
        for (language,), group in stated.sort("language").group_by("language", maintain_order=True)
    ]
