"""The JSON Schema of a channel's declaration, for editors to complete and check."""

import json
import sys
from typing import Any

from cdp.channel.spec import ChannelSpec


def json_schema() -> dict[str, Any]:
    """The schema of a whole defs.yaml: its `type` and the channel's `attributes`."""
    attributes = ChannelSpec.model_json_schema(ref_template="#/$defs/{model}")
    definitions = attributes.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declaration of a channel",
        "type": "object",
        "required": ["attributes"],
        "properties": {
            "type": {"type": "string", "const": "pipelines.components.ChannelComponent"},
            "attributes": {"$ref": "#/$defs/ChannelSpec"},
        },
        "$defs": definitions | {"ChannelSpec": attributes},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
