"""The job runs as it would without pushmetrics: its arguments, streams, environment and process state."""

import fcntl
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys

import pytest

from support.jobs import python, sh
from support.program import BINARY, finish
from support.servers import wait_until


@pytest.fixture
def call(pushmetrics, gateway, tmp_path):
    """call(job, wrapped, …): the job under pushmetrics, or the job alone, and otherwise the same way."""

    def call(job, wrapped, env=None, **how):
        wrapper = [BINARY, "run", "--url", gateway.url, "-j", "transparent", "--"] if wrapped else []
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        process = subprocess.Popen(
            [*wrapper, *job],
            env=pushmetrics.environment_with(env),
            cwd=how.pop("cwd", tmp_path),
            start_new_session=True,
            **how,
        )
        return finish(process)

    return call


@pytest.fixture
def same(call):
    """The job's standard output, which has to be the same with pushmetrics and without."""

    def same(job, **how):
        alone, wrapped = (call(job, wrapped, **how) for wrapped in (False, True))
        assert (wrapped.status, wrapped.stdout, wrapped.stderr) == (alone.status, alone.stdout, alone.stderr)
        return wrapped.stdout

    return same


# ---- arguments ----

ARGUMENTS = [
    "", " ", "  two  spaces ", "*", "?", "[a-z]*", "~", "$HOME", "${HOME}", "$(id)", "`id`", "'", '"', '\'"\'', "\\",
    "\\n", "a\nb", "\t", "--", "-", "---", "--job", "-j", "--url=http://x", "--help", "-v", "--timeout", "1", "a=b",
    "%s", "!!", "{a,b}", "#", ";", "|", "&", "ü", "\x01", "", "x" * 100_000, "",
]  # fmt: skip


def test_arguments_reach_the_job_untouched(same):
    shown = same(python("import sys; print(ascii(sys.argv[1:]))", *ARGUMENTS))
    assert shown == ascii(ARGUMENTS) + "\n"


def test_arguments_that_are_not_utf_8_reach_the_job_untouched(same):
    job = [
        sys.executable.encode(),
        b"-c",
        b"import os, sys; print([os.fsencode(a) for a in sys.argv[1:]])",
        b"\xff\xfe",
    ]
    assert same(job) == "[b'\\xff\\xfe']\n"


def test_without_separator_the_options_behind_the_command_are_its_own(run):
    show = 'for argument; do printf "<%s>" "$argument"; done'
    result = run("-j", "no-separator", "sh", "-c", show, "sh", "-j", "--url", "x", "--", "--help", "-v")
    assert (result.status, result.stdout) == (0, "<-j><--url><x><--><--help><-v>")


def test_a_separator_behind_the_separator_is_the_jobs(run):
    result = run("-j", "separators", "--", "printf", "<%s>", "--", "--", "a")
    assert (result.status, result.stdout) == (0, "<--><--><a>")


