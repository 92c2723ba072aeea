"""The text file for Prometheus: its format, its names, and that it is replaced as a whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.metrics import (
    JobFacts,
    MarketFacts,
    MonitorFacts,
    write_metrics,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = MonitorFacts(
    NOW,
    jobs=(
        JobFacts("crawl/a", {"complete": 9, "failed": 2}, True, 12.5, NOW, NOW),
        JobFacts("bulletin/be"),
    ),
    markets=(
        MarketFacts("a", Level.LOOK, 1200, 2, 3),
        MarketFacts('odd"\n\\'),
    ),
    messages_waiting=1,
)


def samples(path: Path) -> dict[str, float]:
    return {
        f"{each.name}{sorted(each.labels.items())}": each.value
        for family in text_string_to_metric_families(path.read_text("utf-8"))
        for each in family.samples
    }


def test_what_is_known_is_written_and_nothing_else(tmp_path: Path) -> None:
    write_metrics(tmp_path / "cryptodrug.prom", FACTS)
    at = NOW.timestamp()
    job, market = "[('job', 'crawl/a')]", "[('market', 'a')]"
    assert samples(tmp_path / "cryptodrug.prom") == {
        "cryptodrug_monitor_beat_timestamp_seconds[]": at,
        "cryptodrug_monitor_messages_waiting[]": 1,
        "cryptodrug_job_runs_total[('job', 'crawl/a'), ('outcome', 'complete')]": 9,
        "cryptodrug_job_runs_total[('job', 'crawl/a'), ('outcome', 'failed')]": 2,
        f"cryptodrug_job_running{job}": 1,
        "cryptodrug_job_running[('job', 'bulletin/be')]": 0,
        f"cryptodrug_job_duration_seconds{job}": 12.5,
        f"cryptodrug_job_last_success_timestamp_seconds{job}": at,
        f"cryptodrug_job_next_due_timestamp_seconds{job}": at,
        f"cryptodrug_market_pages{market}": 1200,
        f"cryptodrug_market_sessions_usable{market}": 2,
        f"cryptodrug_market_mirrors_usable{market}": 3,
        "cryptodrug_market_level[('level', 'fine'), ('market', 'a')]": 0,
        "cryptodrug_market_level[('level', 'look'), ('market', 'a')]": 1,
        "cryptodrug_market_level[('level', 'broken'), ('market', 'a')]": 0,
    }


def test_names_and_labels_are_by_the_conventions(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m.prom", FACTS)
    for family in text_string_to_metric_families((tmp_path / "m.prom").read_text("utf-8")):
        assert re.fullmatch(r"cryptodrug_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert set(sample.labels) <= {"market", "level", "job", "outcome"}
            assert not re.search(r"_(ms|minutes|hours|time|count)$", sample.name)


def test_the_file_is_there_complete_or_as_before(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m.prom", FACTS)
    before = (tmp_path / "m.prom").read_bytes()
    wrong = MonitorFacts(NOW, jobs=(JobFacts("a", {"complete": "many"}),))  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="many"):
        write_metrics(tmp_path / "m.prom", wrong)
    assert (tmp_path / "m.prom").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m.prom"]
    write_metrics(tmp_path / "m.prom", MonitorFacts(NOW))
    assert len(samples(tmp_path / "m.prom")) == 2
    with pytest.raises(OSError, match=r"no/m\.prom"):
        write_metrics(tmp_path / "no" / "m.prom", FACTS)
