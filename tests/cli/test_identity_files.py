"""`cdp identity cluster` and `evaluate`: from a file to measured clusters."""

import json

import polars as pl
import pytest

from cdp.cli.app import run
from tests.identity.matching.hard_cases import World, records


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    records(World(households=120)).write_csv(place / "people.csv")
    return place


def cdp(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        run([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return ended.value.code or 0, out, err


@pytest.fixture
def resolved(folder, capsys):
    _, proposal, _ = cdp(capsys, "identity", "cluster", folder / "people.csv", "--propose")
    (folder / "config.yaml").write_text(proposal, encoding="utf-8")
    code, out, err = cdp(
        capsys, "identity", "cluster", folder / "people.csv", "--config", folder / "config.yaml",
        "--out", folder / "clusters.csv", "--pairs", folder / "pairs.csv",
        "--model", folder / "model.json", "--json",
    )  # fmt: skip
    assert code == 0, err
    return json.loads(out)


def test_a_proposed_configuration_resolves_the_file(folder, resolved):
    clusters = pl.read_csv(folder / "clusters.csv")

    assert clusters.columns == ["record_key", "cluster_id", "confidence"]
    assert clusters.height == resolved["records"]
    assert clusters["cluster_id"].n_unique() == resolved["clusters"]
    assert json.loads((folder / "model.json").read_text(encoding="utf-8"))["records"]


def test_clusters_and_pairs_are_measured_beside_the_truth_with_a_plot(folder, resolved, capsys):
    for option, file in (("--clusters", "clusters.csv"), ("--pairs", "pairs.csv")):
        code, out, err = cdp(
            capsys, "identity", "evaluate", option, folder / file,
            "--truth", folder / "people.csv", "--truth-column", "truth",
            "--plot", folder / "curve.svg", "--json",
        )  # fmt: skip
        assert code == 0, err
        found = json.loads(out)
        assert found["records"] == resolved["records"]
        assert found["curve"][0]["pairwise"]["recall"] > 0.8
        assert (folder / "curve.svg").stat().st_size > 0


def test_the_table_shows_the_curve(folder, resolved, capsys):
    _, out, _ = cdp(
        capsys, "identity", "evaluate", "--clusters", folder / "clusters.csv",
        "--truth", folder / "people.csv", "--truth-column", "truth",
    )  # fmt: skip

    assert resolved["clusters"]
    assert "B3 F1" in out
    assert "0.95" in out


def test_a_column_that_is_missing_is_named_with_those_there_are(folder, resolved, capsys):
    code, _, err = cdp(
        capsys, "identity", "evaluate", "--clusters", folder / "clusters.csv",
        "--truth", folder / "people.csv", "--truth-column", "clu",
    )  # fmt: skip

    assert resolved["clusters"]
    assert code == 1
    assert "'clu'" in err
    assert "truth" in err
