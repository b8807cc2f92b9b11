"""What may be set from outside: environment variables with the prefix CDP_."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation, read once from the environment."""

    model_config = SettingsConfigDict(env_prefix="CDP_", frozen=True)

    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of a PostgreSQL 18; absent: the embedded server in `home`",
    )
    home: Path = Field(
        default=Path.home() / ".cdp",
        description="folder of the embedded server and Dagster's state",
    )
    data: Path = Field(
        default=Path("data"), description="folder that `{data}` stands for in channel declarations"
    )
    channels: Path = Field(
        default=Path("pipelines/defs/channels"), description="folder of the channel declarations"
    )
    policy: Path | None = Field(
        default=None, description="YAML file that extends the shipped identity and trait policies"
    )
    linker: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="what compares records: DuckDB in process, or Spark"
    )
    default_region: str = Field(
        default="US", description="ISO 3166 region of phone numbers written without a country code"
    )
    webhook_private: bool = Field(
        default=False, description="let webhooks reach private and loopback addresses"
    )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
