"""The clusters against networkx, against the naive agglomeration, and in any order."""

import random
import time
from datetime import date

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clusters import naive_clusters
from people import a_record, clustering_of, people_in

from cdp.identity import clusters
from cdp.identity.policy import IdentityPolicy, NamespacePolicy

ALL = ("given_names", "birth_dates", "strong_ids")
GUARDED = IdentityPolicy(
    default=NamespacePolicy(priority=9, vetoes=ALL),
    namespaces={
        "user_id": NamespacePolicy(priority=1, strong=True, per_profile=1),
        "card": NamespacePolicy(priority=2, strong=True, per_profile=2),
        "email": NamespacePolicy(priority=3, vetoes=("given_names", "birth_dates")),
        "phone": NamespacePolicy(priority=4, vetoes=ALL, shared_by=5),
    },
)
FREE = IdentityPolicy(default=NamespacePolicy(priority=1), namespaces={})

names = st.sampled_from([None, None, "Anna", "Ben", "Bob", "Robert", "Eva", "R."])
births = st.sampled_from([None, None, None, date(1990, 2, 3), date(1990, 3, 2), date(1955, 7, 9)])
values = st.lists(st.sampled_from("xyz"), max_size=2, unique=True)
worlds = st.lists(
    st.tuples(names, births, values, values, values, values, values), min_size=1, max_size=9
)


@pytest.fixture(autouse=True, scope="module")
def conflicts_are_looked_for():
    """Small worlds are spared the look for conflicts; here it is under test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "FEW_EDGES", 0)
        yield


def world_of(drawn):
    return [
        a_record(f"r{n}", name, born, user_id=u[:1], card=c, email=e, phone=p, other=o)
        for n, (name, born, u, c, e, p, o) in enumerate(drawn)
    ]


def naive(world, policy):
    records = {r["record_key"]: (r["given_name"], r["birth_date"]) for r in world}
    claims = {(r["record_key"], *claim) for r in world for claim in r["identifiers"]}
    return naive_clusters(records, claims, policy)


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_careful_clusters_are_those_of_the_naive_agglomeration(drawn):
    world = world_of(drawn)
    assert people_in(*world, policy=GUARDED) == naive(world, GUARDED)


@settings(max_examples=40, deadline=None)
@given(worlds, st.randoms(use_true_random=False))
def test_neither_arrival_nor_the_order_of_rows_changes_who_is_who(drawn, rng):
    world = world_of(drawn)
    arrived = rng.sample(world, len(world))
    assert people_in(*arrived, policy=GUARDED) == people_in(*world, policy=GUARDED)


@settings(max_examples=20, deadline=None)
@given(worlds)
def test_a_component_alone_is_clustered_as_among_all_others(drawn):
    world = world_of(drawn)
    together = people_in(*world, policy=GUARDED)
    members = clustering_of(*world, policy=GUARDED).members
    for part in members.partition_by("component"):
        alone = [world[uid] for uid in part["record_uid"]]
        keys = {record["record_key"] for record in alone}
        assert people_in(*alone, policy=GUARDED) == {c for c in together if c <= keys}


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_the_links_of_a_profile_are_a_tree_to_its_oldest_record(drawn):
    world = world_of(drawn)
    clustering = clustering_of(*world, policy=GUARDED)
    profile = dict(clustering.members.select("record_uid", "profile_id").iter_rows())
    via = {}
    for record, owner, namespace, value, neighbour in clustering.joined.iter_rows():
        assert profile[record] == profile[neighbour] == owner
        for end in (record, neighbour):
            assert (namespace, value) in world[end]["identifiers"]
        via[record] = neighbour
    assert via.keys() == {record for record, owner in profile.items() if record != owner}
    for start, owner in profile.items():
        path = [start]
        while path[-1] in via:
            path.append(via[path[-1]])
            assert len(path) <= len(world), "no circles"
        assert path[-1] == owner


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_a_refused_pair_shares_the_value_and_is_not_one_person(drawn):
    world = world_of(drawn)
    clustering = clustering_of(*world, policy=GUARDED)
    profile = dict(clustering.members.select("record_uid", "profile_id").iter_rows())
    for left, right, namespace, value, _ in clustering.refused.iter_rows():
        assert profile[left] != profile[right]
        assert (namespace, value) in world[left]["identifiers"]
        assert (namespace, value) in world[right]["identifiers"]


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_the_careful_pass_finds_the_same_without_being_told_where_to_look(drawn):
    world = world_of(drawn)
    looked_for = people_in(*world, policy=GUARDED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "FEW_EDGES", 1_000)
        assert people_in(*world, policy=GUARDED) == looked_for


def test_without_guards_the_clusters_are_the_connected_components():
    world, graph = [], nx.Graph()
    for seed in range(200):
        rng = random.Random(seed)  # noqa: S311 - no secret
        for n in range(rng.randint(1, 25)):
            emails = [
                f"{seed}{letter}" for letter in rng.sample("abcdefghijklmnop", rng.randint(0, 2))
            ]
            world.append(a_record(f"{seed}-{n}", email=emails))
            graph.add_node(world[-1]["record_key"])
            graph.add_edges_from((world[-1]["record_key"], ("email", email)) for email in emails)
    expected = {
        frozenset(node for node in component if isinstance(node, str))
        for component in nx.connected_components(graph)
    }
    assert people_in(*world, policy=FREE) == expected


def test_a_value_that_thousands_of_strangers_share_costs_no_square():
    crowd = pl.DataFrame({"record_uid": range(8_000)}).with_columns(
        record_key=pl.col("record_uid").cast(pl.String).str.zfill(5),
        subject=pl.lit("person"),
        given_name=pl.lit(None, pl.String),
        birth_date=pl.lit(None, pl.Date),
    )
    identifiers = pl.concat(
        [
            crowd.select("record_uid", namespace=pl.lit("user_id"), value="record_key"),
            crowd.select("record_uid", namespace=pl.lit("email"), value=pl.lit("one@example.com")),
        ]
    )
    started = time.monotonic()
    clustering = clusters.cluster(crowd, identifiers, GUARDED)
    assert clustering.members["profile_id"].n_unique() == crowd.height
    assert clustering.refused.height == crowd.height - 1
    assert time.monotonic() - started < 10
