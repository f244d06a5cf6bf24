"""The examples: their jobs are run, and their monitoring is the one that sees it, as its compose file would start it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
import yaml

from support.program import BINARY
from support.servers import Prometheus, wait_until

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / ".github/examples"
MONITORING = EXAMPLES / "monitoring"


@pytest.fixture
def example(gateway, tmp_path):
    """Runs a line of an example in a shell, with pushmetrics in PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pushmetrics").symlink_to(BINARY)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}/bin:{EXAMPLES}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),  # root's spool would outlive the test
        "PUSHGATEWAY_URL": gateway.url,
        "RELEASES": str(tmp_path),
        "SITES": str(tmp_path),
    }
    gateway.wipe()

    def example(line, status=0, directory=tmp_path):
        done = subprocess.run(
            ["sh", "-c", line], cwd=directory, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == status, done.stderr
        return done.stderr

    return example


@pytest.fixture
def pipeline(tmp_path):
    """A copy of the folder, as its repository would have it."""
    folder = tmp_path / "repository"
    shutil.copytree(EXAMPLES / "pipeline", folder)
    return folder


def steps_of(group):
    return {labels["step"]: value for labels, value in group["job_step_success"].samples}


@pytest.mark.parametrize("script, stages", [
    ("build.sh", {"compile", "test", "test/small", "test/large", "package"}),
    ("Makefile", {"compile", "test-small", "test-large", "package"}),
])  # fmt: skip
def test_the_pipeline_reports_each_stage_and_what_it_built(example, gateway, pipeline, script, stages):
    line = re.search(r"^#   (pushmetrics run .*)$", (pipeline / script).read_text(), re.MULTILINE)[1]
    for _ in range(2):
        assert example(line, directory=pipeline) == ""
    group = gateway.group("build")
    assert steps_of(group) == dict.fromkeys(stages, 1)
    assert group["build_packages_total"].value == 2
    assert group["job_run_duration_seconds"].samples[0][1]["count"] == "2"
    assert (pipeline / "out/words.tar.gz").exists()


@pytest.mark.parametrize("script", ["build.sh", "Makefile"])
def test_a_stage_of_the_pipeline_that_fails_ends_it_and_is_named(example, gateway, pipeline, script):
    source = pipeline / "words.c"
    source.write_text(source.read_text().replace("++words", "words += 2"))
    line = re.search(r"^#   (pushmetrics run .*)$", (pipeline / script).read_text(), re.MULTILINE)[1]
    example(line, status=1 if script == "build.sh" else 2, directory=pipeline)
    steps = steps_of(gateway.group("build"))
    assert steps["compile"] == 1 and "package" not in steps
    assert {name for name, success in steps.items() if success == 0} <= {"test", "test/small", "test/large", "test-small", "test-large"}
    assert 0 in steps.values()


def crontab_line(script):
    """The command of the crontab line that the script's comment shows, with the script where PATH finds it."""
    line = re.search(r"^#   (?:\S+ ){5} *(pushmetrics .*)$", (EXAMPLES / script).read_text(), re.MULTILINE)
    return line[1].replace("/usr/local/bin/", "")


@pytest.fixture
def monitoring(example, tmp_path):
    """A copy of the folder, with the files that the commands in the compose file's comment write."""
    folder = tmp_path / "monitoring"
    shutil.copytree(MONITORING, folder)
    (folder / "grafana/dashboards").mkdir()
    commands = re.findall(r"^#   (pushmetrics .*>.*)$", (folder / "compose.yaml").read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert example(command, directory=folder) == ""
    return folder


@pytest.fixture
def prometheus(monitoring, gateway):
    """With the folder's configuration, but quicker, and with this gateway."""
    config = (monitoring / "prometheus.yml").read_text()
    for old, new in (("15s", "500ms"), ("pushgateway:9091", gateway.address)):
        assert old in config
        config = config.replace(old, new)
    with Prometheus(monitoring, config) as server:
        yield server


def firing(prometheus):
    return {alert["labels"]["alertname"] for alert in prometheus.alerts() if alert["state"] == "firing"}


def test_the_backup_succeeds_and_replaces_nothing_when_it_fails(example, gateway, tmp_path):
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/file").write_text("content")
    (tmp_path / "mnt").mkdir()
    line = crontab_line("backup.sh").replace("/srv", f"{tmp_path}/srv").replace("/mnt/backup", f"{tmp_path}/mnt")
    assert example(line) == ""
    archive = tmp_path / "mnt/srv.tar.gz"
    values = gateway.group("backup").values
    assert (values["job_success"], values["backup_bytes"]) == (1, archive.stat().st_size)
    text = gateway.scrape()
    for step in ("archive", "verify"):
        assert re.search(rf'^job_step_success{{.*step="{step}"}} 1$', text, re.MULTILINE)

    before = archive.read_bytes()
    shutil.rmtree(tmp_path / "srv")
    assert "tar: " in example(line, status=2)
    assert archive.read_bytes() == before
    values = gateway.group("backup").values
    assert (values["job_success"], values["job_exit_code"]) == (0, 2)
    assert values["job_last_success_timestamp_seconds"] < values["job_last_completion_timestamp_seconds"]


def test_each_app_of_each_environment_is_a_group_and_a_version_is_none(example, gateway, tmp_path):
    for environment in ("staging", "production"):
        (tmp_path / environment / "shop").mkdir(parents=True)
    for version in ("1.4.1", "1.4.2"):
        (tmp_path / f"shop-{version}").mkdir()
        (tmp_path / f"shop-{version}/page").write_text(version)
        for environment in ("staging", "production"):
            assert example(f"deploy.sh {environment} shop {version}") == ""
            assert (tmp_path / environment / "shop/page").read_text() == version
    assert len(gateway.groups()) == 2
    for environment in ("staging", "production"):
        assert gateway.group("deploy", environment=environment, app="shop").values["job_success"] == 1
    assert set(re.findall(r'version="(.*?)"', gateway.scrape())) >= {"1.4.2"}
    assert 'deploy_version_info{app="shop",environment="staging",instance="",job="deploy",version="1.4.1"}' not in (
        gateway.scrape()
    )


def test_an_alert_fires_for_a_failure_and_for_an_etl_without_rows_and_ends(
    example, monitoring, prometheus, gateway, tmp_path
):
    shutil.copy(EXAMPLES / "etl-rules.yml", monitoring / "rules")
    subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=monitoring, check=True, timeout=60)
    prometheus.process.send_signal(signal.SIGHUP)  # it reads the rules again
    assert "pushmetrics run --job first -- false" in (monitoring / "compose.yaml").read_text()
    example("pushmetrics run --job first -- false", status=1)
    (tmp_path / "orders.csv").write_text("# none today\n")
    assert example(crontab_line("etl.sh")) == ""
    assert gateway.group("etl").values["etl_rows_loaded"] == 0
    wait_until(lambda: firing(prometheus) == {"JobFailed", "EtlLoadedNothing"}, 30, "both alerts", 0.2)

    (tmp_path / "orders.csv").write_text("# two\n1\n2\n")
    assert example(crontab_line("etl.sh")) == ""
    example("pushmetrics run --job first -- true")
    wait_until(lambda: firing(prometheus) == set(), 30, "no alert", 0.2)
    (rule,) = yaml.safe_load((monitoring / "rules/pushgateway.yml").read_text())["groups"][0]["rules"]
    assert prometheus.query(rule["expr"]) == []
    assert prometheus.query(rule["expr"].replace("== 0", "== 1")) != []


def test_what_the_compose_file_mounts_is_there_and_its_services_are_those_that_are_scraped(monitoring):
    compose = yaml.safe_load((monitoring / "compose.yaml").read_text())
    volumes = [volume.split(":") for service in compose["services"].values() for volume in service["volumes"]]
    for source, target, *_ in volumes:
        assert (monitoring / source).exists() if source.startswith(".") else source in compose["volumes"]
    config = yaml.safe_load((monitoring / "prometheus.yml").read_text())
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    targets += config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    for target in targets:
        host, port = target.split(":")
        assert f"127.0.0.1:{port}:{port}" in compose["services"][host]["ports"]
    mounted = {target for source, target, *_ in volumes if source == "./grafana/dashboards"}
    provider = yaml.safe_load((monitoring / "grafana/provisioning/dashboards/jobs.yml").read_text())["providers"][0]
    assert mounted == {provider["options"]["path"]}
