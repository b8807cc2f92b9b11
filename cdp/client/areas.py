"""The calls of each area, loaded with their models at their first use: most programs need few."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdp.client import account_calls as account
    from cdp.client import audience_calls as audience
    from cdp.client import persona_calls as persona
    from cdp.client import segment_calls as segment

__all__ = ["account", "audience", "persona", "segment"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"there is no area {name!r}; there are {', '.join(__all__)}")
    return import_module(f"cdp.client.{name}_calls")
