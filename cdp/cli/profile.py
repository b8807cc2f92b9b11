"""Finding, reading and explaining profiles."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, Limit, read_pair, time_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdp.model.profile import Profile

app = typer.Typer(help="Find, read and explain profiles.", no_args_is_help=True)

# In lists; a profile shown whole has all of it.
LONGEST_CONTACT = 34

ProfileId = Annotated[
    str, typer.Argument(metavar="ID", help="Id of a profile, or of any of its records.")
]


@app.command()
def find(
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAMESPACE=VALUE]...", help="E.g. email=ann@example.com"),
    ] = None,
    email: Annotated[str | None, typer.Option(help="The same as email=...")] = None,
    phone: Annotated[str | None, typer.Option(help="The same as phone=...")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the profiles that carry all these identifiers; a single one is shown whole."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    wanted = dict(read_pair(pair) for pair in pairs or ())
    wanted |= {name: said for name, said in (("email", email), ("phone", phone)) if said}
    if not wanted:
        raise typer.BadParameter("name an identifier, e.g. cdp profile find email=ann@example.com")
    with CustomerProfiles() as profiles:
        found = profiles.find(**wanted)
    if not found:
        _check_namespaces(list(wanted))
    if as_json:
        output.emit_all(found)
    elif len(found) == 1:
        _show(found[0])
    else:
        _list(found)


def _check_namespaces(names: "Sequence[str]") -> None:
    """Nobody was found: was it because of a misspelt namespace? Raises InvalidRequest."""
    import difflib

    from cdp.channel.load import load_channels
    from cdp.errors import InvalidRequest
    from cdp.identity.policy.declaration import identity_policy
    from cdp.settings import settings

    shipped = identity_policy(settings().policy).namespaces
    unknown = [name for name in names if name not in shipped]
    if not unknown:
        return
    declared = {name for spec in load_channels(settings().channels) for name in spec.identifiers}
    known = sorted(declared | set(shipped))
    for name in unknown:
        if name not in declared:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
            raise InvalidRequest(f"no channel knows the namespace {name!r}; {hint}")


@app.command()
def show(
    profile_id: ProfileId,
    as_of: Annotated[datetime | None, time_option("As it was known then.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one profile whole, now or as it was known at a time."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.get(profile_id, as_of=as_of)
    if as_json:
        output.emit(found)
    else:
        _show(found)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Of name, contact points or city.")],
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Search names, contact points and cities, best match first; forgives typos."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.search(" ".join(words), limit=limit)
    if as_json:
        output.emit_all(found)
    else:
        _list(found)


@app.command()
def timeline(
    profile_id: ProfileId,
    *,
    since: Annotated[datetime | None, time_option("From then on.")] = None,
    until: Annotated[datetime | None, time_option("Before then.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Events of this kind only; may be repeated.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the events of a profile from every channel, newest first."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        events = profiles.timeline(profile_id, since=since, until=until, kinds=kind, limit=limit)
    if as_json:
        output.emit_all(events)
        return
    rows = output.table(
        "when (UTC)",
        "channel",
        "what",
        "product",
        "category",
        "quantity",
        "amount",
        "score",
        right=("quantity", "amount", "score"),
    )
    for event in events:
        rows.add_row(
            output.moment(event.occurred_at),
            event.channel,
            event.kind,
            event.product,
            event.category,
            None if event.quantity is None else output.number(event.quantity),
            None if event.amount is None else output.money(event.amount, event.currency),
            None if event.score is None else f"{event.score:+.2f}",
        )
    _print(rows, len(events), "event")


@app.command()
def records(profile_id: ProfileId, as_json: AsJson = False) -> None:
    """List the source records of a profile, with what each said at each time."""
    from rich.padding import Padding
    from rich.text import Text

    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.records(profile_id)
    if as_json:
        output.emit_all(found)
        return
    console = output.screen()
    for record in found:
        console.print(
            Text.assemble(
                (f"{record.channel} {record.record_key}", "bold cyan"),
                (f"  {record.record_uid}, recorded {output.moment(record.recorded_at)} UTC", "dim"),
            )
        )
        held = [(each.namespace, each.value) for each in record.identifiers]
        if held:
            console.print(Padding(output.pairs(held), (0, 0, 0, 2), expand=False))
        for version in record.versions:
            console.print(Text(f"  said {output.moment(version.observed_at)} UTC:"))
            said = version.content.get("traits")
            lines = (
                [(k, output.words(v)) for k, v in said.items()] if isinstance(said, dict) else []
            )
            console.print(Padding(output.pairs(lines or [("-", "")]), (0, 0, 0, 4), expand=False))


@app.command()
def explain(
    profile_id: ProfileId,
    trait: Annotated[str, typer.Argument(help="A name of `cdp profile traits`.")],
    as_json: AsJson = False,
) -> None:
    """Explain why a trait has its value: the rule, who said it, and which values lost."""
    from rich.text import Text

    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.explain(profile_id, trait)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    console.print(Text.assemble((f"{found.trait}: ", "bold"), output.words(found.value)))
    console.print(f"{found.meaning} ({found.part})\nrule {found.rule}: {found.because}\n")
    rows = output.table(
        "",
        "value",
        "channel",
        "record",
        "trust",
        "observed (UTC)",
        right=("trust",),
    )
    said = [("carried", s) for s in found.carried_by] + [("lost", s) for s in found.lost]
    for outcome, statement in said:
        rows.add_row(
            outcome,
            output.words(statement.value),
            statement.channel,
            statement.record_key,
            str(statement.trust),
            output.moment(statement.observed_at),
        )
    console.print(rows)


@app.command()
def traits(as_json: AsJson = False) -> None:
    """List the declared traits and the rule by which one of several values survives."""
    from cdp.cli import output
    from cdp.profile.traits import registry

    declared = list(registry().values())
    if as_json:
        output.emit_all(declared)
        return
    rows = output.table("trait", "part", "type", "rule", "meaning")
    for trait in declared:
        meaning = f"{trait.meaning} ({', '.join(trait.fields)})" if trait.fields else trait.meaning
        rows.add_row(trait.name, trait.part, trait.type, trait.rule, meaning)
    output.screen().print(rows)


def _show(profile: "Profile") -> None:
    from cdp.cli.output import screen
    from cdp.cli.render import render_profile

    render_profile(profile, screen())


def _list(found: "Sequence[Profile]") -> None:
    from cdp.cli import output
    from cdp.cli.render import title_of

    rows = output.table("id", "name", "contact", "city", whole=("id", "contact"))
    for profile in found:
        held = profile.identifiers
        contact = next((held[name][0] for name in ("email", "phone") if held.get(name)), "-")
        address = profile.geography.address
        rows.add_row(
            str(profile.profile_id),
            title_of(profile),
            contact if len(contact) <= LONGEST_CONTACT else f"{contact[: LONGEST_CONTACT - 1]}…",
            (address.city if address else None) or "-",
        )
    _print(rows, len(found), "profile")


def _print(rows, count: int, noun: str) -> None:  # noqa: ANN001 - rich loads when a command runs
    from cdp.cli import output

    if count:
        output.screen().print(rows)
    else:
        output.aside().print(f"no {noun} found")
