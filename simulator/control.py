"""A second port, for tests and for those who run the simulator: what it did, and what it is to do.

``GET /counters`` what was asked and served · ``GET /sessions`` how many are signed in ·
``POST /session`` signs a reader in and returns the cookie (``?name=`` whose) ·
``POST /end-sessions`` ends all · ``GET /clock``, ``POST /clock?at=2019-01-05T10:00:00Z`` ·
``POST /faults?cut_off=0.05`` sets faults anew (without any: none). Of several markets
``?market=`` names one; else it is for all. Answers are JSON.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptodrug_scraper.records import isoformat
from simulator.faults import UnknownFault, parse_faults
from simulator.sessions import COOKIE, cookies_txt
from simulator.site import Site


class Control:
    """Serves the second port on loopback, with JSON only."""

    def __init__(self, sites: dict[str, Site], port: int = 0) -> None:
        self.sites = sites
        control = self

        class ControlHandler(_ControlHandler):
            owner = control

        self._http = ThreadingHTTPServer(("127.0.0.1", port), ControlHandler)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Control:
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join(10)
        self._http.server_close()

    def do(self, method: str, address: str) -> tuple[int, dict[str, Any]]:
        """Do what is asked; return a status and the answer."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        wanted = query.pop("market", None)
        sites = {name: s for name, s in self.sites.items() if wanted in (None, name)}
        if not sites:
            return 404, {"error": f"no market {wanted!r} is served here"}
        task = (method, parts.path.strip("/"))
        try:
            return 200, {name: _task(site, task, query) for name, site in sites.items()}
        except (UnknownFault, ValueError) as error:
            return 400, {"error": str(error)}
        except KeyError:
            return 404, {"error": "; ".join((__doc__ or "").split("\n\n")[1:]).replace("`", "")}


def _task(site: Site, task: tuple[str, str], query: dict[str, str]) -> Any:
    """Do one thing for one market. Raises KeyError for what there is not."""
    if task == ("GET", "counters"):
        return site.snapshot()
    if task == ("GET", "sessions"):
        return site.sessions.count()
    if task == ("POST", "session"):
        cookie = site.sessions.make(query.get("name")).cookie
        host = query.get("host", "127.0.0.1")
        return {"name": COOKIE, "value": cookie, "cookies_txt": cookies_txt(host, {COOKIE: cookie})}
    if task == ("POST", "end-sessions"):
        return site.sessions.end_all()
    if task == ("POST", "faults"):
        site.faults.rates = parse_faults(f"{name}={rate}" for name, rate in query.items())
        return site.faults.rates
    if task == ("POST", "clock"):
        moment = datetime.fromisoformat(query.get("at", ""))
        site.clock.set(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    elif task != ("GET", "clock"):
        raise KeyError(task)
    return isoformat(site.clock.now())


class _ControlHandler(BaseHTTPRequestHandler):
    owner: Control

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self, method: str) -> None:
        status, answer = self.owner.do(method, self.path)
        body = (json.dumps(answer, indent=1) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
