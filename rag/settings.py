"""Settings: flags, then `SOURCEBOUND_*` variables, then `sourcebound.toml` in the current folder.

Few, typed, and strict: an unknown one is refused, because a misspelt setting that is ignored is a
setting that is silently wrong.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.errors import SettingsError
from rag.records import Mode

PREFIX = "SOURCEBOUND_"
FILE = "sourcebound.toml"
NO_GENERATOR = "none"
NO_RERANKER = "none"
ENDPOINT_KEY = "SOURCEBOUND_ENDPOINT_KEY"
"""The variable that holds the key of the endpoint; no setting, so that no file holds it."""


class Limits(BaseModel):
    """What one file may cost when it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(
        default=60,
        gt=0,
        description="time to read one file, in seconds; 10 more for each scanned page",
    )
    memory_mb: int = Field(default=1536, ge=512, description="memory to read one file, in MiB")
    file_mb: int = Field(default=200, ge=1, description="largest file that is read, in MiB")


def _default_library() -> Path:
    return platformdirs.user_data_path("sourcebound") / "library"


def _default_password() -> Path:
    return platformdirs.user_config_path("sourcebound") / "password"


class Settings(BaseSettings):
    """All settings.

    `generator` "none" means that answers are quotes only; `reranker` "none" that passages stay in
    the order of the search. With an `endpoint`, `generator` is the name of a model there.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        toml_file=FILE,
        extra="forbid",
        frozen=True,
    )

    library: Path = Field(default_factory=_default_library)
    collections: tuple[Path, ...] = Field(
        default=(), description="further libraries that are asked together with it"
    )
    embedder: str = "default"
    generator: str = "default"
    endpoint: str = Field(
        default="",
        description="base URL of an OpenAI-compatible server that phrases answers; empty for none",
    )
    price_in: float = Field(
        default=0, ge=0, allow_inf_nan=False, description="price of a million tokens read"
    )
    price_out: float = Field(
        default=0, ge=0, allow_inf_nan=False, description="price of a million tokens written"
    )
    reranker: str = Field(
        default=NO_RERANKER,
        min_length=1,
        description="cross-encoder that orders the best passages again: folder, hub id, or none",
    )
    mode: Mode = Mode.QUOTE
    evidence: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="estimated probability below which a question is refused",
    )
    languages: str = Field(
        default="eng",
        pattern=r"^([A-Za-z_]+(\+[A-Za-z_]+)*)?$",
        description="languages of scanned pages, for Tesseract: eng+deu; empty for none",
    )
    password_file: Path = Field(
        default_factory=_default_password,
        description="file of the page's password, hashed, as `rag ui --set-password` writes it",
    )
    people: tuple[str, ...] = Field(
        default=(),
        description="e-mail addresses that may sign in to the page by a provider of identities",
    )
    limits: Limits = Field(default_factory=lambda: Limits())

    @field_validator("people")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            # No pattern of addresses: "*" or a domain must never let in more than one person.
            if not re.fullmatch(r"[^@\s*,]+@[^@\s*,]+", each):
                raise ValueError(f"{each!r} is no e-mail address; give each person's own")
        return tuple(dict.fromkeys(each.casefold() for each in value))

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str, info: ValidationInfo) -> str:
        # What is wrong is said without the value: a password may stand in it.
        if not value:
            return value
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError("it is no URL") from None
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9._:-]+", host):
            raise ValueError("it must be like http://localhost:11434/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(f"it must hold no key or password; {ENDPOINT_KEY} is for the key")
        if info.data.get("generator") == "default":
            raise ValueError("with it, `generator` must name a model of that server")
        return value

    @property
    def libraries(self) -> tuple[Path, ...]:
        """All libraries that are asked, each once."""
        found = {path.resolve(): path for path in (self.library, *self.collections)}
        return tuple(found.values())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """Settings from all sources; a flag that is None was not given. Raises `SettingsError`."""
    known = set(Settings.model_fields)
    for name in os.environ:
        if name.startswith(PREFIX) and name != ENDPOINT_KEY:
            field = name.removeprefix(PREFIX).lower().split("__")[0]
            if field not in known:
                raise SettingsError(
                    f"The variable {name} is no setting. Settings: "
                    f"{', '.join(PREFIX + field.upper() for field in sorted(known))}."
                )
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"The setting {where!r} is wrong: {first['msg']}. "
            f"It comes from a flag, a {PREFIX}* variable or {FILE}. "
            f"Settings: {', '.join(sorted(known))}."
        ) from error
    except ValueError as error:
        raise SettingsError(
            f"A setting cannot be read: {error}. It comes from a {PREFIX}* variable or {FILE}."
        ) from error
