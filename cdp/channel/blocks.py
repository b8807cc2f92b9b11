"""A text file as blocks of whole lines in UTF-8, unpacked as it is read."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from cdp.errors import DeliveryUnreadable

BLOCK = 8 << 20
COMPRESSIONS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def bytes_of(path: Path) -> Iterator[bytes]:
    """The unpacked bytes of `path`, some at a time.

    Raises DeliveryUnreadable if it is not there, truncated, or not packed as its name says.
    """
    compression = COMPRESSIONS.get(path.suffix.lower())
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            while piece := stream.read(BLOCK):
                yield piece
    except FileNotFoundError:
        raise DeliveryUnreadable(f"{path.name}: the file is gone; have it sent again") from None
    except OSError as error:
        state = "is truncated" if "Truncated" in str(error) else f"cannot be unpacked ({error})"
        raise DeliveryUnreadable(
            f"{path.name}: the file {state}; nothing of it counts. Have it sent again"
        ) from None


def text_of(path: Path, encoding: str) -> Iterator[bytes]:
    """The bytes of `path` in UTF-8 without a byte order mark.

    In a file declared as UTF-8 wrong bytes are left for the reader to point at. Raises
    DeliveryUnreadable where another encoding does not fit, or the mark says another one.
    """
    pieces = bytes_of(path)
    first = next(pieces, b"")
    marked = next((name for mark, name in _MARKS if first.startswith(mark)), None)
    if marked and not encoding.startswith(marked):
        raise DeliveryUnreadable(
            f"{path.name}: the file is {marked}, not {encoding}; declare `encoding: {marked}`"
        )
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        yield decoder.decode(first).encode()
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise DeliveryUnreadable(
            f"{path.name}: the file is not {encoding}: {error.reason if isinstance(error, UnicodeDecodeError) else error}; "
            "declare its encoding, or have it sent again"
        ) from None


def line_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces` cut behind line breaks; the last one may lack its break."""
    carry = b""
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield carry + piece[:cut]
            carry = piece[cut:]
        else:
            carry += piece
    if carry:
        yield carry
