"""The clusters against networkx, against the naive agglomeration, and in any order."""

import random
import time
from datetime import date

import networkx as nx
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_clusters import naive_clusters
from people import a_record, clustering_of, people_in

from cdp.identity.clusters import clustering as clusters
from cdp.identity.clusters.links import PROBABLE_LINK, STEWARD_LINK
from cdp.identity.policy.declaration import ClusterGuards, IdentityPolicy, NamespacePolicy

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
GUARDS = {
    "priority": st.integers(1, 4),
    "links": st.sampled_from([True, True, True, False]),
    "vetoes": st.sampled_from([(), ALL, ("given_names",), ("birth_dates", "strong_ids")]),
    "strong": st.booleans(),
    "per_profile": st.sampled_from([None, 1, 2]),
    "shared_by": st.sampled_from([None, 4]),
}
policies = st.builds(
    IdentityPolicy,
    default=st.builds(NamespacePolicy, **GUARDS),
    namespaces=st.fixed_dictionaries({
        name: st.builds(NamespacePolicy, **GUARDS) for name in ("user_id", "card", "email", "phone")
    }),
    cluster=st.builds(
        ClusterGuards,
        most_records=st.sampled_from([None, 3]),
        most_given_names=st.sampled_from([None, 1, 2]),
        most_birth_dates=st.sampled_from([None, 1]),
    ),
)  # fmt: skip
FREE = IdentityPolicy(default=NamespacePolicy(priority=1), namespaces={})

names = st.sampled_from([None, None, "Anna", "Ben", "Bob", "Robert", "Eva", "R."])
families = st.sampled_from([None, None, "Olsen", "Olson", "Meyer"])
births = st.sampled_from([None, None, None, date(1990, 2, 3), date(1990, 3, 2), date(1955, 7, 9)])
values = st.lists(st.sampled_from("xyz"), max_size=2, unique=True)
worlds = st.lists(
    st.tuples(names, births, families, values, values, values, values, values),
    min_size=1,
    max_size=9,
)
# What a model and stewards say of the first nine records; who is not there is passed over.
keys = [f"r{n}" for n in range(9)]
links = st.lists(
    st.tuples(
        st.lists(st.sampled_from(keys), min_size=2, max_size=2, unique=True),
        st.sampled_from([3.0, 5.5, 9.25]),
    ).map(lambda drawn: (*drawn[0], drawn[1])),
    max_size=4,
    unique_by=lambda link: frozenset(link[:2]),
)
sides = st.lists(st.sampled_from(keys), min_size=2, max_size=5, unique=True)
decisions = st.lists(
    st.tuples(st.sampled_from(["link", "cannot_link"]), sides, st.integers(1, 4)).map(
        lambda drawn: (drawn[0], {*drawn[1][:drawn[2]]}, {*drawn[1][drawn[2]:]})
    ),
    max_size=4,
)  # fmt: skip
said = st.fixed_dictionaries({"links": links, "decisions": decisions})
NOTHING = {"links": (), "decisions": ()}


