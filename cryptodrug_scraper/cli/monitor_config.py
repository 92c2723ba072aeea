"""The option ``--config`` of the commands of ``monitor``, and the file that it names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.common.terminal import program

if TYPE_CHECKING:
    from cryptodrug_scraper.monitor.config import MonitorConfig

CONFIG = Path("monitor.toml")
Config = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="The file that says what is watched."),
]


def read(path: Path) -> MonitorConfig:
    """Read the file of what is watched. Raises Failure, which names each wrong place."""
    from cryptodrug_scraper.monitor.config import BadConfig, read_config

    try:
        return read_config(path)
    except BadConfig as error:
        raise Failure(str(error), Code.BAD_INPUT) from None
    except FileNotFoundError:
        raise Failure(
            f"There is no {path}: {program()} monitor init writes one, --config names another.",
            Code.BAD_INPUT,
        ) from None
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", Code.BAD_INPUT) from None
