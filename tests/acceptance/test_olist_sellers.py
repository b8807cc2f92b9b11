"""Olist's other side: who asked about selling, who sells, and their shops."""

from datetime import UTC, datetime

import polars as pl

from tests.acceptance.shared import Store

CHANNELS = ("olist_leads", "olist_deals", "olist_sellers")


def test_leads_and_deals_are_8_000_people_and_sellers_are_accounts(store: Store):
    assert store.channel("olist_leads").rows_accepted == 8_000
    assert store.figures("olist_deals", "deal_won").events == 380
    assert store.channel("olist_sellers").subject == "account"
    assert store.status.profiles == 8_000 + 1_925


def test_a_lead_of_the_day_whose_midnight_the_clocks_skipped_is_no_bad_row(store: Store):
    leads = store.raw("b2b/olist_marketing_qualified_leads.csv.gz")
    skipped = leads.filter(pl.col("first_contact_date") == "10/15/2017")
    person = store.one(olist_lead=skipped["mql_id"][0])
    (lead,) = store.profiles.timeline(person.profile_id, kinds=["lead"])
    # In São Paulo the 15th of October 2017 began at one o'clock, which is three in UTC.
    assert lead.occurred_at == datetime(2017, 10, 15, 3, tzinfo=UTC)


def test_a_won_lead_belongs_to_the_account_of_its_shop(store: Store):
    deals, shops = (
        store.raw("b2b/olist_closed_deals_partial.csv.gz"),
        store.raw("olist/sellers.csv.gz"),
    )
    both = deals.join(shops, on="seller_id")
    assert both.height == 202
    said = both.row(0, named=True)
    person = store.one(olist_lead=said["mql_id"])
    (link,) = person.accounts
    assert (link.namespace, link.key, link.role) == ("olist_seller", said["seller_id"], "seller")
    shop = store.one(olist_seller=link.key)
    assert (shop.subject, person.subject) == ("account", "person")
    assert shop.geography.address is not None
    assert shop.geography.address.postcode == said["seller_zip_code_prefix"]
