"""Identifier values in the one form in which two records can meet."""

import phonenumbers
import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.errors import InvalidIdentifier, InvalidRequest
from cdp.identity.identifiers.normalise import NORMALISERS, normalise, normalise_value
from cdp.identity.identifiers.text import cleaned, plain_ascii
from cdp.identity.policy.declaration import identity_policy

POLICY = identity_policy()


def normal(namespace, value, region="US"):
    """The normalised value or the reason of refusal, which column and look-up agree on."""
    frame = pl.DataFrame({"namespace": [namespace], "value": [value]})
    normalised, refused = normalise(frame, POLICY, region).select("normalised", "refused").row(0)
    if normalised is None:
        with pytest.raises(InvalidIdentifier):
            normalise_value(namespace, value, POLICY, region)
        return refused
    assert refused is None
    assert normalise_value(namespace, value, POLICY, region) == normalised
    return normalised


@pytest.mark.parametrize(("said", "meant"), [
    ("Anna@Example.COM", "anna@example.com"),
    ("  anna@example.com\u200b ", "anna@example.com"),
    ("\uff41\uff4e\uff4e\uff41\uff20example.com", "anna@example.com"),
    ("Anna Smith <anna@example.com>", "anna@example.com"),
    ("a.n.na+shop@googlemail.com", "anna@gmail.com"),
    ("a.nna+shop@outlook.com", "a.nna@outlook.com"),
    ("anna+shop@example.com", "anna+shop@example.com"),
    ("anna@bücher.example.com", "anna@bücher.example.com"),
    ("anna@xn--bcher-kva.example.com", "anna@bücher.example.com"),
    ("anna@shop.test", "anna@shop.test"),
    ("anna", "invalid"),
    ("anna@", "invalid"),
    ("anna@host", "invalid"),
    ("a..b@example.com", "invalid"),
    ("anna@shop.invalid", "invalid"),
    ("", "invalid"),
    ("NULL", "blocked"),
    ("[object Object]", "blocked"),
    ("n/a", "blocked"),
    ("noreply@shop.example.com", "blocked"),
    ("do-not-reply@example.com", "blocked"),
    ("Info@acme.com", "blocked"),
    ("test@test.com", "blocked"),
])  # fmt: skip
def test_an_email(said, meant):
    assert normal("email", said) == meant


@pytest.mark.parametrize(("said", "region", "meant"), [
    ("(212) 555-0100", "US", "+12125550100"),
    ("212.555.0100", "US", "+12125550100"),
    ("1-212-555-0100", "US", "+12125550100"),
    ("+1 212 555 0100", "DE", "+12125550100"),
    ("011 49 30 901820", "US", "+4930901820"),
    ("030 901820", "DE", "+4930901820"),
    ("0049 30 901820", "DE", "+4930901820"),
    ("+44 (0)20 7946 0958", "US", "+442079460958"),
    ("020 7946 0958", "GB", "+442079460958"),
    ("\uff12\uff11\uff12 \uff15\uff15\uff15 \uff10\uff11\uff10\uff10", "US", "+12125550100"),
    ("2125550100.0", "US", "+12125550100"),
    ("tel:+1-212-555-0100", "US", "+12125550100"),
    ("212-555-0100 x12", "US", "+12125550100;ext=12"),
    ("3916997564", "US", "+13916997564"),
    ("555-0100", "US", "invalid"),
    ("12345", "DE", "invalid"),
    ("call me", "US", "invalid"),
    ("9999999999", "US", "blocked"),
    ("000-000-0000", "US", "blocked"),
    ("1234567890", "US", "blocked"),
    ("unknown", "US", "blocked"),
])  # fmt: skip
def test_a_phone(said, region, meant):
    assert normal("phone", said, region) == meant


@pytest.mark.parametrize(("namespace", "said", "meant"), [
    ("twitter", "@Anna_S", "anna_s"),
    ("twitter", "https://twitter.com/Anna_S?lang=en", "anna_s"),
    ("linkedin", "linkedin.com/in/Anna-S/", "anna-s"),
    ("facebook", "https://facebook.com/profile.php?id=4", "invalid"),
    ("loyalty_card", "0012 3456-78", "0012345678"),
    ("loyalty_card", "0000000000", "blocked"),
    ("loyalty_card", "111111", "blocked"),
    ("customer_id", "111111", "111111"),
    ("customer_id", " Ab-7 ", "Ab-7"),
    ("customer_id", "\uff10\uff11\uff12", "012"),
    ("customer_id", "-1", "blocked"),
    ("customer_id", "a\x00b", "invalid"),
    ("customer_id", "x" * 513, "invalid"),
    ("device_id", "AEBE52E7-03EE-455A-B3C4-E57283966239", "aebe52e7-03ee-455a-b3c4-e57283966239"),
    ("device_id", "00000000-0000-0000-0000-000000000000", "blocked"),
    ("company_domain", "https://www.Acme.com/de?x=1", "acme.com"),
    ("company_domain", "bücher.de", "bücher.de"),
    ("company_domain", "gmail.com", "blocked"),
    ("company_domain", "acme", "invalid"),
    ("a_key_of_the_shop", "Ab 7", "Ab 7"),
    ("a_key_of_the_shop", "undefined", "blocked"),
])  # fmt: skip
def test_other_namespaces(namespace, said, meant):
    assert normal(namespace, said) == meant


