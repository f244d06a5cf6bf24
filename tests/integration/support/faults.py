"""How the faults of the matrix are made: each is a context manager that is given a Place and yields a Scene."""

import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import typing

from support import faulty_server as faulty
from support.faulty_server import FaultyServer
from support.servers import Gateway, Nginx, free_port, wait_until


# A user whom limits bind, but who may read the binary wherever root has built it.
NOBODY = "setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"


@dataclasses.dataclass
class Place:
    """What a fault may use: a directory of its own, a gateway that is well, a certificate authority."""

    directory: pathlib.Path
    gateway: Gateway
    authority: typing.Any
    pushmetrics: typing.Any
    command: str
    job: str
    spool: pathlib.Path


def _nothing(*_):
    pass


JOB = ("/bin/sh", "-c", "(echo output) 2>/dev/null; exit $0")


@dataclasses.dataclass
class Scene:
    """How pushmetrics is called while the fault lasts, and what ends the fault.

    `options` and `env` hold for the `flush` after the recovery, too; what begins with `fault` for the push only.
    """

    urls: list
    gateway: Gateway
    options: tuple = ()
    flush_options: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)
    fault_env: dict = dataclasses.field(default_factory=dict)
    fault_prefix: tuple = ()
    flush_prefix: tuple = ()
    job: tuple = JOB
    output: str = "output\n"
    how: dict = dataclasses.field(default_factory=dict)
    during: typing.Callable = _nothing
    recover: typing.Callable = _nothing
    check: typing.Callable = _nothing


def _port_of(url):
    return int(url.rsplit(":", 1)[1])


def listen(port):
    return socket.create_server(("127.0.0.1", port), backlog=64)


@contextlib.contextmanager
def well(place):
    """No fault of the target."""
    yield Scene([place.gateway.url], place.gateway)


def answering(behaviour):
    """The target behaves so, until it hands on to the gateway."""

    @contextlib.contextmanager
    def make(place):
        with FaultyServer(behaviour) as server:
            yield Scene([server.url], place.gateway, recover=lambda: mend(server, place))

    return make


def mend(server, place):
    server.behaviour = faulty.relay(place.gateway.port)


def first(behaviour):
    """The first connection meets this behaviour, all others the gateway."""

    @contextlib.contextmanager
    def make(place):
        with FaultyServer(faulty.in_turn(behaviour, faulty.relay(place.gateway.port))) as server:
            yield Scene([server.url], place.gateway)

    return make


@contextlib.contextmanager
def refusing(place):
    with contextlib.ExitStack() as stack:
        port = free_port()

        def recover():
            stack.enter_context(FaultyServer(faulty.relay(place.gateway.port), listen(port)))

        yield Scene([f"http://127.0.0.1:{port}"], place.gateway, recover=recover)


@contextlib.contextmanager
def black_hole(place):
    """A socket whose queue is full: the kernel drops what would connect."""
    with contextlib.ExitStack() as stack:
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        address = listener.getsockname()
        queued = [listener]
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            queued.append(one)
        stack.callback(lambda: [one.close() for one in queued])
        time.sleep(0.1)

        def recover():
            for one in queued:
                one.close()
            stack.enter_context(FaultyServer(faulty.relay(place.gateway.port), listen(address[1])))

        yield Scene([f"http://127.0.0.1:{address[1]}"], place.gateway, recover=recover)


@contextlib.contextmanager
def unreachable(place):
    """A network namespace without any network."""
    yield Scene([place.gateway.url], place.gateway, fault_prefix=("unshare", "--net"))


@contextlib.contextmanager
def own_gateway(place):
    with Gateway(place.directory / "gateway") as gateway:
        yield gateway


@contextlib.contextmanager
def stopped(place):
    with own_gateway(place) as gateway:
        gateway.pause()
        yield Scene([gateway.url], gateway, recover=gateway.resume)


@contextlib.contextmanager
def resumed(place):
    with own_gateway(place) as gateway:
        gateway.pause()

        def during(_):
            time.sleep(0.4)
            gateway.resume()

        yield Scene([gateway.url], gateway, during=during)


def kill(gateway):
    time.sleep(0.4)
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait()


@contextlib.contextmanager
def killed(place):
    """It has taken the connection, and dies before it answers."""
    with own_gateway(place) as gateway:
        gateway.pause()
        yield Scene(
            [gateway.url], gateway, during=lambda _: kill(gateway), recover=lambda: gateway.start(gateway.port)
        )


@contextlib.contextmanager
def restarted(place):
    with own_gateway(place) as gateway:
        gateway.pause()

        def during(_):
            kill(gateway)
            gateway.start(gateway.port)

        yield Scene([gateway.url], gateway, during=during)


