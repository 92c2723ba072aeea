"""A whole Tor network on loopback: authorities, relays, onion services and a client.

    with TorNetwork() as network:
        hosts = network.start({"market": 8080})       # {"market": "….onion"}
        proxies = f"socks5h://me:x@{network.socks}"

Seven Tor processes: three directory authorities, two relays, one node that publishes onion
services and one client. Nothing leaves the machine. The first page comes some fifteen seconds
after the start, most of it waiting for the authorities to vote.

How it is quick, and what for: the authorities vote first after seconds (the least that Tor
takes) and later every twenty seconds. What is not in the first vote waits for the second, so
the authorities are started at a moment that leaves the relays time to tell of themselves, and
client and services go to the network once there is a consensus with everybody in it: whoever
asks too early is told to wait, longer each time.

All processes end with the one that started them, also if it is killed: a caretaker waits for
its end, ends them and removes the folder.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import socks
import stem

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.tor.control import TorControl
from tests.ports import free_ports
from tests.tor.nodes import Lines, NetworkFailed, Node, PortTaken, missing_programs

AUTHORITIES, RELAYS = 3, 2
ROOT = Path(__file__).resolve().parent.parent.parent

_FIRST_VOTE, _VOTES = 5, 20  # seconds between votes
_VOTE_AT = 3  # seconds after a multiple of _FIRST_VOTE when votes are sent (seen in logs)
_GOOD_MOMENT = 2.0  # seconds after such a moment until which the next one is far enough

ONE_TRY = 45.0  # seconds after which a service that cannot be reached is published anew

# Ends the nodes when its standard input does, which is when whoever holds it ends.
_CARETAKER = """
import sys
from pathlib import Path
sys.stdin.read()
from tests.tor.nodes import end_all
end_all(Path(sys.argv[1]))
"""


@dataclass(frozen=True)
class RunningNetwork:
    """A network that runs, seen from any process of this machine."""

    socks: str  # HOST:PORT of the client's SOCKS port
    control: str  # HOST:PORT of the client's control port, which asks for a cookie
    publisher: str  # HOST:PORT of the control port of the node with the services
    lines: dict[str, str | list[str]]  # what makes another Tor a client of this network

    def publish(self, port: int, *, patience: float = 180.0) -> str:
        """Publish a port of 127.0.0.1 as an onion service, port 80; return its host name.

        Returns when the client reaches it. Something must listen on the port.
        """
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 2 * ONE_TRY:
            # Now and then one stays out of reach that another, published anew, does not.
            with contextlib.suppress(NetworkFailed):
                return self.publish_all({"": port}, patience=ONE_TRY)[""]
        return self.publish_all({"": port}, patience=left)[""]

    def publish_all(self, services: Mapping[str, int], *, patience: float = 90.0) -> dict[str, str]:
        """Publish several ports at once; return the host names by the names given."""
        if not services:
            return {}
        deadline = time.monotonic() + patience
        uploaded: set[str] = set()

        def heard(event: stem.response.events.HSDescEvent) -> None:
            if event.action == "UPLOADED":
                uploaded.add(event.address)

        with TorControl(self.publisher) as control:
            controller = control.controller
            controller.add_event_listener(heard, stem.control.EventType.HS_DESC)
            addresses = {
                name: controller.create_ephemeral_hidden_service(
                    {80: port}, key_content="ED25519-V3", discard_key=True, detached=True
                ).service_id
                for name, port in services.items()
            }
            if not wait_for(
                lambda: uploaded >= set(addresses.values()), deadline - time.monotonic()
            ):
                raise NetworkFailed(f"an onion service is not published in {patience:.0f} s")
        hosts = {name: f"{address}.onion" for name, address in addresses.items()}
        try:
            for host in hosts.values():
                self.wait_reachable(host, patience=deadline - time.monotonic())
        except NetworkFailed:
            for host in hosts.values():
                self.withdraw(host)
            raise
        return hosts

    def withdraw(self, host: str) -> None:
        """Take an onion service down again."""
        with TorControl(self.publisher) as control:
            control.controller.remove_ephemeral_hidden_service(host.removesuffix(".onion"))

    def wait_reachable(self, host: str, *, patience: float = 60.0) -> None:
        """Wait until the client connects to port 80 of an onion service."""
        said: list[str] = []

        def reached() -> bool:
            try:
                self.connect(host).close()
            except OSError as error:
                said.append(str(error))
                return False
            return True

        if not wait_for(reached, patience):
            raise NetworkFailed(
                f"{host} is not reachable in {patience:.0f} s; the last of {len(said)} attempts: "
                + (said[-1] if said else "none was possible")
            )

    def connect(self, host: str, port: int = 80, *, timeout: float = 20.0) -> socket.socket:
        """Connect to an onion service through the client; raise OSError if it fails."""
        proxy, _, proxy_port = self.socks.rpartition(":")
        connection = socks.socksocket()
        try:
            connection.set_proxy(socks.SOCKS5, proxy, int(proxy_port), True, "network", "x")
            connection.settimeout(timeout)
            connection.connect((host, port))
        except BaseException:
            connection.close()
            raise
        return connection

    def as_json(self) -> str:
        """Return what :meth:`from_json` takes."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunningNetwork:
        """Read what another process wrote."""
        return cls(**json.loads(text))


