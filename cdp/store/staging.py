"""Staging: temporary tables that a batch is copied into before set-based SQL takes it on."""

import io
import re
from collections.abc import Callable, Mapping

import polars as pl
from pgpq import ArrowToPostgresBinaryEncoder
from pgpq.encoders import LargeStringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.types.string import TextLoader
from psycopg.waiting import Wait
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import dialect

from cdp.errors import InvalidRequest
from cdp.store.database import driver
from cdp.store.tables import metadata

Kind = pl.DataType | type[pl.DataType]
DIALECT = dialect()

# One line per temporary table. They live as long as their connection.
STAGING = {
    "staged_record": "row bigint, record_key text, observed_at timestamptz, content jsonb",
    "staged_identifier": "record_key text, namespace text, value text, observed_at timestamptz",
    # Every record key of the batch, in the order in which new ones come into being.
    "staged_said": "place bigint, record_key text",
    # Events of records that were there before, and those of them that were there, too.
    "staged_event_id": "n bigint, record_uid uuid, event_id uuid",
    "staged_event": """record_uid uuid, event_id uuid, occurred_at timestamptz, kind text,
        order_id text, product text, category text, quantity numeric(18, 4), amount numeric(18, 4),
        discount numeric(18, 4), currency text, score float8, properties jsonb""",
    "staged_consent": """record_key text, purpose text, medium text, state text,
        observed_at timestamptz, proof text""",
    "staged_membership": """record_key text, organisation text, kind text, role text,
        since date, until date""",
    "staged_account": """record_key text, account_namespace text, account_key text, role text,
        since date, until date""",
    "staged_reject": "row bigint, field text, rule text, value text, reason text, raw jsonb",
    # What the batch's keys are in the store: filled anew for each chunk.
    "staged_key": "record_key text, record_uid uuid, fresh boolean",
    # The versions that the chunk added, and whether they say what people are recognised by.
    "staged_version": """record_uid uuid, observed_at timestamptz, content_hash uuid,
        tells boolean""",
    # What the transaction has changed so far: kept over its chunks.
    "landed_aggregate": """record_uid uuid, kind text, currency text, events bigint, amount numeric,
        discount numeric, scores bigint, score float8, first_at timestamptz, last_at timestamptz""",
    "revised_event": "record_uid uuid",
    "redelivered_event": "record_uid uuid, event_id uuid",
    "fresh_record": "record_uid uuid, channel text, record_key text",
    "touched_record": "record_uid uuid, identity boolean",
    "closure_record": "record_uid uuid",
    # Profiles that gained or lost records, named as ever by a record.
    "moved_profile": "record_uid uuid",
    # Identifiers that another policy takes away or adds.
    "rederived": "record_uid uuid, namespace text, value text, observed_at timestamptz",
    # Pairs that were scored, and the records that were compared with all others.
    "scored_pair": """record_uid uuid, other_uid uuid, weight float8, probability float8,
        evidence jsonb""",
    "compared_record": "record_uid uuid, queued_at timestamptz",
    "changed_link": "record_uid uuid, other_uid uuid, weight float8",
    "assignment": "record_uid uuid, component_id uuid, profile_id uuid",
    "changed_profile": "profile_id uuid",
    # Profiles whose companies are worked out anew, and what comes of it.
    "linking": "profile_id uuid",
    "linked": """profile_id uuid, account_id uuid, function text, role text, level text,
        since date, until date, rule text""",
    "folding": "n bigint, profile_id uuid",
    "member": """n bigint, record_uid uuid, channel text, record_key text, trust bigint,
        subject text, recorded_at timestamptz""",
    # The profiles that are derived, their records, and what was concluded of them.
    "deriving": "n int, profile_id uuid, folded boolean",
    "deriving_record": "n int, record_uid uuid, channel text, trust int, counts tstzmultirange",
    "scored_text": """record_uid uuid, event_id uuid, model text, language text, polarity float8,
        tone text, confidence float8, words jsonb, aspects jsonb, event_recorded_at timestamptz""",
    "derived": "profile_id uuid, subject text, traits jsonb, due_at timestamptz, folded boolean",
    # The persons whose personas are worked out, and what comes of it.
    "assigning": "n bigint, profile_id uuid",
    "assigned": """profile_id uuid, persona_id uuid, probability float8, probabilities jsonb,
        due_at timestamptz""",
    "situated": """profile_id uuid, session_at timestamptz, at timestamptz, persona_id uuid,
        probability float8, probabilities jsonb, reasons jsonb""",
}
CHUNK_TABLES = tuple(name for name in STAGING if name.startswith("staged_"))
# Fewer rows are read and joined as they are: statistics and COPY cost more than they bring.
WORTH_ANALYZING = 2_000
ROWS_AT_ONCE = 50_000  # bounds the memory of a packed part
# Compressing documents that stay for one statement took three times as long as reading them.
PLAIN = "WITH (toast_tuple_target = 8160)"

