"""What a row says besides events: its content, identifiers, consents, memberships and accounts."""

from collections.abc import Mapping, Sequence

import polars as pl

from cdp.channel.cells import typed
from cdp.channel.columns import Column, ColumnType
from cdp.channel.faults import Faults
from cdp.channel.spec import ROW, ChannelSpec
from cdp.channel.targets import trait_target
from cdp.model.batch import ACCOUNTS, CONSENTS, IDENTIFIERS, MEMBERSHIPS, RECORDS, empty

KEY, OBSERVED = "key", "observed_at"
STATES = ("granted", "denied", "withdrawn")
_TRAIT_COLUMNS: Mapping[str, ColumnType] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}


def wanted(spec: ChannelSpec) -> dict[str, str]:
    """The expressions of everything but events, by the name of the column they fill."""
    found = {KEY: spec.record.key}
    if spec.record.observed_at:
        found[OBSERVED] = spec.record.observed_at
    for namespace, identifier in spec.identifiers.items():
        found |= {f"i.{namespace}.{n}": text for n, text in enumerate(identifier.expr)}
    for trait, texts in spec.traits.items():
        found |= {f"t.{trait}.{n}": text for n, text in enumerate(texts)}
    for part in ("consents", "memberships", "accounts"):
        for n, statement in enumerate(getattr(spec, part)):
            said = statement.model_dump(exclude_none=True, exclude={"namespace"})
            found |= {
                f"{part}.{n}.{field}": spec.text(text) if field in ("purpose", "medium") else text
                for field, text in said.items()
            }
    return found


def checked(out: pl.DataFrame, spec: ChannelSpec, faults: Faults, defaults: Column) -> pl.DataFrame:
    """The evaluated columns in their canonical types, with what breaks a rule told to `faults`."""
    out = out.with_columns(as_key(out[KEY]).alias(KEY))
    if out[KEY].null_count():
        faults.add(out[KEY].is_null(), "record.key", "required", "the key of the record is empty")
    types: dict[str, tuple[str, ColumnType]] = {}
    if OBSERVED in out.columns:
        types[OBSERVED] = ("record.observed_at", "datetime")
    for name in spec.traits:
        target, field = trait_target(name)
        said = target.fields[field] if field else target.type
        kind = "list" if said == "list" and len(spec.traits[name]) == 1 else "string"
        kind = _TRAIT_COLUMNS.get(said, kind)
        if name.partition(".")[0] in ("psychographics", "public", "custom") and kind == "string":
            continue
        types |= {f"t.{name}.{n}": (f"traits.{name}", kind) for n in range(len(spec.traits[name]))}
    for column in out.columns:
        part, _, field = column.rpartition(".")
        if part.startswith("consents") and field == "observed_at":
            types[column] = (column, "datetime")
        elif field in ("since", "until"):
            types[column] = (column, "date")
        elif part.startswith(("consents", "memberships", "accounts")) and field != "where":
            types[column] = (column, "string")
    out = coerced(out, types, faults, defaults)
    _required_identifiers(out, spec, faults)
    for n in range(len(spec.consents)):
        out = _checked_state(out, f"consents.{n}.", faults)
    return out