@pytest.fixture(autouse=True, scope="module")
def conflicts_are_looked_for():
    """Small worlds are spared the look for conflicts; here it is under test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "FEW_EDGES", 0)
        yield


def world_of(drawn):
    return [
        a_record(f"r{n}", *told, user_id=u[:1], card=c, email=e, phone=p, other=o)
        for n, (*told, u, c, e, p, o) in enumerate(drawn)
    ]


def naive(world, policy, said):
    facts = ("given_name", "birth_date", "family_name")
    records = {r["record_key"]: tuple(r[fact] for fact in facts) for r in world}
    claims = {(r["record_key"], *claim) for r in world for claim in r["identifiers"]}
    links = [link for link in said["links"] if {*link[:2]} <= records.keys()]
    decisions = [
        (kind, one & records.keys(), other & records.keys())
        for kind, one, other in said["decisions"]
    ]
    return naive_clusters(records, claims, policy, links, decisions)


@settings(max_examples=100, deadline=None)
@given(worlds, said, policies)
@example([("Anna", None, None, [], [], ["x"], [], [])] * 3, NOTHING, GUARDED)
def test_careful_clusters_are_those_of_the_naive_agglomeration(drawn, said, policy):
    world = world_of(drawn)
    assert people_in(*world, policy=policy, **said) == naive(world, policy, said)


@settings(max_examples=20, deadline=None)
@given(worlds, said, st.randoms(use_true_random=False))
def test_neither_arrival_nor_the_order_of_rows_changes_who_is_who(drawn, said, rng):
    world = world_of(drawn)
    arrived = rng.sample(world, len(world))
    mixed = {name: rng.sample(list(rows), len(rows)) for name, rows in said.items()}
    assert people_in(*arrived, policy=GUARDED, **mixed) == people_in(*world, policy=GUARDED, **said)


@settings(max_examples=12, deadline=None)
@given(worlds, said)
def test_a_component_alone_is_clustered_as_among_all_others(drawn, said):
    world = world_of(drawn)
    together = people_in(*world, policy=GUARDED, **said)
    members = clustering_of(*world, policy=GUARDED, **said).members
    for part in members.partition_by("component"):
        alone = [world[uid] for uid in part["record_uid"]]
        keys = {record["record_key"] for record in alone}
        assert people_in(*alone, policy=GUARDED, **said) == {c for c in together if c <= keys}


@settings(max_examples=25, deadline=None)
@given(worlds, said)
def test_no_cannot_link_is_ever_broken(drawn, said):
    world = world_of(drawn)
    for person in people_in(*world, policy=GUARDED, **said):
        for kind, one, other in said["decisions"]:
            assert kind == "link" or not (person & one and person & other)


@settings(max_examples=25, deadline=None)
@given(worlds, said)
def test_a_link_joins_whatever_the_guards_say(drawn, said):
    world = world_of(drawn)
    here = {record["record_key"] for record in world}
    linked = said | {"decisions": [each for each in said["decisions"] if each[0] == "link"]}
    persons = people_in(*world, policy=GUARDED, **linked)
    for _, one, other in linked["decisions"]:
        assert (
            len({person for person in persons if person & (one | other)}) == 1
            or not (one | other) & here
        )


@settings(max_examples=25, deadline=None)
@given(worlds, said)
def test_what_records_hang_by_is_a_tree_to_the_oldest_of_their_profile(drawn, said):
    world = world_of(drawn)
    clustering = clustering_of(*world, policy=GUARDED, **said)
    profile = dict(clustering.members.select("record_uid", "profile_id").iter_rows())
    via = {}
    for record, owner, namespace, value, neighbour in clustering.joined.iter_rows():
        assert profile[record] == profile[neighbour] == owner
        assert have_in_common(world, said, (record, neighbour), namespace, value)
        via[record] = neighbour
    assert via.keys() == {record for record, owner in profile.items() if record != owner}
    for start, owner in profile.items():
        path = [start]
        while path[-1] in via:
            path.append(via[path[-1]])
            assert len(path) <= len(world), "no circles"
        assert path[-1] == owner


@settings(max_examples=25, deadline=None)
@given(worlds, said)
def test_a_refused_pair_has_something_in_common_and_is_not_one_person(drawn, said):
    world = world_of(drawn)
    clustering = clustering_of(*world, policy=GUARDED, **said)
    profile = dict(clustering.members.select("record_uid", "profile_id").iter_rows())
    for left, right, namespace, value, _ in clustering.refused.iter_rows():
        assert profile[left] != profile[right]
        assert have_in_common(world, said, (left, right), namespace, value)


def have_in_common(world, said, pair, namespace, value):
    keys = {world[uid]["record_key"] for uid in pair}
    if namespace == STEWARD_LINK:
        _, one, other = said["decisions"][int(value.removeprefix("link-"))]
        return keys <= one | other
    if namespace == PROBABLE_LINK:
        return any(keys == {*link[:2]} and value == f"weight {link[2]}" for link in said["links"])
    return all((namespace, value) in world[uid]["identifiers"] for uid in pair)


@settings(max_examples=20, deadline=None)
@given(worlds, said, policies)
def test_the_careful_pass_finds_the_same_without_being_told_where_to_look(drawn, said, policy):
    world = world_of(drawn)
    looked_for = people_in(*world, policy=policy, **said)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "FEW_EDGES", 1_000)
        assert people_in(*world, policy=policy, **said) == looked_for


def test_without_guards_the_clusters_are_the_connected_components():
    world, graph = [], nx.Graph()
    for seed in range(100):
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
        family_name=pl.lit(None, pl.String),
        birth_date=pl.lit(None, pl.Date),
    )
    identifiers = pl.concat(
        [
            crowd.select("record_uid", namespace=pl.lit("user_id"), value="record_key"),
            crowd.select("record_uid", namespace=pl.lit("email"), value=pl.lit("one@example.com")),
        ]
    )
    started = time.process_time()
    clustering = clusters.cluster(crowd, identifiers, GUARDED)
    assert clustering.members["profile_id"].n_unique() == crowd.height
    assert clustering.refused.height == crowd.height - 1
    assert time.process_time() - started < 10
