"""Who belongs to a company and whose doings count for it, as data."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cdp.errors import InvalidRequest
from cdp.model.fault import first_fault


class AccountPolicy(BaseModel):
    """The rules of `policy.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    work_email: bool
    email_namespaces: tuple[str, ...]
    anonymous_visitors: Literal["never", "stated"]
    device_namespaces: tuple[str, ...]


@cache
def account_policy(extension: Path | None = None) -> AccountPolicy:
    """The shipped rules, changed by the key `accounts` of the YAML file `extension` (CDP_POLICY).

    Raises InvalidRequest, naming file and key.
    """
    shipped = yaml.safe_load(
        resources.files("cdp.account").joinpath("policy.yaml").read_text("utf-8")
    )
    own = (yaml.safe_load(extension.read_text("utf-8")) or {}) if extension else {}
    try:
        return AccountPolicy.model_validate(shipped | (own.get("accounts") or {}))
    except ValidationError as error:
        raise InvalidRequest(f"{extension}: accounts.{first_fault(error)}") from None
