"""S3: personas found among the store's own people, their cards, and whether they still hold."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cdp.cli.app import app
from cdp.conclude import conclude
from cdp.model.persona import StatedPersona
from cdp.persona.export import exported
from cdp.personas import Personas
from cdp.profile.fold import fold_stale_profiles
from cdp.settings import settings
from cdp.store.database import Database
from tests.scenarios.world import World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
pytestmark = pytest.mark.heavy  # two discoveries
CHANNELS = Path(__file__).parent / "channels"
# Three kinds of people, and what they are like.
KINDS: dict[str, dict[str, Any]] = {
    "young": {
        "gender": ("female", 0.9), "born": 1998, "education": ("university", 0.8), "city": "Oslo",
        "music": ("pop", 0.9), "green": 5, "goods": ("dresses", 0.8), "price": 60,
        "says": "The dress is lovely but the shipping was terrible, terrible and slow.",
    },
    "sporty": {
        "gender": ("male", 0.8), "born": 1985, "education": ("school", 0.8), "city": "Bergen",
        "music": ("rock", 0.9), "green": 2, "goods": ("trainers", 0.8), "price": 120,
        "says": "Great trainers, great quality. Write to me at sam.sport@example.com or +47 912 34 567.",
    },
    "elder": {
        "gender": ("female", 0.5), "born": 1955, "education": ("college", 0.8), "city": "Tromso",
        "music": ("jazz", 0.9), "green": 3, "goods": ("cardigans", 0.8), "price": 35,
        "says": "The size is awful, far too small, and the return was a bad and sad affair.",
    },
}  # fmt: skip
OTHERS = {"gender": "other", "education": "none", "music": "folk", "goods": "socks"}
PEOPLE = 110  # of each kind


def people(count: int, chance: np.random.Generator, first: int = 0) -> list[dict[str, Any]]:
    """Two purchases of each person, a third of whom wrote something; some income is not known."""
    rows = []
    for n, (kind, is_) in (
        (n, each) for each in KINDS.items() for n in range(first, first + count)
    ):

        def pick(trait: str, is_: dict[str, Any] = is_) -> str:
            value, often = is_[trait]
            return value if chance.random() < often else OTHERS[trait]

        fixed = {trait: pick(trait) for trait in ("gender", "education", "music")}
        income = round(float(chance.normal(50_000, 8_000))) if chance.random() < 0.7 else None
        for order in range(2):
            at = NOW - timedelta(days=int(chance.integers(3, 90)), minutes=n)
            rows.append(
                {
                    "person": f"{kind}-{n}", "given": "Sam", "born": is_["born"] + int(chance.integers(-4, 5)),
                    "income": income, "city": is_["city"] if chance.random() < 0.8 else "Hamar",
                    "green": is_["green"], "quoted": "no" if n % 2 else "yes",
                    "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "basket": f"{kind}-{n}-{order}",
                    "goods": pick("goods"), "product": f"p-{n % 7}", "device": "phone",
                    "price": round(is_["price"] * float(chance.uniform(0.7, 1.3)), 2),
                    "says": is_["says"] if n % 3 == 0 and order == 0 else None, **fixed,
                }
            )  # fmt: skip
    return rows


class Panel:
    """The panel's store, and the personas found in it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.world = World(database, folder)
        self.personas = Personas(database=database)
        self.database = database

    def bring(self, rows: list[dict[str, Any]], name: str) -> None:
        self.world.csv(f"panel/{name}.csv", rows)
        self.world.ingest("panel", folder=CHANNELS)
        fold_stale_profiles(self.database)
        conclude(self.database, now=NOW)

    def kinds_of(self, persona_id: Any) -> dict[str, int]:
        """How many people of each kind have that persona."""
        found = dict.fromkeys(KINDS, 0)
        with self.database.autocommit() as connection:
            query = """SELECT split_part(r.record_key, '-', 1), count(*) FROM profile_persona AS p
                       JOIN source_record AS r USING (profile_id) WHERE p.persona_id = %s GROUP BY 1"""
            found.update(dict(connection.execute(query, (persona_id,)).fetchall()))
        return found


@pytest.fixture(scope="module")
def panel(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Panel]:
    """Three kinds of people, and the personas that were discovered."""
    folder = tmp_path_factory.mktemp("panel")
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(folder))
        settings.cache_clear()
        panel = Panel(database, folder)
        panel.bring(people(PEOPLE, np.random.default_rng(1)), "first")
        panel.found = panel.personas.discover(now=NOW)  # pyright: ignore[reportAttributeAccessIssue]
        yield panel
    settings.cache_clear()


def individuals(panel: Panel) -> list[Any]:
    return [each for each in panel.personas.every() if each.kind == "individual"]


def test_the_three_kinds_are_found_again(panel: Panel):
    found = individuals(panel)
    assert len(found) == 3
    for each in found:
        counts = sorted(panel.kinds_of(each.persona_id).values())
        assert counts[-1] >= 0.95 * sum(counts)
    tried = next(each for each in panel.found.tried if each.personas == 3)  # pyright: ignore[reportAttributeAccessIssue]
    assert np.mean(tried.rand) > 0.9


def the_one_of(panel: Panel, kind: str) -> Any:
    return max(individuals(panel), key=lambda each: panel.kinds_of(each.persona_id)[kind])


