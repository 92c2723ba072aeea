"""``cryptodrug new-market``: the three rooms of a market, with a parser that runs."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import epilog, guide

HELP = guide("""
    Make the rooms of a market that has none yet: parsers/NAME.py, spiders/NAME.py, fixtures/NAME/.

    What it writes runs: a parser that reads two invented pages (in fixtures/NAME, each beside
    the record that it must give), and a spider that knows what their links are asked for as. Then
    put saved pages of the market in the place of the invented ones, and change what is read,
    block by block. All tests that run over every market run over it from the start: make quick.

    NAME is lower case, its words joined by “_”: it is the parser's module, the spider, the folder
    of fixtures, and column market of the database. Run it in a checkout of the project; nothing is
    written over.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug new-market tea_house
      cryptodrug new-market tea_house --title "The Tea House"
      make quick
      make expectations MARKET=tea_house        after a change to what is read
    """)

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST = 40  # characters of a name and a title, which stand in tables on the terminal
_TEMPLATE = "template_market"
_ROOMS = ("parsers", "spiders", "fixtures")


def new_market(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As tea_house.")],
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="As it calls itself; otherwise made of the name."),
    ] = None,
) -> None:
    """Write the rooms of a new market."""
    checkout = _checkout()
    _check_name(name, checkout)
    title = " ".join(title.split()) if title else " ".join(map(str.capitalize, name.split("_")))
    _check_title(title, name)
    written = write_market(checkout, name, title)
    for path in written:
        typer.echo(f"wrote {path.relative_to(checkout)}")
    typer.echo(f"Next: make quick, then your first page in fixtures/{name}/.")


def write_market(checkout: Path, name: str, title: str) -> list[Path]:
    """Write a market's files and return them; where one cannot be written, none is left.

    Raises FileExistsError for a file that is there already, and other OSErrors.
    """
    made: list[Path] = []
    try:
        (checkout / "fixtures" / name).mkdir()
        made.append(checkout / "fixtures" / name)
        for source in sorted(_template(), key=lambda file: file.name):
            text = _renamed(source.read_text("utf-8"), name, title)
            path = checkout / _place(source.name, name)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError:
        for path in reversed(made):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        raise
    return made[1:]


def _template() -> list[Traversable]:
    folder = files("cryptodrug_scraper.cli.market_template")
    return [file for file in folder.iterdir() if file.is_file() and file.name != "__init__.py"]


def _place(file: str, name: str) -> str:
    rooms = {"parser.py": f"parsers/{name}.py", "spider.py": f"spiders/{name}.py"}
    return rooms.get(file, f"fixtures/{name}/{file}")


def _renamed(text: str, name: str, title: str) -> str:
    """Return a file of the template with the market's names in place of the template's."""
    in_classes = "".join(map(str.capitalize, name.split("_")))
    text = text.replace("TemplateMarket", in_classes).replace("Template Market", title)
    return text.replace(_TEMPLATE, name)


def _checkout() -> Path:
    """Return the checkout that is worked in. Raises Failure outside of one."""
    here = Path.cwd()
    own = Path(__file__).resolve().parents[2]
    checkout = next((f for f in (here, *here.parents) if _is_checkout(f)), None)
    if checkout is None:
        raise Failure(
            f"{here} is in no checkout of the project: a new market is written into one, with its"
            " tests. Go to one, and give the command there.",
            Code.BAD_INPUT,
        )
    if checkout.resolve() != own:
        raise Failure(
            f"This program is not the one of the checkout {checkout}: run the .venv/bin/cryptodrug"
            " in it (make setup makes it).",
            Code.BAD_INPUT,
        )
    return checkout


def _is_checkout(folder: Path) -> bool:
    about = folder / "pyproject.toml"
    rooms = all((folder / room).is_dir() for room in _ROOMS)
    return rooms and about.is_file() and 'name = "cryptodrug-scraper"' in about.read_text("utf-8")


def _check_name(name: str, checkout: Path) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise Failure(
            f"{name!r} is no name for a market: lower-case letters and digits, words joined by"
            f" “_”, a letter first, {_LONGEST} characters at most, such as tea_house.",
            Code.BAD_INPUT,
        )
    from cryptodrug_scraper.records import KINDS
    from cryptodrug_scraper.records.reference import described

    fields = {field.name for record in described() for field in record.fields}
    if keyword.iskeyword(name) or name in {*KINDS, *fields, _TEMPLATE}:
        raise Failure(
            f"{name!r} cannot be a market's name: it means something else.", Code.BAD_INPUT
        )
    for path in (
        *(checkout / room / f"{name}.py" for room in ("parsers", "spiders")),
        *(checkout / room / name for room in _ROOMS),
    ):
        if path.exists():
            raise Failure(
                f"{path.relative_to(checkout)} is there already: nothing was written.",
                Code.BAD_INPUT,
            )


def _check_title(title: str, name: str) -> None:
    """Refuse a title that is another market's, or that would not stand in a docstring."""
    from cryptodrug_scraper.reading.market_names import known_market

    if (
        not title.isprintable()
        or any(mark in title for mark in '"\\<>&{}')
        or len(title) > _LONGEST
    ):
        raise Failure(
            f"{title!r} is no title for a market: plain words, {_LONGEST} characters at most.",
            Code.BAD_INPUT,
        )
    known = known_market(title)
    if known not in (None, name):
        raise Failure(
            f"Pages call the market {known} “{title}”, too: one market has one name. Use that"
            " name, or give another --title.",
            Code.BAD_INPUT,
        )
