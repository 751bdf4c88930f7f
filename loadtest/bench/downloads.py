"""Measures the cost of downloads, compared to nginx."""

from measure import Measure
from options import Options
from runs import Figures, Results, rounds, run_alone
from scratch import shared_file
from servers import Server, available, nginx_sharing, sharing
from tables import Column, ratio, table

CLIENTS = [1, 100]
FILE = "download.bin"
FILE_MEBIBYTES = 64
NGINX = "nginx"
# nginx with send buffers as large as chatsrv's protocol permits at most.
BOUNDED = "nginx, 256 KiB"

COLUMNS = [
    Column("server, CPU s/GB", "server_s", 3),
    Column("receivers, CPU s/GB", "receivers_s", 3),
    Column("both, CPU s/GB", "both_s", 3),
    Column("MB/s", "megabytes_s", 0),
]


def download(options: Options, server: Server, clients: int) -> Figures:
    load = ["--idle", "--clients", "2", "--downloads", str(clients), "--download-name", FILE]
    load += ["--duration", f"{options.seconds}s"]
    figures = run_alone(options, server, load)
    ours, theirs = (
        figures[name]["cpu_seconds_per_gigabyte"] for name in ("server_process", "own_process")
    )
    speed = figures["downloads"]["bytes_per_second"]
    return {
        "server_s": ours,
        "receivers_s": theirs,
        "both_s": ours + theirs,
        "megabytes_s": speed / 1e6,
    }


def row(server: str, clients: int) -> str:
    return f"{server}, {clients} at once"


def take(options: Options) -> Results:
    files = shared_file(options, FILE, FILE_MEBIBYTES).parent
    both = [nginx_sharing(files, NGINX), nginx_sharing(files, BOUNDED, " sndbuf=256k")]
    servers = available(options, [sharing(files), *both])
    cases = {
        row(server.name, clients): lambda server=server, clients=clients: download(
            options, server, clients
        )
        for clients in CLIENTS
        for server in servers
    }
    return rounds(options, "downloads", cases)


def text(options: Options, results: Results) -> str:
    ratios = [
        f"- {clients} at once beside {other}: the server {ratio(results, *names, 'server_s')} times, "
        f"with the receivers {ratio(results, *names, 'both_s')} times."
        for clients in CLIENTS
        for other in [NGINX, BOUNDED]
        for names in [(row("chatsrv", clients), row(other, clients))]
    ]
    times = "\n".join(ratios)
    return f"""A file of {FILE_MEBIBYTES} MiB from the page cache, over and over; the same receiver for both servers. nginx has
one worker, sendfile, tcp_nopush and kept connections, and no log. A gigabyte has 10^9 bytes.

Over the loopback network it is the receiver's CPU that sends what waited in the kernel for room in
the receiver's window. nginx lets up to 4 MiB wait there for each client, chatsrv 16 KiB and a
chunk, and its protocol allows 256 KiB, so that a line of chat never waits behind megabytes: the two
columns belong together. "{BOUNDED}" is told to let no more wait either (sndbuf=256k).

{table("server", results, COLUMNS)}

chatsrv:

{times}
"""


MEASURE = Measure("downloads", "Downloads", take, text)
