"""Whatever happens to an archive, reading it never raises and never invents a page."""

import gzip
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import CODES, Limits
from cryptodrug_scraper.archive.http import decoded_body, split_response
from cryptodrug_scraper.archive.unpack import Bad, unpack

from .making import gz, html, make_tar, make_zip, read, record

_RANDOM = random.Random(20181119)
BODIES = [html(_RANDOM.randbytes(600 * n).hex()) for n in range(1, 6)]
MEMBERS = [(f"d/{n}.html", body) for n, body in enumerate(BODIES)]


def _warc(path: Path) -> None:
    path.write_bytes(gz(*(record(body) for body in BODIES)))


def _plain_warc(path: Path) -> None:
    path.write_bytes(b"".join(record(body) for body in BODIES))


def _batch_warc(path: Path) -> None:
    path.write_bytes(gzip.compress(b"".join(record(body) for body in BODIES), mtime=0))


MAKERS: dict[str, Callable[[Path], object]] = {
    "a.zip": lambda path: make_zip(path, MEMBERS),
    "a.tar.gz": lambda path: make_tar(path, MEMBERS, "w:gz"),
    "a.tar.xz": lambda path: make_tar(path, MEMBERS, "w:xz"),
    "a.tar": lambda path: make_tar(path, MEMBERS),
    "a.warc.gz": _warc,
    "b.warc.gz": _batch_warc,
    "a.warc": _plain_warc,
}
CHECKED = ("a.zip", "a.warc.gz")  # a checksum for each page, which is seen before it is let go
WHOLE = ("a.tar.gz", "a.tar.xz", "b.warc.gz")  # one checksum at the end


def _whole() -> dict[str, bytes]:
    folder = Path(tempfile.mkdtemp())
    try:
        for name, make in MAKERS.items():
            make(folder / name)
        return {path.name: path.read_bytes() for path in folder.iterdir()}
    finally:
        shutil.rmtree(folder)


ARCHIVES = _whole()


def _read(name: str, data: bytes) -> tuple[list[bytes], list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        pages, troubles, _ = read(path, limits=Limits(silent_seconds=2))
    for trouble in troubles:
        assert trouble.code in CODES
        trouble.location.encode()
    for page in pages:
        page.location.encode()
    return [page.body for page in pages], [trouble.code for trouble in troubles]


def test_whole_archives_are_read_whole() -> None:
    for name, data in ARCHIVES.items():
        assert _read(name, data) == (BODIES, []), name


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(ARCHIVES)),
    changes=st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=8),
)
@example(name="a.zip", changes=[(3_487_239_846_152, 54)])  # a comment that hides a member
def test_flipped_bits(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(ARCHIVES[name])
    for at, mask in changes:
        data[at % len(data)] ^= mask
    bodies, troubles = _read(name, bytes(data))
    if name in CHECKED:
        assert set(bodies) <= set(BODIES)
    if name in WHOLE:
        assert set(bodies) <= set(BODIES) or troubles
    if name in CHECKED or name in WHOLE:
        assert len(bodies) >= len(BODIES) or troubles


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(ARCHIVES)),
    at=st.integers(0),
    length=st.integers(0, 400),
    junk=st.binary(max_size=400),
)
@example(name="a.warc.gz", at=0, length=0, junk=b"WARC/1.0\r\n")  # what another kind begins with
@example(name="a.warc.gz", at=0, length=9, junk=b"\x28\xb5\x2f\xfd")
def test_a_piece_replaced_by_another(name: str, at: int, length: int, junk: bytes) -> None:
    whole = ARCHIVES[name]
    at %= len(whole) + 1
    bodies, troubles = _read(name, whole[:at] + junk + whole[at + length :])
    if name in CHECKED:
        assert set(bodies) <= set(BODIES)
    if name == "a.warc.gz":  # at most the records that the piece touches are lost
        assert len(bodies) >= 3
        assert len(bodies) == 5 or troubles


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(ARCHIVES)), at=st.integers(0))
def test_cut_anywhere(name: str, at: int) -> None:
    whole = ARCHIVES[name]
    at %= len(whole)
    bodies, troubles = _read(name, whole[:at])
    assert bodies == BODIES[: len(bodies)]
    assert (
        len(bodies) == len(BODIES)
        or troubles
        or name.endswith("warc.gz")
        or at == 0
        or (name == "a.warc")
    )
    if name in ("a.warc.gz", "a.warc"):
        step = [record(body) for body in BODIES]
        ends = [len(gz(*step[:n])) if name == "a.warc.gz" else sum(map(len, step[:n]))
                for n in range(1, 6)]  # fmt: skip
        assert len(bodies) >= sum(end <= at for end in ends)
        assert bool(troubles) or at in ends or len(bodies) > sum(end <= at for end in ends)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from([*sorted(ARCHIVES), "a.tar.bz2", "a.tar.zst", "a.warc.zst", "a.html.gz"]),
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"WARC/1.0\r\n",
                           b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]),
    data=st.binary(max_size=2000),
)  # fmt: skip
def test_any_bytes(name: str, start: bytes, data: bytes) -> None:
    _read(name, start + data)


@settings(max_examples=300, deadline=None)
@given(
    head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 2"]),
    fields=st.lists(
        st.sampled_from([b"Content-Encoding: gzip", b"Content-Encoding: br", b"X", b" folded",
                         b"Content-Encoding: deflate,zstd", b"Transfer-Encoding: chunked", b":"])
    ),
    data=st.binary(max_size=500),
)  # fmt: skip
def test_any_response(head: bytes, fields: list[bytes], data: bytes) -> None:
    response = split_response(head + b"\r\n".join(fields) + b"\r\n\r\n" + data)
    if response is not None:
        try:
            decoded_body(response, Limits())
        except Bad as bad:
            assert bad.code in CODES


@given(
    method=st.sampled_from(["gz", "deflate", "br", "bz2", "xz", "zst"]),
    data=st.binary(max_size=500),
)
def test_unpacking_any_bytes(method: str, data: bytes) -> None:
    try:
        unpack(data, method, Limits())
    except Bad as bad:
        assert bad.code in CODES
