"""The published JSON Schema is the one of this code, and the docs' examples are valid."""

import json
import re
from pathlib import Path

import pytest

from cdp.channel.schema import json_schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_current():
    published = json.loads((DOCS / "channel.schema.json").read_text("utf-8"))
    assert published == json_schema(), (
        "run `python -m cdp.channel.schema > docs/channel.schema.json`"
    )


def documented() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / "channels.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", documented())
def test_the_examples_of_the_docs_are_well_declared(channel, text):
    (channel.folder / "answers.py").write_text("def long(frame):\n    return frame\n")
    assert channel.declare_text(text).description