_NAME_SERVER = """
import os, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
if sys.argv[2] == "silent":
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    silent.set_inheritable(True)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def name_server(kind):
    """The gateway goes by a name that a name server, `silent` or `absent`, should know."""

    @contextlib.contextmanager
    def make(place):
        configuration = place.directory / "resolv.conf"
        configuration.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
        hosts = place.directory / "hosts"
        hosts.write_text("127.0.0.1 gateway.example\n")
        bind = 'mount --bind "$0" /etc/hosts && exec "$@"'
        yield Scene(
            [f"http://gateway.example:{place.gateway.port}"],
            place.gateway,
            fault_prefix=(
                ("unshare", "--net", "--mount", sys.executable, "-c", _NAME_SERVER, str(configuration), kind)
            ),
            flush_prefix=("unshare", "--mount", "sh", "-c", bind, str(hosts)),
        )

    return make


def nginx(fault_block, fault_listen="", well_block="", well_listen="", scheme="http", trusted=True, host="127.0.0.1"):
    """An nginx before the gateway with this configuration, and later with a good one."""

    @contextlib.contextmanager
    def make(place):
        good = f"location / {{ proxy_pass {place.gateway.url}; }}"
        certificates = {name: place.authority[name] for name in ("good", "expired", "other_host")}
        words = {f"{{{name}}}": f"ssl_certificate {pem}; ssl_certificate_key {key};"
                 for name, (pem, key) in certificates.items()}  # fmt: skip

        def filled(block):
            for word, text in words.items():
                block = block.replace(word, text)
            return block

        server = Nginx(place.directory / "nginx", filled(fault_block).replace("{gateway}", good), fault_listen)
        with server:

            def recover():
                server.stop()
                server.server_block, server.listen_options = filled(well_block) + good, well_listen
                server.start(server.port)

            ca = ("--cacert", str(place.authority["ca"]))
            yield Scene(
                [f"{scheme}://{host}:{server.port}"],
                place.gateway,
                options=ca if scheme == "https" and trusted else (),
                flush_options=() if trusted else ca,
                recover=recover,
            )

    return make


def tls(certificate, host="127.0.0.1", trusted=True):
    """The target shows this certificate, and later a good one."""
    return nginx(
        f"{{{certificate}}} {{gateway}}", "ssl", "{good}", "ssl", scheme="https", trusted=trusted, host=host
    )


@contextlib.contextmanager
def dead_proxy(place):
    proxy = f"http://127.0.0.1:{free_port()}"
    yield Scene([place.gateway.url], place.gateway, fault_env={"http_proxy": proxy})


def unix_socket(kind):
    """`missing`, or left by a server that is gone (`stale`)."""

    @contextlib.contextmanager
    def make(place):
        path = place.directory / "gateway.sock"
        if kind == "stale":
            with socket.socket(socket.AF_UNIX) as gone:
                gone.bind(str(path))
        with contextlib.ExitStack() as stack:

            def recover():
                path.unlink(missing_ok=True)
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(str(path))
                listener.listen(8)
                stack.enter_context(FaultyServer(faulty.relay(place.gateway.port), listener))

            yield Scene([f"unix:{path}"], place.gateway, recover=recover)

    return make


@contextlib.contextmanager
def new_disk(place):
    point = place.directory / "disk"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


def fill(disk):
    with open(disk / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)


@contextlib.contextmanager
def full_disk(place):
    with new_disk(place) as disk, refusing(place) as scene:
        fill(disk)
        place.spool = disk / "spool"
        yield scene


@contextlib.contextmanager
def read_only_disk(place):
    with new_disk(place) as disk, refusing(place) as scene:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        place.spool = disk / "spool"
        yield scene


def spool_at(choose):
    """The target refuses, and the spool is to be where `choose(directory)` says."""

    @contextlib.contextmanager
    def make(place):
        place.spool = choose(place.directory)
        with refusing(place) as scene:
            yield scene

    return make


def file_in_the_way(directory):
    path = directory / "file"
    path.write_text("in the way")
    return path


@contextlib.contextmanager
def no_home(place):
    """As a user who has no directory for state at all."""
    place.spool = None
    with refusing(place) as scene:
        scene.fault_env = {"HOME": None, "XDG_STATE_HOME": None, "STATE_DIRECTORY": None}
        scene.fault_prefix = tuple(NOBODY.split())
        yield scene


def call(place, scene, name, status=0, options=(), **how):
    """An earlier call, while the same fault lasts."""
    arguments = arguments_of(place, scene, name, status, options)
    return place.pushmetrics(*arguments, **how)


def arguments_of(place, scene, name, status=3, options=()):
    spool = ("--spool", str(place.spool)) if place.spool else ()
    urls = [part for url in scene.urls for part in ("--url", url)]
    common = (*urls, *spool, "--retries", "0", *scene.options, *options, "-j", name)
    if place.command == "push":
        return ("push", *common, "-m", f"rows={status}")
    return ("run", *common, "--", *scene.job, str(status))


def entries(spool):
    return sorted(spool.glob("*/*.push"), key=lambda path: path.name)


def waiting_entry(change):
    """A push of another job waits, and `change` is done to its file; then the target is well again."""

    @contextlib.contextmanager
    def make(place):
        with refusing(place) as scene:
            call(place, scene, "earlier")
            (entry,) = entries(place.spool)
            change(entry)
            scene.recover()
            scene.recover = _nothing
            yield scene

    return make


def cut_short(entry):
    entry.write_bytes(entry.read_bytes()[:-10])


def make_fifo(entry):
    entry.unlink()
    os.mkfifo(entry)


def add_foreign_file(entry):
    entry.unlink()
    (entry.parent / "README").write_text("foreign")


@contextlib.contextmanager
def clock_set_back(place):
    """A success of the same job waits that was written a year from now."""
    with refusing(place) as scene:
        call(place, scene, place.job, status=0)
        (entry,) = entries(place.spool)
        later = time.time_ns() + 365 * 86400 * 10**9
        os.utime(entry, ns=(later, later))
        entry.rename(entry.parent / f"{later:020d}.push")
        yield scene


def limited(limit, target=refusing, user=""):
    """Under a limit of prlimit(1)."""

    @contextlib.contextmanager
    def make(place):
        with target(place) as scene:
            scene.fault_prefix = (*user.split(), "prlimit", limit)
            yield scene

    return make


@contextlib.contextmanager
def at_a_name(place):
    """Nobody listens, at an address that has to be resolved."""
    with refusing(place) as scene:
        scene.urls = [url.replace("127.0.0.1", "localhost") for url in scene.urls]
        yield scene


def in_shell(words, target=refusing):
    """Called by a shell's line that ends in `"$@"` and redirections, say."""

    @contextlib.contextmanager
    def make(place):
        with target(place) as scene:
            scene.fault_prefix = ("/bin/sh", "-c", words, "sh")
            if " >&-" in words:
                scene.output = ""
            yield scene

    return make


