"""Engagement: what becomes of e-mails and campaigns that a person receives."""

from datetime import datetime
from functools import cache

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "engagement"
MOST = 24
TRAITS = declared(
    FAMILY,
    ("email_sent", "email_opened", "email_clicked", "campaign", "response"),
    ("emails_sent", "integer", "e-mails", "e-mails that were sent", "number of email_sent"),
    ("emails_opened", "integer", "e-mails", "e-mails that were opened", "number of email_opened"),
    ("emails_clicked", "integer", "e-mails", "e-mails that were clicked in", "number of email_clicked"),
    ("email_open_rate", "number", "share 0..1", "how many of the e-mails are opened",
     "emails_opened / emails_sent, at most 1"),
    ("email_click_rate", "number", "share 0..1", "how many of the e-mails are clicked in",
     "emails_clicked / emails_sent, at most 1"),
    ("email_engagement", "category", None, "clicks, opens or ignores e-mails",
     "clicks: ever clicked; opens: ever opened; ignores: was sent some and did neither"),
    ("last_email_engaged_at", "instant", "UTC", "when an e-mail was last opened or clicked in",
     "max(at of email_opened and email_clicked)"),
    ("campaigns", "integer", "campaigns", "campaigns that the person received",
     "distinct campaigns of campaign_received and email_sent"),
    ("campaign_responses", "integer", "campaigns", "campaigns that the person responded to",
     "distinct campaigns of responses (coupons redeemed, offers accepted) and clicked e-mails"),
    ("campaign_response_rate", "number", "share 0..1", "how many of the campaigns are responded to",
     "campaign_responses / campaigns, at most 1"),
    ("campaign_response", "category", None, "responder or non-responder",
     "responder: responded to a campaign; non-responder: received some and responded to none"),
    ("campaigns_responded", "list", None, "the campaigns responded to, newest first",
     f"names of campaigns, at most {MOST}"),
    ("gift_campaign_responses", "integer", "campaigns", "gift campaigns that the person responded to",
     "campaigns responded to whose name or type holds a word of derive.gift.campaigns"),
    ("last_response_at", "instant", "UTC", "when a campaign was last responded to", "max(at of responses)"),
)  # fmt: skip
ROLES = ("email_sent", "email_opened", "email_clicked", "campaign", "response")


SENT, OPENED, CLICKED, RECEIVED, ANSWERED = (pl.col(f"is_{role}") for role in ROLES)
# A campaign without a name is told by its kind, e.g. campaign_3_accepted.
NAMED = (
    pl.coalesce("campaign", pl.when(ANSWERED).then(pl.col("kind").cast(pl.String))).alias("name"),
    (ANSWERED | CLICKED).alias("responded"),
)
COUNTS = (
    SENT.sum().cast(pl.Int64).alias("emails_sent"),
    OPENED.sum().cast(pl.Int64).alias("emails_opened"),
    CLICKED.sum().cast(pl.Int64).alias("emails_clicked"),
    pl.col("at").filter(OPENED | CLICKED).max().alias("last_email_engaged_at"),
    pl.col("name")
    .filter((SENT | RECEIVED) & pl.col("name").is_not_null())
    .n_unique()
    .cast(pl.Int64)
    .alias("campaigns"),
    pl.col("at").filter("responded").max().alias("last_response_at"),
)
RESPONSES = (
    pl.len().cast(pl.Int64).alias("campaign_responses"),
    pl.col("gift").sum().cast(pl.Int64).alias("gift_campaign_responses"),
    pl.col("name").head(MOST).alias("campaigns_responded"),
)
NO_RESPONSES = pl.col("campaign_responses", "gift_campaign_responses").fill_null(0)


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    events = facts.of(*ROLES)
    if events.is_empty():
        return facts.profiles.select("n").clear()
    roles = events.with_columns(facts.plays(role).alias(f"is_{role}") for role in ROLES)
    told = roles.with_columns(*NAMED)
    counts = told.group_by("n").agg(*COUNTS)
    found = counts.join(_responses(told, facts), on="n", how="left")
    return found.with_columns(NO_RESPONSES).with_columns(*_rates())


def _responses(events: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    gift = "(?i)" + "|".join(facts.policy.gift.campaigns)
    words = pl.concat_str("name", "campaign_type", separator=" ", ignore_nulls=True)
    answered = events.filter(pl.col("responded") & pl.col("name").is_not_null())
    by_campaign = answered.group_by("n", "name").agg(
        pl.col("at").max(), gift=words.str.contains(gift).any()
    )
    ranked = by_campaign.sort("n", "at", "name", descending=[False, True, False])
    return ranked.group_by("n", maintain_order=True).agg(*RESPONSES)


@cache
def _rates() -> list[pl.Expr]:
    sent, opened, clicked = (pl.col(f"emails_{each}") for each in ("sent", "opened", "clicked"))
    campaigns, responses = pl.col("campaigns"), pl.col("campaign_responses")
    return [
        pl.when(sent > 0).then((opened / sent).clip(0, 1)).round(4).alias("email_open_rate"),
        pl.when(sent > 0).then((clicked / sent).clip(0, 1)).round(4).alias("email_click_rate"),
        pl.when(clicked > 0)
        .then(pl.lit("clicks"))
        .when(opened > 0)
        .then(pl.lit("opens"))
        .when(sent > 0)
        .then(pl.lit("ignores"))
        .alias("email_engagement"),
        pl.when(campaigns > 0)
        .then((responses / campaigns).clip(0, 1))
        .round(4)
        .alias("campaign_response_rate"),
        pl.when(responses > 0)
        .then(pl.lit("responder"))
        .when((campaigns > 0) | (sent > 0))
        .then(pl.lit("non-responder"))
        .alias("campaign_response"),
    ]
