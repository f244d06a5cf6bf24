"""What a release hands out for another architecture than this machine's: the binary, and the packages with it."""

import hashlib
import os
import pathlib
import struct
import subprocess
import tarfile

import pytest

ARCHITECTURE = os.environ["ARCHITECTURE"]  # Debian's name
ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / f"static-{ARCHITECTURE}"
DIST = ROOT / "build/dist"
# Debian's architecture → the machine in ELF's header, bits, the architecture in RPM, and in the archive's name.
MACHINE, BITS, RPM, UNAME = {
    "amd64": (62, 64, "x86_64", "x86_64"),
    "arm64": (183, 64, "aarch64", "aarch64"),
    "armhf": (40, 32, "armv7hl", "armv7l"),
}[ARCHITECTURE]


def output(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def binary():
    return (BUILD / "src/pushmetrics").read_bytes()


def test_the_binary_is_for_this_architecture_and_needs_no_interpreter_and_no_library(binary):
    assert binary[:4] == b"\x7fELF"
    assert {1: 32, 2: 64}[binary[4]] == BITS
    assert struct.unpack_from("<H", binary, 18)[0] == MACHINE
    table, size, count = (
        (*struct.unpack_from("<I", binary, 0x1C), *struct.unpack_from("<HH", binary, 0x2A))
        if BITS == 32
        else (*struct.unpack_from("<Q", binary, 0x20), *struct.unpack_from("<HH", binary, 0x36))
    )
    kinds = {struct.unpack_from("<I", binary, table + i * size)[0] for i in range(count)}
    assert kinds.isdisjoint({2, 3}), "a dynamic section, or an interpreter"


def test_the_binary_is_at_most_9_megabytes(binary):
    assert len(binary) <= 9_000_000


def test_the_binary_does_not_tell_where_it_was_built(binary):
    assert str(ROOT).encode() not in binary


def test_every_package_names_the_architecture():
    (deb,) = DIST.glob(f"*_{ARCHITECTURE}.deb")
    assert output("dpkg-deb", "--field", deb, "Architecture").strip() == ARCHITECTURE
    (rpm,) = DIST.glob(f"*.{RPM}.rpm")
    assert output("rpm", "-qp", "--nosignature", "--queryformat", "%{ARCH} %{OS}", rpm) == f"{RPM} linux"


def test_every_package_holds_the_binary(binary, tmp_path):
    (deb,) = DIST.glob(f"*_{ARCHITECTURE}.deb")
    output("dpkg-deb", "--extract", deb, tmp_path)
    assert (tmp_path / "usr/bin/pushmetrics").read_bytes() == binary
    (archive,) = DIST.glob(f"*-linux-{UNAME}.tar.gz")
    with tarfile.open(archive) as tar:
        assert tar.extractfile(archive.name.removesuffix(".tar.gz") + "/bin/pushmetrics").read() == binary
    (rpm,) = DIST.glob(f"*.{RPM}.rpm")
    digest = output("rpm", "-qp", "--nosignature", "--queryformat", "[%{FILENAMES} %{FILEDIGESTS}\n]", rpm)
    assert f"/usr/bin/pushmetrics {hashlib.sha256(binary).hexdigest()}" in digest.splitlines()


def test_the_checksums_are_those_of_all_packages():
    sums = dict(reversed(line.split("  ")) for line in (DIST / "SHA256SUMS").read_text().splitlines())
    assert sorted(sums) == sorted(path.name for path in DIST.iterdir() if path.name != "SHA256SUMS")
    for name, checksum in sums.items():
        assert hashlib.sha256((DIST / name).read_bytes()).hexdigest() == checksum, name
