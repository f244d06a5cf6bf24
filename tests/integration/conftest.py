import pytest

from support.program import Program
from support.servers import Gateway, free_port


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """One Pushgateway a test module: its tests use groups of their own."""
    with Gateway(tmp_path_factory.mktemp("gateway")) as server:
        yield server


@pytest.fixture
def own_gateway(tmp_path):
    """A gateway that a test may stop and start; it is not running at first."""
    directory = tmp_path / "gateway"
    directory.mkdir()
    gateway = Gateway(directory)
    gateway.port = free_port()
    yield gateway
    gateway.stop()


@pytest.fixture
def running_gateway(own_gateway):
    """The same, and it runs."""
    own_gateway.start()
    return own_gateway


@pytest.fixture
def pushmetrics(tmp_path):
    """pushmetrics(*args, env=…, input=…, timeout=…) → Result(status, stdout, stderr, elapsed)."""
    return Program(tmp_path / "home")


@pytest.fixture
def run(pushmetrics, gateway):
    """`pushmetrics run` against the module's gateway: run("-j", "x", "--", "true")."""

    def run(*args, **how):
        return pushmetrics("run", "--url", gateway.url, *args, **how)

    return run


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failure shows the end of the log of each server that the test had."""
    report = (yield).get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        log_text = getattr(value, "log_text", None)
        if log_text is not None:
            report.sections.append((f"the end of {name}'s log", log_text()[-3000:]))
