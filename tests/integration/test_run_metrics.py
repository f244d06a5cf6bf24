"""What `pushmetrics run` pushes: the table of metrics, its values, and what the job adds."""

import json
import os
import stat
import subprocess
import time

import pytest

from support.jobs import python, sh
from support.program import BINARY

ALWAYS = {
    "job_duration_seconds",
    "job_success",
    "job_exit_code",
    "job_start_timestamp_seconds",
    "job_last_completion_timestamp_seconds",
    "job_interrupted",
}
ON_SUCCESS = {"job_last_success_timestamp_seconds"}
RESOURCES = {"job_cpu_user_seconds", "job_cpu_system_seconds", "job_max_resident_memory_bytes"}


def without_oom_kills(names):
    """The names less that of a metric which the machine's cgroups decide on."""
    return {name for name in names if not name.endswith("_oom_kills")}


def test_a_success_pushes_the_whole_table_with_help_and_type(run, gateway):
    result = run("-j", "table", "--", "true")
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
    group = gateway.group("table")
    assert without_oom_kills(group.pushed) == ALWAYS | ON_SUCCESS | RESOURCES
    for name, family in group.pushed.items():
        assert family.type == "gauge", name
        assert family.help.endswith("."), name
        assert len(family.samples) == 1 and family.samples[0][0] == {}, name
    assert group.values["job_success"] == 1
    assert group.values["job_exit_code"] == 0
    assert group.last_push_successful


def test_a_failure_pushes_all_but_a_time_of_success(run, gateway):
    assert run("-j", "failure", "--", "false").status == 1
    group = gateway.group("failure")
    assert without_oom_kills(group.pushed) == ALWAYS | RESOURCES
    assert group.values["job_success"] == 0
    assert group.values["job_exit_code"] == 1


def test_the_times_agree_with_the_jobs_own_clock(run, gateway):
    before = time.time()
    result = run("-j", "times", "--", *python("import time; print(time.time()); time.sleep(0.3); print(time.time())"))
    after = time.time()
    started, ended = map(float, result.stdout.split())
    values = gateway.group("times").values
    assert 0.3 <= values["job_duration_seconds"] <= result.elapsed
    assert before <= values["job_start_timestamp_seconds"] <= started
    assert ended <= values["job_last_completion_timestamp_seconds"] <= after
    assert values["job_last_success_timestamp_seconds"] == values["job_last_completion_timestamp_seconds"]
    wall = values["job_last_completion_timestamp_seconds"] - values["job_start_timestamp_seconds"]
    assert wall == pytest.approx(values["job_duration_seconds"], abs=0.01)


def test_times_are_exact_to_more_than_a_millisecond(run, gateway):
    run("-j", "exact", "--", "true")
    run("-j", "exact", "-l", "again=yes", "--", "true")
    times = [
        gateway.group("exact", **labels).values["job_start_timestamp_seconds"] for labels in ({}, {"again": "yes"})
    ]
    assert all(value != round(value, 3) for value in times)


def test_the_last_success_is_kept_over_a_failure(run, gateway):
    assert run("-j", "kept", "-m", "rows=5", "--", "true").status == 0
    success = gateway.group("kept").values
    assert run("-j", "kept", "--", *sh("exit 3")).status == 3
    failure = gateway.group("kept").values
    assert failure["job_success"] == 0
    assert failure["job_exit_code"] == 3
    assert failure["job_last_completion_timestamp_seconds"] > success["job_last_completion_timestamp_seconds"]
    assert failure["job_last_success_timestamp_seconds"] == success["job_last_success_timestamp_seconds"]
    assert failure["rows"] == 5


CPU_BURNER = """
import os, resource, time
while time.process_time() < 0.3:
    for _ in range(20): os.stat("/")
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime, usage.ru_stime)
"""


def test_cpu_time_is_that_of_all_descendants(run, gateway):
    result = run("-j", "cpu", "--", *sh('"$@"; true', *python(CPU_BURNER)))
    user, system = map(float, result.stdout.split())
    values = gateway.group("cpu").values
    assert user - 0.01 <= values["job_cpu_user_seconds"] <= user + 0.2
    assert system - 0.01 <= values["job_cpu_system_seconds"] <= system + 0.2


