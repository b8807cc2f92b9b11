"""A shopper's journey by rudder-sdk-python: url, write key and the shopper's name as arguments."""

from journey import shop
from rudderstack.analytics.client import Client

shop(Client, gzip=True)
