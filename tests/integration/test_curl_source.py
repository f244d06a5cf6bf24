"""The static binary's libcurl has Debian's security fixes, or is not built: `tests/packaging/static`."""

import os
import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "packaging/static"

# Only this process sees another system's os-release.
ON_ANOTHER_SYSTEM = """
mount --bind "$1" /etc/os-release
shift
exec "$@"
"""


@pytest.fixture
def build(tmp_path):
    """Runs a copy of the script, with programs in place of apt-get and cmake; what they were called with is in `log`."""
    copy = tmp_path / "tree/tests/packaging/static"
    copy.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, copy)
    (tmp_path / "tree/CMakeLists.txt").touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    log = tmp_path / "log"
    log.touch()

    def program(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)

    program("apt-get", "echo 'E: nothing to be had' >&2; exit 100")
    program("cmake", f'echo "cmake $* with curl of ${{CURL_SOURCE:-its own release}}" >>{log}')
    program("dpkg-source", "exit 1")

    def run(system, **environment):
        (tmp_path / "os-release").write_text(f"ID={system}\n")
        inherited = {name: value for name, value in os.environ.items() if name != "CURL_SOURCE"}
        inherited["PATH"] = f"{programs}:{inherited['PATH']}"
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-euc", ON_ANOTHER_SYSTEM, "sh", tmp_path / "os-release", copy],
            env=inherited | environment, capture_output=True, text=True, timeout=60,
        )
        return done.returncode, done.stderr, log.read_text()

    return run


def test_on_debian_an_unpatched_curl_is_no_substitute(build):
    status, errors, log = build("debian")
    assert (status, log) == (1, ""), "nothing is built"
    assert errors.startswith("E: nothing to be had\n"), "apt's reason"
    assert errors.splitlines()[-1].startswith("tests/packaging/static: Debian's source package of curl cannot be had")


def test_elsewhere_curl_s_own_release_is_built(build):
    status, errors, log = build("fedora")
    assert (status, errors) == (0, "")
    assert "with curl of its own release" in log


@pytest.mark.parametrize("system", ["debian", "fedora"])
def test_a_tree_of_one_s_own_needs_no_download(build, system):
    status, errors, log = build(system, CURL_SOURCE="/srv/curl")
    assert (status, errors) == (0, "")
    assert "with curl of /srv/curl" in log
