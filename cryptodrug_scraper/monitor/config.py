"""``monitor.toml``: what is watched, when, what is healthy, who hears of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from cryptodrug_scraper.crawl.options import read_quiet, read_since, read_size, read_span
from cryptodrug_scraper.monitor.schedule import WallClockTrigger
from cryptodrug_scraper.reading.market import markets

FILE = Path("monitor.toml")
_Model = TypeVar("_Model", bound=BaseModel)
Share = Annotated[float, Field(ge=0, le=1)]


class BadConfig(ValueError):
    """A file does not say what is to be watched; a line for each place, with what to write."""


def _readable(read: Callable[[str], object]) -> AfterValidator:
    """Return a check that an option of a command will be able to read a text."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def _span(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('write a length of time in quotes, such as "30m", "2h" or "7d"')
    return timedelta(seconds=read_span(value))


def _calendar(words: str) -> object:
    return WallClockTrigger(words, ZoneInfo("UTC"))


def _check_market(name: str) -> str:
    if name not in markets():
        raise ValueError(f"there is no market {name!r}; there are {', '.join(sorted(markets()))}")
    return name


Span = Annotated[timedelta, BeforeValidator(_span)]
SpanText = Annotated[str, _readable(read_span)]
MarketName = Annotated[str, AfterValidator(_check_market)]
CronWords = Annotated[str, _readable(_calendar)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Healthy(_Entry):
    """What a market's crawl has at least, whatever its past was; shares are from 0 to 1."""

    pages: int | None = Field(default=None, ge=0)
    listings: int | None = Field(default=None, ge=0)
    vendors: int | None = Field(default=None, ge=0)
    readable: Share | None = None
    coverage: Share | None = None
    fields: dict[str, Share] = {}


class WatchedMarket(_Entry):
    """A market: when it is crawled, which pages, how politely, and what is healthy.

    All but ``when``, ``healthy`` and ``simulated`` are options of ``cryptodrug crawl``.
    """

    when: CronWords
    category: list[str] = []
    exclude_category: list[str] = []
    listing: list[str] = []
    vendor: list[str] = []
    since: Annotated[str, _readable(read_since)] | None = None
    pages: int | None = Field(default=None, ge=1)
    time: SpanText | None = None
    each: int | None = Field(default=None, ge=1, le=16)
    delay: float | None = Field(default=None, ge=0)
    quiet_hours: Annotated[str, _readable(read_quiet)] | None = None
    timeout: float | None = Field(default=None, ge=0.1)
    retries: int | None = Field(default=None, ge=0)
    backoff: float | None = Field(default=None, ge=0)
    rest: float | None = Field(default=None, ge=0)
    wait: SpanText | None = None
    max_page: Annotated[str, _readable(read_size)] | None = None
    operator: str | None = None
    direct: bool = False
    invented: bool = False
    healthy: Healthy = Healthy()

    def arguments(self) -> list[str]:
        """Return the options of ``cryptodrug crawl`` that it states."""
        arguments = []
        for name, value in self:
            option = f"--{name.replace('_', '-')}"
            if name in ("when", "healthy") or value is None or value is False:
                continue
            if value is True:
                arguments.append(option)
            else:
                for each in value if isinstance(value, list) else [value]:
                    arguments += [option, str(each)]
        return arguments


class WatchedBulletin(_Entry):
    """A bulletin: when it is made, of which countries, in which languages."""

    when: CronWords
    countries: list[str] = Field(min_length=1)
    period: Literal["week", "month"] = "week"
    languages: list[Literal["en", "fr", "nl"]] = Field(default=["en"], min_length=1)
    markets: list[MarketName] = []
    folder: str = "bulletins"
    pdf: bool = False

    @field_validator("countries")
    @classmethod
    def _countries(cls, names: list[str]) -> list[str]:
        from cryptodrug_scraper.normalise.place_table import country_of

        return [country_of(name) for name in names]


class Notify(_Entry):
    """Who hears of it: addresses of Apprise, from which level on, how often, and of ends."""

    urls: list[str] = []
    least: Literal["fine", "look", "broken"] = "look"
    every: Span = timedelta(hours=6)
    over: bool = True


class Inbox(_Entry):
    """A folder: archives that are dropped there are replayed, and kept in the data folder."""

    folder: str


class Files(_Entry):
    """Where others look: the Prometheus text file, and after what silence an alarm is due."""

    metrics: str | None = None
    patience: Span = timedelta(hours=2)


class MonitorConfig(_Entry):
    """All of ``monitor.toml``. Relative paths are below the file's folder."""

    time_zone: str = "UTC"
    words: str | None = None
    markets: dict[MarketName, WatchedMarket] = Field(min_length=1)
    bulletins: dict[str, WatchedBulletin] = {}
    notify: Notify = Notify()
    inbox: Inbox | None = None
    files: Files = Files()

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError(
                f"{name!r} is no time zone; write one such as Europe/Brussels, or UTC"
            ) from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of all calendars."""
        return ZoneInfo(self.time_zone)

    def triggers(self) -> dict[str, WallClockTrigger]:
        """Return each job's calendar: ``crawl/MARKET`` and ``bulletin/NAME``."""
        zone = self.zone
        jobs = {f"crawl/{name}": each.when for name, each in self.markets.items()}
        jobs |= {f"bulletin/{name}": each.when for name, each in self.bulletins.items()}
        return {job: WallClockTrigger(when, zone) for job, when in jobs.items()}


def read_config(path: Path) -> MonitorConfig:
    """Read a file. Raises BadConfig, which names each wrong place by its line, and OSError."""
    config, text = read_toml(path, MonitorConfig)
    if config.words is not None and not (path.parent / config.words).is_file():
        _refuse(path, text, [(("words",), f"there is no file {path.parent / config.words}")])
    return config


def read_toml(path: Path, model: type[_Model]) -> tuple[_Model, str]:
    """Read a file of a model's settings, and return it with its text; raises as `read_config`."""
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BadConfig(f"{path}: byte {error.start + 1} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: this is not TOML: {error}") from None
    try:
        return model.model_validate(content), text
    except ValidationError as error:
        _refuse(path, text, [(each["loc"], _words(each)) for each in error.errors()])


def _refuse(path: Path, text: str, wrong: Sequence[tuple[Sequence[str | int], str]]) -> NoReturn:
    lines = []
    for place, words in wrong:
        number = _line_of(text, [part for part in place if isinstance(part, str)])
        name = ".".join(str(part) for part in place if part != "[key]")
        lines.append((number, f"{path}, line {number}: {name}: {words}"))
    raise BadConfig("\n".join(line for _, line in sorted(lines)))


def _words(error: Any) -> str:
    """Return what was wrong with a value, and what is taken."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return "there is nothing of this name here; see `cryptodrug monitor init` for all names"
    if kind == "missing":
        return "it is missing"
    why = f"{error['msg'][0].lower()}{error['msg'][1:]}"
    if error["loc"][:1] == ("notify",):  # where passwords are
        return why
    return f"{error['input']!r:.80}: {why}"


_HEADER = re.compile(r"\s*\[+([^\]]+)\]+")
_KEY = re.compile(r"\s*([^=#\[\s][^=#]*?)\s*=")


def _line_of(text: str, place: Sequence[str]) -> int:
    """Return the line on which a place begins; of the nearest above it if it is not there."""
    best, number = 0, 1
    for line, at in _places(text):
        depth = len(at) if list(at) == list(place[: len(at)]) else 0
        if depth > best:
            best, number = depth, line
    return number


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_parts(key[1]))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
