"""The servers of the comparison: how each is started with its limits lifted.

Every server listens on one port of 127.0.0.1, logs hardly anything, keeps nothing on disk unless
it has to, and does not limit how fast or how much a client may receive.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from options import Options

CONNECTIONS_MAX = 1_000_000


@dataclass(frozen=True)
class Server:
    """A server: its name, its origin, and its command line."""

    name: str
    protocol: str
    program: str
    # The Debian package; None for a program of this project.
    package: str | None
    # The command that prints its version, or None.
    version_option: str | None
    # The command line for a folder of its own and a port. It may write files into the folder.
    command: Callable[[str, Path, int], list[str]]
    # The number of concurrent logins that it accepts.
    logins: int = 64

    def path(self, built: Path) -> str | None:
        """The path of its program; None if it is not installed."""
        if self.package is None:
            path = built / self.program
            return str(path) if path.exists() else None
        return shutil.which(self.program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")

    def version(self, built: Path) -> str:
        """Its version, as it prints it."""
        path = self.path(built)
        if self.version_option is None or path is None:
            return ""
        # mosquitto prints its version, and then exits with 3.
        told = subprocess.run(
            [path, self.version_option], capture_output=True, text=True, check=False
        )
        found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
        return found.group() if found else "unknown"


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def chatsrv(path: str, folder: Path, port: int) -> list[str]:
    # The defaults, including the message store, except for four limits: the rate of a sender, the
    # notices of users who come online or go offline, the cost of password hashes, and the number of
    # clients, which is meant to leave open files to downloads.
    limits = ["--rate", "0", "--presence-limit", "0", "--password-cost", "low"]
    limits += ["--max-clients", str(CONNECTIONS_MAX)]
    where = ["--port", str(port), "--listen", "127.0.0.1", "--data", str(folder)]
    return [path, *where, *limits, "--log", "warn"]


def nginx(path: str, folder: Path, port: int, files: Path, listen: str) -> list[str]:
    # One process, which is the worker. The other settings are those of an administrator who serves
    # large files: sendfile, full packets, persistent connections, and no log.
    config = f"""
daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{listen};
        root {files};
    }}
}}
"""
    return [path, "-c", write(folder, "nginx.conf", config), "-e", str(folder / "log")]


def floor(path: str, _folder: Path, port: int) -> list[str]:
    return [path, "floor", "--port", str(port)]


def batching_floor(path: str, folder: Path, port: int) -> list[str]:
    return [*floor(path, folder, port), "--batch"]


def redis(path: str, folder: Path, port: int) -> list[str]:
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "protected-mode": "no",
        "maxclients": str(CONNECTIONS_MAX),
        "client-output-buffer-limit": "pubsub 0 0 0",
        "tcp-backlog": "4096",
    }
    return [path] + [word for name, value in options.items() for word in ("--" + name, value)]


def ngircd(path: str, folder: Path, port: int) -> list[str]:
    config = f"""
[Global]
    Name = bench.invalid
    AdminInfo1 = none
    AdminEMail = nobody@bench.invalid
    Listen = 127.0.0.1
    Ports = {port}
    MotdPhrase = none
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxJoins = 0
    MaxNickLength = 31
    MaxPenaltyTime = 0
    PingTimeout = 3600
[Options]
    DNS = no
    Ident = no
    PAM = no
    IncludeDir = {folder}
"""
    return [path, "--nodaemon", "--config", write(folder, "ngircd.config", config)]


def inspircd(path: str, folder: Path, port: int) -> list[str]:
    config = f"""
<server name="bench.invalid" description="bench" network="bench">
<admin name="none" nick="none" email="nobody@bench.invalid">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="main" allow="*" timeout="120" pingfreq="1h" hardsendq="100M" softsendq="100M"
    recvq="10M" threshold="1000000" commandrate="1000000000" fakelag="no" localmax="1000000"
    globalmax="1000000" maxconnwarn="no" resolvehostnames="no" useident="no" limit="1000000">
<options prefixquit="" suffixquit="" defaultmodes="nt">
<performance somaxconn="4096" softlimit="1000000" clonesonconnect="no" quietbursts="yes">
<limits maxnick="31">
<log method="file" type="*" level="none" target="{folder}/log">
<pid file="{folder}/pid">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
"""
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return [path, "--nofork", *as_root, "--config", write(folder, "inspircd.conf", config)]


def mosquitto(path: str, folder: Path, port: int) -> list[str]:
    config = f"""
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_type none
sys_interval 0
set_tcp_nodelay true
allow_duplicate_messages true
max_queued_messages 1000000
max_connections -1
"""
    return [path, "-c", write(folder, "mosquitto.conf", config)]


def nats(path: str, folder: Path, port: int) -> list[str]:
    config = f"""
host: 127.0.0.1
port: {port}
max_connections: {CONNECTIONS_MAX}
max_pending: 1GB
write_deadline: "60s"
ping_interval: "1h"
logfile: "{folder}/log"
"""
    return [path, "-c", write(folder, "nats.conf", config)]


# InspIRCd accepts waiting connections once a second; ngIRCd has a backlog of ten.
SERVERS = [
    Server("floor", "native", "loadtest", None, None, floor),
    Server("floor, batching", "native", "loadtest", None, None, batching_floor),
    Server("chatsrv", "native", "chatsrv", None, "--version", chatsrv),
    Server("Redis", "resp", "redis-server", "redis-server", "--version", redis),
    Server("InspIRCd", "irc", "inspircd", "inspircd", "--version", inspircd, logins=1000),
    Server("ngIRCd", "irc", "ngircd", "ngircd", "--version", ngircd, logins=8),
    Server("Mosquitto", "mqtt", "mosquitto", "mosquitto", "-h", mosquitto),
    Server("NATS", "nats", "nats-server", "nats-server", "--version", nats),
]

CHATSRV = next(server for server in SERVERS if server.name == "chatsrv")
FLOORS = [server for server in SERVERS if server.program == "loadtest"]


def sharing(files: Path, *more: str) -> Server:
    """chatsrv with that shared folder, and additional options."""
    words = ["--files", str(files), *more]
    return replace(CHATSRV, command=lambda *where: chatsrv(*where) + words)


def nginx_sharing(files: Path, name: str, listen: str = "") -> Server:
    """nginx with the same folder, and additional parameters for its listening socket."""
    start = lambda *where: nginx(*where, files, listen)
    return Server(name, "http", "nginx", "nginx-light", "-v", start)


def available(options: Options, servers: list[Server]) -> list[Server]:
    """The requested servers that are installed; the names of the others are printed."""
    wanted = [s for s in servers if not options.only or s.name in options.only]
    missing = [server for server in wanted if server.path(options.built) is None]
    for server in missing:
        origin = f"apt-get install {server.package}" if server.package else "make"
        print(f"{server.name} is missing: {origin}", flush=True)
    return [server for server in wanted if server not in missing]


def chatsrv_version(options: Options) -> str:
    return CHATSRV.version(options.built)
