"""From a defs.yaml to a ChannelSpec, or to an error that says which key is wrong and what is right."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cdp.channel.advice import explained
from cdp.channel.escape import escape_of
from cdp.channel.spec import ChannelSpec
from cdp.errors import ChannelDeclarationError

DECLARATION = "defs.yaml"


def load_channel(path: Path) -> ChannelSpec:
    """The channel declared in the file `path`, or in `path`/defs.yaml if it is a folder.

    Raises ChannelDeclarationError naming file, line, key and what would be right.
    """
    file = path / DECLARATION if path.is_dir() else path
    text = _text(file)
    attributes = _attributes(file, text)
    try:
        spec = ChannelSpec.model_validate(attributes).located(file.parent)
    except ValidationError as error:
        raise ChannelDeclarationError(explained(error, file, text)) from None
    escape_of(spec)
    return spec


def load_channels(folder: Path) -> list[ChannelSpec]:
    """The channels declared in the sub-folders of `folder`, by name.

    Raises ChannelDeclarationError for the first that is wrong, or if two have one name.
    """
    found: dict[str, ChannelSpec] = {}
    for file in sorted(folder.glob(f"*/{DECLARATION}")):
        spec = load_channel(file)
        if spec.channel in found:
            raise ChannelDeclarationError(
                f"{file}: channel {spec.channel!r} is declared twice, first in "
                f"{found[spec.channel].folder}; give one another `channel`"
            )
        found[spec.channel] = spec
    return [found[name] for name in sorted(found)]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise ChannelDeclarationError(f"{file}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelDeclarationError(f"{file}: cannot be read as UTF-8 text: {error}") from None


def _attributes(file: Path, text: str) -> dict[str, Any]:
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ChannelDeclarationError(f"{file}: is no YAML: {error}") from None
    attributes = said.get("attributes") if isinstance(said, dict) else None
    if not isinstance(attributes, dict):
        raise ChannelDeclarationError(
            f"{file}: has no `attributes`; write `type: pipelines.components.ChannelComponent` and "
            "below `attributes:` the channel's description, source and record"
        )
    return attributes
