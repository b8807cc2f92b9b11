"""One profile for people to read: every part that is known, and what is not."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from cdp.cli.output import moment, money, number, pairs, table, words
from cdp.model.profile import Address, Name, Profile

# Beyond this many values (a survey's answers) a list of lines becomes a paragraph.
LINES = 16
MARK = {"granted": "green", "denied": "red", "withdrawn": "red"}


def render_profile(profile: Profile, console: Console) -> None:
    """Print everything known of one profile; unknown parts are named in the last line."""
    console.print(_head(profile))
    unknown = []
    for title, body in _sections(profile):
        if body is None:
            unknown.append(title.lower())
        else:
            console.print(Text(f"\n{title}", style="bold cyan"))
            console.print(Padding(body, (0, 0, 0, 2), expand=False))
    if unknown:
        console.print(Text(f"\nNothing known yet: {', '.join(unknown)}", style="dim"))


def title_of(profile: Profile) -> str:
    """What to call the person or company."""
    named = profile.firmographics.company_name or name_of(profile.identity.name)
    return named or profile.identity.username or "(no name)"


def name_of(name: Name | None) -> str:
    """A name in one line; empty where nothing is known."""
    if name is None:
        return ""
    parts = (name.title, name.given, name.middle, name.family, name.suffix)
    return " ".join(part for part in parts if part) or name.full or ""


def place_of(address: Address | None) -> str:
    """An address in one line; empty where nothing is known."""
    if address is None:
        return ""
    town = " ".join(part for part in (address.postcode, address.city) if part)
    parts = (address.street, town, address.region, address.country)
    return ", ".join(part for part in parts if part)


def _head(profile: Profile) -> Text:
    count = (
        "1 source record" if profile.records == 1 else f"{number(profile.records)} source records"
    )
    return Text.assemble(
        (title_of(profile), "bold"),
        f"  {profile.subject} {profile.profile_id}\n",
        (f"{count} of {', '.join(profile.channels)}\n", "dim"),
        (f"known since {moment(profile.created_at)} UTC", "dim"),
    )


def _sections(profile: Profile) -> Iterator[tuple[str, RenderableType | None]]:
    if profile.subject == "account":
        yield "Company", _part(profile.firmographics)
    yield "Identity", _part(profile.identity)
    yield "Contact points", _identifiers(profile)
    yield "Demographics", _part(profile.demographics)
    yield "Geography", _part(profile.geography)
    yield "Psychographics", _part(profile.psychographics)
    yield "Social", _part(profile.social)
    yield "Behaviour", _behaviour(profile)
    yield "Sentiment", _sentiment(profile)
    yield "Memberships", _memberships(profile)
    yield "Accounts", _accounts(profile)
    yield "Consents", _consents(profile)
    yield "Public data", _values(profile.public)
    others = _others(profile)
    if others:
        yield "Other traits", _values(others)


def _part(part: BaseModel) -> RenderableType | None:
    return _values({name: value for name, value in part if value not in (None, (), [])})


def _values(known: Mapping[str, object]) -> RenderableType | None:
    rows = [(name, _shown(value)) for name, value in known.items()]
    if not rows:
        return None
    if len(rows) <= LINES:
        return pairs(rows)
    return Text(" · ".join(f"{name} {value}" for name, value in rows))


def _shown(value: object) -> str:
    if isinstance(value, Name):
        return name_of(value)
    if isinstance(value, Address):
        return place_of(value)
    return words(value)


def _identifiers(profile: Profile) -> RenderableType | None:
    return _values({namespace: list(held) for namespace, held in profile.identifiers.items()})


def _behaviour(profile: Profile) -> RenderableType | None:
    if not profile.behaviour:
        return None
    figures = table(
        "what",
        "times",
        "amount",
        "discount",
        "first (UTC)",
        "last (UTC)",
        right=("times", "amount", "discount"),
    )
    for part in profile.behaviour:
        figures.add_row(
            part.kind,
            number(part.events),
            money(part.amount, part.currency),
            money(part.discount, part.currency) if part.discount else "",
            moment(part.first_at),
            moment(part.last_at),
        )
    return figures


def _sentiment(profile: Profile) -> RenderableType | None:
    if profile.sentiment is None:
        return None
    found = profile.sentiment
    of = "1 rating" if found.scored == 1 else f"{number(found.scored)} ratings"
    return Text(f"{found.mean:+.2f} on average, of {of} (-1 worst, +1 best)")


def _memberships(profile: Profile) -> RenderableType | None:
    if not profile.memberships:
        return None
    rows = table("organisation", "kind", "role", "since", "until")
    for held in profile.memberships:
        rows.add_row(*map(words, (held.organisation, held.kind, held.role, held.since, held.until)))
    return rows


def _accounts(profile: Profile) -> RenderableType | None:
    if not profile.accounts:
        return None
    rows = table("company", "known by", "role", "since", "until")
    for link in profile.accounts:
        rows.add_row(*map(words, (link.key, link.namespace, link.role, link.since, link.until)))
    return rows


def _consents(profile: Profile) -> RenderableType | None:
    if not profile.consents:
        return None
    rows = table("purpose", "medium", "state", "since (UTC)")
    for consent in profile.consents:
        state = Text(consent.state, style=MARK[consent.state])
        rows.add_row(consent.purpose, consent.medium, state, moment(consent.observed_at))
    return rows


def _others(profile: Profile) -> dict[str, object]:
    """Traits that stand in none of the typed parts, such as `custom.*` and `loyalty_tier`."""
    parts = (
        profile.identity,
        profile.demographics,
        profile.geography,
        profile.psychographics,
        profile.social,
        profile.firmographics,
    )
    typed = {name for part in parts for name in type(part).model_fields}
    return {
        name: value
        for name, value in profile.traits.items()
        if name not in typed and not name.startswith(("psychographics.", "public."))
    }
