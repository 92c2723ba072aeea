import gzip
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from cryptodrug_scraper.archive import CODES, Limits

from .making import arc_records, codes, gz, html, read

BODIES = [html(f"page {n} " * 20) for n in range(5)]


def _read(path: Path, data: bytes) -> tuple[list[bytes], list[str]]:
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    return [page.body for page in pages], codes(troubles)


def test_the_samples_are_what_another_reader_reads() -> None:
    for version in (1, 2):
        data = b"".join(arc_records(BODIES, version=version))
        found = [
            record.content_stream().read()
            for record in ArchiveIterator(BytesIO(data), arc2warc=True)
            if record.rec_type == "response"
        ]
        assert found == BODIES


def test_pages(tmp_path: Path) -> None:
    for version in (1, 2):
        path = tmp_path / f"a{version}.arc"
        path.write_bytes(b"".join(arc_records(BODIES, version=version)))
        pages, troubles, reader = read(path)
        assert not troubles
        assert [page.body for page in pages] == BODIES
        assert pages[1].url == "http://market.onion/1"
        assert pages[1].captured_at == datetime(2018, 11, 19, 14, 5, tzinfo=UTC)
        assert (pages[1].captured_precision, pages[1].captured_from) == ("second", "warc")
        assert (pages[1].status, pages[1].content_type) == (200, "text/html")
        assert pages[1].location.startswith(f"{path}#")
        assert not reader.passed_over


def test_what_is_no_page(tmp_path: Path) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n\r\nGIF89a"
    image = f"http://m.onion/i.gif 127.0.0.1 20181119140500 image/gif {len(block)}\n".encode()
    name = b"dns:m.onion 127.0.0.1 20181119140500 text/dns 5\nabcde\n"
    large = f"http://m.onion/l 127.0.0.1 20181119140500 text/html {len(BODIES[0])}\n".encode()
    path = tmp_path / "a"
    path.write_bytes(
        b"".join([*arc_records(BODIES[:1]), image, block, b"\n", name, large, BODIES[0], b"\n"])
    )
    pages, troubles, reader = read(path)
    assert [page.body for page in pages] == [BODIES[0], BODIES[0]]  # one without a status line
    assert (pages[1].status, pages[1].content_type) == (None, "text/html")
    assert not troubles
    assert reader.passed_over == {"images": 1}
    _, troubles, _ = read(path, limits=Limits(page_bytes=100))
    assert "too_large" in codes(troubles)


def test_damage_is_named_and_the_rest_read(tmp_path: Path) -> None:
    path = tmp_path / "a.arc"
    records = arc_records(BODIES)
    assert _read(path, b"".join([*records[:3], b"junk" * 99 + b"\n", *records[3:]])) == (
        BODIES,
        ["broken_record"],
    )
    worse = records[2].replace(b" 20181119140500 ", b" never ", 1)
    bodies, troubles = _read(path, b"".join([*records[:2], worse, *records[3:]]))
    assert bodies == BODIES[2:] or bodies == [BODIES[0], *BODIES[2:]]
    assert troubles
    whole = b"".join(records)
    bodies, troubles = _read(path, whole[:-30])
    assert (bodies, troubles) == (BODIES[:4], ["truncated"])
    packed = [gzip.compress(one) for one in records]
    packed[3] = packed[3][:40] + b"\0\0\0\0" + packed[3][44:]
    bodies, troubles = _read(path, b"".join(packed))
    assert set(bodies) >= {BODIES[0], BODIES[4]}
    assert set(bodies) <= set(BODIES)
    assert troubles


@settings(max_examples=60, deadline=None)
@given(packed=st.booleans(), at=st.integers(0), length=st.integers(0, 300), junk=st.binary())
@example(packed=True, at=633, length=1, junk=b"")  # the first byte of a gzip member is missing
def test_a_piece_replaced_by_another(packed: bool, at: int, length: int, junk: bytes) -> None:
    records = arc_records(BODIES)
    whole = gz(*records) if packed else b"".join(records)
    at %= len(whole) + 1
    ends = set(accumulate(len(gz(one) if packed else one) for one in records))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.arc"
        path.write_bytes(whole[:at] + junk + whole[at + length :])
        pages, troubles, _ = read(path)
    assert all(trouble.code in CODES for trouble in troubles)
    # Nothing in an ARC says how many records it had: those that end it, or stood between others,
    # are missed by nobody.
    records_alone = at in ends and not junk and (at + length in ends or at + length >= len(whole))
    assert len(pages) >= 5 or troubles or records_alone