def test_a_command_may_begin_with_a_dash(run, tmp_path):
    (tmp_path / "-tool").write_text("#!/bin/sh\necho tool\n")
    (tmp_path / "-tool").chmod(0o755)
    result = run("-j", "dash", "--", "-tool", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (result.status, result.stdout) == (0, "tool\n")


def test_the_job_sees_its_command_as_it_was_written(run):
    assert run("-j", "name", "--", "sh", "-c", "echo $0").stdout == "sh\n"
    assert run("-j", "name", "--", "/bin/sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline").stdout.startswith("/bin/sh -c ")


def test_shell_runs_the_text_by_the_shell(run, gateway):
    result = run("-j", "shell", "--shell", "echo a b | tr ab xy; exit 3")
    assert (result.status, result.stdout, result.stderr) == (3, "x y\n", "")
    assert gateway.group("shell").values["job_exit_code"] == 3


# ---- streams ----


def test_megabytes_of_binary_input_and_output_pass_through(run):
    data = os.urandom(4 << 20)
    result = run("-j", "binary", "--", "cat", input=data)
    assert result.status == 0
    assert result.stdout_bytes == data


def test_a_job_that_reads_no_input_leaves_it_to_the_next_command(pushmetrics, gateway, tmp_path):
    program = f'{BINARY} run --url {gateway.url} -j unread -- sh -c \'read line; echo "got $line"\'; echo "left $(cat)"'
    result = subprocess.run(
        ["sh", "-c", program],
        input=b"one\ntwo\n",
        stdout=subprocess.PIPE,
        timeout=20,
        env=pushmetrics.environment,
        check=True,
    )
    assert result.stdout == b"got one\nleft two\n"


def test_output_and_errors_stay_apart(run):
    result = run("-j", "apart", "--", *sh("printf 'a\\0b'; printf 'c\\377d' >&2"))
    assert result.stdout == "a\0b"
    assert result.stderr == "c\udcffd"


def test_the_streams_are_the_very_same_files(run):
    shown = run("-j", "streams", "--", *sh("readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$PPID/fd/1")).stdout.split()
    assert shown[0] == "/dev/null"
    assert shown[1].startswith("pipe:[")
    assert shown[1] == shown[2]


def test_nothing_is_buffered(pushmetrics, gateway):
    process = pushmetrics.spawn(
        *("run", "--url", gateway.url, "-j", "unbuffered", "--"),
        *sh("printf 'a'; read line; printf 'e' >&2; read line; exit 8"),
        stdin=subprocess.PIPE,
    )
    # Each byte is there while the job waits to be told to go on.
    assert os.read(process.stdout.fileno(), 10) == b"a"
    os.write(process.stdin.fileno(), b"\n")
    assert os.read(process.stderr.fileno(), 10) == b"e"
    assert finish(process, input="\n").status == 8


def test_a_closed_pipe_ends_the_job_as_without_pushmetrics(pushmetrics, gateway):
    script = f"{BINARY} run --url {gateway.url} -j closed-pipe -- yes | head -n1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env=pushmetrics.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=20,
    )
    assert (result.stdout, result.stderr) == (b"y\n", b"")
    assert result.returncode == 128 + signal.SIGPIPE
    assert gateway.group("closed-pipe").values["job_exit_code"] == 128 + signal.SIGPIPE


# ---- process state ----

REPORT_STATE = """
import fcntl, json, os, resource, sys
def describe(fd):
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return [fcntl.fcntl(fd, fcntl.F_GETFD), fcntl.fcntl(fd, fcntl.F_GETFL), status.st_dev, status.st_ino]
descriptors = {fd: describe(fd) for fd in range(200) if describe(fd)}
limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
kept = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
        "Cpus_allowed_list", "Umask"]
with open(sys.argv[1], "w") as out:
    json.dump({
        "descriptors": descriptors, "limits": limits, "directory": os.getcwd(), "root": os.readlink("/proc/self/root"),
        "nice": os.nice(0), "scheduler": os.sched_getscheduler(0), "oom": open("/proc/self/oom_score_adj").read(),
        "timer slack": open("/proc/self/timerslack_ns").read(), "status": {name: status[name] for name in kept},
    }, out)
"""


@pytest.fixture
def states(call, tmp_path):
    """The state of a job's process as pairs: alone, and under pushmetrics."""

    def states(**how):
        found = []
        for wrapped in (False, True):
            path = tmp_path / f"state-{wrapped}"
            with open(tmp_path / "streams", "w") as streams:
                result = call(python(REPORT_STATE, str(path)), wrapped, **{"stdout": streams, "stderr": streams, **how})
            assert result.status == 0, (tmp_path / "streams").read_text()
            found.append(json.loads(path.read_text()))
        return found

    return states


def test_the_job_has_the_descriptors_limits_and_all_else_that_it_would_have(states):
    alone, wrapped = states()
    assert sorted(alone["descriptors"]) == ["0", "1", "2"]
    assert wrapped == alone


def test_unusual_state_is_handed_on(states, tmp_path):
    def prepare():
        os.umask(0o027)
        os.nice(3)
        resource.setrlimit(resource.RLIMIT_CORE, (12345, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))
        resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))

    (tmp_path / "elsewhere").mkdir()
    alone, wrapped = states(preexec_fn=prepare, cwd=tmp_path / "elsewhere")
    assert alone["nice"] == os.nice(0) + 3 and alone["status"]["Umask"].strip() == "0027"
    assert wrapped == alone


