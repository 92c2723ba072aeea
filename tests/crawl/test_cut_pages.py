"""A page that ends early whenever it is asked for: asked so often, kept, counted and said."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from cryptodrug_scraper.database.connection import client_url
from simulator.site import Site, SiteRequest, SiteResponse
from tests.crawl.crawling import place
from tests.crawl.responses import responses
from tests.crawl.test_trouble import SMALL

RETRIES = 2


class Cutting:
    """A market of which one offer's page never comes to its end."""

    def __init__(self, site: Site, way: str) -> None:
        self.site, self.way = site, way
        self.victim = ""
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.site, name)

    def answer(self, asked: SiteRequest) -> SiteResponse:
        answer = self.site.answer(asked)
        if not self.victim and asked.address.startswith("/viewProduct?"):
            self.victim = asked.address
        if asked.address == self.victim:
            self.asked += 1
            if self.way:
                answer.delivery = self.way
            else:  # the market itself sends half a page, and says that it is all
                answer.body = answer.body[: len(answer.body) // 2]
        return answer


@pytest.mark.parametrize("way", ["", "cut_off", "length_short"], ids=["half", "broken", "short"])
def test_it_is_asked_for_so_often_and_no_more(tmp_path: Path, way: str, migrated_url: str) -> None:
    with place(tmp_path, "dream", **SMALL) as here:
        cutting = Cutting(here.server.site, way)
        here.server.site = cutting  # type: ignore[assignment]
        options = ("--category", "all", "--retries", str(RETRIES))
        ended = here.crawl(migrated_url, *options, within=300)
        assert cutting.victim
        assert cutting.asked == RETRIES + 1
    kept = [line for line in responses(here.warcs()).elements() if line.endswith(cutting.victim)]
    assert len(kept) == RETRIES + 1
    assert ended.code == 1
    assert "1 given up" in ended.said
    assert f"given up: {cutting.victim} (cut_short)" in ended.said
    assert ended.summary["given_up"] == [{"address": cutting.victim, "reason": "cut_short"}]
    requests = ended.summary["requests"]
    assert (requests["failed"], requests["waiting"]) == (1, 0)
    assert requests["done"] > 20
    assert ended.summary["counters"]["put_back/cut_short"] == RETRIES + 1
    with closing(psycopg2.connect(client_url(migrated_url))) as connection:
        work = connection.cursor()
        like = f"%{cutting.victim}"
        work.execute("SELECT kind, cut_off FROM page WHERE url LIKE %s", (like,))
        loaded = work.fetchall()
        work.execute("SELECT count(*) FROM page WHERE cut_off AND url NOT LIKE %s", (like,))
        assert work.fetchone() == (0,)
    assert len(loaded) == RETRIES + 1
    assert all(cut_off or kind == "error" for kind, cut_off in loaded)
