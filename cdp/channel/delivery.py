"""What a channel has to read: its files, or what is new in its table or endpoint."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cdp.channel.blocks import COMPRESSIONS
from cdp.channel.sources import FORMATS, Files, Join, Partition
from cdp.channel.spec import ChannelSpec
from cdp.errors import ChannelDeclarationError, DeliveryUnreadable
from cdp.settings import Settings


@dataclass
class Delivery:
    """One thing to read at once: a file with the files joined to it, or the news of a source.

    `name` is unique in the channel. `delivered_at` (UTC) is the day of the partition, else the
    file's modification time, else now. `watermark` is how far a table or endpoint has been read
    when `read` was last asked for a batch; None for files.
    """

    name: str
    delivered_at: dt.datetime
    partition: str | None = None
    watermark: str | None = None


@dataclass
class FileDelivery(Delivery):
    """One file; size, time and hash speak of it together with the files joined to it."""

    path: Path = field(default_factory=Path)
    joined: tuple[tuple[Path, ...], ...] = ()

    @property
    def _paths(self) -> list[Path]:
        return [self.path, *(path for paths in self.joined for path in paths)]

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return sum(path.stat().st_size for path in self._paths)

    @cached_property
    def mtime(self) -> dt.datetime:
        """When any of it was last written (UTC)."""
        return dt.datetime.fromtimestamp(max(path.stat().st_mtime for path in self._paths), dt.UTC)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal hash of the bytes as they lie; costs a pass over them."""
        if len(self._paths) == 1:
            return _hash_of(self.path)
        return hashlib.sha256("".join(map(_hash_of, self._paths)).encode()).hexdigest()


def deliveries(
    spec: ChannelSpec, settings: Settings, watermark: str | None = None
) -> Iterator[Delivery]:
    """What there is to read: files by partition, time and name; else the news since `watermark`.

    Listing files opens none of them. Raises DeliveryUnreadable if a plain path does not exist; a
    glob or folder without files has nothing to read.
    """
    source = spec.source
    if isinstance(source, Files):
        yield from _files(spec, source, settings)
    else:
        name = source.url if source.kind == "rest" else source.table or "query"
        yield Delivery(f"{source.kind}:{name}", dt.datetime.now(dt.UTC), watermark=watermark)


def _files(spec: ChannelSpec, source: Files, settings: Settings) -> Iterator[FileDelivery]:
    place = _placed(spec, source.path, settings)
    paths = matching(place)
    if not paths and not _is_pattern(place) and not place.is_dir():
        raise DeliveryUnreadable(
            f"{place}: there is no such file or folder; check source.path of channel "
            f"{spec.channel!r} and CDP_DATA (now {settings.data})"
        )
    found = [_file(spec, source, settings, path, _root(place)) for path in paths]
    yield from sorted(found, key=lambda each: (each.partition or "", each.mtime, each.name))


def _file(
    spec: ChannelSpec, source: Files, settings: Settings, path: Path, root: Path
) -> FileDelivery:
    day = partition_of(source, path)
    joined = tuple(_joined(spec, join, settings, day) for join in source.joins)
    found = FileDelivery(
        path.relative_to(root).as_posix(), dt.datetime.now(dt.UTC), day, path=path, joined=joined
    )
    found.delivered_at = (
        dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC) if day else found.mtime
    )
    return found


def sample_delivery(spec: ChannelSpec, path: Path, settings: Settings) -> FileDelivery:
    """A file that lies anywhere as a delivery of the channel, with the files joined to it."""
    partition = spec.source.partition if isinstance(spec.source, Files) else None
    day = _day_in(partition, path) if partition else None
    joined = tuple(_joined(spec, join, settings, day) for join in spec.joins)
    return FileDelivery(path.name, dt.datetime.now(dt.UTC), day, path=path, joined=joined)


def _joined(spec: ChannelSpec, join: Join, settings: Settings, day: str | None) -> tuple[Path, ...]:
    place = _placed(spec, join.path.replace("{partition}", day or ""), settings)
    paths = tuple(matching(place))
    if not paths:
        raise DeliveryUnreadable(f"{place}: the file to join is not there; have it sent")
    return paths


def partition_of(source: Files, path: Path) -> str | None:
    """The ISO day in the file's name, None if the channel has no partitions.

    Raises ChannelDeclarationError if the pattern finds none, or no date.
    """
    if source.partition is None:
        return None
    day = _day_in(source.partition, path)
    if day is None:
        raise ChannelDeclarationError(
            f"{path.name}: the pattern {source.partition.pattern!r} of source.partition finds no ISO "
            "date in this name; mend the pattern, or move the file away"
        )
    return day


def _day_in(partition: Partition, path: Path) -> str | None:
    match = re.search(partition.pattern, path.name)
    try:
        return dt.date.fromisoformat(match[1]).isoformat() if match else None
    except (ValueError, TypeError):
        return None


def _placed(spec: ChannelSpec, path: str, settings: Settings) -> Path:
    return spec.folder / Path(path.replace("{data}", str(settings.data.resolve()))).expanduser()


def matching(place: Path) -> list[Path]:
    """The files that a path, glob or folder means; hidden files and other kinds are passed over."""
    if _is_pattern(place):
        root = _root(place)
        found = root.glob(str(place.relative_to(root))) if root.is_dir() else iter(())
        return sorted(path for path in found if path.is_file() and not path.name.startswith("."))
    if place.is_dir():
        return sorted(path for path in place.iterdir() if _is_data(path))
    return [place] if place.is_file() else []


def _is_data(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    known = bool(suffixes) and suffixes[-1] in FORMATS
    return known and path.is_file() and not path.name.startswith(".")


def _is_pattern(place: Path) -> bool:
    return any(letter in str(place) for letter in "*?[")


def _root(place: Path) -> Path:
    """The folder from which names are told: the part of the path before any wildcard."""
    if not _is_pattern(place):
        return place if place.is_dir() else place.parent
    plain = [part for part in place.parents if not _is_pattern(part)]
    return plain[0]


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
