"""Exit codes, and what an error looks like to a user: what, where, and what to do."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from cryptodrug_scraper.common.terminal import safe, say


class Code(IntEnum):
    """How a command ended; the same for all commands."""

    COMPLETE = 0
    PARTLY_FAILED = 1
    BAD_INPUT = 2
    NOTHING_READ = 3
    DATABASE = 4
    TOR = 5
    FAULT = 70
    NEEDS_SESSION = 75
    INTERRUPTED = 130
    PIPE_CLOSED = 141


EXIT_CODES = """\
[bold]Exit codes[/]
  0  complete
  1  partly failed: something was skipped, unknown, not readable, or interrupted
  2  bad usage or bad input: no such path or market, a wrong date, an error in SQL
  3  nothing was read, or there is nothing to report or to export
  4  the database cannot be used, or is at another migration
  5  Tor cannot be used, or is not connected yet
  70  a fault of the program itself    130  interrupted    141  the reader of a pipe left
  75  stopped at a wall: fresh cookies are needed; the next run goes on"""


class Failure(Exception):
    """Ends a command with a message for the user and an exit code."""

    def __init__(self, message: str, code: Code) -> None:
        super().__init__(message)
        self.code = code


class CommandGroup(TyperGroup):
    """The top of the command line: turns errors into messages and exit codes."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options, of which flags take no value in the help either."""
        return _without_values(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; its flags, and those of the commands in it, as ours."""
        result = super().get_command(ctx, cmd_name)
        for command in _with_its_own(result):
            _without_values(command.get_params(ctx))
        return result

    def invoke(self, ctx: Any) -> Any:
        """Run the command; no traceback leaves it unless ``--debug`` is given."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (typer.Exit, typer.Abort):
            raise
        except TyperException as error:
            error.message = _plainly(error.message)
            raise
        except KeyboardInterrupt:
            say("Interrupted.")
            raise
        except BrokenPipeError:
            # Whoever read our output has seen enough (`| head`): end without a word.
            _let_go_of_stdout()
            raise typer.Exit(Code.PIPE_CLOSED) from None
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            failure = explain(error)
            if failure is None:
                kind, words = type(error).__name__, safe(str(error))[:300]
                say(
                    f"Error: cryptodrug itself failed ({kind}: {words}).\n"
                    "This is a fault of the program. To see where, run the same again as: "
                    "cryptodrug --debug …"
                )
                raise typer.Exit(Code.FAULT) from None
            say(f"Error: {failure}")
            raise typer.Exit(failure.code) from None


def explain(error: Exception) -> Failure | None:
    """Return what to tell a user of an expected error, or None for one that is our fault."""
    if isinstance(error, Failure):
        return error
    for module, name, code in _EXPECTED:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, getattr(loaded, name)):
            return Failure(_with_advice(error, name), code)
    if isinstance(error, MemoryError):
        return Failure("There is not enough memory for this.", Code.PARTLY_FAILED)
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return Failure(
                f"The disk is full: {error.filename or 'a file'} cannot be written "
                f"({error.strerror}). Make room on it, then run the same command again.",
                Code.PARTLY_FAILED,
            )
        where = f"{error.filename}: " if error.filename else ""
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) and error.filename:
            return Failure(
                f"{error.filename} cannot be used: {error.strerror}. Whose is it (`ls -ld`)? Let "
                "it be yours, or choose another data folder with CRYPTODRUG_DATA_DIR.",
                Code.PARTLY_FAILED,
            )
        return Failure(f"{where}{error.strerror or error}", Code.PARTLY_FAILED)
    return None


# Looked up only among what is loaded already, so that nothing is imported for it.
_EXPECTED = (
    ("cryptodrug_scraper.archive.page", "NothingThere", Code.BAD_INPUT),
    ("cryptodrug_scraper.reading.market", "UnknownMarket", Code.BAD_INPUT),
    ("cryptodrug_scraper.database.embedded", "DatabaseUnavailable", Code.DATABASE),
    ("cryptodrug_scraper.database.backup", "BackupRefused", Code.BAD_INPUT),
    ("cryptodrug_scraper.crawl.plan", "CrawlRefused", Code.BAD_INPUT),
    ("cryptodrug_scraper.common.private", "NotUsable", Code.BAD_INPUT),
    ("cryptodrug_scraper.export.run", "ExportRefused", Code.BAD_INPUT),
    ("cryptodrug_scraper.export.run", "NothingToExport", Code.NOTHING_READ),
    ("cryptodrug_scraper.export.check", "HandleFound", Code.PARTLY_FAILED),
    ("simulator.command", "BadCall", Code.BAD_INPUT),
    ("simulator.faults", "UnknownFault", Code.BAD_INPUT),
    ("simulator.scenario.parameters", "BadScenario", Code.BAD_INPUT),
    ("cryptodrug_scraper.tor.errors", "TorUnavailable", Code.TOR),
    ("cryptodrug_scraper.database.failures", "DatabaseLost", Code.DATABASE),
    ("psycopg2", "OperationalError", Code.DATABASE),
    ("psycopg2", "InterfaceError", Code.DATABASE),
    ("sqlalchemy.exc", "DBAPIError", Code.DATABASE),
    ("pydantic", "ValidationError", Code.BAD_INPUT),
    ("concurrent.futures.process", "BrokenProcessPool", Code.PARTLY_FAILED),
)


def _with_advice(error: Exception, name: str) -> str:
    words = str(error).strip()
    if name in ("OperationalError", "InterfaceError"):
        return (
            f"The database failed, or the connection to it was lost: {safe(words)}\n"
            "What was loaded stays. "
            "Look with `cryptodrug db status`, then run the same command again."
        )
    if name == "HandleFound":
        return (
            f"Nothing was written: {safe(words)}\n"
            "If you have looked and it is an ordinary word that happens to be somebody's handle, "
            "run the same again with --allow-word WORD. Otherwise this is a fault of a parser."
        )
    if name == "DBAPIError":
        return f"The database refused: {safe(str(getattr(error, 'orig', error)))}"
    if name == "ValidationError":
        return f"A setting (in the environment or in .env) is wrong: {safe(_settings(error))}"
    if name == "BrokenProcessPool":
        return (
            "A worker process was ended from outside, perhaps for want of memory. What was "
            "loaded stays. Run the same command again, with fewer --workers."
        )
    return words


def _settings(error: Any) -> str:
    """Say which settings are wrong and why. Not what they hold: that may be a password."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else "?"
        known = name if name.isupper() else f"CRYPTODRUG_{name.upper()}"
        lines.append(f"{known}: {_plainly(fault['msg'])}")
    return "; ".join(lines)


def _plainly(message: str) -> str:
    """Say in our words what the library that reads options and settings says in its own."""
    words = message.removeprefix("Value error, ")
    if not words.startswith("Input should be "):
        return words
    words = re.sub(r", unable to .*$", "", words.removeprefix("Input should be "))
    words = words.replace("a valid integer", "a whole number").replace("a valid ", "a ")
    return f"it must be {words}."


def _without_values(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""  # else the help of --quiet reads as if it took a <bool>
    return parameters


def _with_its_own(command: Any) -> Iterator[Any]:
    if command is not None:
        yield command
        for inner in getattr(command, "commands", {}).values():
            yield from _with_its_own(inner)


def _let_go_of_stdout() -> None:
    """Send what is still in the buffer nowhere, so that Python does not complain at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