def in_environment(target=refusing, **changes):
    @contextlib.contextmanager
    def make(place):
        with target(place) as scene:
            scene.fault_env = changes
            yield scene

    return make


@contextlib.contextmanager
def stderr_without_reader(place):
    with refusing(place) as scene:
        reading, writing = os.pipe()
        os.close(reading)
        scene.how = {"stderr": writing}
        yield scene
        os.close(writing)


def signalled(*signals, apart=0.1):
    """The target is silent, and these come while it is waited for."""

    @contextlib.contextmanager
    def make(place):
        with FaultyServer(faulty.silent) as server:

            def during(process):
                wait_until(lambda: server.times)
                for number in signals:
                    time.sleep(apart)
                    process.send_signal(number)

            yield Scene([server.url], place.gateway, during=during, recover=lambda: mend(server, place))

    return make


@contextlib.contextmanager
def beside_a_silent_one(place):
    """Two targets; the one that lives has its push long before the other is given up."""
    with FaultyServer(faulty.silent) as server:

        def during(_):
            wait_until(lambda: place.gateway.find(place.job), 1, "the live target has its push")

        yield Scene(
            [server.url, place.gateway.url], place.gateway, during=during, recover=lambda: mend(server, place)
        )


@contextlib.contextmanager
def no_process(place):
    with limited("--nproc=0", user=NOBODY)(place) as scene:
        scene.output = ""
        yield scene


@contextlib.contextmanager
def killed_itself(place):
    """KILL, which cannot be handed on, while the job runs."""
    marker = place.directory / "ready"
    words = f'trap "echo terminated; exit" TERM; : >{marker}; while :; do sleep 0.01; done'

    def during(process):
        wait_until(marker.exists)
        process.kill()

    with well(place) as scene:
        scene.job, scene.output, scene.during = ("/bin/sh", "-c", words), "terminated\n", during
        yield scene


@contextlib.contextmanager
def crowd(place):
    """49 more at the same time, for the same target."""
    with refusing(place) as scene:
        names = [f"{place.job}-{number}" for number in range(49)]
        recover = scene.recover
        running = []

        def begin(_):
            for name in names:
                running.append(place.pushmetrics.spawn(*arguments_of(place, scene, name)))

        def await_all():
            for process in running:
                process.communicate(timeout=20)
                assert process.returncode == (3 if place.command == "run" else 1)
            recover()

        def check():
            assert [name for name in names if scene.gateway.find(name) is None] == []

        scene.during, scene.recover, scene.check = begin, await_all, check
        yield scene


@contextlib.contextmanager
def broken_library(place):
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    library = re.search(r"libcurl\.so\.4 .*=> (.*)", listing)[1]
    broken = place.directory / "libcurl.so.4"
    broken.write_text("no library\n")
    bind = 'mount --bind "$0" "$1" && shift && exec "$@"'
    with refusing(place) as scene:
        scene.fault_prefix = ("unshare", "--mount", "sh", "-c", bind, str(broken), library)
        yield scene
