"""What a row says besides events: its content, identifiers, consents, memberships and accounts."""

from collections.abc import Sequence

import polars as pl
import polars.selectors as cs

from cdp.channel.faults import Faults
from cdp.channel.outputs import KEY, OBSERVED, statement_outputs
from cdp.channel.spec import ROW, ChannelSpec
from cdp.channel.targets import trait_target
from cdp.model.batch import ACCOUNTS, CONSENTS, IDENTIFIERS, MEMBERSHIPS, RECORDS, empty

STATES = ["granted", "denied", "withdrawn"]


LONGEST_KEY = 512  # bytes; an index entry must hold it


def check(out: pl.DataFrame, spec: ChannelSpec, faults: Faults) -> None:
    """Tell `faults` the rows without a key or a required identifier, or with an unknown state."""
    faults.add(out[KEY].is_null(), "record.key", "required", "the key of the record is empty")
    _fits(out[KEY], "record.key", faults)
    for namespace, identifier in spec.identifiers.items():
        if identifier.required:
            columns = [f"i.{namespace}.{n}" for n in range(len(identifier.expr))]
            none = out.select(none=pl.all_horizontal(pl.col(columns).is_null()))["none"]
            faults.add(
                none, f"identifiers.{namespace}", "required", "the row has no such identifier"
            )
    for n in range(len(spec.consents)):
        state = out[f"consents.{n}.state"]
        unknown = (~state.is_in(STATES)).fill_null(value=False)
        faults.add(unknown, f"consents.{n}.state", "enum", f"is none of {', '.join(STATES)}", state)
        for field in ("purpose", "medium"):
            _fits(out[f"consents.{n}.{field}"], f"consents.{n}.{field}", faults)
            lacking = out[f"consents.{n}.{field}"].is_null() & state.is_not_null()
            faults.add(lacking, f"consents.{n}.{field}", "required", "is empty")


def _fits(keys: pl.Series, field: str, faults: Faults) -> None:
    too_long = (keys.str.len_bytes() > LONGEST_KEY).fill_null(value=False)
    faults.add(too_long, field, "length", f"is longer than {LONGEST_KEY} bytes, so no key")