def test_descriptors_that_were_open_stay_open_and_are_the_only_ones(states, tmp_path):
    with open(tmp_path / "extra", "w") as extra:
        fcntl.fcntl(extra, fcntl.F_SETFL, os.O_NONBLOCK)
        alone, wrapped = states(pass_fds=[extra.fileno()])
        assert set(alone["descriptors"]) == {"0", "1", "2", str(extra.fileno())}
    assert wrapped == alone


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]], ids=str)
def test_a_closed_standard_stream_is_closed_in_the_job_too(states, closed):
    alone, wrapped = states(preexec_fn=lambda: [os.close(fd) for fd in closed])
    assert sorted(map(int, wrapped["descriptors"])) == sorted({0, 1, 2} - set(closed))
    assert wrapped == alone


def test_no_descriptor_is_left_over_when_there_is_no_room_for_more(states):
    alone, wrapped = states(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)))
    assert wrapped == alone


SIGNAL_STATES = {
    "defaults": lambda: None,
    "some ignored": lambda: [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)],
    "pipe ignored": lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
    "child ignored": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    "some blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2, signal.SIGALRM}),
    "child blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD}),
    "all blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()),
}


@pytest.mark.parametrize("what", SIGNAL_STATES)
def test_the_job_has_the_signal_mask_and_dispositions_that_pushmetrics_was_given(same, what):
    # grep, since an interpreter has dispositions of its own.
    job = ["grep", "-E", "^(Sig|Shd)(Pnd|Blk|Ign|Cgt)", "/proc/self/status"]
    shown = same(job, preexec_fn=SIGNAL_STATES[what], restore_signals=False)
    assert shown.count("\n") == 5


# ---- environment ----


def test_the_environment_is_the_same_but_for_the_jobs_file(call):
    environment = {"A B": "c", "EMPTY": "", "MULTI": "a\nb", "UTF": "ü", "PUSHMETRICS_JOB": "named", "LC_ALL": "C"}
    alone, wrapped = (call(["env", "-0"], wrapped, env=environment).stdout.split("\0") for wrapped in (False, True))
    added = [entry for entry in wrapped if entry.startswith("PUSHMETRICS_FILE=/")]
    assert len(added) == 1
    assert [entry for entry in wrapped if entry not in added] == alone


def test_the_jobs_environment_has_none_of_pushmetrics_secrets(run, gateway):
    secrets = {
        "PUSHMETRICS_PASSWORD": "hidden-1",
        "PUSHMETRICS_BEARER_TOKEN": "hidden-2",
        "PUSHMETRICS_URL": "http://user:hidden-3@127.0.0.1:9/",
        "PUSHGATEWAY_URL": "http://user:hidden-4@127.0.0.1:9/x http://127.0.0.1:8",
    }
    result = run("-j", "secrets", "--", "env", env=secrets)
    assert result.status == 0
    assert "hidden" not in result.stdout + result.stderr
    assert "PUSHMETRICS_PASSWORD" not in result.stdout
    assert "PUSHMETRICS_BEARER_TOKEN" not in result.stdout


# ---- nothing before the job ----


def test_the_job_is_executed_before_anything_of_libcurl_is_opened(pushmetrics, gateway, tmp_path):
    trace = tmp_path / "trace"
    process = pushmetrics.spawn(
        *("run", "--url", gateway.url, "-j", "traced", "--", "true"),
        prefix=["strace", "-f", "-o", str(trace), "-e", "trace=execve,open,openat,socket,connect"],
    )
    result = finish(process)
    assert (result.status, result.stderr) == (0, "")
    calls = trace.read_text().splitlines()
    execution = max(n for n, call in enumerate(calls) if "execve(" in call and call.rstrip().endswith("= 0"))
    assert "true" in calls[execution]
    before = "\n".join(calls[:execution])
    for what in ("libcurl", "libssl", "libcrypto", "socket(", "connect(", "resolv.conf", "/etc/hosts"):
        assert what not in before, what
    assert any("connect(" in call for call in calls[execution:])
    assert gateway.find("traced")


# ---- memory while the job runs ----


def test_memory_is_given_back_while_the_job_goes_on(pushmetrics, gateway, tmp_path):
    def resident(pid):
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])

    begun = tmp_path / "begun"
    process = pushmetrics.spawn("run", "--url", gateway.url, "-j", "long", "--", *sh(f"touch {begun}; sleep 3"))
    wait_until(begun.exists)
    most = resident(process.pid)

    def given_back():
        nonlocal most
        most = max(most, now := resident(process.pid))
        return most - now > 256  # pages: a megabyte

    wait_until(given_back, timeout=2.8)
    assert finish(process).status == 0
    assert gateway.group("long").values["job_success"] == 1