def test_a_card_tells_figures_beside_the_base_with_support(panel: Panel):
    card = panel.personas.card(the_one_of(panel, "young").persona_id)
    figures = {
        (each.trait, each.value): each
        for section in card.sections.values()
        for each in section.figures
    }
    music = figures["psychographics.music", "pop"]
    assert music.persona == pytest.approx(0.9, abs=0.08)
    assert music.base == pytest.approx(0.3, abs=0.06)
    assert music.low < music.persona < music.high
    assert music.n == pytest.approx(PEOPLE, abs=6)
    born = figures["birth_year", None]
    assert born.statistic == "median"
    assert 1995 <= born.low <= born.persona <= born.high <= 2001
    assert card.sections["sentiment"].figures or card.sections["sentiment"].note
    assert any(
        word in card.name.lower()
        for word in ("pop", "birth year", "oslo", "dresses", "sustainability")
    )


def test_quotations_are_verbatim_say_where_they_stand_and_name_nobody(panel: Panel):
    voices = panel.personas.card(the_one_of(panel, "sporty").persona_id).goals
    assert voices.concerns
    assert 1 <= len(voices.quotations) <= 3
    for each in voices.quotations:
        assert each.text.startswith("Great trainers, great quality.")
        assert "sam.sport" not in each.text
        assert "912" not in each.text
        (event,) = [e for e in written(panel) if e[0] == each.event_id]
        assert (each.channel, each.kind, each.written_at) == ("panel", "review", event[1])
        # Every other one has refused to take part in research.
        assert int(event[2].rpartition("-")[2]) % 2 == 0


def written(panel: Panel) -> list[Any]:
    with panel.database.autocommit() as connection:
        query = """SELECT event_id, occurred_at, record_key FROM event
                   JOIN source_record USING (record_uid) WHERE kind = 'review'"""
        return connection.execute(query).fetchall()


def test_pain_points_are_what_members_complain_of(panel: Panel):
    pains = panel.personas.card(the_one_of(panel, "elder").persona_id).pain_points
    assert pains.concerns
    assert all(each.polarity < 0 for each in pains.concerns)
    assert any("size is awful" in each.text for each in pains.quotations)


def test_a_hand_written_persona_gets_the_same_card_and_a_name_stays(panel: Panel):
    stated = StatedPersona(
        name="Green", who={"psychographics.sustainability": [5]}, share=0.3, text="Cares."
    )
    uid = panel.personas.define(stated, now=NOW)
    card = panel.personas.card(uid)
    assert card.kind == "stated"
    assert card.text == "Cares."
    assert any(
        each.trait == "psychographics.music" for each in card.sections["psychographics"].figures
    )

    young = the_one_of(panel, "elder")
    panel.personas.edit(young.persona_id, name="Jazz lovers", text="They write letters.")
    before = {each.persona_id for each in individuals(panel)}
    again = panel.personas.discover(now=NOW)
    assert again.kept >= 2
    assert {each.persona_id for each in individuals(panel)} <= before
    renamed = panel.personas.card("Jazz lovers")
    assert (renamed.persona_id, renamed.text) == (young.persona_id, "They write letters.")
    panel.personas.retire("Green", now=NOW)
    assert len(individuals(panel)) == 3


def test_cards_are_handed_on_in_four_forms(panel: Panel):
    card = panel.personas.card(the_one_of(panel, "sporty").persona_id)
    markdown, html = exported(card, "markdown").decode(), exported(card, "html").decode()
    for text in (markdown, html):
        assert card.name in text
        assert "base" in text
        assert "Great trainers" in text
    assert "<svg" in html
    assert json.loads(exported(card, "json"))["persona_id"] == str(card.persona_id)
    assert exported(card, "pdf").startswith(b"%PDF")
    far = card.model_copy(
        update={"name": "都市常客 $x_1$ <b>" + "W" * 99, "text": "中文 $\\frac{1}{2}$ عربي"}
    )
    html = exported(far, "html").decode()
    assert "<b>W" not in html
    assert html.count("都市常客") == 2, (
        "in the title and the heading: in the plot it would hide the legend"
    )
    assert exported(far, "pdf").startswith(b"%PDF")


def test_validation_marks_cards_when_the_people_have_moved(panel: Panel):
    now = panel.personas.validate(now=NOW)
    assert now.coverage > 0.95
    assert now.border < 0.1
    assert not now.drifted
    assert panel.personas.card(the_one_of(panel, "young").persona_id).drift is None

    chance = np.random.default_rng(2)
    many = people(4 * PEOPLE, chance, first=1_000)
    panel.bring([row for row in many if row["person"].startswith("sporty")], "later")
    later = panel.personas.validate(now=NOW + timedelta(days=30))
    assert later.drifted
    assert later.shares_psi > 0.2
    marked: Any = panel.personas.card(the_one_of(panel, "young").persona_id).drift
    assert marked["since"].startswith("2026-07-01")
    assert "psychographics.music" in {each["trait"] for each in marked["moved"]}


def test_the_commands_tell_the_same(panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CDP_DATABASE_URL", panel.database.url)
    settings.cache_clear()

    def cdp(*words: str) -> str:
        result = CliRunner().invoke(app, ["persona", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    listed = json.loads(cdp("list", "--json"))
    assert [each["name"] for each in listed] == [each.name for each in panel.personas.every()]
    name = listed[0]["name"]
    assert cdp("show", name).startswith(f"# {name}")
    cdp("export", str(tmp_path), "--format", "markdown")
    assert len(list(tmp_path.glob("*.md"))) == len(listed)
    file = tmp_path / "mine.yaml"
    file.write_text("name: Rainy day\nsignals: {category: {umbrellas: 0.6}}\n")
    assert "Rainy day" in cdp("define", str(file))
    cdp("retire", "Rainy day")
    assert "coverage" in cdp("validate")
    settings.cache_clear()
