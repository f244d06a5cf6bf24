"""The Kubernetes example: its objects fit each other, and its two containers deliver what one of them cannot."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
import yaml

from support.kubernetes import object_errors
from support.program import BINARY, finish, is_gone
from support.servers import wait_until

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / ".github/examples/kubernetes"
def documents():
    paths = [path for path in sorted(EXAMPLE.glob("*.yaml")) if path.name != "scrape.yaml"]
    return [document for path in paths for document in yaml.safe_load_all(path.read_text())]


def one(kind):
    (found,) = [document for document in documents() if document["kind"] == kind]
    return found


def job_pod():
    return one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]


def container(name):
    (found,) = [each for each in containers(job_pod()) if each["name"] == name]
    return found


def variables(of):
    return {each["name"]: each.get("value") or each["valueFrom"] for each in of["env"]}


def test_every_object_is_what_the_api_expects():
    kinds = sorted(document["kind"] for document in documents())
    assert kinds == ["CronJob", "Deployment", "PersistentVolumeClaim", "PrometheusRule", "Service", "ServiceMonitor"]
    assert [error for document in documents() for error in object_errors(document)] == []


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda pod: pod["containers"][0].update(comand=[]), "containers[0].comand: there is no such field"),
        (lambda pod: pod["containers"][0].pop("image"), "containers[0].image: it is missing"),
        (lambda pod: pod["initContainers"][1].update(restartPolicy="Never"), "'Never' is not Always"),
        (lambda pod: pod["containers"][0].update(restartPolicy="Always"), "restartPolicy: there is no such field"),
        (lambda pod: pod.update(terminationGracePeriodSeconds="60"), "'60' is not of type int"),
        (lambda pod: pod["volumes"][1]["emptyDir"].update(sizeLimit="64MB"), "'64MB' is not "),
    ],
)
def test_a_mistake_would_be_noticed(change, error):
    cronjob = one("CronJob")
    change(cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    (found,) = object_errors(cronjob)
    assert error in found


@pytest.mark.parametrize("kind", ["CronJob", "Deployment"])
def test_a_pod_has_the_volumes_that_its_containers_mount(kind):
    pod = job_pod() if kind == "CronJob" else one(kind)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounted = {mount["name"] for each in containers(pod) for mount in each["volumeMounts"]}
    assert mounted == volumes


def test_the_rules_are_those_that_the_program_prints(pushmetrics):
    printed = pushmetrics("rules", "--format", "operator").stdout
    assert (EXAMPLE / "prometheusrule.yaml").read_text() == printed


def test_the_objects_of_the_gateway_find_each_other():
    deployment, service, monitor = one("Deployment"), one("Service"), one("ServiceMonitor")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (gateway,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = service["spec"]["ports"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert port["targetPort"] in {each["name"] for each in gateway["ports"]}
    assert endpoint == {"port": port["name"], "honorLabels": True}
    claims = [volume["persistentVolumeClaim"]["claimName"] for volume in deployment["spec"]["template"]["spec"]["volumes"]]
    assert claims == [one("PersistentVolumeClaim")["metadata"]["name"]]
    for name in ("backup", "pushmetrics-flush"):
        url = variables(container(name))["PUSHGATEWAY_URL"]
        assert url == f"http://{service['metadata']['name']}:{port['port']}"


def test_prometheus_understands_the_scrape_configuration(tmp_path):
    done = subprocess.run(
        ["promtool", "check", "config", EXAMPLE / "scrape.yaml"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (scrape,) = yaml.safe_load((EXAMPLE / "scrape.yaml").read_text())["scrape_configs"]
    assert scrape["honor_labels"] is True


def test_the_gateways_options_are_those_of_a_pushgateway(tmp_path):
    (gateway,) = one("Deployment")["spec"]["template"]["spec"]["containers"]
    known = subprocess.run(["prometheus-pushgateway", "--help"], capture_output=True, text=True, timeout=30)
    for option in gateway["args"]:
        assert re.search(rf"^ +{re.escape(option.split('=')[0])}\b", known.stdout + known.stderr, re.M), option


def test_the_job_and_the_sidecar_share_the_spool_and_the_user_and_end_in_time():
    pod, job, sidecar = job_pod(), container("backup"), container("pushmetrics-flush")
    assert sidecar["restartPolicy"] == "Always" and sidecar in pod["initContainers"]
    for each in (job, sidecar):
        assert {"name": "spool", "mountPath": "/spool"} in each["volumeMounts"]
        assert "/spool" in " ".join(each["command"])
        assert "runAsUser" not in each["securityContext"]
    assert pod["securityContext"]["runAsUser"] != 0
    installer = pod["initContainers"][0]["command"]
    assert job["command"][0] == installer[-1]
    assert variables(job)["NAMESPACE"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    # The job's push and the sidecar's last attempt take --push-timeout, 10 s, each.
    assert pod["terminationGracePeriodSeconds"] > 20


@pytest.fixture
def start(pushmetrics, own_gateway, tmp_path):
    """Starts a container of the example as the first process of a PID namespace of its own, with the shared folder."""
    spool = tmp_path / "spool"
    spool.mkdir()
    started = []

    def start(name, *command):
        given = container(name)["command"][1:]
        if command:
            given = [*given[: given.index("--") + 1], *command]
        given = [word.replace("/spool", str(spool)).replace("$(NAMESPACE)", "team-a") for word in given]
        process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", BINARY, *given],
            env=pushmetrics.environment_with({"PUSHGATEWAY_URL": own_gateway.url}),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    start.spool = spool
    yield start
    for process in started:
        process.kill()
        process.wait()


def first_process(container):
    """The id of the container's first process, seen from here; None: there is none yet."""
    children = pathlib.Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text().split()
    return int(children[0]) if children else None


