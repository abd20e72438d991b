"""A private RabbitMQ node, kept whole under one folder and never mixed up with a system node.

    <folder>/node.json      node name, ports, password (mode 600), and who runs now
    <folder>/rabbitmq.conf  listeners on loopback only, message size limit, user
    <folder>/mnesia/        the node's data
    <folder>/log/           the node's log
    <folder>/.erlang.cookie (HOME is the folder)

It installs nothing by itself: `find_server` says where RabbitMQ is, or raises `NotInstalled` with the exact command.
The Erlang port mapper `epmd` is shared by all nodes of a machine and is left running.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy import machine
from deploy.management import Management, ManagementAway, ManagementRefused, with_vhost
from deploy.pids import free_port, start_in_own_group
from deploy.server import NotReady, Server, still_listens, write_private

#: Bytes of a body. An event, and a question or answer of RPC, is at most 256 KiB: larger ones the broker refuses, and
#: tells the publisher.
MAX_MESSAGE_SIZE = 262_144

#: The virtual host of the platform; tests and chaos add their own.
VHOST = "sipbun"
USER = "sipbun"


class NotInstalled(Exception):
    """rabbitmq-server is missing; the message is the command that installs it."""


@dataclass(frozen=True)
class NodeIdentity:
    """What makes a node this node; chosen once per folder."""

    name: str
    amqp_port: int
    admin_port: int
    metrics_port: int
    dist_port: int
    password: str

    @classmethod
    def new(cls) -> "NodeIdentity":
        """Choose free ports, an own name and a password."""
        ports: set[int] = set()
        while len(ports) < 4:
            ports.add(free_port())
        amqp, admin, metrics, dist = ports
        return cls(
            name=f"sipbun-{secrets.token_hex(4)}@localhost",
            amqp_port=amqp,
            admin_port=admin,
            metrics_port=metrics,
            dist_port=dist,
            password=secrets.token_urlsafe(24),
        )


class BrokerNode(Server):
    """One private node in one folder. start() raises NotInstalled."""

    title = "RabbitMQ"
    memory = "node.json"

    def __init__(self, folder: Path, *, consumer_timeout: float | None = None) -> None:
        """Name the folder; nothing is started. `consumer_timeout`: seconds, None for RabbitMQ's own 30 minutes."""
        super().__init__(folder)
        self.consumer_timeout = consumer_timeout

    # -- what it is

    @property
    def identity(self) -> NodeIdentity:
        """Return the node's identity, choosing it on first use."""
        kept = self._kept()
        if "identity" not in kept:
            kept["identity"] = asdict(NodeIdentity.new())
            self._keep(kept)
        return NodeIdentity(**kept["identity"])

    @property
    def amqp_url(self) -> str:
        """`amqp://sipbun:...@127.0.0.1:<port>/sipbun`."""
        return f"amqp://{USER}:{self.identity.password}@127.0.0.1:{self.identity.amqp_port}/{VHOST}"

    @property
    def admin_url(self) -> str:
        """`http://sipbun:...@127.0.0.1:<port>`: the management API and its pages."""
        return f"http://{USER}:{self.identity.password}@127.0.0.1:{self.identity.admin_port}"

    @property
    def management(self) -> Management:
        """The management API of this node."""
        return Management(self.admin_url)

    # -- what it does

    def answers(self) -> bool:
        """Return whether the node greets an AMQP client and its virtual hosts are up."""
        if not amqp_answers("127.0.0.1", self.identity.amqp_port):
            return False
        try:
            self.management.ask("GET", "health/checks/virtual-hosts")
        except (ManagementAway, ManagementRefused):
            return False
        return True

    def add_vhost(self, name: str) -> str:
        """Create a virtual host and return its AMQP address."""
        self.management.add_vhost(name)
        return with_vhost(self.amqp_url, name)

    def drop_vhost(self, name: str) -> None:
        """Delete a virtual host and all its queues."""
        self.management.drop_vhost(name)

    # -- files

    def _launch(self) -> subprocess.Popen[bytes]:
        server = find_server()
        self._release_ports_taken_meanwhile()
        self._write_configuration()
        # -noinput and RABBITMQ_ALLOW_INPUT together make the script become the Erlang VM instead of watching over it:
        # the pid we keep is the node itself, so a SIGKILL sent to it leaves nothing behind.
        return start_in_own_group(
            [server, "-noinput", "+B", "i"],
            log=self.folder / "log" / "console.log",
            environment=self._environment(),
            folder=Path("/"),
        )

    def _forget_process(self) -> None:
        super()._forget_process()
        if "identity" in self._kept() and self._link().is_symlink() and self._link().readlink() == self.folder:
            self._link().unlink()

    def _release_ports_taken_meanwhile(self) -> None:
        """Ports were chosen when the folder was new; if a stranger listens there now, choose others.

        Name, data and password stay. After a crash the old ports linger in TIME_WAIT, which is no reason to move.
        """
        kept = self._kept()
        identity = self.identity
        chosen = asdict(identity)
        for port in ("amqp_port", "admin_port", "metrics_port", "dist_port"):
            if still_listens("127.0.0.1", chosen[port]):
                chosen[port] = free_port()
        if chosen != asdict(identity):
            kept["identity"] = chosen
            self._keep(kept)

    def _write_configuration(self) -> None:
        identity = self.identity
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{identity.amqp_port}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {identity.admin_port}",
            "prometheus.tcp.ip = 127.0.0.1",
            f"prometheus.tcp.port = {identity.metrics_port}",
            f"default_vhost = {VHOST}",
            f"default_user = {USER}",
            f"default_pass = {identity.password}",
            "default_user_tags.administrator = true",
            # The gateway publishes for outside systems, each under its own user id.
            "default_user_tags.impersonator = true",
            f"max_message_size = {MAX_MESSAGE_SIZE}",
            # Depths on the operator's page are at most a second old.
            "collect_statistics_interval = 1000",
            "log.console = false",
            "log.file.level = info",
            # A laptop with little space left should still run the demo; RabbitMQ's own default is 50 MB too.
            "disk_free_limit.absolute = 50MB",
            "vm_memory_high_watermark.relative = 0.4",
        ]
        if self.consumer_timeout is not None:
            lines.append(f"consumer_timeout = {int(self.consumer_timeout * 1000)}")
        write_private(self.folder / "rabbitmq.conf", "\n".join(lines) + "\n")
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        # An empty file of our own, or the machine's /etc/rabbitmq/rabbitmq-env.conf would be read.
        (self.folder / "rabbitmq-env.conf").write_text("")
        for name in ("mnesia", "log", "conf.d"):
            (self.folder / name).mkdir(exist_ok=True)

    def _link(self) -> Path:
        return Path(tempfile.gettempdir()) / self.identity.name.partition("@")[0]

    def _plain_folder(self) -> Path:
        """Return the folder under a name that RabbitMQ can digest.

        Its management plugin dies of a path with Korean letters, its scripts of one with a space; a checkout in
        `/home/은하수` gets a link in the temporary folder, named as the node is.
        """
        told = str(self.folder)
        if told.isascii() and not any(letter.isspace() for letter in told):
            return self.folder
        link = self._link()
        with contextlib.suppress(FileExistsError):
            link.symlink_to(self.folder)
        if link.readlink() != self.folder:
            raise NotReady(f"{link} is not a link to {self.folder}: remove it")
        return link

    def _environment(self) -> dict[str, str]:
        identity, folder = self.identity, self._plain_folder()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_", "NOTIFY_SOCKET"))}
        return inherited | {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_NODENAME": identity.name,
            "RABBITMQ_NODE_PORT": str(identity.amqp_port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(identity.dist_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "node.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            # Without +sbwt none an idle node spins on both cores before it sleeps; the distribution listens on
            # loopback only.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            # Only matters when this node is the first on the machine and so starts epmd.
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }


def find_server() -> str:
    """Return the path of the rabbitmq-server script; raises NotInstalled with the command that installs it."""
    found = machine.find_server()
    if found is None:
        raise NotInstalled(machine.INSTALL_COMMAND)
    return found


def ensure_installed(say: Any = print) -> str:
    """Return the server's path, installing the Debian package when we are root; raises NotInstalled otherwise.

    `say` is told what happens. A system node that the package may start is left alone.
    """
    try:
        return find_server()
    except NotInstalled:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise
    say("rabbitmq-server 를 apt 로 설치합니다 (installing rabbitmq-server with apt) ...")
    apt_install("rabbitmq-server")
    return find_server()


def apt_install(*packages: str) -> None:
    """Install Debian packages as root; raises NotInstalled with the command when apt fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"{' '.join(command)}\n{done.stderr[-2000:]}")


def amqp_answers(host: str, port: int, seconds: float = 1.0) -> bool:
    """Return whether the port greets an AMQP 0-9-1 client (Connection.Start arrives)."""
    try:
        with socket.create_connection((host, port), timeout=seconds) as greeting:
            greeting.sendall(b"AMQP\x00\x00\x09\x01")
            return greeting.recv(1) == b"\x01"
    except OSError:
        return False
