"""Rows of the small world of three channels, told by what they say."""

NOTHING = dict.fromkeys(
    ("email", "phone", "card", "given", "born", "city", "likes", "gender", "order_no", "spent",
     "says", "club")
)  # fmt: skip


def a_row(channel, key, **said):
    """A row of a channel about one of its records; what is not said is empty."""
    return {**NOTHING, "channel": channel, "key": key, "at": "2024-01-01T10:00:00Z", **said}