def end(container):
    """As the kubelet does it: TERM to the container's first process."""
    os.kill(first_process(container), signal.SIGTERM)
    return finish(container, timeout=20)


def run_out_of_memory(start):
    """The job's container, killed as a whole as the kernel does it for a cgroup: the job, and pushmetrics too."""
    job = start("backup", "sleep", "60")
    wait_until(lambda: [record for record in start.spool.glob("runs/*.run") if record.stat().st_size], 20, "a record")
    first = first_process(job)
    os.kill(first, signal.SIGKILL)  # the kernel kills what else is in its PID namespace
    job.wait(timeout=10)
    assert is_gone(first)


def entries(start):
    return list(start.spool.glob("*/*.push"))


def test_what_the_job_cannot_deliver_the_sidecar_does_once_the_gateway_is_up(start, own_gateway):
    sidecar = start("pushmetrics-flush")
    job = finish(start("backup", "sh", "-c", "exit 3"))
    assert job.status == 3 and "connection refused" in job.stderr
    assert len(entries(start)) == 1
    own_gateway.start(own_gateway.port)
    wait_until(lambda: own_gateway.find("backup", namespace="team-a"), 40, "the delivery")
    assert own_gateway.group("backup", namespace="team-a").values["job_exit_code"] == 3
    done = end(sidecar)
    assert done.status == 0 and "was delivered" in done.stderr
    assert entries(start) == []


def test_a_push_of_the_last_moment_is_delivered_before_the_sidecar_ends(start, own_gateway):
    sidecar = start("pushmetrics-flush")
    wait_until(lambda: first_process(sidecar), 10)
    finish(start("backup", "true"))
    assert len(entries(start)) == 1
    own_gateway.start(own_gateway.port)
    assert end(sidecar).status == 0
    assert own_gateway.group("backup", namespace="team-a").values["job_success"] == 1


def test_a_gateway_that_stays_down_keeps_neither_the_job_nor_the_pod_from_ending(start):
    sidecar = start("pushmetrics-flush")
    assert finish(start("backup", "true")).status == 0
    done = end(sidecar)
    assert done.status == 0 and "1 push still waits in" in done.stderr
    assert done.elapsed < 15


def test_a_job_that_is_killed_with_its_pushmetrics_is_reported_as_interrupted(start, own_gateway):
    own_gateway.start(own_gateway.port)
    sidecar = start("pushmetrics-flush")
    run_out_of_memory(start)
    wait_until(lambda: own_gateway.find("backup", namespace="team-a"), 30, "the report")
    values = own_gateway.group("backup", namespace="team-a").values
    assert (values["job_interrupted"], values["job_success"]) == (1, 0)
    assert abs(values["job_start_timestamp_seconds"] - time.time()) < 60
    assert "job_exit_code" not in values and "job_duration_seconds" not in values
    assert list(start.spool.glob("runs/*")) == []
    assert end(sidecar).status == 0


def test_the_report_is_made_even_if_the_sidecar_is_ended_at_once(start, own_gateway):
    own_gateway.start(own_gateway.port)
    sidecar = start("pushmetrics-flush")
    wait_until(lambda: first_process(sidecar), 10)
    time.sleep(0.5)
    run_out_of_memory(start)
    assert end(sidecar).status == 0
    assert own_gateway.group("backup", namespace="team-a").values["job_interrupted"] == 1


def test_the_sidecar_does_not_take_a_run_that_goes_on_for_interrupted(start, own_gateway):
    own_gateway.start(own_gateway.port)
    job = start("backup", "sleep", "60")
    wait_until(lambda: [record for record in start.spool.glob("runs/*.run") if record.stat().st_size], 20, "a record")
    sidecar = start("pushmetrics-flush")
    wait_until(lambda: first_process(sidecar), 10)
    time.sleep(0.5)
    assert end(sidecar).status == 0
    assert own_gateway.find("backup", namespace="team-a") is None
    os.kill(first_process(job), signal.SIGTERM)
    assert finish(job, timeout=20).status == 128 + signal.SIGTERM
    assert own_gateway.group("backup", namespace="team-a").values["job_interrupted"] == 0
