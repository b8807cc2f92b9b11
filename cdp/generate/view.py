"""How a channel sees people: with typos, nicknames, former names and addresses, and gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from cdp.generate import words
from cdp.generate.chance import Chance

JUNK_EMAILS = ("noreply@example.com", "null", "n/a", "none@example.com", "test@example.com")
JUNK_PHONES = ("0000000000", "1111111111", "null", "n/a", "123")
JUNK_NAMES = ("null", "n/a", "-")


@dataclass(frozen=True)
class Habits:
    """How often (0..1 of its records) a channel departs from the truth."""

    typo: float = 0.03  # per name, and per street
    nickname: float = 0.08  # of given names that have one
    initial: float = 0.01  # only the first letter of the given name
    shouting: float = 0.03  # names all in capitals
    former_name: float = 0.25  # of those who changed it
    former_address: float = 0.2  # of those who moved
    no_given: float = 0.02
    no_family: float = 0.02
    no_birth_date: float = 0.25
    swapped_birth_date: float = 0.01  # day and month exchanged, where that is a date
    no_email: float = 0.1
    second_email: float = 0.12
    family_email: float = 0.02
    no_phone: float = 0.25
    home_phone: float = 0.25  # the landline that the household shares
    no_address: float = 0.1
    junk: float = 0.008  # per e-mail, phone and name: null, n/a, 0000000000, noreply@


HABITS: Mapping[str, Habits] = {
    "crm": Habits(former_name=0.4, former_address=0.3),
    "web_shop": Habits(nickname=0.12, no_email=0.0, family_email=0.03, no_phone=0.4),
    "store_sales": Habits(
        no_family=0.15, nickname=0.15, no_email=0.55, no_phone=0.15, home_phone=0.4, no_address=0.3
    ),
    "email_campaign": Habits(no_family=0.3, no_email=0.0, second_email=0.18, junk=0.002),
    "social": Habits(nickname=0.3, no_email=0.45, no_family=0.2, junk=0.004),
    "reviews": Habits(nickname=0.2, initial=0.06, no_email=0.3, no_family=0.5),
    "survey": Habits(no_family=0.6, no_given=0.2, no_email=0.2, former_address=0.1),
    "memberships": Habits(typo=0.06, former_name=0.5, former_address=0.4, no_birth_date=0.1),
    "support": Habits(no_email=0.2, no_phone=0.35, no_family=0.2, shouting=0.06),
}


def seen(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.DataFrame:
    """The `people`, row by row, as a channel with these habits has them.

    Columns: person_id, household_id, given_name, family_name, birth_date, email, phone, street,
    city, region, postcode, moved_out (the address is an old one).
    """
    former = pl.Series(chance.flags(people.height, habits.former_address))
    people = people.with_columns(moved_out=former & pl.col("old_street").is_not_null())
    return people.select(
        "person_id",
        "household_id",
        given_name=_given_names(people, habits, chance),
        family_name=_family_names(people, habits, chance),
        birth_date=_birth_dates(people, habits, chance),
        email=_emails(people, habits, chance),
        phone=_phones(people, habits, chance),
        **_addresses(people, habits, chance),
        moved_out="moved_out",
    )


def _where(flag: pl.Series, value: pl.Expr | pl.Series | None, otherwise: pl.Series) -> pl.Series:
    chosen = pl.lit(value) if value is None or isinstance(value, pl.Series) else value
    return pl.select(pl.when(flag).then(chosen).otherwise(otherwise)).to_series()


def _flags(count: int, share: float, chance: Chance) -> pl.Series:
    return pl.Series(chance.flags(count, share), dtype=pl.Boolean)


def _with_junk(
    values: pl.Series, junk: Sequence[str], missing: float, habits: Habits, chance: Chance
) -> pl.Series:
    count = len(values)
    values = _where(_flags(count, missing, chance), None, values)
    return _where(_flags(count, habits.junk, chance), chance.pick(junk, count), values)


def _given_names(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.Series:
    given, count = people["given"], people.height
    given = _where(_flags(count, habits.nickname, chance), _nicknames(given, chance), given)
    given = _where(_flags(count, habits.initial, chance), given.str.slice(0, 1) + ".", given)
    given = with_typos(given, habits.typo, chance)
    given = _where(_flags(count, habits.shouting, chance), given.str.to_uppercase(), given)
    return _with_junk(given, JUNK_NAMES, habits.no_given, habits, chance)


def _nicknames(given: pl.Series, chance: Chance) -> pl.Series:
    """A nickname of each name that has one, the name itself of the others."""
    known = words.names().nicknames
    turn = pl.Series(chance.whole(len(given), 0, 1_000))
    lists = pl.DataFrame({"given": list(known), "nicks": [list(nicks) for nicks in known.values()]})
    return (
        pl.DataFrame({"given": given, "turn": turn})
        .join(lists, on="given", how="left", maintain_order="left")
        .select(
            pl.coalesce(
                pl.col("nicks").list.get(pl.col("turn") % pl.col("nicks").list.len()), "given"
            )
        )
        .to_series()
    )


def _family_names(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.Series:
    count = people.height
    former = _flags(count, habits.former_name, chance) & people["birth_family"].is_not_null()
    family = _where(former, people["birth_family"], people["family"])
    family = with_typos(family, habits.typo, chance)
    family = _where(_flags(count, habits.shouting, chance), family.str.to_uppercase(), family)
    return _with_junk(family, JUNK_NAMES, habits.no_family, habits, chance)


def _birth_dates(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.Series:
    born, count = people["birth_date"], people.height
    swap = _flags(count, habits.swapped_birth_date, chance) & (born.dt.day() <= 12)
    day = pl.col("birth_date").dt
    swapped = people.select(pl.date(day.year(), day.day().clip(1, 12), day.month()))
    born = _where(swap, swapped.to_series(), born)
    return _where(_flags(count, habits.no_birth_date, chance), None, born)


def _emails(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.Series:
    count = people.height
    which = pl.Series(
        chance.places(
            count,
            (
                1 - habits.second_email - habits.family_email,
                habits.second_email,
                habits.family_email,
            ),
        )
    )
    email = _where(which == 1, people["second_email"], people["email"])
    email = _where(which == 2, people["family_email"], email)
    # People type capitals and trailing blanks; neither makes another mailbox.
    style = pl.Series(chance.places(count, (0.93, 0.05, 0.02)))
    email = _where(style == 1, email.str.to_titlecase(), email)
    email = _where(style == 2, email + " ", email)
    return _with_junk(email, JUNK_EMAILS, habits.no_email, habits, chance)


def _phones(people: pl.DataFrame, habits: Habits, chance: Chance) -> pl.Series:
    count = people.height
    home = _flags(count, habits.home_phone, chance)
    phone = written_phones(_where(home, people["landline"], people["mobile"]), chance)
    return _with_junk(phone, JUNK_PHONES, habits.no_phone, habits, chance)


def written_phones(digits: pl.Series, chance: Chance) -> pl.Series:
    """Ten-digit numbers written in the five ways that people write them."""
    style = pl.Series(chance.places(len(digits), (0.4, 0.2, 0.2, 0.1, 0.1)))
    area, exchange, line = digits.str.slice(0, 3), digits.str.slice(3, 3), digits.str.slice(6)
    written = _where(style == 1, "(" + area + ") " + exchange + "-" + line, digits)
    written = _where(style == 2, area + "-" + exchange + "-" + line, written)
    written = _where(style == 3, "+1 " + area + " " + exchange + " " + line, written)
    return _where(style == 4, area + "." + exchange + "." + line, written)


def _addresses(people: pl.DataFrame, habits: Habits, chance: Chance) -> dict[str, pl.Series]:
    missing = _flags(people.height, habits.no_address, chance)
    old = people["moved_out"]
    parts = {
        part: _where(missing, None, _where(old, people[f"old_{part}"], people[part]))
        for part in ("street", "city", "region", "postcode")
    }
    return parts | {"street": with_typos(parts["street"], habits.typo, chance)}


def with_typos(written: pl.Series, share: float, chance: Chance) -> pl.Series:
    """`written` with one letter dropped, doubled or swapped in a `share` of the longer words."""
    count = len(written)
    turn, kind = pl.Series(chance.whole(count, 0, 1_000)), pl.Series(chance.whole(count, 0, 3))
    frame = pl.DataFrame({"word": written, "hit": chance.flags(count, share), "kind": kind})
    length = pl.col("word").str.len_chars().cast(pl.Int64)
    frame = frame.with_columns(at=1 + turn % (length - 2).clip(1))
    word, at = pl.col("word"), pl.col("at")
    head, tail = word.str.slice(0, at), word.str.slice(at + 1)
    letter, before = word.str.slice(at, 1), word.str.slice(at - 1, 1)
    broken = (
        pl.when(pl.col("kind") == 0)
        .then(head + tail)
        .when(pl.col("kind") == 1)
        .then(head + letter + letter + tail)
        .otherwise(word.str.slice(0, at - 1) + letter + before + tail)
    )
    return frame.select(
        pl.when(pl.col("hit") & (length > 3)).then(broken).otherwise(word)
    ).to_series()
