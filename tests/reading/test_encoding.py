"""Bytes become text as they were meant: damage is counted, and changes nothing around it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.reading.encoding import decode
from tests.reading.corpus import Sample, all_pages

BAD = {
    "0xFF": b"\xff",
    "0x80": b"\x80",
    "a lone lead": b"\xc3",
    "half a letter": b"\xe2\x98",
    "a lone half of a pair": b"\xed\xa0\xbd",
    "NUL": b"\0",
}
MUCH = "é ฿ 日本 😀 für grün → "
PAGE = "<html><head><title>x</title></head><body><!-- here -->{}<p>12 for all</p></body></html>"


@pytest.mark.parametrize("content_type", [None, "text/html; charset=utf-8", "charset=iso-8859-1"])
@pytest.mark.parametrize("text", ["plain words", "one ฿ sign", MUCH], ids=["no", "little", "much"])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_place_is_one_mark(bad: bytes, text: str, content_type: str | None) -> None:
    body = PAGE.format(text).encode()
    middle = body.index(b"here") + 2
    for at in (0, 6, middle, len(body)) if bad != b"\0" else (0, 6, middle):
        read = decode(body[:at] + bad + body[at:], content_type)
        assert read.text == (body[:at].decode() + "\ufffd" + body[at:].decode())
        assert (read.invalid, read.guessed) == (1, None)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é €".encode(), "text/html; charset=iso-8859-1", "é €"),
        (b'<meta charset="latin1">' + "é".encode(), None, '<meta charset="latin1">é'),
        ("é".encode("latin-1") + b" <p>", "text/html; charset=iso-8859-1", "é <p>"),
        (b"\xef\xbb\xbfabc", None, "abc"),
        ("abc é".encode("utf-16"), None, "abc é"),
        ("<html>é €</html>".encode("utf-16-le"), None, "<html>é €</html>"),
        ("<html>é €</html>".encode("utf-16-be"), "charset=utf-8", "<html>é €</html>"),
        ("für grün".encode()[:-2], None, "für gr"),
        (b'<meta charset="iso-8859-2">\xb1', None, '<meta charset="iso-8859-2">ą'),
        ("Привет".encode("koi8-r"), "text/html; charset=koi8-r", "Привет"),
        ("\ud83d\ude00 é".encode("utf-8", "surrogatepass"), None, "😀 é"),
        ("a \ud83d\ude00".encode("utf-8", "surrogatepass"), "charset=latin1", "a 😀"),
        (b"caf\xc3\xa9 of \xef\xbf\xbd", None, "café of \ufffd"),
        (b"x", "text/html; charset=idna", "x"),
        (b"", None, ""),
    ],
)
def test_what_is_no_damage_is_not_counted(body: bytes, content_type: str | None, text: str) -> None:
    read = decode(body, content_type)
    assert (read.text, read.invalid, read.guessed) == (text, 0, None)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("für".encode("latin-1"), None, "für"),
        (b"caf\xe9 \x93x\x94", "text/html; charset=utf-8", "café “x”"),
        ("Spaß“ für alle, möglich".encode("cp1252"), None, "Spaß“ für alle, möglich"),
        ("À la carte – déjà vu, 5 €".encode("cp1252"), None, "À la carte – déjà vu, 5 €"),
    ],
)
def test_a_page_of_western_letters_is_read_and_the_guess_is_kept(
    body: bytes, content_type: str | None, text: str
) -> None:
    read = decode(body, content_type)
    assert (read.text, read.invalid, read.guessed) == (text, 0, "windows-1252")


def test_a_latin_text_pasted_into_a_page_costs_its_own_letters_only() -> None:
    pasted = "schöne Grüße für alle ".encode("latin-1") * 20
    body = PAGE.format("→ ★ ฿ %").encode().replace(b"%", pasted)
    read = decode(body)
    assert read.invalid == 80
    assert "→ ★ ฿ sch\ufffdne Gr\ufffd\ufffde f\ufffdr" in read.text


@pytest.mark.parametrize("count", [3, 25, 80])
@pytest.mark.parametrize("text", ["one ฿ sign", "© me"])
def test_stray_bytes_are_no_writing_of_the_charset_declared(text: str, count: int) -> None:
    body = bytearray(PAGE.format(text + " plain words" * 40).encode())
    for number in range(count):
        body.insert(number * len(body) // count, (0x80, 0x8D, 0xC3, 0xFF)[number % 4])
    read = decode(bytes(body), "text/html; charset=iso-8859-1")
    assert read.charset == "utf-8" and read.invalid >= count * 9 // 10 - 1


@pytest.mark.parametrize("count", [1, 512, 4096])
def test_a_block_that_was_never_written_is_no_text(count: int) -> None:
    """The fixtures of every market, with NUL behind them: the values, and a warning more."""
    read = decode(b"<p>caf\xc3\xa9</p>" + b"\0" * count)
    assert (read.text, read.invalid) == ("<p>café</p>", count)
    for page in [sample for sample in all_pages() if "/" in sample.name][:: 12 if count < 9 else 6]:
        full, got = page.parsed().to_dict(), page.parsed(page.body + b"\0" * count).to_dict()
        assert got["warnings"].pop(0).endswith(" invalid bytes"), page.name
        full["warnings"] = [w for w in full["warnings"] if not w.endswith(" invalid bytes")]
        assert got == full, page.name


@pytest.mark.parametrize("unit", [b"\xff", b"\xed\xa0\x80", b"\xe9a", b"\0", b"a\0", b"<meta "])
def test_time_grows_as_the_bytes_do(unit: bytes) -> None:
    def seconds(count: int) -> float:
        body = unit * count + b"\xff"
        start = time.process_time()
        decode(body)
        return time.process_time() - start

    small, large = 50_000, 200_000
    assert seconds(large) < 4 * 2.5 * max(min(seconds(small) for _ in range(3)), 0.01)


@given(st.binary(max_size=300), st.sampled_from([None, "charset=utf-8", "charset=utf-16", "x"]))
def test_any_bytes_are_text_without_halves_and_nul(body: bytes, content_type: str | None) -> None:
    text = decode(body, content_type).text
    text.encode()
    assert "\0" not in text


def _comments(page: Sample, bad: bytes) -> bytes | None:
    """The page with a bad place in a comment of its body's, or None where it has no body."""
    start = page.body.lower().find(b"<body")
    at = page.body.find(b">", start) + 1
    return page.body[:at] + b"<!-- x" + bad + b"y -->" + page.body[at:] if start >= 0 else None


def test_no_page_is_read_otherwise_for_a_bad_byte_in_a_comment() -> None:
    """Every page of every market, the kinds of damage in turn: the values, and one warning more."""
    wrong = []
    kinds = list(BAD.items())
    for number, page in enumerate(all_pages()):
        body = page.body
        valid = decode(body).invalid == 0
        full = page.parsed().to_dict()
        for name, bad in (kinds[number % len(kinds)], kinds[(number + 3) % len(kinds)]):
            changed = _comments(page, bad)
            if changed is None:
                continue
            got = page.parsed(changed).to_dict()
            said = got["warnings"].pop(0)
            if got != full or (valid and said != "document: 1 invalid bytes"):
                wrong.append((page.name, name, said))
    assert wrong == []
