"""The firewall around growing profiles, and what stewards and the model add to the identifiers."""

import time
from datetime import date

import polars as pl
from people import a_record, clustering_of, people, people_in

from cdp.identity.clusters.clustering import cluster
from cdp.identity.policy.declaration import (
    ClusterGuards,
    IdentityPolicy,
    NamespacePolicy,
    identity_policy,
)

PEOPLE = ("Anna", "Ben", "Cyril", "Dora", "Emil", "Frieda", "Gustav", "Hilde", "Igor", "Jutta")


def guarded(**most) -> IdentityPolicy:
    """The shipped policy with other bounds on one profile."""
    return identity_policy().model_copy(update={"cluster": ClusterGuards(**most)})


def test_a_card_that_ten_differently_named_people_use_makes_no_one_of_all_of_them():
    crowd = [a_record(f"r{n}", name, loyalty_card="c1") for n, name in enumerate(PEOPLE)]
    clustering = clustering_of(*crowd, policy=guarded(most_given_names=3))
    assert clustering.members["profile_id"].value_counts()["count"].max() == 3
    assert set(clustering.refused["reason"]) == {"firewall: given names"}
    assert clustering.refused.height == len(PEOPLE) - 3, "each one that is held back is listed"


def test_spellings_and_nicknames_of_one_name_are_not_many_names():
    spelt = ("Margaret", "Margret", "Maggie", "Peggy", "Margarete", "M.")
    assert people_in(
        *(a_record(name, name, loyalty_card="c1") for name in spelt),
        policy=guarded(most_given_names=1),
    ) == {frozenset(spelt)}


def test_a_profile_grows_to_its_bound_and_no_further():
    chain = [a_record(f"r{n}", email=[f"{n}@x.example", f"{n + 1}@x.example"]) for n in range(9)]
    clustering = clustering_of(*chain, policy=guarded(most_records=4))
    assert clustering.members["profile_id"].value_counts()["count"].max() == 4
    assert set(clustering.refused["reason"]) == {"firewall: records"}


def test_a_steward_stands_above_the_firewall_and_who_says_the_same_may_follow():
    world = [a_record(name, name, loyalty_card="c1") for name in ("Anna", "Ben")]
    policy = guarded(most_given_names=1)
    linked = [("link", {"Anna"}, {"Ben"})]
    assert people_in(*world, policy=policy) == people("Anna", "Ben")
    again = a_record("ben-2", "Ben", loyalty_card="c1")
    other = a_record("Cyril", "Cyril", loyalty_card="c1")
    assert people_in(*world, again, other, policy=policy, decisions=linked) == people(
        "Anna Ben ben-2", "Cyril"
    )


def test_two_spellings_meet_in_a_third_that_is_like_both():
    margret = a_record("r1", "Margret", email="x@example.com")
    margaret = a_record("r2", "Margaret", email="x@example.com")
    maggie = a_record("r3", "Maggie", email="x@example.com")
    assert people_in(margret, maggie) == people("r1", "r3")
    assert people_in(margret, margaret, maggie) == people("r1 r2 r3")


def test_a_probable_link_joins_after_the_identifiers_and_under_every_veto():
    anna, ben = a_record("anna", "Anna", email="x@example.com"), a_record("ben", "Ben", phone="+1")
    nobody = a_record("nobody", email="x@example.com")
    links = [("nobody", "ben", 20.0)]
    assert people_in(anna, ben, nobody, links=links) == people("anna nobody", "ben")
    assert people_in(ben, nobody, links=links) == people("ben nobody")


def test_of_two_probable_links_the_heavier_joins_first():
    world = [a_record("ann", "Ann"), a_record("cyril", "Cyril"), a_record("nobody")]
    for weights in ((9.0, 7.0), (7.0, 9.0)):
        links = [("ann", "nobody", weights[0]), ("cyril", "nobody", weights[1])]
        friend, other = ("ann", "cyril") if weights[0] > weights[1] else ("cyril", "ann")
        assert people_in(*world, links=links) == people(f"{friend} nobody", other)


def test_a_cannot_link_holds_against_identifiers_links_and_the_way_round():
    world = [
        a_record("a", user_id="1"), a_record("b", user_id="1", email="x@example.com"),
        a_record("c", email="x@example.com"),
    ]  # fmt: skip
    apart = [("cannot_link", {"a"}, {"c"})]
    assert people_in(*world, decisions=apart) == people("a b", "c")
    assert people_in(*world, decisions=apart, links=[("a", "c", 30.0)]) == people("a b", "c")
    reasons = clustering_of(*world, decisions=apart).refused["reason"]
    assert reasons.to_list() == ["cannot-link: cannot_link-0"]


def test_a_hub_of_a_hundred_thousand_records_costs_in_proportion():
    size = 100_000
    crowd = pl.DataFrame({"record_uid": range(size)}).with_columns(
        record_key=pl.col("record_uid").cast(pl.String).str.zfill(6),
        subject=pl.lit("person"),
        given_name=pl.lit(None, pl.String),
        family_name=pl.lit(None, pl.String),
        birth_date=pl.lit(None, pl.Date),
    )
    # A chain of them all, and one identifier that every one of them carries.
    said = {"step": pl.col("record_uid"), "next": pl.col("record_uid") + 1, "all": pl.lit(0)}
    identifiers = pl.concat(
        [
            crowd.select(
                "record_uid",
                namespace=pl.lit("hub" if name == "all" else "chain"),
                value=value.cast(pl.String),
            )
            for name, value in said.items()
        ]
    )
    policy = IdentityPolicy(
        default=NamespacePolicy(priority=1),
        namespaces={},
        cluster=ClusterGuards(most_records=5_000),
    )
    decisions = pl.DataFrame(
        {
            "decision_id": [f"d{n // 2}" for n in range(2_000)],
            "kind": "cannot_link",
            "record_uid": range(2_000),
            "side": [n % 2 for n in range(2_000)],
        }
    )
    started = time.process_time()
    clustering = cluster(crowd, identifiers, policy, decisions=decisions)
    assert time.process_time() - started < 30, "about 3 seconds on an idle machine"
    assert (
        clustering.members["profile_id"].value_counts().filter(pl.col("count") > 5_000).is_empty()
    )
    profile = clustering.members["profile_id"]
    assert all(profile[n] != profile[n + 1] for n in range(0, 2_000, 2))


def test_the_model_has_weighed_what_differs_between_the_two_records_of_its_link():
    mistyped = date(1950, 3, 4), date(1985, 7, 8)
    world = [a_record("a", "Ann", mistyped[0]), a_record("b", "Ann", mistyped[1])]
    assert people_in(*world, links=[("a", "b", 9.0)]) == people("a b")


def test_a_link_brings_nobody_along_whom_its_two_records_do_not_speak_of():
    old, new = date(1950, 3, 4), date(1985, 7, 8)
    father, son = a_record("father", "Jon", old), a_record("son", "Jon", new)
    nameless = a_record("nameless", "Jon", None)
    links = [("father", "nameless", 9.0), ("nameless", "son", 8.0)]
    assert people_in(father, son, nameless, links=links) == people("father nameless", "son")


def test_family_names_tell_people_apart_where_there_is_no_given_name():
    phone = {"phone": "+12125550100"}
    lee, ray = (
        a_record("lee", None, family="Lee", **phone),
        a_record("ray", "Bo", family="Ray", **phone),
    )
    assert people_in(lee, ray) == people("lee", "ray")
    married = a_record("married", "Bo", family="Kent", **phone)
    assert people_in(ray, married) == people("ray married")
    assert people_in(lee, a_record("unnamed", **phone)) == people("lee unnamed")
