"""What a release hands out: .deb, .rpm and .tar.gz of the static binary, and their checksums."""

import hashlib
import os
import pathlib
import stat
import subprocess
import tarfile

import pytest

from support.program import BINARY

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DIST = pathlib.Path(BINARY).parents[1] / "dist"

# Where each file of the sources goes.
PLACES = {
    **{f"man/{page.name}": f"usr/share/man/man{page.name[-1]}/{page.name}" for page in (SOURCE / "man").iterdir()},
    "completions/pushmetrics.bash": "usr/share/bash-completion/completions/pushmetrics",
    "completions/pushmetrics.zsh": "usr/share/zsh/site-functions/_pushmetrics",
    "completions/pushmetrics.fish": "usr/share/fish/vendor_completions.d/pushmetrics.fish",
    "README.md": "usr/share/doc/pushmetrics/README.md",
    "src/systemd/system/pushmetrics-flush.service": "usr/lib/systemd/system/pushmetrics-flush.service",
    "src/systemd/system/pushmetrics-flush.path": "usr/lib/systemd/system/pushmetrics-flush.path",
    "src/systemd/user/pushmetrics-flush.service": "usr/lib/systemd/user/pushmetrics-flush.service",
    "src/systemd/user/pushmetrics-flush.path": "usr/lib/systemd/user/pushmetrics-flush.path",
    ".github/examples/backup.service": "usr/share/doc/pushmetrics/examples/backup.service",
}
# What enables the units.
LINKS = [
    "usr/lib/systemd/system/multi-user.target.wants/pushmetrics-flush.service",
    "usr/lib/systemd/system/paths.target.wants/pushmetrics-flush.path",
    "usr/lib/systemd/user/default.target.wants/pushmetrics-flush.service",
    "usr/lib/systemd/user/default.target.wants/pushmetrics-flush.path",
]
INSTALLED = ["usr/bin/pushmetrics", *PLACES.values(), *LINKS]


def call(*command, **how):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def one(pattern):
    (path,) = DIST.glob(pattern)
    return path


@pytest.fixture
def machine(tmp_path):
    """A directory that dpkg takes for a machine with nothing installed."""
    root = tmp_path / "machine"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/updates").mkdir()
    (root / "var/lib/dpkg/status").touch()
    return root


def files(root):
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not path.is_relative_to(root / "var/lib/dpkg")
    }


def dpkg(root, *args):
    return call("dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless", *args)


def test_the_deb_is_installed_and_used_where_nothing_else_is_and_removed_again(machine):
    dpkg(machine, "--install", one("*.deb"))
    installed = files(machine)
    for path in INSTALLED:
        path = path.replace("zsh/site-functions", "zsh/vendor-completions")  # where Debian's zsh looks
        assert path in installed or path + ".gz" in installed, path

    namespace = [] if os.geteuid() == 0 else ["--map-root-user"]
    assert "pushmetrics " in call("unshare", *namespace, f"--root={machine}", "/usr/bin/pushmetrics", "--version")
    assert call(
        "unshare", *namespace, f"--root={machine}", "/usr/bin/pushmetrics", "run", "--url", "stdout:", "--",
        "/usr/bin/pushmetrics", "--version", env={},
    ).startswith("pushmetrics ")  # fmt: skip

    dpkg(machine, "--remove", "pushmetrics")
    assert files(machine) == set()


def test_the_deb_depends_on_nothing():
    fields = call("dpkg-deb", "--field", one("*.deb"))
    assert "\nPackage: pushmetrics\n" in "\n" + fields
    assert "Section: utils\n" in fields
    assert "Depends:" not in fields


def test_the_rpm_requires_nothing_but_rpm_itself():
    rpm = one("*.rpm")
    listed = call("rpm", "-qp", "--nosignature", "--list", rpm).split()
    for path in INSTALLED:
        assert "/" + path in listed or f"/{path}.gz" in listed, path
    requires = call("rpm", "-qp", "--nosignature", "--requires", rpm).splitlines()
    assert [line for line in requires if not line.startswith("rpmlib(")] == []
    assert call("rpm", "-qp", "--nosignature", "--scripts", rpm) == ""


def test_the_archive_holds_the_same_under_one_folder(tmp_path):
    archive = one("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path)
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    assert [folder] == list(tmp_path.iterdir())
    for path in INSTALLED:
        assert (folder / path.removeprefix("usr/")).is_file(), path
    binary = folder / "bin/pushmetrics"
    assert stat.S_IMODE(binary.stat().st_mode) == 0o755
    assert binary.read_bytes() == pathlib.Path(BINARY).read_bytes()


def test_the_checksums_are_those_of_all_packages():
    lines = (DIST / "SHA256SUMS").read_text().splitlines()
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in lines}
    assert sorted(sums) == sorted(path.name for path in DIST.iterdir() if path.name != "SHA256SUMS")
    for name, checksum in sums.items():
        assert hashlib.sha256((DIST / name).read_bytes()).hexdigest() == checksum, name


def test_packed_again_they_have_the_same_bytes():
    """With other file times, modes and time zone; tests/packaging/reproducible builds it all again elsewhere."""
    before = (DIST / "SHA256SUMS").read_text()
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        os.utime(SOURCE / name)
    environment = {**os.environ, "TZ": "Asia/Tokyo"}
    call("sh", "-c", "umask 077; tests/packaging/static package", cwd=SOURCE, env=environment)
    assert (DIST / "SHA256SUMS").read_text() == before