@dataclass
class TorNetwork:
    """A network of this process; a context manager, and also a `start` and a `stop`.

    ``folder`` is made, and removed at the end with all in it (a new one in the system's folder
    for such things if None). Any number of networks run side by side.
    """

    folder: Path | None = None
    nodes: list[Node] = field(default_factory=list)
    running: RunningNetwork | None = None
    took: dict[str, float] = field(default_factory=dict)  # seconds to each stage, to be measured
    _made: Path | None = None
    _caretaker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def socks(self) -> str:
        """HOST:PORT of the client's SOCKS port."""
        return self._running().socks

    @property
    def control(self) -> str:
        """HOST:PORT of the client's control port."""
        return self._running().control

    def start(
        self, services: Mapping[str, int] | None = None, *, patience: float = 180.0
    ) -> dict[str, str]:
        """Start the network and publish ports of 127.0.0.1; return their onion host names.

        Returns when all of them are reachable. Raises NetworkFailed, with the end of a node's
        log, if that does not come about in ``patience`` seconds.
        """
        if missing := missing_programs():
            raise NetworkFailed(f"{' and '.join(missing)} not found: install Debian's package tor")
        begun = time.monotonic()
        try:
            self._make_folder()
            for attempt in range(5):
                try:
                    self._start_nodes(f"try-{attempt}", begun + patience)
                    break
                except PortTaken:
                    self._stop_nodes()
            else:
                raise NetworkFailed("other programs take the ports, five times in a row")
            self.took["connected"] = time.monotonic() - begun
            hosts = self._running().publish_all(
                services or {}, patience=begun + patience - time.monotonic()
            )
            self.took["reachable"] = time.monotonic() - begun
        except NetworkFailed as error:
            tails = "\n".join(f"{node.name}:\n{node.tail(6)}" for node in self.nodes)
            self.stop()
            raise NetworkFailed(f"{error}\n{tails}") from None
        except BaseException:
            self.stop()
            raise
        return hosts

    def add_service(self, port: int, *, patience: float = 180.0) -> str:
        """Publish one more port of 127.0.0.1; return its onion host name once it is reachable."""
        return self._running().publish(port, patience=patience)

    def stop(self) -> None:
        """End all processes and remove the folder."""
        try:
            self._stop_nodes()
        finally:
            self.running = None
            caretaker, self._caretaker = self._caretaker, None
            if caretaker is not None:
                assert caretaker.stdin is not None
                caretaker.stdin.close()
                caretaker.wait(30)
            if self._made is not None:
                shutil.rmtree(self._made, ignore_errors=True)
                self._made = None

    # -- starting -----------------------------------------------------------------------

    def _running(self) -> RunningNetwork:
        if self.running is None:
            raise RuntimeError("this network has not been started")
        return self.running

    def _make_folder(self) -> None:
        if self.folder is None:
            self._made = Path(tempfile.mkdtemp(prefix="cryptodrug-tor-"))
        else:
            self.folder.mkdir(mode=0o700, parents=True)
            self._made = self.folder.absolute()
        self._caretaker = subprocess.Popen(
            [sys.executable, "-c", _CARETAKER, str(self._made)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )

    def _start_nodes(self, attempt: str, deadline: float) -> None:
        assert self._made is not None
        folder = self._made / attempt
        authorities = [Node(folder, f"authority{n}") for n in range(AUTHORITIES)]
        relays = [Node(folder, f"relay{n}") for n in range(RELAYS)]
        publisher, client = Node(folder, "services"), Node(folder, "client")
        self.nodes = [*authorities, *relays, publisher, client]
        ports = free_ports(2 * AUTHORITIES)
        directories, onions = ports[:AUTHORITIES], ports[AUTHORITIES:]
        with ThreadPoolExecutor() as pool:
            keys = list(pool.map(Node.make_authority, authorities, directories))
        common: dict[str, str | list[str]] = {
            "TestingTorNetwork": "1",
            "DirAuthority": [
                f"{node.name} orport={onion} no-v2 v3ident={identity} 127.0.0.1:{directory} {own}"
                for node, onion, directory, (identity, own) in zip(
                    authorities, onions, directories, keys, strict=True
                )
            ],
            "UseDefaultFallbackDirs": "0",
            "AssumeReachable": "1",
            "PathsNeededToBuildCircuits": "0.67",
        }
        own_dns = folder / "resolv.conf"
        own_dns.write_text("nameserver 127.0.0.1\n")  # so that no relay asks the machine's
        relay = {
            **common,
            "SocksPort": "0",
            "Address": "127.0.0.1",
            "ExitRelay": "0",
            "ExitPolicy": "reject *:*",
            "ServerDNSResolvConfFile": str(own_dns),
            "ServerDNSDetectHijacking": "0",
            "ContactInfo": "nobody@example.invalid",
        }
        authority = {
            **relay,
            "AuthoritativeDirectory": "1",
            "V3AuthoritativeDirectory": "1",
            "TestingDirAuthVoteHSDir": "*",
            "TestingDirAuthVoteGuard": "*",
            "TestingDirAuthVoteGuardIsStrict": "1",
            "TestingV3AuthInitialVotingInterval": str(_FIRST_VOTE),
            "TestingV3AuthInitialVoteDelay": "2",
            "TestingV3AuthInitialDistDelay": "2",
            "V3AuthVotingInterval": str(_VOTES),
            "V3AuthVoteDelay": "4",
            "V3AuthDistDelay": "4",
        }
        asleep = {**common, "DisableNetwork": "1"}
        publisher.start({**asleep, "SocksPort": "0"})
        client_port = {"SocksPort": "127.0.0.1:auto IsolateSOCKSAuth"}
        client.start({**asleep, **client_port})
        _await_good_moment()
        for node, onion, directory in zip(authorities, onions, directories, strict=True):
            addresses = {"ORPort": f"127.0.0.1:{onion}", "DirPort": f"127.0.0.1:{directory}"}
            node.start({**authority, **addresses, "Nickname": node.name})
        for node in authorities:
            _ = node.control  # it listens: a relay tells of itself once only
        for node in relays:
            node.start({**relay, "ORPort": "127.0.0.1:auto", "Nickname": node.name})
        for node in authorities:
            node.wait(
                lambda node=node: _listed(node) == AUTHORITIES + RELAYS,
                *_until(deadline, "has no consensus on all relays"),
            )
        for node in (publisher, client):
            node.connection.controller.set_conf("DisableNetwork", "0")
        publisher = self._connected(publisher, {**common, "SocksPort": "0"}, deadline)
        client = self._connected(client, {**common, **client_port}, deadline)
        self.running = RunningNetwork(
            socks=client.ask("net/listeners/socks").strip('"'),
            control=client.control,
            publisher=publisher.control,
            lines=common,
        )

    def _connected(self, node: Node, lines: Lines, deadline: float) -> Node:
        """Wait until a client is connected, and start it anew where that takes long.

        A client whose first question comes to nothing waits ten seconds and more for the next.
        """
        number = self.nodes.index(node)
        for patience in (8.0, 12.0, 20.0):
            if node.holds(lambda node=node: _bootstrapped(node), patience):
                return node
            node.stop()
            node = Node(node.folder.parent, f"{node.name}-again")
            self.nodes[number] = node
            node.start(lines)
        node.wait(lambda: _bootstrapped(node), *_until(deadline, "does not connect"))
        return node

    def _stop_nodes(self) -> None:
        nodes, self.nodes = self.nodes, []
        with contextlib.ExitStack() as stack:
            for node in nodes:
                stack.callback(node.stop)
            for node in nodes:
                node.terminate()  # all at once; `stop` then waits for each


def _await_good_moment() -> None:
    """Wait until the next vote is far enough away for the relays to be in it."""
    while (time.time() - _VOTE_AT) % _FIRST_VOTE > _GOOD_MOMENT:
        time.sleep(0.02)


def _listed(node: Node) -> int:
    """Count the relays in the consensus that a node has."""
    return sum(line.startswith("r ") for line in node.ask("ns/all").splitlines())


def _bootstrapped(node: Node) -> bool:
    return "PROGRESS=100" in node.ask("status/bootstrap-phase")


def _until(deadline: float, otherwise: str) -> tuple[float, str]:
    return deadline - time.monotonic(), otherwise
