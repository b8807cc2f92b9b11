"""A shopper's journey by segment-analytics-python: url, write key and the shopper's name as arguments."""

from journey import shop
from segment.analytics.client import Client

shop(Client)
