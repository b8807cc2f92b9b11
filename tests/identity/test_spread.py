"""Junk by its spread: many people behind one value, and busy values of one person."""

import random

from people import a_record, clustering_of, people_in

from cdp.identity.policy.declaration import identity_policy

LIMITS = identity_policy().spread


def blocked(*world):
    return {(namespace, value) for namespace, value, _ in clustering_of(*world).blocked.rows()}


def test_a_cookie_of_one_person_with_hundreds_of_records_stays_one_person():
    world = [
        a_record(f"r{n:03}", "Anna", anonymous_id="c0ffee-77", shop_user_id="4711",
                 email=["anna@example.com", "a.berg@example.com"][n % 2])
        for n in range(400)
    ]  # fmt: skip
    assert len(people_in(*world)) == 1


def test_a_loyalty_card_of_one_person_with_hundreds_of_sloppy_records_stays_one_person():
    rng = random.Random(7)  # noqa: S311 - no secret
    spelt = ["Anna", "Ana", "Anne", "A.", "Annna", None]
    world = [
        a_record(f"r{n:03}", rng.choice(spelt), loyalty_card="9826-1137",
                 phone=f"+1212555{n % 9:04}", email=f"anna{n % 7}@example.com")
        for n in range(300)
    ]  # fmt: skip
    assert len(people_in(*world)) == 1


def test_an_id_that_many_users_carry_is_nobodys():
    world = [
        a_record(f"r{n:02}", anonymous_id="3f2a", user_id=f"u{n}") for n in range(LIMITS.ids + 1)
    ]
    assert blocked(*world) == {("anonymous_id", "3f2a")}
    assert len(people_in(*world)) == len(world)
    assert blocked(*world[:-1]) == set()


def test_a_user_id_seen_with_many_mailboxes_is_nobodys():
    world = [
        a_record(f"r{n:02}", user_id="4711", email=f"p{n}@example.com")
        for n in range(LIMITS.emails + 1)
    ]
    assert blocked(*world) == {("user_id", "4711")}
    assert blocked(*world[:-1]) == set()


def test_a_value_that_looks_made_up_needs_fewer_people_to_be_nobodys():
    def crowd(value):
        return [
            a_record(f"r{n:02}", anonymous_id=value, user_id=f"u{n % 3}")
            for n in range(LIMITS.records + 1)
        ]

    for made_up in ("anonId1234", "user-1", "test_device", "visitor123"):
        assert blocked(*crowd(made_up)) == {("anonymous_id", made_up)}
    for real in ("8f14e45fceea167a", "user-80417", "anonymous-9f3c"):
        assert blocked(*crowd(real)) == set()


def test_a_made_up_looking_id_of_one_person_is_an_id_like_any_other():
    world = [a_record(f"r{n:02}", anonymous_id="anonId1234", user_id="user1234") for n in range(50)]
    assert len(people_in(*world)) == 1


def test_a_record_that_speaks_for_many_joins_none_of_them():
    many = [f"p{n}@example.com" for n in range(LIMITS.per_record + 1)]
    world = [a_record("hub", user_id="1", email=many)]
    world += [a_record(f"r{n:02}", email=mail) for n, mail in enumerate(many)]
    assert len(people_in(*world)) == len(world)
    assert people_in(*world[:3], a_record("s", user_id="1")) >= {
        frozenset({"hub", "r00", "r01", "s"})
    }


def test_the_order_in_which_a_crowd_arrives_does_not_matter():
    rng = random.Random(3)  # noqa: S311 - no secret
    world = [
        a_record(f"r{n:02}", anonymous_id="3f2a", user_id=f"u{n % 14}", email=f"p{n % 5}@x.example")
        for n in range(30)
    ]
    everyone = people_in(*world)
    for _ in range(5):
        assert people_in(*rng.sample(world, len(world))) == everyone