def test_memory_is_that_of_the_largest_descendant(run, gateway):
    megabytes = 96
    hog = python("import sys; hog = bytearray(b'x') * (int(sys.argv[1]) << 20)", str(megabytes))
    assert run("-j", "memory", "--", *sh('"$@"; true', *hog)).status == 0
    used = gateway.group("memory").values["job_max_resident_memory_bytes"]
    assert megabytes << 20 <= used <= (megabytes + 40) << 20


def test_no_more_of_pushmetrics_own_memory_is_the_jobs_than_it_has_at_the_start(run, gateway):
    assert run("-j", "small", "--", "true").status == 0
    version = subprocess.Popen([BINARY, "--help"], stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(version.pid, 0)
    version.returncode = 0
    at_start = usage.ru_maxrss * 1024
    assert gateway.group("small").values["job_max_resident_memory_bytes"] < 1.5 * at_start


def test_no_rusage_leaves_out_cpu_time_and_memory(run, gateway):
    assert run("-j", "no-rusage", "--no-rusage", "--", "true").status == 0
    assert without_oom_kills(gateway.group("no-rusage").pushed) == ALWAYS | ON_SUCCESS


def test_prefix_renames_every_metric_of_the_run(run, gateway):
    assert run("-j", "prefixed", "--prefix", "backup_", "--", "true").status == 0
    names = {name.replace("job_", "backup_", 1) for name in ALWAYS | ON_SUCCESS | RESOURCES}
    assert without_oom_kills(gateway.group("prefixed").pushed) == names


def test_success_codes_count_as_success_and_change_no_exit_status(run, gateway):
    for status, success in ((0, 1), (24, 1), (23, 0)):
        result = run("-j", "codes", "-l", f"status={status}", "--success-codes", "0,24", "--", *sh(f"exit {status}"))
        assert result.status == status
        values = gateway.group("codes", status=str(status)).values
        assert values["job_success"] == success
        assert values["job_exit_code"] == status
        assert ("job_last_success_timestamp_seconds" in values) == bool(success)


def test_success_codes_may_leave_out_zero(run, gateway):
    assert run("-j", "grep", "--success-codes", "1", "--", "true").status == 0
    assert gateway.group("grep").values["job_success"] == 0


def test_timed_out_is_there_with_a_time_limit_only(run, gateway):
    assert run("-j", "in-time", "--timeout", "1m", "--", "true").status == 0
    assert gateway.group("in-time").values["job_timed_out"] == 0
    assert gateway.group("in-time").values["job_success"] == 1


def test_expect_every_pushes_the_interval(run, gateway):
    assert run("-j", "nightly", "--expect-every", "1h30m", "--", "true").status == 0
    family = gateway.group("nightly")["job_expected_interval_seconds"]
    assert (family.type, family.value) == ("gauge", 5400)


def test_m_adds_metrics_with_and_without_labels(run, gateway):
    metrics = ["-m", "rows=3", "-m", 'size_bytes{table="a b",kind="x"}=1.5e9', "--metric", 'size_bytes{table="c"}=-2']
    assert run("-j", "added", *metrics, "--", "true").status == 0
    group = gateway.group("added")
    assert group["rows"].value == 3
    assert group["size_bytes"].value_of(table="a b", kind="x") == 1.5e9
    assert group["size_bytes"].value_of(table="c") == -2


def test_the_job_adds_metrics_to_the_same_push(run, gateway):
    text = '# HELP written_bytes How much was written.\\n# TYPE written_bytes gauge\\nwritten_bytes{to="disk"} 12345\\n'
    assert run("-j", "own", "--", *sh(f"printf '{text}' >>\"$PUSHMETRICS_FILE\"; exit 4")).status == 4
    group = gateway.group("own")
    assert group["written_bytes"].value_of(to="disk") == 12345
    assert group["written_bytes"].type == "gauge"
    assert group["written_bytes"].help == "How much was written."
    assert group["job_exit_code"].value == 4


def test_a_bad_line_costs_that_line_and_a_warning(run, gateway):
    job = sh("printf 'good 1\\nbad line here\\nalso_good 2\\n' >>\"$PUSHMETRICS_FILE\"")
    result = run("-j", "bad-line", "--", *job)
    assert result.status == 0
    values = gateway.group("bad-line").values
    assert (values["good"], values["also_good"], values["job_success"]) == (1, 2, 1)
    assert len(result.messages) == 1
    assert result.stderr.startswith("pushmetrics: ")
    assert "line 2, `bad line here`: " in result.stderr and "bad-line" in result.stderr


def test_quiet_silences_the_warning_of_a_bad_line(run, gateway):
    result = run("-q", "-j", "bad-line-quiet", "--", *sh('echo "bad line here" >>"$PUSHMETRICS_FILE"'))
    assert (result.status, result.stderr) == (0, "")
    assert gateway.group("bad-line-quiet").values["job_success"] == 1


def test_a_name_of_the_run_is_reserved_even_where_this_run_does_not_push_it(run, gateway):
    job = sh('echo job_last_success_timestamp_seconds 1 >>"$PUSHMETRICS_FILE"; exit 3')
    result = run("-j", "reserved", "--", *job)
    assert result.status == 3 and "job_last_success_timestamp_seconds is one of the run's own" in result.stderr
    assert "job_last_success_timestamp_seconds" not in gateway.group("reserved").values
    option = ("-m", "job_last_success_timestamp_seconds=1")
    result = run("-j", "reserved", "--success-codes", "3", "--dry-run", *option, "--", *sh("exit 3"))
    assert result.status == 3 and "job_last_success_timestamp_seconds is one of the run's own" in result.stderr
    assert result.stderr.count("# TYPE job_last_success_timestamp_seconds ") == 1


@pytest.mark.parametrize("bad", ["# TYPE g gaugehistogram\\ng_bucket{le=\"1\"} 1", "go_goroutines 7"])
def test_a_family_that_a_gateway_rejects_costs_that_family_only(run, gateway, bad):
    result = run("-j", "one-family", "--", *sh(f"printf 'copied 7\\n{bad}\\n' >>\"$PUSHMETRICS_FILE\""))
    assert result.status == 0 and len(result.messages) == 1
    values = gateway.group("one-family").values
    assert (values["copied"], values["job_success"]) == (7, 1)


def test_of_many_invalid_lines_the_first_are_shown_and_the_others_counted(run):
    result = run("-j", "many-lines", "--", *sh('yes bad | head -n 1000 >>"$PUSHMETRICS_FILE"'))
    assert result.status == 0 and len(result.stderr_lines) == 21
    assert "980 more" in result.stderr_lines[-1]


WHATEVER = {
    "no final newline": "rows 7",
    "lines of Windows": "rows 7\\r\\n",
    "a timestamp": "rows 7 1600000000000\\n",
    "a series twice": "rows 1\\nrows 7\\n",
    "a metric of the run": "job_success 5\\n",
    "a metric of the run of another type": "# TYPE job_exit_code counter\\njob_exit_code 5\\n",
    "a metric of the gateway of another type": "go_goroutines 7\\n",
    "a grouping label": 'rows{job="other"} 7\\n',
    "a reserved label": 'rows{__reserved="x"} 7\\n',
    "a type that breaks the gateway": "# TYPE rows gauge_histogram\\nrows 7\\n",
    "bytes that are not UTF-8": "\\377\\376 7\\n",
    "a sample without a name": "{} 1\\n",
    "names that the API uses": "labels 1\\nlast_push_successful 0\\n",
    "a HELP twice": "# HELP rows A.\\n# HELP rows B.\\nrows 7\\n",
    "a NUL byte": "rows 7\\000\\n",
}


@pytest.mark.parametrize("what", WHATEVER)
def test_whatever_the_job_writes_its_outcome_arrives(run, gateway, what):
    result = run("-j", f"writes {what}", "--", *sh(f"printf '{WHATEVER[what]}' >>\"$PUSHMETRICS_FILE\""))
    assert result.status == 0
    assert all(line.startswith("pushmetrics: ") for line in result.stderr_lines)
    values = gateway.group(f"writes {what}").values
    assert values["job_success"] == 1
    assert values["job_exit_code"] == 0
    assert f'job_success{{instance="",job="writes {what}"}} 1\n' in gateway.scrape()


def test_the_jobs_file_is_private_empty_and_removed_afterwards(run):
    code = """
import json, os
path = os.environ["PUSHMETRICS_FILE"]
status = os.stat(path)
print(json.dumps([path, status.st_mode, status.st_size, status.st_uid]))
"""
    path, mode, size, owner = json.loads(run("-j", "file", "--", *python(code)).stdout)
    assert stat.S_ISREG(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert (size, owner) == (0, os.getuid())
    assert os.path.isabs(path)
    assert not os.path.exists(path)


@pytest.mark.parametrize("killer", ["kill -KILL $$", "kill -TERM $PPID; exec sleep 30"])
def test_the_jobs_file_is_removed_when_the_job_is_killed(run, killer):
    result = run("-j", "file-killed", "--", *sh(f'echo "$PUSHMETRICS_FILE"; {killer}'))
    assert result.status < 0
    assert result.stdout.strip() != ""
    assert not os.path.exists(result.stdout.strip())


def test_a_run_within_a_run_has_a_file_of_its_own(run, gateway):
    job = sh(
        'echo from_outer 1 >>"$PUSHMETRICS_FILE"; "$@"; echo from_outer_again 2 >>"$PUSHMETRICS_FILE"',
        *(BINARY, "run", "--url", gateway.url, "-j", "inner", "--"),
        *sh('echo from_inner 3 >>"$PUSHMETRICS_FILE"'),
    )
    assert run("-j", "outer", "--", *job).status == 0
    inner, outer = gateway.group("inner").values, gateway.group("outer").values
    assert (inner["from_inner"], outer["from_outer"], outer["from_outer_again"]) == (3, 1, 2)
    assert "from_inner" not in outer and "from_outer" not in inner


def test_a_file_that_the_job_removed_costs_nothing(run, gateway):
    result = run("-j", "file-removed", "--", *sh('rm "$PUSHMETRICS_FILE"'))
    assert result.status == 0
    assert gateway.group("file-removed").values["job_success"] == 1


def test_a_file_that_the_job_replaced_counts(run, gateway):
    job = sh('echo replaced 1 >"$PUSHMETRICS_FILE.new" && mv "$PUSHMETRICS_FILE.new" "$PUSHMETRICS_FILE"')
    assert run("-j", "file-replaced", "--", *job).status == 0
    assert gateway.group("file-replaced").values["replaced"] == 1


def test_dry_run_runs_the_job_prints_the_push_and_sends_nothing(run, gateway):
    result = run("-j", "dry", "-l", "tier=db", "--dry-run", "-m", "rows=3", "--", *sh("echo output; exit 6"))
    assert (result.status, result.stdout) == (6, "output\n")
    assert gateway.find("dry", tier="db") is None
    for part in ("job_exit_code 6\n", "# TYPE job_success gauge\n", "rows 3\n", "dry", "tier", "db"):
        assert part in result.stderr


def test_a_dry_run_needs_no_gateway(pushmetrics):
    result = pushmetrics("run", "--url", "http://127.0.0.1:1", "--dry-run", "--require-push", "--", "true")
    assert result.status == 0
    assert "job_success 1\n" in result.stderr


def test_the_duration_ends_with_the_job_and_not_with_its_orphans(run, gateway):
    start = time.monotonic()
    result = run("-j", "orphan", "--", *sh("sleep 3 >/dev/null 2>&1 & exit 0"))
    assert result.status == 0
    assert time.monotonic() - start < 2
    assert gateway.group("orphan").values["job_duration_seconds"] < 2


def test_a_hundred_runs_at_once_on_one_group_leave_it_consistent(pushmetrics, gateway):
    processes = [
        pushmetrics.spawn("run", "--url", gateway.url, "-j", "crowd", "-m", f"run={n}", "--", *sh(f"exit {n}"))
        for n in range(100)
    ]
    results = [process.communicate(timeout=60) + (process.returncode,) for process in processes]
    assert results == [(b"", b"", n) for n in range(100)]
    values = gateway.group("crowd").values
    assert values["run"] == values["job_exit_code"]
    assert values["job_success"] == (values["job_exit_code"] == 0)
    assert gateway.group("crowd").last_push_successful


def test_the_push_has_arrived_when_pushmetrics_ends(run, gateway):
    for n in range(10):
        run("-j", "at-once", "-m", f"n={n}", "--", "true")
        assert gateway.group("at-once").values["n"] == n
