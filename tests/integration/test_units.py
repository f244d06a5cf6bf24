"""The systemd units of the packages, on a machine that is booted: what waits is delivered, and nothing runs otherwise."""

import json

import pytest

from support.booted import Machine
from support.program import need_root
from support.servers import wait_until

URL = "http://127.0.0.1:9091"
GATEWAY = ("systemd-run", "--unit=gateway", "prometheus-pushgateway", "--web.listen-address=127.0.0.1:9091")
FAILING = ("pushmetrics", "run", "--url", URL, "--retries", "0")
SERVICE, PATH = "pushmetrics-flush.service", "pushmetrics-flush.path"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """With a push that waits since before its boot, and a user whose manager starts at boot."""
    need_root("to boot a machine")
    prepare = f"""
        HOME=/root unshare --net chroot "$root" pushmetrics run --url {URL} --retries 0 -j before-boot -- true 2>/dev/null
        chroot "$root" useradd --create-home --shell /bin/sh ann
        mkdir -p "$root/var/lib/systemd/linger" && touch "$root/var/lib/systemd/linger/ann"
    """
    with Machine(tmp_path_factory.mktemp("machine") / "place", prepare) as machine:
        yield machine
        machine.run("systemctl", "stop", "gateway", check=False)


@pytest.fixture
def gateway(machine):
    """Starts it; it is stopped at the end."""
    yield lambda: machine.run(*GATEWAY)
    machine.run("systemctl", "stop", "gateway", check=False)


def jobs(machine):
    listed = json.loads(machine.run("pushmetrics", "list", "--url", URL, "--json", check=False) or "{}")
    return {group["labels"]["job"] for target in listed.get("targets", []) for group in target.get("groups") or []}


def is_idle(machine, user=None):
    return machine.state(SERVICE, user) == "inactive" and machine.state(PATH, user) == "active"


def test_what_waited_before_the_boot_is_delivered_once_the_gateway_is_up(machine, gateway):
    assert machine.state(PATH) == "active"
    assert machine.state(SERVICE) == "active", "the gateway is down"
    gateway()
    wait_until(lambda: "before-boot" in jobs(machine), 45, "the delivery")
    wait_until(lambda: is_idle(machine), 10, "the service's end")
    assert machine.run("find", "/var/lib/pushmetrics", "-name", "*.push", "-o", "-name", "waiting") == ""
    assert "job 'before-boot': a push that waited" in machine.journal(SERVICE)


def test_a_run_of_root_that_ends_while_the_gateway_is_down_is_delivered_later(machine, gateway):
    wait_until(lambda: is_idle(machine), 45)
    machine.run(*FAILING, "-j", "of-root", "--", "true")
    wait_until(lambda: machine.state(SERVICE) == "active", 10, "the start of the service")
    gateway()
    wait_until(lambda: "of-root" in jobs(machine), 45, "the delivery")
    wait_until(lambda: is_idle(machine), 10, "the service's end")


def test_a_run_of_a_unit_is_delivered_from_its_state_directory(machine, gateway):
    wait_until(lambda: is_idle(machine), 45)
    machine.run("systemd-run", "--wait", "-p", "StateDirectory=pushmetrics", *FAILING, "-j", "of-unit", "--", "true")
    wait_until(lambda: machine.state(SERVICE) == "active", 10, "the start of the service")
    gateway()
    wait_until(lambda: "of-unit" in jobs(machine), 45, "the delivery")


def test_a_run_of_a_user_is_delivered_by_that_users_manager(machine, gateway):
    wait_until(lambda: is_idle(machine, "ann"), 30, "the user's manager")
    machine.run(*FAILING, "-j", "of-ann", "--", "true", user="ann")
    wait_until(lambda: machine.state(SERVICE, "ann") == "active", 10, "the start of the user's service")
    assert machine.state(SERVICE) == "inactive"
    gateway()
    wait_until(lambda: "of-ann" in jobs(machine), 45, "the delivery")
    wait_until(lambda: is_idle(machine, "ann"), 10, "the service's end")


def test_an_entry_that_cannot_be_read_leaves_the_service_neither_failed_nor_busy(machine):
    wait_until(lambda: is_idle(machine), 45)
    machine.run("sh", "-c", "mkdir -p /var/lib/pushmetrics/0123456789abcdef; cd /var/lib/pushmetrics;"
                " touch 0123456789abcdef/00000000000000000001.push; chown -R ann 0123456789abcdef; touch waiting")  # fmt: skip
    wait_until(lambda: machine.state(SERVICE) == "active", 10)
    wait_until(lambda: "belongs to another user" in machine.journal(SERVICE), 10)
    started = machine.run("systemctl", "show", "-p", "NRestarts,ExecMainPID", SERVICE)
    machine.run("sleep", "3")
    assert machine.run("systemctl", "show", "-p", "NRestarts,ExecMainPID", SERVICE) == started
    machine.run("rm", "-r", "/var/lib/pushmetrics/0123456789abcdef")
    machine.run("systemctl", "restart", SERVICE)
    wait_until(lambda: is_idle(machine), 10)


@pytest.mark.parametrize("manager", ["system", "user"])
def test_the_service_is_hardened(machine, manager):
    user = "ann" if manager == "user" else None
    machine.run(*machine.manager("systemd-analyze", user), "security", "--no-pager", "--threshold=30", SERVICE, user=user)


def test_nothing_runs_while_nothing_waits(machine):
    wait_until(lambda: is_idle(machine) and is_idle(machine, "ann"), 45)
    assert machine.run("pgrep", "-x", "pushmetrics", check=False) == ""
    for user in (None, "ann"):
        assert "failed" not in machine.state(SERVICE, user)
