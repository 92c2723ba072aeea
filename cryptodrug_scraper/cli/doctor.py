"""``cryptodrug doctor``: how one page was understood, and what on it nobody used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import (
    CapturedAt,
    Market,
    Url,
    check_market,
    epilog,
    guide,
    moment,
)
from cryptodrug_scraper.common.terminal import cut, json_text, safe, say
from cryptodrug_scraper.records import ParsedPage, isoformat

if TYPE_CHECKING:
    from rich.console import Console

    from cryptodrug_scraper.doctor import Examination, FieldSource

HELP = guide("""
    Show how a page was understood: for whoever keeps a parser up with its market.

    First the market, the kind of page and why; then each field with its value, the text that
    it came from and where that stands; then the labels and values that nobody used, those
    beside the records first: what a market has renamed or added is there. Menus, links, forms
    and scripts are left out, and counted. Then the warnings.

    Where a text stands is worked out from the text alone: of one that stands in several
    places, the likeliest is named.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug doctor listing.html
      cryptodrug doctor vendor.html --market empire --captured-at 2019-10-02 --all
      cryptodrug doctor crawl.warc.gz#48213 --json
""")

_RECORDS_SHOWN = {"listing": 3, "vendor": 3, "review": 3}  # of the other types: one
_UNUSED_SHOWN = 30
_LONGEST = 100


def doctor(
    page: Annotated[str, typer.Argument(metavar="PAGE", help="A page, or - for standard input.")],
    market: Market = None,
    url: Url = None,
    captured_at: CapturedAt = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every record and every unused text, uncut.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Show how a page was understood."""
    when = moment(captured_at)
    check_market(market)
    from cryptodrug_scraper.archive import Page
    from cryptodrug_scraper.cli.pages import pages_of

    pages: list[Page] = []
    for item in pages_of([page], url, when):
        if isinstance(item, Page):
            pages.append(item)
            if len(pages) > 1:
                named = "\n".join(f"  {p.location}" for p in pages)
                raise Failure(
                    f"{page!r} holds more than one page. Name one, such as:\n{named}",
                    Code.BAD_INPUT,
                )
        else:
            say(f"{item.location}: {item.reason}")
    if not pages:
        raise Failure(f"{page!r} holds no page that could be read.", Code.NOTHING_READ)
    from cryptodrug_scraper.doctor import examine

    found = pages[0]
    done = examine(
        found.body,
        market=market,
        url=found.url,
        captured_at=found.captured_at,
        content_type=found.content_type,
    )
    if as_json:
        typer.echo(json_text({"location": found.location, **done.to_dict()}, indent=1))
    else:
        from cryptodrug_scraper.common.console import output

        show(done, found.location, output(), everything=everything)
    if done.page.kind == "unknown":
        raise typer.Exit(Code.PARTLY_FAILED)


def show(done: Examination, location: str, console: Console, *, everything: bool = False) -> None:
    """Print an examination."""
    show_head(done.page, location, console)
    for spellings in done.kept_apart:
        console.print(
            f"apart    {', '.join(map(safe, spellings))}: only capitals tell them apart, and one "
            "page shows them: they are loaded as several accounts (view vendor_apart)",
            soft_wrap=True,
        )
    console.print()
    show_records(done, console, everything=everything)
    _show_unused(done, console, everything=everything)
    show_warnings(done.page, console)


def show_head(page: ParsedPage, location: str, console: Console) -> None:
    """Print what page it is, and why."""
    console.print(f"page     {safe(location)}", soft_wrap=True)
    console.print(f"market   {page.market or 'none was recognised'}")
    console.print(f"kind     {page.kind}: {safe(page.kind_reason) or 'no reason was given'}")
    console.print(f"address  {safe(page.url or 'not known')}", soft_wrap=True)
    captured = isoformat(page.captured_at) if page.captured_at else "not known: ages give no dates"
    console.print(f"captured {captured}")
    if page.cut_off:
        console.print("cut off  yes: what it does not state, the whole page may")


def show_warnings(page: ParsedPage, console: Console) -> None:
    """Print what the page states and could not be read."""
    if not page.warnings:
        console.print("No warnings.")
        return
    from cryptodrug_scraper.common.console import table

    console.print(
        table(
            f"Warnings ({len(page.warnings)})",
            ("field", "reason", "text"),
            [(w.field, w.reason, w.text) for w in page.warnings],
            fold="text",
        )
    )


