"""What the records of companies say that companies are recognised by, read out for matching."""

from collections.abc import Collection
from uuid import UUID

import polars as pl
from psycopg import sql
from sqlalchemy import Connection

from cdp.store import staging
from cdp.store.database import driver

# Of each trait what the record said last.
SAID = """
SELECT record_uid, min(channel), max(value #>> '{{}}') FILTER (WHERE trait = 'company_name'),
       max(value ->> 'city') FILTER (WHERE trait = 'address'),
       max(value #>> '{{}}') FILTER (WHERE trait = 'location'),
       max(value ->> 'country') FILTER (WHERE trait = 'address'),
       max(value ->> 'postcode') FILTER (WHERE trait = 'address'),
       (SELECT min(i.value) FROM record_identifier AS i WHERE i.record_uid = said.record_uid
          AND i.namespace = 'company_domain' AND i.withdrawn_at IS NULL),
       max(value #>> '{{}}') FILTER (WHERE trait = 'founded' AND jsonb_typeof(value) IN ('number', 'string')),
       max(value #>> '{{}}') FILTER (WHERE trait = 'employees' AND jsonb_typeof(value) IN ('number', 'string'))
FROM (SELECT DISTINCT ON (v.record_uid, told.key) v.record_uid, channel, told.key AS trait,
             told.value
      FROM record_version AS v JOIN source_record USING (record_uid)
      JOIN channel USING (channel), jsonb_each(v.content -> 'traits') AS told
      WHERE channel.subject = 'account' AND {chosen}
        AND told.key IN ('company_name', 'address', 'location', 'founded', 'employees')
      ORDER BY v.record_uid, told.key, v.observed_at DESC, v.recorded_at DESC, v.content_hash) AS said
GROUP BY record_uid
"""
COLUMNS = {
    "record_uid": pl.String,
    "channel": pl.String,
    "name": pl.String,
    "city": pl.String,
    "location": pl.String,
    "country": pl.String,
    "postcode": pl.String,
    "domain": pl.String,
    "founded": pl.String,
    "employees": pl.String,
}


def companies(tx: Connection, records: Collection[UUID | str] | None = None) -> pl.DataFrame:
    """What every record of a company says of it, or those called `records`.

    record_uid, channel, name, city, location, country, postcode, domain, founded (year), employees; null
    where nothing is known.
    """
    chosen = "true"
    if records is not None:
        # COPY takes no parameters: the uids are written into the query, quoted by the driver.
        uids = sql.Literal(sorted(map(str, records))).as_string(driver(tx))
        chosen = f"v.record_uid = ANY({uids}::uuid[])"
    told = staging.copy_out(tx, SAID.format(chosen=chosen), COLUMNS)
    whole = pl.col("founded", "employees").cast(pl.Float64, strict=False)
    return told.with_columns(whole.cast(pl.Int64, strict=False)).sort("record_uid")
