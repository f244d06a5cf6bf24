"""The examples for schedulers: a real cron runs its lines, systemd reads its units."""

import os
import pathlib
import re
import signal
import subprocess

import pytest
import yaml

from support.program import BINARY, need_root
from support.servers import free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / ".github/examples"

# cron with a machine's directories of its own, and a sendmail that keeps the mails in $MAILS.
CRON = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir /run/upper /run/work
mount -t overlay overlay -o lowerdir=/usr/sbin,upperdir=/run/upper,workdir=/run/work /usr/sbin
printf '#!/bin/sh\nexec cat >%s/$$\n' "$MAILS" >/usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
mount -t tmpfs none /etc/cron.d
mount -t tmpfs none /var/spool/cron
mkdir -m 1730 /var/spool/cron/crontabs
mount --bind /dev/null /etc/crontab
crontab "$CRONTAB"
exec cron -f
"""


def job(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


@pytest.fixture
def cron(tmp_path):
    """Starts cron with a crontab, and ends it and all that it started; gives the directory of the mails."""
    need_root("for a cron of its own")
    started = []

    def start(crontab):
        mails = tmp_path / "mails"
        mails.mkdir()
        (tmp_path / "crontab").write_text(crontab)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "MAILS": str(mails),
            "CRONTAB": str(tmp_path / "crontab"),
        }
        started.append(
            subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", CRON],
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        )
        return mails

    yield start
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.wait()


def of_example(line, script):
    """A line of the example's, at cron's start instead of its time, and with a script instead of its command."""
    line, changed = re.subn(r"^\S+ \S+ \S+ \S+ \S+ +pushmetrics ", f"@reboot {BINARY} ", line)
    assert changed == 1
    return re.sub(r"/usr/local/bin/\S+", str(script), line)


def test_cron_runs_the_line_and_mails_only_what_there_is_to_say(cron, gateway, tmp_path):
    text = (EXAMPLES / "crontab").read_text()
    (backup,) = re.findall(r"^.*--job backup.*$", text, re.M)
    quiet = job(tmp_path / "quiet", "exit 0\n")
    talkative = job(tmp_path / "talkative", "echo 3 files are gone\nexit 3\n")
    mails = cron(
        text.split("\n15 3")[0].replace("http://pushgateway:9091", gateway.url)
        + "\n"
        + of_example(backup, quiet)
        + "\n"
        + of_example(backup, talkative).replace("--job backup", "--job talkative")
        + "\n"
    )

    def all_is_there():
        return gateway.find("backup") and gateway.find("talkative") and list(mails.iterdir())

    wait_until(all_is_there, 15, "two pushes and a mail")
    assert gateway.group("backup").values["job_success"] == 1
    assert gateway.group("backup").values["job_expected_interval_seconds"] == 86400
    assert gateway.group("talkative").values["job_exit_code"] == 3
    (mail,) = mails.iterdir()
    wait_until(lambda: "gone" in mail.read_text(), 5, "the mail's text")
    header, body = mail.read_text().split("\n\n", 1)
    assert "To: admin@example.com" in header
    assert body == "3 files are gone\n"


def commands(crontab):
    return [line.split(maxsplit=5)[5] for line in crontab.splitlines() if re.match(r"[0-9*]", line)]


def test_every_line_of_the_crontab_is_understood(pushmetrics, gateway):
    lines = commands((EXAMPLES / "crontab").read_text())
    assert len(lines) == 3
    for line in lines:
        options = re.sub(r"(-- .*|--shell '.*')$", "-- true", line)
        assert options.endswith("-- true")
        done = subprocess.run(
            ["sh", "-c", options.replace("pushmetrics run", f"{BINARY} run")],
            env={**pushmetrics.environment, "PUSHMETRICS_URL": gateway.url},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_systemd_understands_the_units(tmp_path):
    for name in ("backup.service", "backup.timer"):
        text = (EXAMPLES / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/bin/pushmetrics", BINARY))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "backup.service", tmp_path / "backup.timer"],
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "backup" in line]
    assert (done.returncode, ours) == (0, [])


def test_under_the_unit_a_push_waits_in_the_state_directory(pushmetrics, tmp_path):
    """systemd hands it over by name, without a HOME."""
    unit = (EXAMPLES / "backup.service").read_text()
    assert "StateDirectory=pushmetrics\n" in unit
    (line,) = re.findall(r"^ExecStart=/usr/bin/pushmetrics (.*) -- \S+$", unit, re.M)
    state = tmp_path / "pushmetrics"
    state.mkdir(mode=0o700)
    machine = {"STATE_DIRECTORY": f"{state}:{tmp_path}", "HOME": None, "XDG_STATE_HOME": None}

    refused = f"http://127.0.0.1:{free_port()}"
    dead = pushmetrics(*line.split(), "sh", "-c", "exit 3", env={**machine, "PUSHMETRICS_URL": refused})
    assert dead.status == 3
    assert len(list(state.glob("*/*.push"))) == 1

    # An administrator who copies the message's command needs none of the unit's environment.
    (by_hand,) = re.findall(r"^hint: .*: pushmetrics (flush .*)$", dead.stderr, re.M)
    assert by_hand == f"flush --spool {state}"


@pytest.mark.parametrize(
    "path",
    [*EXAMPLES.rglob("*.y*ml"), *ROOT.glob(".github/workflows/*.yml")],
    ids=lambda path: path.name,
)
def test_it_is_yaml(path):
    assert all(yaml.safe_load_all(path.read_text()))
