"""The asset `persona`: kinds of people and situations, and whether they still hold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.failures import RETRIES, final_errors
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.model.persona import Validation

PERSONA = dg.AssetKey("persona")
LEAST_COVERAGE = 0.8
LEAST_SEPARATION = 0.8
MOST_AT_BORDER = 0.2
LEAST_STABILITY = 0.6
CHECKS = {
    "coverage": f"At least {LEAST_COVERAGE:.0%} of the people have a persona of probability 0.5 or more.",
    "separation": f"The likeliest persona has a probability of {LEAST_SEPARATION} on average.",
    "border": f"At most {MOST_AT_BORDER:.0%} of the people stand between two personas.",
    "stability": f"Resampling finds the same personas: adjusted Rand index of {LEAST_STABILITY}.",
    "drift": "The people are still those that the cards tell of (PSI below 0.2).",
}


class Discovering(dg.Config):
    """Whether personas are looked for anew, or those in force checked."""

    anew: bool = False
    seed: int = 1


def persona_asset(deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The personas of the people that `deps` conclude on."""

    @dg.asset(
        key=PERSONA,
        description="Personas found among the people, with cards; found anew where there are none "
        "yet or the run says so, otherwise checked against the people of today.",
        group_name="personas",
        deps=deps,
        kinds={"postgres", "python"},
        tags={"pii": "true"},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(name, asset=PERSONA, description=said)
            for name, said in CHECKS.items()
        ],
    )
    def persona(
        context: dg.AssetExecutionContext, config: Discovering, store: Store
    ) -> dg.MaterializeResult:
        # Here, so that definitions load fast: it brings Polars, SciPy and the database driver.
        from cdp.personas import Personas  # noqa: PLC0415

        with final_errors(), store.database() as database:
            personas = Personas(database=database)
            fitted = personas.fitted()
            if config.anew or fitted is None or fitted.mixture is None:
                new = personas.discover(seed=config.seed, progress=context.log.info)
                for name in new.bereft:
                    context.log.warning("segment %r reads a persona that is found no more", name)
            found = personas.validate()
            count = len(personas.every())
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": count,
                "version": found.version,
                "people": found.people,
                "shares": dict(found.shares),
                "moved": {each.trait: each.psi for each in found.moved},
                "cards": dg.MetadataValue.md("`cdp persona list`"),
            },
            check_results=verdicts(found),
        )

    return persona


def verdicts(found: "Validation") -> list[dg.AssetCheckResult]:
    """The five checks of a validation."""
    stability = found.stability
    told = {
        "coverage": (found.coverage >= LEAST_COVERAGE, found.coverage),
        "separation": (found.separation >= LEAST_SEPARATION, found.separation),
        "border": (found.border <= MOST_AT_BORDER, found.border),
        "stability": (stability is None or stability >= LEAST_STABILITY, stability),
        "drift": (not found.drifted, found.shares_psi),
    }
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=_advice(name, found) if not passed else CHECKS[name],
            metadata={name: "not measured" if figure is None else figure},
        )
        for name, (passed, figure) in told.items()
    ]


def _advice(name: str, found: "Validation") -> str:
    if name == "drift":
        moved = ", ".join(each.trait for each in found.moved) or "the personas' shares"
        return f"since {found.checked_at:%Y-%m-%d} moved: {moved}; run `cdp persona discover`"
    return f"{CHECKS[name]} It does not hold: look at `cdp persona validate`."