# A new file for a table costs a millisecond, rows of the past cost their reading: tables of a few
# pages are emptied row by row. ON COMMIT DELETE ROWS would cost 30 ms at each commit: it makes
# every table's TOAST index anew.
LARGE = 1 << 17  # bytes
FUNCTIONS = (
    f"""
CREATE FUNCTION pg_temp.empty(tables text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        IF pg_relation_size(name::regclass) > {LARGE} THEN
            EXECUTE format('TRUNCATE %I', name);
        ELSIF pg_relation_size(name::regclass) > 0 THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$""",
    f"""
CREATE FUNCTION pg_temp.analyze_large(tables text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        IF pg_relation_size(name::regclass) > {LARGE} THEN
            EXECUTE format('ANALYZE %I', name);
        END IF;
    END LOOP;
END $$""",
)
READY = """
SELECT set_config('work_mem', '256MB', true),
       to_regprocedure('pg_temp.analyze_large(text[])') IS NOT NULL"""


def prepare(tx: Connection) -> None:
    """Have the temporary tables in this connection, and memory for sorting a chunk.

    They are empty at the first call of a transaction; what that leaves in them stays until the
    connection's next one.
    """
    begun = tx.get_transaction()
    if tx.info.get("prepared") is begun:
        return
    found = driver(tx).execute(READY).fetchone()
    if found and found[-1]:
        truncate(tx, tuple(STAGING))
    else:
        _create(tx)
    tx.info["prepared"] = begun


def _create(tx: Connection) -> None:
    for name, declared in STAGING.items():
        columns = declared.replace(" text", ' text COLLATE "C"')  # as in the schema
        driver(tx).execute(f"CREATE TEMP TABLE {name} ({columns}) {PLAIN}".encode())
    for function in FUNCTIONS:
        driver(tx).execute(function.encode())


def copy_in(tx: Connection, table: str, frame: pl.DataFrame) -> None:
    """COPY `frame` into `table`, whose columns of the same names it fills."""
    if frame.is_empty():
        return
    columns = ", ".join(frame.columns)
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    with (
        driver(tx).cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy,  # pyright: ignore[reportArgumentType, reportCallIssue]
    ):
        copy.write(buffer.getbuffer())
    _look_at(tx, table, frame)


def _look_at(tx: Connection, table: str, frame: pl.DataFrame) -> None:
    if frame.height < WORTH_ANALYZING or table not in STAGING:
        return
    # Only the column that is joined by: looking through the JSON costs as much as the COPY.
    keys = ("record_key", "record_uid", "profile_id")
    key = next(name for name in keys if name in frame.columns)
    tx.execute(text(f"ANALYZE {table} ({key})"))


def _kinds(table: str) -> dict[str, str]:
    """The type of each column of a temporary table or one of the schema, as SQL names it."""
    if table in STAGING:
        return dict(re.findall(r"(\w+) (\w+)", STAGING[table]))
    columns = metadata.tables[table].columns
    return {column.name: column.type.compile(DIALECT).lower() for column in columns}


