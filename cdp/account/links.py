"""Account links: which person, and which subsidiary, belongs to which company in which role."""

from collections.abc import Callable

import polars as pl
from sqlalchemy import Connection

from cdp.account.policy import account_policy
from cdp.account.roles import levels, with_roles
from cdp.settings import settings
from cdp.store.account import links as store
from cdp.store.database import Database

PROFILES_PER_TRANSACTION = 10_000
KEY = ["profile_id", "account_id", "function"]


def update_account_links(
    database: Database, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Work out anew whom every profile that the fold took belongs to; how many it took.

    Companies whose people did something, and people whose companies changed, wait for conclusion
    afterwards. Safe to run twice at once, and to be killed.
    """
    linked = 0
    while True:
        with database.transaction() as tx:
            taken = _link_some(tx)
        if not taken:
            return linked
        linked += taken
        progress(linked)


def _link_some(tx: Connection) -> int:
    taken = store.take(tx, PROFILES_PER_TRANSACTION)
    if not taken:
        return 0
    policy = account_policy(settings().policy)
    store.add_concerned(tx, work_email=policy.work_email)
    found = [
        store.stated(
            tx,
            anonymous=policy.anonymous_visitors == "stated",
            devices=policy.device_namespaces,
        )
    ]
    if policy.work_email:
        found.append(store.by_address(tx, policy.email_namespaces))
    store.write(tx, links_of(pl.concat(found)))
    return taken


def links_of(found: pl.DataFrame) -> pl.DataFrame:
    """One row a profile, company and function, with role, level, since, until and rule.

    What a record states stands above what an address tells: who states one of the companies that
    share a domain is of no other by an address there. Of several roles of one function the one held
    now, then the higher, then the newer.
    """
    stated = found.filter(pl.col("rule") == "stated")
    told = found.filter(pl.col("rule") != "stated")
    settled = told.join(stated, on=["profile_id", "account_id"], how="semi")
    told = told.join(settled, on=["profile_id", "domain"], how="anti")
    known = with_roles(pl.concat([stated, told]))
    rank = {level: place for place, level in enumerate(levels())}
    # A link without any role says less than one with.
    ordered = known.with_columns(
        height=pl.col("level").replace_strict(rank, default=len(rank), return_dtype=pl.Int8),
        told=pl.col("role").is_null(),
    ).sort(
        *KEY, "until", "told", "height", "since", "role",
        descending=[False] * 3 + [True, False, False, True, False],
        nulls_last=[False] * 3 + [False, True, True, True, True],
    )  # fmt: skip
    once = ordered.unique(KEY, keep="first", maintain_order=True)
    with_role = once.filter(pl.col("role").is_not_null()).select(KEY[:2]).unique()
    roleless = once.filter(pl.col("role").is_null()).join(with_role, on=KEY[:2], how="semi")
    kept = once.join(roleless, on=KEY, how="anti")
    return kept.select(*KEY, "role", "level", "since", "until", "rule")
