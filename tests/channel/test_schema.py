"""The published JSON Schema is the one of this code, and the docs' examples are valid."""

import json
from pathlib import Path

from cdp.channel.schema import json_schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_current():
    published = json.loads((DOCS / "channel.schema.json").read_text("utf-8"))
    assert published == json_schema(), (
        "run `python -m cdp.channel.schema > docs/channel.schema.json`"
    )
