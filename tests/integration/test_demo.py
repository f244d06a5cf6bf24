"""The demonstration that the README promises works, is short, and leaves nothing behind."""

import os
import pathlib
import re
import subprocess

import pytest

from support.program import BINARY
from support.servers import http

DEMO = pathlib.Path(__file__).parent.parent / "demo"


def test_the_demo_shows_jobs_and_an_outage_and_stops_its_gateway(tmp_path):
    result = subprocess.run(
        [DEMO],
        env={**os.environ, "PUSHMETRICS": BINARY, "TMPDIR": str(tmp_path), "PUSHGATEWAY_URL": "http://127.0.0.1:1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    shown = result.stdout
    assert re.search(r"(?m)^\$ pushmetrics run -j backup .*\nexit status 0$", shown)
    assert re.search(r"(?m)^\$ pushmetrics run -j verify .*\ngzip: .*\nexit status 1$", shown)
    assert re.search(r"(?m)^\$ pushmetrics run -j cleanup .*\npushmetrics: .*; spooled\nhint: .*\nexit status 0$", shown)
    assert re.search(r"(?m)^\$ pushmetrics flush .*\npushmetrics: job 'cleanup': .* was delivered to ", shown)
    assert re.search(r'(?m)^job="backup",tier="documents" .* ok +yes ', shown)
    assert re.search(r'(?m)^job="verify" .* failed +no ', shown)
    assert re.search(r'(?m)^job="cleanup" .* ok +yes ', shown)
    assert re.search(r'(?m)^job_duration_seconds\{instance="",job="backup",tier="documents"\} [0-9.e-]+$', shown)
    assert re.search(r'(?m)^backup_bytes\{instance="",job="backup",tier="documents"\} \d+$', shown)
    assert f"{os.path.realpath(BINARY)} run --url" in shown.splitlines()[-1]
    assert len(shown.splitlines()) < 60

    gateway = re.search(r"PUSHGATEWAY_URL=(\S+)", shown).group(1)
    with pytest.raises(OSError):
        http("GET", gateway)
    assert list(tmp_path.iterdir()) == []
