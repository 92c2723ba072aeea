"""What can be set from outside: `CRYPTODRUG_…` variables, or a file `.env` where one works."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one run; a variable of the environment goes before one in `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="CRYPTODRUG_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
    )

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("cryptodrug", appauthor=False),
        description="Where the embedded database, sessions and mirrors lie (CRYPTODRUG_DATA_DIR).",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("CRYPTODRUG_DATABASE_URL", "DATABASE_URL"),
        description="Another PostgreSQL server to use; without one the embedded server is used.",
    )
    database_password_file: Path | None = Field(
        default=None,
        description="A file that holds the password for DATABASE_URL, if that has none "
        "(CRYPTODRUG_DATABASE_PASSWORD_FILE).",
    )
    tor_socks: str = Field(
        default="127.0.0.1:9050",
        description="HOST:PORT of Tor's SOCKS port (CRYPTODRUG_TOR_SOCKS).",
    )
    tor_control: str = Field(
        default="127.0.0.1:9051",
        description="HOST:PORT of Tor's control port, or the path of its socket "
        "(CRYPTODRUG_TOR_CONTROL).",
    )
    tor_password: SecretStr | None = Field(
        default=None,
        description="The control port's password, where it asks for one (CRYPTODRUG_TOR_PASSWORD).",
    )
    tor_command: str = Field(
        default="tor",
        description="The program that `cryptodrug tor run` starts (CRYPTODRUG_TOR_COMMAND).",
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError:  # ~ of a user who is not there
            raise ValueError(f"there is no home folder for {value.parts[0]}") from None

    @field_validator("database_url")
    @classmethod
    def _blank_is_none(cls, value: str | None) -> str | None:
        return (value or "").strip() or None


def get_settings() -> Settings:
    """Read the settings as they are now (cheap, and never kept from an earlier call)."""
    return Settings()
