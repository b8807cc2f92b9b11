"""Whom a company has: figures over its people and subsidiaries, of the profiles at hand."""

import polars as pl
from sqlalchemy import Connection

from cdp.store import staging

HIGH = ("director", "vp", "c_level")
PEOPLE = f"""
SELECT d.n, count(DISTINCT a.profile_id) FILTER (WHERE p.subject = 'person'),
       count(DISTINCT a.profile_id) FILTER (WHERE p.subject = 'person' AND a.level IN {HIGH}),
       count(DISTINCT a.profile_id) FILTER (WHERE p.subject = 'account'),
       array_to_string(array_agg(DISTINCT a.function ORDER BY a.function)
                       FILTER (WHERE p.subject = 'person' AND a.function <> ''), ',')
FROM deriving AS d JOIN profile_account AS a ON a.account_id = d.profile_id
JOIN profile AS p ON p.profile_id = a.profile_id
WHERE coalesce(a.since <= current_date, true) AND coalesce(a.until > current_date, true)
GROUP BY d.n"""
COLUMNS = {
    "n": pl.Int32,
    "account.people": pl.Int64,
    "account.deciders": pl.Int64,
    "account.subsidiaries": pl.Int64,
    "account.functions": pl.String,
}


def people(tx: Connection) -> pl.DataFrame:
    """Of each company of `deriving`: its people, those who decide, its subsidiaries, the functions."""
    found = staging.copy_out(tx, PEOPLE, COLUMNS)
    return found.with_columns(pl.col("account.functions").str.split(","))