def test_rows_columns_and_order_are_kept():
    frame = pl.DataFrame(
        {
            "record_key": ["a", "b", "c", "d"],
            "namespace": ["email", "phone", "email", "email"],
            "value": ["X@example.com", "nope", None, "X@example.com"],
            "row": [4, 3, 2, 1],
        }
    )
    out = normalise(frame, POLICY, "US")
    assert out.drop("normalised", "refused").equals(frame)
    assert out["normalised"].to_list() == ["x@example.com", None, None, "x@example.com"]
    assert out["refused"].to_list() == [None, "invalid", "invalid", None]


def test_no_identifiers_are_no_trouble():
    nothing = pl.DataFrame(schema={"namespace": pl.String, "value": pl.String})
    assert normalise(nothing, POLICY, "US").columns == [
        "namespace",
        "value",
        "normalised",
        "refused",
    ]


def test_a_refused_look_up_says_what_a_right_value_looks_like_and_not_what_was_given():
    with pytest.raises(InvalidIdentifier, match=r"'phone'.*\+1 212 555 0100") as error:
        normalise_value("phone", "555-0199", POLICY, "US")
    assert "0199" not in str(error.value)
    with pytest.raises(InvalidIdentifier, match=r"'email'.*many people"):
        normalise_value("email", "noreply@acme.com", POLICY, "US")


def test_an_unknown_region_is_named():
    with pytest.raises(InvalidRequest, match="'XX'"):
        normalise_value("phone", "+12125550100", POLICY, "XX")


def quickly_and_exactly(name, values, region="US"):
    """Pairs of what the fast path and what the referee make of each value the former knows."""
    normaliser = NORMALISERS[name](POLICY, region)
    quick = normaliser.quickly(plain_ascii(pl.Series(values, dtype=pl.String)))
    return [
        (value, answer, normaliser.exactly(cleaned(value)))
        for value, answer in zip(values, quick, strict=True)
        if answer is not None
    ]


def assert_paths_agree(name, values, region="US"):
    for value, quick, exact in quickly_and_exactly(name, values, region):
        assert quick == exact, value


texts = st.lists(
    st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "Cf", "Cc")), max_size=20
    )
)
atoms = st.text("abXY01._+-", min_size=1, max_size=9)
hosts = st.sampled_from(
    [
        "gmail.com",
        "Googlemail.com",
        "outlook.com",
        "x.co",
        "a-b.de",
        "a--b.de",
        "-a.de",
        "a.test",
        "b.local",
        "a_b.com",
        "x",
        "xn--bcher-kva.de",
        "1.2",
        "c.c1",
    ]
)
addresses = st.lists(st.builds("{}@{}".format, atoms, hosts | st.text("ab1.-", max_size=9)))


@settings(max_examples=200, deadline=None)
@given(addresses | texts)
def test_the_fast_path_of_emails_agrees_with_the_referee(values):
    assert_paths_agree("email", values)
    assert_paths_agree("domain", [value.rpartition("@")[2] for value in values])


@settings(max_examples=100, deadline=None)
@given(texts)
def test_the_fast_paths_of_plain_texts_agree_with_the_exact_ones(values):
    for name in ("exact", "lower", "compact", "handle"):
        assert_paths_agree(name, values)


digits = st.text("0123456789", min_size=1, max_size=15)
written = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(
            [
                "",
                "+",
                "+1",
                "1",
                "+44",
                "44",
                "+49",
                "0",
                "00",
                "011",
                "0049",
                "(",
                "+(",
                "+54",
                "+55",
                "55",
                "+39",
                "+7",
                "8",
            ]
        ),
        digits,
        st.sampled_from(["", " ", "-", ".", ") ", " x", ".0", "#"]),
        st.text("0123456789 -.", max_size=6),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(written, min_size=5, max_size=40),
    st.sampled_from(
        ["US", "GB", "DE", "BR", "IT", "AR", "JP", "IN", "RU", "CA", "FR", "AU", "MX", "SM"]
    ),
)
def test_the_fast_path_of_phones_agrees_with_the_referee(values, region):
    assert_paths_agree("phone", values, region)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_fast_path_agrees_on_each_countrys_own_numbers(region):
    number = phonenumbers.example_number(region)
    forms = phonenumbers.PhoneNumberFormat
    values = [
        phonenumbers.format_number(number, form)
        for form in (forms.E164, forms.INTERNATIONAL, forms.NATIONAL)
    ]
    assert_paths_agree("phone", values, region)
    assert_paths_agree("phone", values, "US")


def test_common_shapes_take_the_fast_path():
    assert (
        len(quickly_and_exactly("email", ["anna.smith+x@gmail.com", "b_c@mail.example.co.uk"])) == 2
    )
    assert len(quickly_and_exactly("phone", ["(212) 555-0100", "+4930901820", "12125550100"])) == 3
    assert len(quickly_and_exactly("phone", ["030 901820", "+49 30 901820"], "DE")) == 2


def test_every_address_the_library_refuses_is_refused():
    for address in ("a@b", "a b@example.com", "@example.com", "a@-x.com", "a@x..com", "a@x.c_m"):
        with pytest.raises(EmailNotValidError):
            validate_email(address, check_deliverability=False)
        assert normal("email", address) == "invalid"
