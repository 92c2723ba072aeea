"""`cryptodrug simulate`: served, said, and ended."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from simulator.faults import FAULTS, RULES
from tests.cli.running import PROGRAM, run
from tests.conftest import ROOT
from tests.ports import free_ports

FEW = ["--listings", "20", "--vendors", "3", "--reviews", "30"]


def test_the_truth_is_written(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    result = run("simulate", *FEW, "--market", "dream", "--no-serve", "--truth", path)
    assert result.exit_code == 0
    assert "records that are true" in result.stdout
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {(r["market"], r["type"]) for r in records} == {
        ("dream", what) for what in ("vendor", "listing", "review")
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--market", "nowhere"], "Unknown market 'nowhere'"),
        (["--fault", "cut_off=2"], "rate from 0 to 1"),
        (["--fault", "nothing=1"], "Unknown fault 'nothing'"),
        (["--date", "soon"], "'soon' is neither"),
        (["--vendors", "0"], "1 at least"),
        (["--truth", "/no/such/folder/truth"], "/no/such/folder/truth"),
    ],
)
def test_what_is_refused(arguments: list[str], said: str) -> None:
    result = run("simulate", *FEW, "--no-serve", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_port_that_is_taken_is_named_with_the_way_out(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        more = [] if option == "--port" else ["--port", "0"]
        result = run("simulate", *FEW, "--market", "dream", option, port, *more)
    assert result.exit_code == 2
    assert f"Port {port}" in result.stderr and "is taken by another program" in result.stderr
    assert f"{option} N" in result.stderr and f"{option} 0" in result.stderr


def test_the_port_of_a_later_market_is_taken() -> None:
    first, second = free_ports(2)
    with socket.create_server(("127.0.0.1", second)):
        markets = ["--market", "dream", "--market", "empire"]
        result = run("simulate", *FEW, *markets, "--port", str(first))
    assert result.exit_code == 2
    assert f"Port {second} (for empire) is taken" in result.stderr
    assert "2 in a row" in result.stderr


@pytest.mark.parametrize(
    ("ports", "why"),
    [
        (["--port", "65535"], "does not exist"),
        (["--port", "61234", "--control-port", "61235"], "is one of the markets' already"),
    ],
)
def test_ports_that_cannot_be(ports: list[str], why: str) -> None:
    result = run("simulate", *FEW, "--market", "dream", "--market", "empire", *ports)
    assert result.exit_code == 2
    assert why in result.stderr


def test_help_tells_every_fault_and_rule() -> None:
    said = run("simulate", "--help").stdout
    for name in (*FAULTS, *RULES):
        assert re.search(rf"^ +{name} +\S", said, re.M), name


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended(tmp_path: Path, how: signal.Signals) -> None:
    cookies = tmp_path / "cookies.txt"
    process = subprocess.Popen(
        [
            *PROGRAM, "simulate", *FEW, "--market", "dream", "--port", "0", "--date", "2019-01-05",
            "--clock-rate", "0", "--cookies", str(cookies), "--log", str(tmp_path / "log"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if line.startswith("dream: http"):
                address = line.split()[1]
                assert "(2019-01-05T12:00:00Z)" in line
            if "Ctrl+C" in line:
                break
        environment = {"CRYPTODRUG_DATA_DIR": str(tmp_path / "data")}
        host = address.removeprefix("http://").removesuffix("/")
        for command, said in (
            (["mirror", "add", "dream", host], "is added"),
            (["session", "add", "dream", "--cookies", str(cookies)], "session."),
            (["session", "check", "dream", "--direct"], "default: signed in"),
        ):
            done = subprocess.run(
                [*PROGRAM, *command],
                capture_output=True,
                text=True,
                cwd=ROOT,
                env=os.environ | environment,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert said in done.stdout
        with requests.Session() as outside:
            outside.trust_env = False
            assert outside.get(address).status_code == 200
        process.send_signal(how)
        rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert json.loads(rest)["dream"]["requests"] == 2
    assert len((tmp_path / "log").read_text().splitlines()) == 2
