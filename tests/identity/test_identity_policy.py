"""The shipped guards, and how an installation extends them."""

import pytest

from cdp.errors import InvalidIdentifier, InvalidRequest
from cdp.identity.identifiers.normalise import normalise_value
from cdp.identity.policy.declaration import identity_policy


@pytest.fixture
def extended(tmp_path):
    def extend(text):
        path = tmp_path / "policy.yaml"
        path.write_text(text, "utf-8")
        return identity_policy(path)

    yield extend
    identity_policy.cache_clear()


def test_a_user_has_one_user_id_and_a_phone_can_be_shared():
    policy = identity_policy()
    assert policy.of("user_id").per_profile == 1
    assert not policy.of("user_id").shareable
    assert policy.of("phone").shareable
    assert not policy.of("household_id").links


def test_a_namespace_nobody_declared_is_the_weakest_and_fully_guarded():
    policy = identity_policy()
    undeclared = policy.of("shop_x_key")
    assert undeclared.priority > max(g.priority for g in policy.namespaces.values())
    assert undeclared.vetoes == ("given_names", "birth_dates", "strong_ids")
    assert undeclared.normaliser == "exact"


def test_an_extension_changes_one_key_and_keeps_the_others(extended):
    policy = extended("namespaces: {phone: {shared_by: 7}}")
    assert policy.of("phone").shared_by == 7
    assert policy.of("phone").normaliser == "phone"
    assert policy.of("email") == identity_policy().of("email")


def test_a_new_namespace_starts_from_the_default(extended):
    policy = extended("namespaces: {club_card: {per_profile: 1}}")
    assert policy.of("club_card").per_profile == 1
    assert policy.of("club_card").vetoes == identity_policy().default.vetoes


def test_blocked_values_and_patterns_are_added_to_the_shipped_ones(extended):
    policy = extended("""
        blocked_values: [Kein Wert]
        namespaces: {email: {blocked_patterns: ['@shop\\.example$']}}
    """)
    assert {"kein wert", "null"} <= policy.of("email").blocked_values
    assert "kein wert" in policy.of("some_key").blocked_values
    assert (
        len(policy.of("email").blocked_patterns)
        > len(identity_policy().of("phone").blocked_patterns) - 1
    )


def test_an_email_rule_of_ones_own(extended):
    policy = extended("email_rules: [{domains: [acme.example.com], drop_tag: true}]")
    assert (
        normalise_value("email", "Anna+x@acme.example.com", policy, "US") == "anna@acme.example.com"
    )
    assert normalise_value("email", "a.n.n.a@gmail.com", policy, "US") == "anna@gmail.com"


def test_the_sections_of_other_policies_in_the_same_file_are_left_to_them(extended):
    assert extended("traits: {name.given: {}}") == identity_policy()


def test_a_section_is_extended_key_by_key(extended):
    policy = extended("spread: {ids: 4}\ncluster: {most_records: 50}\nmatching: {merge: 0.99}")
    shipped = identity_policy()
    assert (policy.spread.ids, policy.spread.emails) == (4, shipped.spread.emails)
    assert policy.cluster.most_given_names == shipped.cluster.most_given_names
    assert policy.matching.propose == shipped.matching.propose
    assert policy.matching.merge_weight > shipped.matching.merge_weight > 0


def test_the_customer_with_the_number_0_is_a_customer():
    policy = identity_policy()
    for namespace in ("customer_id", "user_id", "shop_x_key"):
        assert normalise_value(namespace, "0", policy, "US") == "0"
    for namespace, value in (("customer_id", "000"), ("cookie_id", "0"), ("loyalty_card", "0")):
        with pytest.raises(InvalidIdentifier):
            normalise_value(namespace, value, policy, "US")


@pytest.mark.parametrize(("text", "says"), [
    ("matching: {propose: 0.99, merge: 0.9}", "must not exceed"),
    ("spread: {placeholders: ['[']}", "not a regular expression"),
    ("cluster: {most_people: 3}", "cluster.most_people"),
    ("namespaces: {phone: {per_profil: 1}}", "namespaces.phone.per_profil"),
    ("namespaces: {phone: {per_profile: 0}}", "namespaces.phone.per_profile"),
    ("namespaces: {phone: {blocked_patterns: ['(']}}", "not a regular expression"),
    ("namespaces: {phone: {normaliser: telephone}}", "'phone'"),
    ("namespaces: {phone: 1}", "namespaces.phone"),
    ("namespaces: [phone]", "namespaces"),
    ("blocked: []", "blocked"),
    ("just a text", "must be a mapping"),
    ("a: [", "cannot be read"),
])  # fmt: skip
def test_a_wrong_extension_names_the_file_and_the_key(extended, text, says):
    with pytest.raises(InvalidRequest) as error:
        extended(text)
    assert "policy.yaml" in str(error.value)
    assert says in str(error.value)


def test_a_missing_extension_is_named(tmp_path):
    with pytest.raises(InvalidRequest, match=r"nowhere\.yaml"):
        identity_policy(tmp_path / "nowhere.yaml")
