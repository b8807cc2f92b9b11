"""`cdp profile`: readable for people, equal to the API for programs."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from cdp.channel.load import load_channels
from cdp.ingest import ingest
from cdp.model.profile import Profile, SourceRecord, TimelineEvent, TraitExplanation
from cdp.profile.fold import fold_stale_profiles
from cdp.profile.traits import Trait
from cdp.profiles import CustomerProfiles
from tests.quarantine.world import BASKETS, CLUB, MEMBERS, TILL, declared


@pytest.fixture(scope="module")
def channels(tmp_path_factory):
    """The declarations of a club and of a till; none of these tests changes them."""
    folder = tmp_path_factory.mktemp("channels")
    declared(folder, "club", CLUB, MEMBERS)
    declared(folder, "till", TILL, BASKETS.replace("five", "5.00"))
    return folder


@pytest.fixture(scope="module")
def database(new_database, channels):
    """A store of the club's two good rows and the till's baskets, which these tests only read."""
    with new_database() as store:
        for spec in load_channels(channels):
            assert not ingest(store, spec).failures
        fold_stale_profiles(store)
        yield store


@pytest.fixture
def store(database) -> CustomerProfiles:
    return CustomerProfiles(database=database)


@pytest.fixture
def ann(store) -> Profile:
    return store.find(email="ann@example.com")[0]


@pytest.fixture
def shopper(store) -> Profile:
    return store.find(loyalty_card="K1")[0]


def found(answer):
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def as_json(kind, answer):
    return TypeAdapter(kind).dump_python(answer, mode="json")


def test_find_prints_the_one_profile_whole(cdp, ann):
    answer = cdp("profile", "find", "email=ANN@example.com")
    assert str(ann.profile_id) in answer.out
    assert "birth_date            1980-03-01" in answer.out
    assert "Nothing known yet:" in answer.out


def test_find_takes_options_and_pairs_and_all_must_hold(cdp, ann):
    by_email = ("profile", "find", "--email", "ann@example.com", "--json")
    assert found(cdp(*by_email)) == as_json(list[Profile], [ann])
    assert found(cdp(*by_email, "loyalty_card=K1")) == []


def test_json_equals_what_the_api_gives(cdp, store, ann, shopper):
    ann_id, uid = str(ann.profile_id), str(shopper.profile_id)
    for arguments, kind, answer in (
        (("show", ann_id), Profile, ann),
        (("search", "ann"), list[Profile], store.search("ann")),
        (("timeline", uid), list[TimelineEvent], store.timeline(uid)),
        (("records", uid), list[SourceRecord], store.records(uid)),
        (("traits",), list[Trait], store.traits()),
        (("explain", ann_id, "name"), TraitExplanation, store.explain(ann_id, "name")),
    ):
        assert found(cdp("profile", *arguments, "--json")) == as_json(kind, answer)


def test_readable_answers_fit_the_page_and_name_what_they_show(cdp, ann, shopper):
    uid = str(shopper.profile_id)
    for answer, word in (
        (cdp("profile", "show", uid), "22.50 EUR"),
        (cdp("profile", "search", "ann"), "ann@example.com"),
        (cdp("profile", "timeline", uid), "15.00 EUR"),
        (cdp("profile", "records", uid), "till K1"),
        (cdp("profile", "traits"), "birth_date"),
        (cdp("profile", "explain", str(ann.profile_id), "birth_date"), "most records"),
    ):
        assert answer.code == 0, answer.err
        assert word in answer.out
        assert max(map(len, answer.out.splitlines())) <= 100


def test_the_timeline_can_be_limited(cdp, shopper):
    uid = str(shopper.profile_id)

    def days(*options):
        events = found(cdp("profile", "timeline", uid, "--json", *options))
        return [event["occurred_at"][:10] for event in events]

    assert days() == ["2024-05-02", "2024-05-01"]
    assert days("--since", "2024-05-02") == ["2024-05-02"]
    assert days("--until", "2024-05-02T00:00+00:00") == ["2024-05-01"]
    assert days("--kind", "visit") == []
    assert days("--limit", "1") == ["2024-05-02"]


def test_a_profile_is_shown_as_of_a_time(cdp, ann):
    uid = str(ann.profile_id)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    now = found(cdp("profile", "show", uid, "--as-of", later, "--json"))
    assert now == as_json(Profile, ann)
    before = cdp("profile", "show", uid, "--as-of", "2001-01-01")
    assert (before.code, before.out) == (1, "")
    assert "nothing was known" in before.err


def test_nobody_found_is_an_empty_answer(cdp):
    answer = cdp("profile", "find", "email=nobody@example.com", "--json")
    assert (answer.code, json.loads(answer.out)) == (0, [])
    assert cdp("profile", "find", "email=nobody@example.com").err == "no profile found\n"


def test_a_misspelt_namespace_names_the_nearest(cdp):
    answer = cdp("profile", "find", "emial=ann@example.com")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "cdp: no channel knows the namespace 'emial'; did you mean 'email'?\n"


def test_an_identifier_that_cannot_be_says_what_is_expected(cdp):
    answer = cdp("profile", "find", "email=ann")
    assert (answer.code, answer.out) == (1, "")
    assert "name@example.com" in answer.err


def test_a_wrong_id_says_what_an_id_is(cdp):
    answer = cdp("profile", "show", "17")
    assert answer.code == 1
    assert "a UUID" in answer.err
    assert "17" not in answer.err.replace("4711", "")  # it might have been somebody's address
    unknown = cdp("profile", "show", str(uuid4()))
    assert unknown.code == 1
    assert "cdp profile search" in unknown.err


def test_an_unknown_trait_names_the_nearest(cdp, ann):
    answer = cdp("profile", "explain", str(ann.profile_id), "birthdate")
    assert answer.code == 1
    assert "did you mean 'birth_date'?" in answer.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("profile", "show", str(uuid4()), "--as-of", "yesterday"), "write 2024-05-31"),
        (("profile", "find", "ann@example.com"), "is not name=value"),
        (("profile", "find"), "name an identifier"),
        (("profile", "search", "ann", "--limit", "0"), "--limit"),
        (("profile", "shwo"), "show"),
    ],
)
def test_a_wrong_question_is_a_usage_error(cdp, arguments, hint):
    answer = cdp(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert hint in answer.err