def cleaned(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """`out` with null for empty keys and identifiers, and states in lower case."""
    names = [KEY, *(name for name in out.columns if name.startswith("i."))]
    stripped = pl.col(names).str.strip_chars()
    states = [f"consents.{n}.state" for n in range(len(spec.consents))]
    return out.with_columns(
        pl.when(stripped != "").then(stripped), pl.col(states).str.strip_chars().str.to_lowercase()
    )


def distinct(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """`out` without the rows that say of their record what a row before them said.

    Event files name the same record by the thousand.
    """
    # Expressions told twice (a key that is also an identifier) are compared once.
    columns = {each.text: each.name for each in statement_outputs(spec) if _of_record(each.name)}
    names = list(columns.values())
    told = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
    return out.filter(told.is_first_distinct())


def _of_record(name: str) -> bool:
    return name in (KEY, OBSERVED) or name.startswith(("i.", "t."))


def records(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """One line per row; none if the channel says nothing of its records."""
    if not spec.traits and not spec.identifiers:
        return empty(RECORDS)
    content = pl.concat_str(
        pl.lit('{"identifiers":'),
        _identifier_object(spec, out),
        pl.lit(',"traits":'),
        _trait_object(spec, out),
        pl.lit("}"),
    )
    observed = pl.col(OBSERVED) if OBSERVED in out.columns else pl.lit(None, RECORDS[OBSERVED])
    return out.select(row=ROW, record_key=KEY, observed_at=observed, content=content)


def json_object(out: pl.DataFrame, fields: dict[str, pl.Expr]) -> pl.Expr:
    """The text of a JSON object; its keys are sorted, so that equal contents are equal texts."""
    if not fields:
        return pl.lit("{}")
    # Decimals would become texts in JSON.
    plain = out.lazy().select(**fields).with_columns(cs.decimal().cast(pl.Float64)).collect_schema()
    return pl.struct(
        fields[name].cast(plain[name]).alias(name) for name in sorted(fields)
    ).struct.json_encode()


def _identifier_object(spec: ChannelSpec, out: pl.DataFrame) -> pl.Expr:
    return json_object(
        out,
        {
            namespace: _value([f"i.{namespace}.{n}" for n in range(len(identifier.expr))])
            for namespace, identifier in spec.identifiers.items()
        },
    )


def _value(names: Sequence[str]) -> pl.Expr:
    if len(names) == 1:
        return pl.col(names[0])
    return pl.concat_list(names).list.drop_nulls()


def _trait_object(spec: ChannelSpec, out: pl.DataFrame) -> pl.Expr:
    plain: dict[str, pl.Expr] = {}
    groups: dict[str, dict[str, pl.Expr]] = {}
    for name, texts in spec.traits.items():
        target, field = trait_target(name)
        columns = [f"t.{name}.{n}" for n in range(len(texts))]
        value = _value(columns)
        if target.type == "list" and len(columns) == 1 and out.schema[columns[0]] == pl.String:
            value = pl.when(value.is_not_null()).then(pl.concat_list(value))
        if field:
            groups.setdefault(target.name, {})[field] = value
        else:
            plain[target.name] = value
    for name, fields in groups.items():
        members = pl.struct(fields[field].alias(field) for field in sorted(fields))
        something = pl.any_horizontal(value.is_not_null() for value in fields.values())
        plain[name] = pl.when(something).then(members)
    return json_object(out, plain)


def identifiers(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """One line per record, namespace and value."""
    found = [
        out.select(
            record_key=KEY, namespace=pl.lit(namespace), value=f"i.{namespace}.{n}"
        ).drop_nulls()
        for namespace, identifier in spec.identifiers.items()
        for n in range(len(identifier.expr))
    ]
    if not found:
        return empty(IDENTIFIERS)
    several = any(len(identifier.expr) > 1 for identifier in spec.identifiers.values())
    made = pl.concat(found)
    if several or out[KEY].n_unique() < out.height:
        return made.unique(maintain_order=True)
    return made


def consents(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """One line per consent stated; without a time of its own it has the record's."""
    if OBSERVED in out.columns:
        own = [f"consents.{n}.observed_at" for n in range(len(spec.consents))]
        lacking = [pl.col(OBSERVED).alias(name) for name in own if name not in out.columns]
        out = out.with_columns(lacking)
    return _statements(out, "consents", len(spec.consents), CONSENTS, "state")


def memberships(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """One line per membership stated."""
    return _statements(out, "memberships", len(spec.memberships), MEMBERSHIPS, "organisation")


def accounts(out: pl.DataFrame, spec: ChannelSpec) -> pl.DataFrame:
    """One line per company stated."""
    for n, account in enumerate(spec.accounts):
        out = out.with_columns(pl.lit(account.namespace).alias(f"accounts.{n}.account_namespace"))
        out = out.rename({f"accounts.{n}.key": f"accounts.{n}.account_key"})
    return _statements(out, "accounts", len(spec.accounts), ACCOUNTS, "account_key")


def _statements(
    out: pl.DataFrame, part: str, count: int, schema: dict[str, pl.DataType], needed: str
) -> pl.DataFrame:
    made = []
    for n in range(count):
        place = f"{part}.{n}."
        rows = out.filter(pl.col(f"{place}{needed}").is_not_null())
        if f"{place}where" in out.columns:
            rows = rows.filter(f"{place}where")
        made.append(
            rows.select(_column(rows, place, name, dtype) for name, dtype in schema.items())
        )
    return pl.concat(made).unique(maintain_order=True) if made else empty(schema)


def _column(out: pl.DataFrame, place: str, name: str, dtype: pl.DataType) -> pl.Expr:
    if name == "record_key":
        return pl.col(KEY).alias(name)
    if place + name in out.columns:
        return pl.col(place + name).alias(name)
    return pl.lit(None, dtype).alias(name)
