"""`tests/packaging/packages` installs what is missing, and waits for another package manager's locks."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import subprocess
import threading

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "packaging/packages"
SET, NAMES = "lint", ["clang", "clang-format", "clang-tidy", "docker-compose", "shellcheck"]

APT_CONFIGURATION = """
Dir::State "{root}/state";
Dir::State::status "{root}/dpkg/status";
Dir::Cache "{root}/cache";
Dir::Log "{root}/log";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "/dev/null";
DPkg::Options {{ "--admindir={root}/dpkg"; "--instdir={root}/system"; "--log=/dev/null"; "--force-not-root"; }};
APT::Sandbox::User "root";
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""

# Only this process sees the file that keeps servers from being started.
WITH_A_POLICY_OF_ITS_OWN = """
mount --bind /usr/sbin "$1/real-sbin"
ln -sf "$1"/real-sbin/* "$1/sbin/"
mount --bind "$1/sbin" /usr/sbin
shift
exec "$@"
"""


def build_package(directory, name):
    control = directory / name / "DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: empty\n"
    )
    subprocess.run(["dpkg-deb", "--build", directory / name, directory / f"{name}.deb"], check=True, capture_output=True)
    content = (directory / f"{name}.deb").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return f"{control.read_text()}Filename: ./{name}.deb\nSize: {len(content)}\nSHA256: {digest}\n\n"


class Machine:
    """Has apt and dpkg work on directories of its own: nothing is installed, and all comes from a local repository."""

    def __init__(self, root):
        self.root = root
        for directory in ("state/lists/partial", "cache/archives/partial", "log", "dpkg/info", "dpkg/updates", "system"):
            (root / directory).mkdir(parents=True)
        for directory in ("repository", "real-sbin", "sbin"):
            (root / directory).mkdir()
        (root / "dpkg/status").touch()
        index = "".join(build_package(root / "repository", name) for name in NAMES)
        (root / "repository/Packages").write_text(index)
        (root / "sources.list").write_text(f"deb [trusted=yes] copy:{root}/repository ./\n")
        (root / "apt.conf").write_text(APT_CONFIGURATION.format(root=root))

    def install(self):
        """A process that installs the set."""
        environment = os.environ | {"APT_CONFIG": f"{self.root}/apt.conf", "DPKG_ADMINDIR": f"{self.root}/dpkg"}
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-euc", WITH_A_POLICY_OF_ITS_OWN, "sh", self.root, SCRIPT, SET],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def installed(self):
        show = ["dpkg-query", f"--admindir={self.root}/dpkg", "-W", "-f", "${Package} ${Status}\n"]
        lines = subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines()
        return sorted(line.split()[0] for line in lines if line.endswith(" installed"))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@contextlib.contextmanager
def locked(path):
    with open(path, "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def end_of(process):
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_what_is_missing_is_installed(machine):
    assert end_of(machine.install()) == (0, f"installing: {' '.join(NAMES)}\n")
    assert machine.installed() == NAMES
    assert end_of(machine.install()) == (0, ""), "nothing is missing any more"


@pytest.mark.parametrize("lock", ["state/lists/lock", "cache/archives/lock", "dpkg/lock", "dpkg/lock-frontend"])
def test_another_package_manager_is_waited_for(machine, lock):
    path = machine.root / lock
    with locked(path):
        process = machine.install()
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        lines = [process.stderr.readline(), process.stderr.readline()]
        watchdog.cancel()
        assert lines[1].startswith(f"waiting for another package manager: {path}"), lines
        assert f"process {os.getpid()} (" in lines[1], "who holds the lock"
        assert machine.installed() == []
    assert end_of(process) == (0, "")
    assert machine.installed() == NAMES


def test_what_no_waiting_would_change_fails_at_once(machine):
    (machine.root / "sources.list").write_text("deb [trusted=yes] copy:/nowhere ./\n")
    status, errors = end_of(machine.install())
    assert status == 1
    assert "Failed to fetch copy:/nowhere/./Packages" in errors
    assert errors.splitlines()[-1] == "tests/packaging/packages: apt-get failed (above)"
