"""The channels that can be generated, each in one file of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cdp.generate.channels import (
    companies,
    crm,
    email_campaign,
    memberships,
    reviews,
    social,
    store_sales,
    support,
    survey,
    web_clickstream,
    web_shop,
)
from cdp.generate.world import World, Written

CHANNELS: Mapping[str, Callable[[World, Path], Written]] = {
    "crm": crm.write,
    "web_shop": web_shop.write,
    "store_sales": store_sales.write,
    "web_clickstream": web_clickstream.write,
    "email_campaign": email_campaign.write,
    "social": social.write,
    "reviews": reviews.write,
    "support": support.write,
    "survey": survey.write,
    "memberships": memberships.write,
    "companies": companies.write,
}
