"""The whole store in figures."""

import psycopg

from cdp.model.status import ChannelStatus, EventFigures, StoreStatus
from cdp.store.profile import read


def status(connection: psycopg.Connection) -> StoreStatus:
    """Figures per channel, per kind of event, of clusters and of the identity log."""
    channels = read.rows(connection, read.CHANNELS)
    events = read.rows(connection, read.EVENTS_BY_KIND)
    clusters = read.rows(connection, read.CLUSTERS)[0]
    log = {row["action"]: row["entries"] for row in read.rows(connection, read.LOG)}
    stale = read.rows(connection, read.STALE)[0]["stale"]
    return StoreStatus(
        channels=[
            ChannelStatus(
                **row,
                events=[
                    EventFigures(**{k: v for k, v in figure.items() if k != "channel"})
                    for figure in events
                    if figure["channel"] == row["channel"]
                ],
            )
            for row in channels
        ],
        profiles=clusters["persons"] + clusters["accounts"],
        persons=clusters["persons"],
        accounts=clusters["accounts"],
        source_records=sum(row["records"] for row in channels),
        largest_cluster=clusters["largest"],
        identity_log=log,
        stale_profiles=stale,
    )
