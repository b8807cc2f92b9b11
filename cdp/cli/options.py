"""Options that several commands share, and how their values are read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cdp.channel.spec import ChannelSpec

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
ChannelsFolder = Annotated[
    Path | None,
    typer.Option(
        "--channels", metavar="DIR", help="Folder of the declarations; default: CDP_CHANNELS."
    ),
]


def read_moment(value: str | datetime) -> datetime:
    """A time as written in ISO 8601; without a zone UTC is meant."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(
            f"{value!r} is no time; write 2024-05-31 or 2024-05-31T14:00+02:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def time_option(meaning: str) -> Any:
    """An option that is a time, in UTC if it has no zone."""
    return typer.Option(parser=read_moment, metavar="TIME", help=meaning)


def read_pair(pair: str, *, empty: bool = False) -> tuple[str, str]:
    """`name=value` as the two; without a value only where `empty` ones mean something."""
    name, sign, value = pair.partition("=")
    if not sign or not name.strip() or not (empty or value.strip()):
        raise typer.BadParameter(f"{pair!r} is not name=value, such as email=ann@example.com")
    return name.strip(), value.strip()


def declared_channels(folder: Path | None, names: list[str] | None = None) -> list["ChannelSpec"]:
    """The declared channels, or those called `names` in that order.

    Raises ChannelDeclarationError, InvalidRequest.
    """
    import difflib  # noqa: PLC0415  these four are needed by few commands

    from cdp.channel.load import load_channels  # noqa: PLC0415
    from cdp.errors import InvalidRequest  # noqa: PLC0415
    from cdp.settings import settings  # noqa: PLC0415

    place = folder or settings().channels
    known = {spec.channel: spec for spec in load_channels(place)}
    if not known:
        raise InvalidRequest(
            f"{place}: no channel is declared there; name the folder by --channels or CDP_CHANNELS"
        )
    for name in names or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise InvalidRequest(f"no channel {name!r} is declared in {place}; {hint}")
    return [known[name] for name in names] if names else list(known.values())