def show_records(
    done: Examination,
    console: Console,
    *,
    everything: bool = False,
    hint: str = "--all shows every record",
) -> None:
    """Print the records that were read from a page, and from which texts."""
    from cryptodrug_scraper.common.console import table

    longest = 10_000 if everything else _LONGEST
    shown: dict[str, int] = {}
    more: dict[str, int] = {}
    for record, sources in groupby(done.sources, key=lambda f: f.record):
        kind = record.partition(" ")[0]
        shown[kind] = shown.get(kind, 0) + 1
        if not everything and shown[kind] > _RECORDS_SHOWN.get(kind, 1):
            more[kind] = more.get(kind, 0) + 1
            continue
        rows = [_row(source, longest) for source in sources]
        console.print(
            table(
                record.capitalize().replace("_", " "),
                ("field", "value", "from the text", "where"),
                rows,
            )
        )
        console.print()
    if page_links := done.page.links:
        more["link"] = len(page_links)
    if more:
        words = ", ".join(
            f"{n:,} more of type {kind.replace('_', ' ')}" for kind, n in more.items()
        )
        console.print(f"Not shown: {words}{'' if everything else f' ({hint})'}.\n")
    if done.other_readings:
        readings = done.other_readings[: None if everything else 10]
        console.print(
            table(
                f"Read, but in no field above ({len(done.other_readings)})",
                ("field", "text", "value"),
                [(r.field, cut(safe(r.text), longest), cut(safe(r.value), 60)) for r in readings],
            )
        )
        console.print()


def _row(source: FieldSource, longest: int) -> tuple[str, str, str, str]:
    texts = " | ".join(dict.fromkeys(safe(text) for text in source.texts))
    where = source.where
    if source.how == "found":
        where = f"(not noted by the parser; stands at) {where}"
    elif source.how == "derived":
        where = "(no text of its own)"
    elif not where:
        where = "(not found on the page)"
    value = cut(safe(_short(source.value)), longest)
    return source.field, value, cut(texts, longest), safe(where)


def _short(value: Any) -> str:
    """Return a value as people write it."""
    from cryptodrug_scraper.doctor.fields import plain

    return _words(plain(value))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return "{" + ", ".join(f"{k} {_words(v)}" for k, v in value.items() if v is not None) + "}"
    return {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else str(value)


def _show_unused(done: Examination, console: Console, *, everything: bool) -> None:
    from cryptodrug_scraper.common.console import table

    if done.not_searched:
        console.print(f"The page was not searched for what nobody used: {done.not_searched}.\n")
        return
    if done.page.cut_off and done.unused:
        console.print(
            "What nobody used on a page that was cut off says nothing of a changed layout: what it "
            "belongs to may stand behind the cut. Look at a whole page of its kind.\n"
        )
    longest = 10_000 if everything else _LONGEST
    for title, groups in (
        ("Nobody used, beside what was read", [g for g in done.unused if g.near]),
        ("Nobody used, elsewhere on the page", [g for g in done.unused if not g.near]),
    ):
        if not groups:
            continue
        shown = groups if everything else groups[:_UNUSED_SHOWN]
        rest = f" (the first {len(shown)}; --all shows them)" if len(shown) < len(groups) else ""
        rows = [
            (cut(safe(g.label), longest), cut(safe(g.text), longest), g.count, safe(g.where))
            for g in shown
        ]
        console.print(
            table(f"{title}: {len(groups)}{rest}", ("label", "text", "times", "where"), rows)
        )
        console.print()
    if not done.unused and done.sources:
        console.print("Every text outside menus, links and forms was used.")
    elif not done.unused:
        console.print("Nothing was read, and outside menus, links and forms no text is left.")
    ignored = ", ".join(_ignored(done))
    if ignored:
        console.print(f"Left out: {ignored}.\n")


def _ignored(done: Examination) -> Iterator[str]:
    from cryptodrug_scraper.common.console import count

    for reason, n in sorted(done.unused_texts.ignored.items()):
        texts = reason != "scripts and styles"
        yield f"{count(n, 'text')} of {reason}" if texts else f"{n:,} {reason}"