def copy_new(tx: Connection, table: str, frame: pl.DataFrame) -> None:
    """COPY `frame` into `table` in binary form, which spares Postgres the reading.

    Every column has the type of its column there; uuids are texts. Worth it where rows come in
    millions or are long: half of what a line of text costs is reading it.
    """
    if frame.is_empty():
        return
    kinds = _kinds(table)
    uuids = [name for name in frame.columns if kinds[name] == "uuid"]
    packed = frame.with_columns(
        pl.col(uuids).str.replace_all("-", "", literal=True).str.decode("hex")
    ).to_arrow(compat_level=pl.CompatLevel.oldest())
    encoders = {
        part.name: ArrowToPostgresBinaryEncoder.infer_encoder(part) for part in packed.schema
    }
    for name in frame.columns:
        if kinds[name] == "jsonb":
            part = packed.schema.field(name)
            encoders[name] = LargeStringEncoderBuilder.new_with_output(part, Jsonb())
    encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(packed.schema, encoders)
    statement = f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN (FORMAT binary)"
    with driver(tx).cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(encoder.write_header())
        for rows in packed.to_batches(max_chunksize=ROWS_AT_ONCE):
            copy.write(encoder.write_batch(rows))
        copy.write(encoder.finish())
    _look_at(tx, table, frame)


def copy_out(tx: Connection, query: str, schema: Mapping[str, Kind]) -> pl.DataFrame:
    """The rows of `query` as a frame of `schema`. Raises InvalidRequest: a NUL would end the query."""
    if "\0" in query:
        raise InvalidRequest("a text that is asked for holds a NUL character; take it out")
    buffer, connection = io.BytesIO(), driver(tx)
    connection.pgconn.send_query(f"COPY ({query}) TO STDOUT (FORMAT csv)".encode())
    connection.wait(_read_copy(connection.pgconn, buffer))
    if not buffer.tell():
        return pl.DataFrame(schema=dict(schema))
    buffer.seek(0)
    return pl.read_csv(buffer, has_header=False, schema=dict(schema))


def _read_copy(connection: PGconn, buffer: io.BytesIO) -> PQGen[None]:
    """Postgres sends a message a row: psycopg's own Copy waits for each, which takes three times as long."""
    begun = (yield from execute(connection))[0]
    if begun.status != ExecStatus.COPY_OUT:
        raise error_from_result(begun)
    while True:
        size, row = connection.get_copy_data(1)
        if size > 0:
            buffer.write(row)
        elif size < 0:
            break
        elif (yield Wait.R):
            connection.consume_input()
    ended = (yield from fetch_many(connection))[0]
    if ended.status != ExecStatus.COMMAND_OK:
        raise error_from_result(ended)


def fetch(tx: Connection, query: str, schema: Mapping[str, Kind]) -> pl.DataFrame:
    """The same by a prepared query, which for few rows is quicker."""
    cursor = driver(tx).cursor()
    cursor.adapters.register_loader("uuid", TextLoader)
    rows = cursor.execute(query.encode()).fetchall()
    if not rows:
        return pl.DataFrame(schema=dict(schema))
    told = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, values, kind) for (name, kind), values in told])


def reader(count: int) -> Callable[[Connection, str, Mapping[str, Kind]], pl.DataFrame]:
    """How to read what belongs to so many records: `fetch` or `copy_out`."""
    return fetch if count < WORTH_ANALYZING else copy_out


def analyze(tx: Connection, *tables: str) -> None:
    """Have Postgres look at the named temporary tables where they are large."""
    driver(tx).execute("SELECT pg_temp.analyze_large(%s)", (list(tables),))


def truncate(tx: Connection, tables: tuple[str, ...]) -> None:
    """Empty the named temporary tables."""
    driver(tx).execute("SELECT pg_temp.empty(%s)", (list(tables),))
