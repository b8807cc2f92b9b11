"""A unified customer profile store on one Postgres."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdp.profiles import CustomerProfiles

__all__ = ["CustomerProfiles"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: `import cdp.model` must not load the database driver.
    if name == "CustomerProfiles":
        from cdp.profiles import CustomerProfiles  # noqa: PLC0415

        return CustomerProfiles
    raise AttributeError(f"module 'cdp' has no attribute {name!r}")
