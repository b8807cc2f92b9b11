"""Matching files: accuracy, seconds and memory beside Splink alone on the same data.

Each run is a process of its own, so that its greatest memory is its own. The sets with known truth
lie in `../shared/data/identity` or in CDP_SHARED; what is absent is passed over.
"""

import argparse
import json
import multiprocessing
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.machine import described, peak_memory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SETS = ("fake_1000", "febrl3", "historical_dev", "customers_100k")


def sets_folder() -> Path:
    """Where the sets lie."""
    shared = os.environ.get("CDP_SHARED")
    neighbour = Path(__file__).resolve().parents[2] / "shared"
    return (Path(shared) if shared else neighbour) / "data" / "identity"


def ours(frame: pl.DataFrame, truth: str) -> dict[str, Any]:
    """Resolved with the proposed configuration."""
    from cdp.identity.matching.config import FileConfig, proposed  # noqa: PLC0415  timed, too
    from cdp.identity.matching.files import resolve_file  # noqa: PLC0415
    from cdp.identity.policy.declaration import identity_policy  # noqa: PLC0415

    spent = _Spent()
    config = FileConfig.model_validate(yaml.safe_load(proposed(frame.drop(truth))))
    found = resolve_file(frame.drop(truth), config, identity_policy(), NOW).clusters
    cost = spent.so_far()
    true = frame.select(record_key=config.record_key, truth=truth)
    both = true.join(found, on="record_key")
    return _measured(both["truth"], both["cluster_id"], cost)


def splink_alone(frame: pl.DataFrame, truth: str) -> dict[str, Any]:
    """Splink as its demos use it: names, birth date, address by its own comparisons."""
    import splink.comparison_library as cl  # noqa: PLC0415  timed, too
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    from cdp.identity.matching.roles import guessed  # noqa: PLC0415

    spent = _Spent()
    key = frame.columns[0]
    roles = {guessed(column): column for column in reversed(frame.columns)}
    names = [cl.NameComparison(roles[r]) for r in ("given_name", "family_name") if r in roles]
    exact = [
        cl.ExactMatch(roles[r]).configure(term_frequency_adjustments=True)
        for r in ("birth_date", "email", "phone", "city", "postcode", "street")
        if r in roles
    ]
    rules: list[Any] = [
        block_on(*(roles[r] for r in by))
        for by in (
            ("given_name", "family_name"),
            ("family_name", "birth_date"),
            ("given_name", "birth_date"),
            ("email",),
            ("phone",),
            ("postcode", "family_name"),
        )
        if all(r in roles for r in by)
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=key,
        comparisons=[*names, *exact],
        blocking_rules_to_generate_predictions=rules,
    )
    linker = Linker(DuckDBAPI().register(frame.drop(truth).to_arrow()), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(rules[:2], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in rules[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.95)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=0.95
    )
    found = pl.DataFrame(clusters.as_duckdbpyrelation().select(key, "cluster_id").to_arrow_table())
    cost = spent.so_far()
    both = frame.select(key, truth=truth).join(found, on=key)
    return _measured(both["truth"], both["cluster_id"], cost)


class _Spent:
    """Seconds by the clock, and of processors: of this process, its threads and its children."""

    def __init__(self) -> None:
        self._since = self._now()

    def so_far(self) -> dict[str, float]:
        """What was spent since this began."""
        return {what: now - self._since[what] for what, now in self._now().items()}

    @staticmethod
    def _now() -> dict[str, float]:
        times = os.times()
        used = times.user + times.system + times.children_user + times.children_system
        return {"seconds": time.perf_counter(), "processor": used}


def _measured(truth: pl.Series, cluster: pl.Series, cost: dict[str, float]) -> dict[str, Any]:
    from cdp.identity.matching.evaluation import evaluate_clusters  # noqa: PLC0415

    sure = pl.Series([1.0]).new_from_index(0, len(truth))
    said = evaluate_clusters(truth, cluster, sure).overall
    assert said.bcubed is not None  # noqa: S101  clusters are measured
    return {
        **cost,
        "memory": peak_memory(),
        "precision": said.pairwise.precision,
        "f1": said.pairwise.f1,
        "bcubed": said.bcubed.f1,
    }


def people(count: int) -> pl.DataFrame:
    """About `count` records of customers: the set of 100,000 repeated, each copy a world apart."""
    one = pl.read_parquet(sets_folder() / "customers_100k.parquet")
    copies = -(-count // one.height)
    clusters = int(one["cluster"].max()) + 1  # pyright: ignore[reportArgumentType]
    return pl.concat(
        one.with_columns(
            rec_id=pl.col("rec_id") + copy * one.height,
            cluster=pl.col("cluster") + copy * clusters,
            # Letters and digits moved on by the copy: other values, equally many and equally alike.
            dob=pl.col("dob").str.to_date().dt.offset_by(f"{37 * copy}d").dt.to_string(),
            **{
                name: pl.col(name).str.replace_many(*_moved(copy))
                for name in ("last_name", "email", "phone", "street", "city", "zip")
            },
        )
        for copy in range(copies)
    ).head(count)


def _moved(by: int) -> tuple[list[str], list[str]]:
    small, digits = "bcdfghjklmnpqrstvwxz", "3456789"
    # Seven digits have seven rotations: from the eighth copy on they change their steps, too.
    step = 1 + by // len(digits)
    return (
        [*small, *small.upper(), *digits],
        [
            *(
                kind[(i + by) % len(kind)]
                for kind in (small, small.upper())
                for i in range(len(kind))
            ),
            *(digits[(i * step + by) % len(digits)] for i in range(len(digits))),
        ],
    )


def _worker(which: str, source: str, answer: "multiprocessing.Queue[str]") -> None:
    frame = people(int(source)) if source.isdigit() else pl.read_parquet(source)
    run = ours if which == "ours" else splink_alone
    answer.put(json.dumps(run(frame, "cluster")))


def measured_alone(which: str, source: str) -> dict[str, Any]:
    """The figures of one run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_worker, args=(which, source, answer))
    process.start()
    figures = json.loads(answer.get())
    process.join()
    return figures


def show(name: str, source: str) -> None:
    """Both runs on one set, and their ratio."""
    figures = {}
    for which in ("splink", "ours"):
        print(f"{name:16} {which:7} runs since {datetime.now(UTC):%H:%M:%S}", flush=True)
        figures[which] = said = measured_alone(which, source)
        print(
            f"{name:16} {which:7} {said['seconds']:7.1f} s {said['processor']:7.1f} s of processors "
            f"{said['memory']:5.2f} GiB   "
            f"precision {said['precision']:.4f}  F1 {said['f1']:.4f}  B-cubed {said['bcubed']:.4f}",
            flush=True,
        )
    costs = ("seconds", "processor", "memory")
    ratio = {key: figures["ours"][key] / figures["splink"][key] for key in costs}
    print(
        f"{name:16} ratio   {ratio['seconds']:7.2f}   {ratio['processor']:7.2f}                 "
        f"{ratio['memory']:5.2f}"
    )


def main() -> None:
    """All sets; with --records N a set of so many records, too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--records", type=int, help="also so many records of customers")
    parser.add_argument("--sets", nargs="*", default=SETS)
    chosen = parser.parse_args()
    print(described())
    for name in chosen.sets:
        path = sets_folder() / f"{name}.parquet"
        if path.exists():
            show(name, str(path))
        else:
            print(f"{name:16} not in {path.parent}; name its place by CDP_SHARED")
    if chosen.records:
        show(f"{chosen.records:,}", str(chosen.records))


if __name__ == "__main__":
    main()
