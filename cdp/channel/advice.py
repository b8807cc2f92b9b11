"""What is wrong in a declaration, where it stands and what would be right."""

import difflib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cdp.channel.spec import ChannelSpec

Place = tuple[int | str, ...]


def explained(error: ValidationError, file: Path, text: str) -> str:
    """One line per mistake: file, line, key, what is wrong and what would be right."""
    root = _child(yaml.compose(text), "attributes")
    lines = []
    for mistake in error.errors(include_url=False):
        place, node = _stands_at(mistake, root)
        key = ".".join(str(step) for step in place) or "attributes"
        line = node.start_mark.line + 1 if node else 1
        lines.append(f"{file}:{line}: {key}: {_advice(mistake, place)}")
    return "\n".join(dict.fromkeys(lines))


def _stands_at(mistake: ErrorDetails, root: yaml.Node | None) -> tuple[Place, yaml.Node | None]:
    """The keys as the file has them (pydantic adds steps for unions) and the innermost node."""
    place: list[int | str] = []
    node = root
    for step in mistake["loc"]:
        child = _child(node, step)
        if child is not None:
            place.append(step)
            node = child
    if mistake["type"] == "missing":
        place.append(mistake["loc"][-1])
    return tuple(place), node


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _advice(mistake: ErrorDetails, place: Place) -> str:
    kind, value = mistake["type"], mistake["input"]
    if kind == "extra_forbidden":
        known = sorted(_keys(place[:-1]))
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"there is no such key; {hint}Known here: {', '.join(known)}"
    if kind == "missing":
        return "is missing; " + _meaning(place)
    if kind == "value_error":
        return mistake["msg"].removeprefix("Value error, ")
    if kind == "invalid_key":
        return (
            "a key is no text; YAML reads on, off, yes and no as true and false: put it in quotes"
        )
    if kind == "union_tag_invalid":
        value = mistake.get("ctx", {}).get("tag")
    said = mistake["msg"][0].lower() + mistake["msg"][1:]
    near = difflib.get_close_matches(str(value), _choices(mistake), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{said}, not {_shown(value)}{hint}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _choices(mistake: ErrorDetails) -> list[str]:
    listed = str(
        mistake.get("ctx", {}).get("expected", mistake.get("ctx", {}).get("expected_tags", ""))
    )
    return [word.strip(" '") for word in listed.replace(" or ", ",").split(",")]


def _meaning(place: Place) -> str:
    for model in _models(place[:-1]):
        field = model.model_fields.get(str(place[-1]))
        if field and field.description:
            return f"write {place[-1]}: ... ({field.description})"
    return f"write {place[-1]}: ..."


def _keys(place: Place) -> set[str]:
    return {key for model in _models(place) for key in model.model_fields}


def _models(place: Place) -> list[type[BaseModel]]:
    """The models that may stand at `place`."""
    found: list[type[BaseModel]] = [ChannelSpec]
    for step in place:
        inner = [
            model
            for each in found
            if str(step) in each.model_fields
            for model in _models_in(each.model_fields[str(step)].annotation)
        ]
        # An item of a list or a name in a mapping stays with the models its holder named.
        found = inner or found
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)
