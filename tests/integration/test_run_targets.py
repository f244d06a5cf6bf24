"""Where a run is pushed, and that no target, whatever is wrong with it, gets in the job's way."""

import os
import socket
import subprocess
import time

import pytest

from support.jobs import python, sh
from support.program import finish
from support.servers import Gateway, Nginx, free_port, http, wait_until


@pytest.fixture(scope="module")
def second_gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("second-gateway")) as server:
        yield server


@pytest.fixture
def dead_url():
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def black_hole():
    """The URL of a server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


# ---- trouble ----


def test_a_dead_gateway_changes_neither_output_nor_status_and_gets_one_line(pushmetrics, dead_url):
    result = pushmetrics("run", "--url", dead_url, "-j", "nightly", "--retries", "1", "--", *sh("echo output; exit 3"))
    assert (result.status, result.stdout) == (3, "output\n")
    assert len(result.messages) == 1
    assert result.stderr.startswith("pushmetrics: ")
    assert "'nightly'" in result.stderr and dead_url in result.stderr and "refused" in result.stderr


def test_quiet_does_not_hide_a_lost_push(pushmetrics, dead_url):
    assert dead_url in pushmetrics("run", "-q", "--no-spool", "--url", dead_url, "--retries", "0", "--", "true").stderr


def test_a_black_hole_does_not_delay_the_start_and_costs_the_push_timeout_at_most(pushmetrics, black_hole):
    before = time.time()
    result = pushmetrics(
        *("run", "--url", black_hole, "-j", "patient", "--push-timeout", "500ms", "--"),
        *python("import sys, time; print(time.time()); sys.exit(3)"),
    )
    assert result.status == 3
    assert float(result.stdout) - before < 0.5
    assert 0.5 <= result.elapsed < 2.5
    assert len(result.messages) == 1
    assert "'patient'" in result.stderr and black_hole in result.stderr


def test_a_host_that_does_not_exist_gets_one_line(pushmetrics):
    url = "http://no-such-host.invalid:9091"
    result = pushmetrics("run", "--url", url, "--push-timeout", "2s", "--", *sh("exit 3"))
    assert result.status == 3
    assert result.elapsed < 4
    assert len(result.messages) == 1
    assert url in result.stderr


def test_passwords_of_a_url_are_not_printed(pushmetrics):
    url = f"http://someone:hidden@127.0.0.1:{free_port()}"
    for more in ([], ["-v"], ["--dry-run"]):
        result = pushmetrics("run", "--url", url, "--retries", "0", *more, "--", "true")
        assert result.status == 0
        assert "hidden" not in result.stderr
    result = pushmetrics("run", "--url", "http://someone:hidden@", "--", "true")
    assert result.status == 125
    assert "hidden" not in result.stderr


def broken_pipe():
    """A standard error whose reader is gone."""
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 2)
    os.close(write)


@pytest.mark.parametrize("prepare", [broken_pipe, lambda: os.close(2), lambda: os.dup2(os.open("/dev/full", 1), 2)])
def test_a_standard_error_that_takes_nothing_costs_neither_status_nor_other_pushes(
    pushmetrics, gateway, dead_url, prepare
):
    process = pushmetrics.spawn(
        *("run", "--url", dead_url, "--url", gateway.url, "-j", "mute", "--retries", "0", "--"),
        *sh("echo output; exit 3"),
        stderr=None,
        preexec_fn=prepare,
    )
    result = finish(process)
    assert (result.status, result.stdout) == (3, "output\n")
    assert gateway.group("mute").values["job_exit_code"] == 3
    http("DELETE", gateway.url + "/metrics/job/mute")


def test_a_refusal_names_the_metric_that_stands_in_the_way(run, gateway):
    gateway.push("# TYPE job_success counter\njob_success 1\n", "somebody-elses")
    try:
        result = run("-j", "refused", "--", *sh("exit 3"))
    finally:
        http("DELETE", gateway.url + "/metrics/job/somebody-elses")
    assert result.status == 3
    assert len(result.stderr_lines) == 2
    assert "pushmetrics delete" in result.stderr_lines[1]
    assert "400" in result.stderr and "job_success" in result.stderr and "'refused'" in result.stderr


def test_a_refused_addition_does_not_cost_the_runs_own_metrics(run, gateway):
    gateway.push("# TYPE taken counter\ntaken 1\n", "somebody-elses")
    try:
        result = run("-j", "addition-refused", "-m", "taken=1", "--", *sh("exit 3"))
    finally:
        http("DELETE", gateway.url + "/metrics/job/somebody-elses")
    assert result.status == 3
    assert len(result.stderr_lines) == 2
    assert "pushmetrics delete" in result.stderr_lines[1]
    assert "taken" in result.stderr
    values = gateway.group("addition-refused").values
    assert values["job_exit_code"] == 3
    assert "taken" not in values


# ---- several targets ----


def test_each_target_gets_every_push_and_a_dead_one_costs_the_others_nothing(
    pushmetrics, gateway, second_gateway, dead_url
):
    urls = ["--url", gateway.url, "--url", dead_url, "--url", second_gateway.url]
    result = pushmetrics("run", *urls, "-j", "several", "--retries", "0", "--", *sh("exit 3"))
    assert result.status == 3
    assert len(result.messages) == 1
    assert dead_url in result.stderr and gateway.url not in result.stderr
    first, second = gateway.group("several").values, second_gateway.group("several").values
    assert first == second
    assert first["job_exit_code"] == 3


def test_targets_do_not_wait_for_each_other(pushmetrics, gateway, black_hole):
    urls = ["--url", black_hole, "--url", gateway.url]
    process = pushmetrics.spawn("run", *urls, "-j", "side-by-side", "--push-timeout", "3s", "--", "true")
    wait_until(lambda: gateway.find("side-by-side"), 2)
    assert process.poll() is None
    process.terminate()
    assert finish(process).status == 0


def test_require_push_requires_every_target(pushmetrics, gateway, dead_url):
    urls = ["--url", gateway.url, "--url", dead_url]
    assert pushmetrics("run", *urls, "--retries", "0", "--require-push", "--", "true").status == 125


# ---- which ----


def test_the_gateway_is_found_in_the_environment(pushmetrics, gateway):
    for variable in ("PUSHMETRICS_URL", "PUSHGATEWAY_URL"):
        assert pushmetrics("run", "-j", f"by {variable}", "--", "true", env={variable: gateway.url}).stderr == ""
        assert gateway.find(f"by {variable}")


def test_the_environment_may_name_several_gateways(pushmetrics, gateway, second_gateway):
    urls = f" {gateway.url}\t{second_gateway.url}\n"
    assert pushmetrics("run", "-j", "several-named", "--", "true", env={"PUSHGATEWAY_URL": urls}).stderr == ""
    assert gateway.find("several-named") and second_gateway.find("several-named")


def test_pushmetrics_url_goes_before_pushgateway_url(pushmetrics, gateway, second_gateway):
    environment = {"PUSHMETRICS_URL": gateway.url, "PUSHGATEWAY_URL": second_gateway.url}
    assert pushmetrics("run", "-j", "before", "--", "true", env=environment).stderr == ""
    assert gateway.find("before") and not second_gateway.find("before")


def test_the_command_line_goes_before_the_environment(run, gateway, second_gateway):
    environment = {"PUSHMETRICS_URL": second_gateway.url, "PUSHGATEWAY_URL": second_gateway.url}
    assert run("-j", "command-line", "--", "true", env=environment).stderr == ""
    assert gateway.find("command-line") and not second_gateway.find("command-line")


def test_the_default_is_port_9091_of_this_host(pushmetrics):
    # In a network namespace of its own, where nobody listens.
    apart = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    result = finish(pushmetrics.spawn("run", "--retries", "0", "--", *sh("exit 3"), prefix=apart))
    assert result.status == 3
    assert "http://localhost:9091" in result.stderr


def test_nonsense_in_the_environment_keeps_no_job_from_running(pushmetrics, gateway):
    environment = {"PUSHMETRICS_URL": "gopher://nonsense", "PUSHGATEWAY_URL": gateway.url}
    result = pushmetrics("run", "-j", "nonsense", "--", *sh("exit 3"), env=environment)
    assert result.status == 3
    assert len(result.messages) == 1
    assert "PUSHMETRICS_URL" in result.stderr
    assert gateway.find("nonsense")


def test_a_gateway_may_live_under_a_path(pushmetrics, gateway, tmp_path):
    block = f"location /monitoring/push/ {{ proxy_pass {gateway.url}/; }}"
    with Nginx(tmp_path / "nginx", block) as nginx:
        for n, end in enumerate(("", "/")):
            url = f"{nginx.url}/monitoring/push{end}"
            result = pushmetrics("run", "--url", url, "-j", f"path {n}", "-l", "x=a/b", "--", "true")
            assert (result.status, result.stderr) == (0, "")
            assert gateway.find(f"path {n}", x="a/b")


def test_a_run_is_one_request_by_post(pushmetrics, gateway, tmp_path):
    with Nginx(tmp_path / "nginx", f"location / {{ proxy_pass {gateway.url}; }}") as nginx:
        job = sh('echo added_by_the_job 1 >>"$PUSHMETRICS_FILE"')
        assert pushmetrics("run", "--url", nginx.url, "-j", "requests", "-m", "m=1", "--", *job).status == 0
        lines = wait_until(nginx.access_log)
        assert len(lines) == 1
        assert '"POST /metrics/job/requests HTTP/1' in lines[0]


def test_a_connection_is_not_made_before_the_job_has_ended(pushmetrics):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        process = pushmetrics.spawn(
            *("run", "--url", f"http://127.0.0.1:{server.getsockname()[1]}", "--push-timeout", "300ms", "--"),
            *sh("echo started; read line; exit 3"),
            stdin=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"started\n"
        time.sleep(0.1)
        with pytest.raises(BlockingIOError):
            server.accept()
        assert finish(process, input="go on\n").status == 3
        server.accept()[0].close()
