"""The asset `text_score`: models of sentiment learnt from rated texts, and every text scored by them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.failures import RETRIES, final_errors
from pipelines.progress import Progress
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.derive.sentiment.store import Trained

TEXT_SCORE = dg.AssetKey("text_score")


class Learning(dg.Config):
    """When models are learnt: where the rated texts grew by a tenth, or in any case."""

    anew: bool = False


def sentiment_asset(after: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The scores of all texts, by models as good as the ratings that `after` brought."""

    @dg.asset(
        key=TEXT_SCORE,
        description="Polarity, tone, aspects and driving words of every text. New texts are scored as "
        "profiles are derived; this learns models from the store's own rated texts, and scores anew "
        "what older ones scored.",
        group_name="profiles",
        deps=after,
        kinds={"postgres", "scikitlearn"},
        tags={"pii": "true"},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(
                "models_beat_the_majority",
                asset=TEXT_SCORE,
                description="On people held back each model is right more often than always the "
                "commonest tone.",
            )
        ],
    )
    def text_score(
        context: dg.AssetExecutionContext, config: Learning, store: Store
    ) -> dg.MaterializeResult:
        # Here, so that definitions load fast: these bring scikit-learn and the database driver.
        from cdp.derive.sentiment.store import rescore, train  # noqa: PLC0415

        progress = Progress(context.log, "text_score")
        with final_errors(), store.database() as database:
            trained = train(database, anew=config.anew)
            scored = rescore(database, lambda done: progress("rescore", done))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": scored,
                "learnt": list(trained.models),
                "too_few_rated_texts": trained.too_few,
                "figures": {f"{each.language} {each.by}": _worth(each) for each in trained.figures},
            },
            check_results=[models_beat_the_majority(trained)],
        )

    return text_score


def _worth(figures: Any) -> dict[str, Any]:
    return figures.model_dump(mode="json", exclude={"language", "by"})


def models_beat_the_majority(trained: "Trained") -> dg.AssetCheckResult:
    """Whether each model that was learnt tells more than the commonest tone does."""
    accuracy = {(each.language, each.by): each.accuracy for each in trained.figures}
    worse = sorted(
        language
        for (language, by), share in accuracy.items()
        if by == "model" and share <= accuracy[language, "majority"]
    )
    return dg.AssetCheckResult(
        check_name="models_beat_the_majority",
        passed=not worse,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"models no better than the commonest tone: {', '.join(worse) or 'none'}",
    )
