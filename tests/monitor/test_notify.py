"""Messages: which are sent, how often, to whom again, and what must not be in them."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.notify import Message, Notifier, NotifyRules, check_urls
from tests.cli.running import run
from tests.crawl.onions import onion
from tests.monitor.receiving import TOKEN, WebHook, mail_server, web_hook
from tests.ports import free_ports

HOUR = timedelta(hours=1)


@dataclass
class Watch:
    """A clock that a test moves, and notifiers that begin anew with the same state."""

    state: Path
    urls: tuple[str, ...]
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    rules: dict[str, object] = field(default_factory=dict)

    def start(self) -> Notifier:
        rules = NotifyRules(self.urls, **self.rules)  # type: ignore[arg-type]
        return Notifier(rules, self.state, clock=lambda: self.now)

    def send(self, level: Level, body: str = "Fewer pages.", subject: str = "a/health") -> bool:
        return self.start().send(Message(subject, level, "Of a crawl", body))

    def resolve(self, subject: str = "a/health") -> bool:
        return self.start().resolve(subject, "Over", "As it was.")


@pytest.fixture
def hook() -> Iterator[WebHook]:
    with web_hook() as served:
        yield served


@pytest.fixture
def other() -> Iterator[WebHook]:
    with web_hook() as served:
        yield served


@pytest.fixture
def watch(tmp_path: Path, hook: WebHook) -> Watch:
    return Watch(tmp_path / "new" / "messages.json", (hook.url,))


def test_without_addresses_nothing_is_sent_or_written(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "messages.json", ())
    assert not watch.send(Level.BROKEN)
    assert not watch.resolve()
    assert list(tmp_path.iterdir()) == []


def test_a_subject_has_one_message_in_a_time_unless_it_becomes_worse(
    watch: Watch, hook: WebHook
) -> None:
    assert not watch.send(Level.FINE)
    assert watch.send(Level.LOOK)
    assert not watch.send(Level.LOOK)
    assert watch.send(Level.LOOK, subject="b/health")
    assert watch.send(Level.BROKEN)
    assert not watch.send(Level.LOOK)  # no worse than what was sent
    assert not watch.send(Level.BROKEN)
    watch.now += 6 * HOUR
    assert watch.send(Level.LOOK, "Still.")
    assert [each["type"] for each in hook.messages] == ["warning", "warning", "failure", "warning"]
    assert hook.messages[-1]["title"] == "Of a crawl"
    assert hook.messages[-1]["message"] == "Still."
    watch.now -= 24 * HOUR  # a clock that was put right
    assert watch.send(Level.LOOK)


def test_it_is_over_comes_once_and_only_to_those_who_heard_of_it(
    watch: Watch, hook: WebHook, other: WebHook
) -> None:
    watch.urls = (hook.url, other.url)
    assert not watch.resolve()
    other.status = 500
    assert watch.send(Level.BROKEN)
    other.status = 200
    assert watch.resolve()
    assert not watch.resolve()
    watch.now += 24 * HOUR
    assert not watch.start().retry()
    assert [each["title"] for each in hook.messages] == ["Of a crawl", "Over"]
    assert hook.messages[-1]["type"] == "success"
    assert other.messages == []
    assert watch.send(Level.LOOK)  # a trouble that begins anew is heard of


def test_over_can_be_off(watch: Watch, hook: WebHook) -> None:
    watch.rules["over"] = False
    assert watch.send(Level.BROKEN)
    assert not watch.resolve()
    assert len(hook.messages) == 1
    assert json.loads(watch.state.read_bytes()) == {}


def test_what_could_not_be_delivered_comes_later_to_those_who_lack_it(
    watch: Watch, hook: WebHook, other: WebHook, caplog: pytest.LogCaptureFixture
) -> None:
    watch.urls = (hook.url, other.url)
    other.status = 503
    assert watch.send(Level.LOOK)
    assert watch.start().waiting == 1
    assert not watch.start().retry()  # too soon
    watch.now += timedelta(minutes=2)
    assert not watch.start().retry()
    assert "address 2 (json://…); again in 2 minutes" in caplog.messages[-1]
    other.status = 200
    assert not watch.send(Level.LOOK, "Newer words.")  # it waits for its time
    watch.now += timedelta(minutes=2)
    assert watch.start().retry()
    assert not watch.start().retry()
    assert watch.start().waiting == 0
    assert [each["message"] for each in hook.messages] == ["Fewer pages."]
    (late,) = other.messages
    assert late["message"].startswith("Newer words.")
    assert "Written 2026-03-02 00:00Z" in late["message"]


def test_attempts_become_rare_but_never_end(watch: Watch, hook: WebHook) -> None:
    hook.status = 500
    assert not watch.send(Level.BROKEN)
    gaps, last = [], watch.now
    notifier = watch.start()
    while len(gaps) < 9:
        watch.now += timedelta(minutes=1)
        state = watch.state.read_bytes()
        assert not notifier.retry()
        if (
            json.loads(watch.state.read_bytes())["a/health"]["tries"]
            != json.loads(state)["a/health"]["tries"]
        ):
            gaps.append((watch.now - last) // timedelta(minutes=1))
            last = watch.now
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_kill_while_it_is_sent_loses_no_message(watch: Watch, hook: WebHook) -> None:
    hook.held.clear()
    script = (
        "import sys; from pathlib import Path\n"
        "from cryptodrug_scraper.monitor.notify import *\n"
        "notifier = Notifier(NotifyRules((sys.argv[1],)), Path(sys.argv[2]))\n"
        "notifier.send(Message('a/health', Level.BROKEN, 'Of a crawl', 'None.'))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, hook.url, str(watch.state)])
    assert hook.came.wait(60)
    process.kill()
    process.wait()
    hook.held.set()
    assert watch.start().waiting == 1
    watch.now = datetime.now(UTC)
    assert watch.start().retry()
    assert [each["message"] for each in hook.messages if each["message"] == "None."]
    assert not watch.start().retry()


def test_a_receiver_that_was_taken_out_of_the_list_is_waited_for_no_more(
    watch: Watch, hook: WebHook, other: WebHook
) -> None:
    watch.urls = (hook.url, other.url)
    other.status = 500
    assert watch.send(Level.BROKEN)
    watch.urls = (hook.url,)
    watch.now += HOUR
    assert not watch.start().retry()
    assert watch.start().waiting == 0


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": 1}', b"\xff", b"[" * 99999])
def test_a_damaged_state_is_no_end(
    watch: Watch, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    watch.state.parent.mkdir()
    watch.state.write_bytes(content)
    assert watch.send(Level.LOOK)
    assert "messages may come again" in caplog.text
    assert not watch.send(Level.LOOK)
    assert watch.state.stat().st_mode & 0o777 == 0o600


def test_a_state_that_cannot_be_written_keeps_no_message_back(
    watch: Watch, hook: WebHook, caplog: pytest.LogCaptureFixture
) -> None:
    watch.state.mkdir(parents=True)
    assert watch.send(Level.LOOK)
    assert len(hook.messages) == 1
    assert "cannot be written" in caplog.text


@given(
    number=st.integers(0, 5),
    shape=st.sampled_from(
        ["{}", "http://{}/item?id=1", "HTTP://{}:80", "sub.{}", "({})", "{}/a/b", "x@{}", "«{}»"]
    ),
    change=st.sampled_from([str, str.upper, lambda host: host.removesuffix(".onion")]),
)
def test_no_address_of_a_market_is_in_a_message(number: int, shape: str, change: object) -> None:
    from cryptodrug_scraper.monitor import notify

    host = onion(number)
    written = shape.format(change(host))  # type: ignore[operator]
    blanked = notify.blanked(f"Lost {written} at last, 12 of 30 pages.")
    assert host[:20] not in blanked.lower()
    assert blanked.startswith("Lost ") and "12 of 30 pages." in blanked


def test_what_is_no_address_stays() -> None:
    from cryptodrug_scraper.monitor.notify import blanked

    words = "dream: 1,234 pages (-12 %); misunderstandings of .onion services, e.g. ships_from"
    assert blanked(words) == words
    assert blanked("a\x1b[2Jb") == "a\\x1b[2Jb"


def test_no_secret_of_an_address_is_logged_or_kept(
    watch: Watch, hook: WebHook, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_ports(1)[0]
    watch.urls = (hook.url, f"json://me:{TOKEN}@127.0.0.1:{port}/{TOKEN}")
    watch.send(Level.LOOK)
    hook.status = 500
    watch.send(Level.BROKEN)
    assert "again in" in caplog.text
    seen = caplog.text + "".join(capfd.readouterr()) + watch.state.read_text()
    assert TOKEN not in seen and str(port) not in seen


WRONG = {
    f"mailtoo://me:{TOKEN}@example.org": "mailto://",
    f"discord://{TOKEN}": "{webhook_id}/{webhook_token}",
    TOKEN: "it is no URL",
    f"qqqqqqqq://{TOKEN}": "no such service",
    "": "it is no URL",
}


def test_wrong_addresses_are_named_without_what_is_secret() -> None:
    right = f"json://{TOKEN}@127.0.0.1/"
    assert check_urls([right, "matrixs://user:pass@example.org/#room"]) == []
    for wrong, words in WRONG.items():
        (problem,) = check_urls([right, wrong])
        assert problem.startswith("address 2 (")
        assert words in problem
        assert TOKEN not in problem
    (problem,) = check_urls([right, right])
    assert "same stands at 1" in problem and TOKEN not in problem


def config(folder: Path, *urls: str) -> Path:
    file = folder / "monitor.toml"
    listed = ", ".join(json.dumps(url) for url in urls)
    file.write_text(
        f'[markets.dream]\nwhen = "30 4 * * mon"\n[notify]\nurls = [{listed}]\n', "utf-8"
    )
    return file


def test_the_test_message_says_to_whom_it_went(tmp_path: Path, hook: WebHook) -> None:
    with mail_server() as (mail, mails):
        file = config(tmp_path, hook.url, mail)
        done = run("monitor", "notify", "--test", "--config", file)
    assert done.exit_code == 0, done.output
    assert done.stdout == "address 1 (json://…): sent\naddress 2 (mailto://…): sent\n"
    assert hook.messages[0]["title"] == "cryptodrug: a test message"
    (got,) = mails
    assert got["To"] == "team@example.org"
    assert "a test message" in str(got["Subject"])
    hook.status = 500
    done = run("monitor", "notify", "--test", "--config", config(tmp_path, hook.url))
    assert done.exit_code == 1
    assert "address 1 (json://…): not sent" in done.stdout
    assert TOKEN not in done.output


def test_wrong_calls_of_the_test_message(tmp_path: Path) -> None:
    def code(*options: str | Path) -> tuple[int, str]:
        done = run("monitor", "notify", *options)
        return done.exit_code, done.output

    assert code("--config", config(tmp_path))[0] == 2
    assert code("--test", "--config", config(tmp_path))[0] == 3
    assert code("--test", "--config", tmp_path / "no.toml")[0] == 2
    file = config(tmp_path, f"discord://{TOKEN}")
    checked = run("monitor", "check", "--config", file)
    for exit_code, words in (
        code("--test", "--config", file),
        (checked.exit_code, checked.output),
    ):
        assert exit_code == 2 and f"{file}: address 1" in words and TOKEN not in words


@pytest.mark.parametrize("urls", ["", '"{}"', '["{}", 7]', '[["{}"]]', '["{}"', '{{ a = "{}" }}'])
def test_no_error_of_the_file_shows_an_address(tmp_path: Path, urls: str) -> None:
    file = config(tmp_path)
    secret = f"mailto://me:{TOKEN}@example.org"
    text = file.read_text()
    if urls:
        text = text.replace("[]", urls.format(secret))
    else:
        text = f'notify = "{secret}"\n{text.partition("[notify]")[0]}'
    file.write_text(text)
    done = run("monitor", "check", "--config", file)
    assert done.exit_code == 2
    assert (
        re.search(r"line [14]: notify(\.urls)?", done.stderr) or "this is not TOML" in done.stderr
    )
    assert TOKEN not in done.output


def test_what_the_service_imports_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from cryptodrug_scraper.monitor import heartbeat, metrics, notify\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'scrapy', 'sqlalchemy', 'apprise'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
        "notify.check_urls(['json://127.0.0.1'])\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n['apprise']\n"
