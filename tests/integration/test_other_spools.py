"""What is spooled elsewhere is named: nobody is to believe that nothing is."""

import json
import os
import shutil
import subprocess

import pytest

from support.program import BINARY, finish
from support.servers import free_port

USERS = {"root": 0, "ann": 1201, "ben": 1202}


class Machine:
    """Users with homes, and state directories: mounted over this machine's in a mount namespace for each call."""

    MOUNT = 'for place in etc/passwd home root var/lib; do mount --bind "$1/$place" "/$place"; done; shift; exec "$@"'

    def __init__(self, directory):
        self.directory = directory
        self.url = f"http://127.0.0.1:{free_port()}"
        for place in ("etc", "home", "root", "var/lib/private"):
            (directory / place).mkdir(parents=True)
        os.chmod(directory / "var/lib/private", 0o700)
        lines = [f"{name}:x:{number}:{number}::{self.home(name)}:/bin/sh\n" for name, number in USERS.items()]
        # Lines that are no users, and a user without a home, are no reason to stop.
        (directory / "etc/passwd").write_text("broken\n\nx:y:z:u:v:w:t\n" + "".join(lines) + "none:x:1300:1300::/nowhere:/bin/sh\n")
        shutil.copy(BINARY, directory / "var/lib/binary")
        for name, number in USERS.items():
            if number:
                (directory / "home" / name).mkdir(mode=0o700)
                os.chown(directory / "home" / name, number, number)

    @staticmethod
    def home(name):
        return "/root" if name == "root" else f"/home/{name}"

    def __call__(self, user, *args, **variables):
        number = str(USERS[user])
        command = ["unshare", "--mount", "sh", "-ec", self.MOUNT, "sh", self.directory, "setpriv", "--reuid", number]
        command += ["--regid", number, "--clear-groups", "/var/lib/binary", args[0], "--url", self.url, *args[1:]]
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": self.home(user), **variables}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return finish(subprocess.Popen(command, env=environment, cwd="/", start_new_session=True, **pipes))

    def spool(self, user, job, **variables):
        assert self(user, "push", "--retries", "0", "-j", job, "-m", "a=1", **variables).status == 1


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine")


def named(result):
    return [line for line in result.messages if " of user " in line]


def hints(result):
    return [line for line in result.stderr_lines if line.startswith("hint: ")]


def test_root_learns_of_each_users_spool_by_name(machine):
    for job in ("a", "b"):
        machine.spool("ann", job)
    machine.spool("ben", "c")
    result = machine("root", "flush")
    assert result.status == 0
    of_ann, of_ben = named(result)
    assert "2 pushes of user ann are spooled in /home/ann/.local/state/pushmetrics, the oldest for " in of_ann
    assert "1 push of user ben is spooled in /home/ben/.local/state/pushmetrics, the oldest for " in of_ben
    assert hints(result) == [
        f"hint: as user {name}, run: pushmetrics flush --spool /home/{name}/.local/state/pushmetrics"
        for name in ("ann", "ben")
    ]


def test_what_the_hint_says_finds_the_pushes(machine):
    machine.spool("ann", "a")
    result = machine("ann", "flush", "--spool", "/home/ann/.local/state/pushmetrics", "--retries", "0")
    assert result.status == 1 and "1 push still waits in /home/ann/.local/state/pushmetrics" in result.stderr


def test_a_user_learns_of_what_they_may_read_only(machine):
    machine.spool("ann", "a")
    machine.spool("root", "b")
    assert machine("ben", "flush").stderr == ""
    os.chmod(machine.directory / "var/lib/pushmetrics", 0o755)
    for folder in (machine.directory / "var/lib/pushmetrics").glob("????????????????"):
        os.chmod(folder, 0o755)
    result = machine("ben", "flush")
    (of_root,) = named(result)
    assert "1 push of user root is spooled in /var/lib/pushmetrics" in of_root
    assert hints(result) == ["hint: as user root, run: pushmetrics flush --spool /var/lib/pushmetrics"]


@pytest.mark.parametrize("place", ["/var/lib/backup", "/var/lib/private/backup"])
def test_the_state_directory_of_a_unit_is_found(machine, place):
    machine.spool("root", "a", STATE_DIRECTORY=place)
    result = machine("root", "flush")
    assert result.status == 0
    (found,) = named(result)
    assert f"1 push of user root is spooled in {place}" in found
    assert hints(result) == [f"hint: run: pushmetrics flush --spool {place}"]


def test_a_users_own_spool_elsewhere_is_found(machine):
    machine.spool("ann", "a")
    result = machine("ann", "flush", XDG_STATE_HOME="/home/ann/elsewhere")
    (found,) = named(result)
    assert "1 push of user ann is spooled in /home/ann/.local/state/pushmetrics" in found


def test_the_spool_that_is_delivered_is_not_named_nor_any_that_is_empty(machine):
    machine.spool("root", "a")
    (machine.directory / "home/ann/.local/state/pushmetrics/0123456789abcdef").mkdir(parents=True)
    result = machine("root", "flush", "--retries", "0")
    assert result.status == 1 and named(result) == []
    # By another name, too.
    (machine.directory / "var/lib/alias").symlink_to("/var/lib/pushmetrics")
    result = machine("root", "flush", "--retries", "0", STATE_DIRECTORY="/var/lib/alias")
    assert result.status == 1 and named(result) == []


def test_a_spool_that_is_named_is_the_only_one_that_is_meant(machine):
    machine.spool("ann", "a")
    assert named(machine("root", "flush", "--spool", "/var/lib/pushmetrics")) == []


def test_another_users_files_cannot_stop_the_search(machine):
    state = machine.directory / "home/ann/.local/state"
    state.mkdir(parents=True)
    (state / "loop").symlink_to("loop")
    (state / "pushmetrics").symlink_to("/proc")
    os.mkfifo(state / "waiting")
    spool = state / "\x1b[31mred"
    (spool / "0123456789abcdef").mkdir(parents=True)
    (spool / "waiting").touch()
    os.mkfifo(spool / "0123456789abcdef" / "00000000000000000042.push")
    (spool / "fedcba9876543210").symlink_to("/")
    machine.spool("ben", "b")
    result = machine("root", "flush")
    assert result.status == 0 and "\x1b" not in result.stderr
    assert len(named(result)) == 2 and "of user ben is spooled" in result.stderr


def test_doctor_names_them_too(machine):
    machine.spool("ann", "a")
    found = json.loads(machine("root", "doctor", "--json").stdout)["findings"]
    own, of_ann = [finding for finding in found if finding["check"] == "spool"]
    assert own["status"] == "ok" and "/var/lib/pushmetrics can be written; nothing waits" in own["message"]
    assert of_ann["status"] == "warn"
    assert "1 push of user ann is spooled in /home/ann/.local/state/pushmetrics" in of_ann["message"]
    assert of_ann["remedy"] == "as user ann, run: pushmetrics flush --spool /home/ann/.local/state/pushmetrics"
