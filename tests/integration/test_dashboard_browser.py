"""The page of `dashboard --format html` in headless Chromium, against real servers and real pushes."""

import json
import re
import subprocess
import time

import pytest

from support.browser import Browser
from support.jobs import sh
from support.program import BINARY, Program
from support.servers import Gateway, Prometheus, VictoriaMetrics, free_port, wait_until

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src="http://127.0.0.1:1/x" onerror="alert(1)">',
    "evil\u202egnp.exe",
    "</title></style><base href=//example.org>",
    "__proto__",
    "${alert(1)}{{7*7}}",
    "w" * 400,
]
STATES = {
    "good": "ok",
    "bad": "failed",
    "late": "overdue",
    "slow": "running",
    "rejected": "push failed",
    "gone": "interrupted",
}
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        browser.resize(1200, 900)
        yield browser


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return Program(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def jobs(gateway, program):
    """Runs of every state, pushed by pushmetrics itself."""

    def run(job, *options, command):
        return program("run", "--url", gateway.url, "-j", job, *options, "--", *command)

    assert run("good", "-l", "environment=production", "--expect-every", "1d", command=["true"]).status == 0
    assert run("bad", "--count", command=sh("exit 3")).status == 3
    assert run("bad", "--count", command=sh("exit 3")).status == 3
    assert run("late", "--expect-every", "500ms", command=["true"]).status == 0
    assert run("rejected", command=["true"]).status == 0
    assert gateway.request("POST", "/metrics/job/rejected", b"# TYPE job_success counter\njob_success 1\n").status == 400
    killed = program.spawn("run", "--url", gateway.url, "-j", "gone", "--notify-start", "--", "sleep", "60")
    wait_until(lambda: gateway.find("gone"))
    killed.kill()
    killed.communicate()
    wait_until(lambda: "interrupted" in program("flush", "--url", gateway.url, "-v").stderr or
               gateway.group("gone").values.get("job_interrupted") == 1)
    running = program.spawn("run", "--url", gateway.url, "-j", "slow", "--notify-start", "--", "sleep", "600")
    wait_until(lambda: gateway.find("slow"))
    yield dict(STATES)
    running.terminate()
    running.communicate()


@pytest.fixture(scope="module")
def prometheus(gateway, tmp_path_factory):
    config = Prometheus.scraping([gateway.address], interval="500ms")
    with Prometheus(tmp_path_factory.mktemp("prometheus"), config) as server:
        yield server


@pytest.fixture
def page(browser, program, tmp_path):
    """Opens the page for a server; as a file, as most people do."""

    def page(server, *options, wait="document.querySelectorAll('#jobs li').length"):
        result = program("dashboard", "--format", "html", "--server", server, *options)
        assert (result.status, result.stderr) == (0, "")
        file = tmp_path / "jobs.html"
        file.write_text(result.stdout)
        browser.resize(1200, 900)
        browser.prefer("light")
        browser.open(file)
        browser.wait_for(wait)
        return browser

    return page


def without_symbol(text):
    return re.sub(r"^[^a-z]+", "", text)


def rows(browser):
    """{name of a job: (state, reason)} as seen."""
    found = browser.evaluate(
        "[...document.querySelectorAll('#jobs li')].map((row) => ['.name', '.state', '.reason']"
        ".map((part) => row.querySelector(part)?.innerText ?? ''))"
    )
    return {name: (without_symbol(state), reason) for name, state, reason in found}


def scraped(prometheus, *names):
    wait_until(lambda: set(names) <= {labels["job"] for labels, _ in prometheus.query("job_start_timestamp_seconds")}, 20)


def open_job(browser, name):
    browser.evaluate(
        f"[...document.querySelectorAll('#jobs li')].find((row) => row.querySelector('.name').innerText === {json.dumps(name)})"
        ".querySelector('summary').click()"
    )
    return browser.wait_for("document.querySelector('.detail')?.innerText")


@pytest.mark.parametrize("kind", ["Prometheus", "Pushgateway"])
def test_the_states_are_those_that_list_prints(page, program, jobs, gateway, prometheus, kind):
    scraped(prometheus, *STATES)
    time.sleep(1)  # another scrape
    browser = page(prometheus.url if kind == "Prometheus" else gateway.url)
    assert f"{kind} at http" in browser.texts("#origin")[0]
    listed = json.loads(program("list", "--url", gateway.url, "--json").stdout)["targets"][0]["groups"]
    assert {group["labels"]["job"]: group["state"] for group in listed} == jobs
    seen = rows(browser)
    assert {name: state for name, (state, _) in seen.items()} == jobs
    assert seen["bad"][1] == "exit status 3, 2 in a row"
    assert "late" in seen["late"][1] and "for " in seen["slow"][1]
    assert list(seen)[0] == "rejected" and list(seen)[-1] == "good"  # worst first
    assert browser.evaluate("document.title") == "(4) Jobs"
    counts = {tuple(text.split("\n")[1:]) for text in browser.texts("#states button")}
    assert counts == {("1", state) for state in STATES.values()}


def test_the_page_asks_its_server_and_nobody_else(page, jobs, prometheus):
    browser = page(prometheus.url)
    asked = [url for url in browser.requests if not url.startswith(("file:", "data:"))]
    assert asked and all(url.startswith(prometheus.url + "/api/v1/") for url in asked)
    assert browser.errors == []


def test_the_details_show_steps_exit_status_and_resources(page, program, own_gateway):
    own_gateway.start(own_gateway.port)
    script = sh('"$1" step build -- sleep 0.2; "$1" step build/link -- true; "$1" step test -- false; exit 9', BINARY)
    arguments = ("--url", own_gateway.url, "-j", "stepped", "-l", "stage=release")
    assert program("run", *arguments, "--", *script).status == 9
    browser = page(own_gateway.url)
    text = open_job(browser, "stepped")
    for words in ("Exit status", "9", "CPU time", "Peak memory", "Label stage", "release", "Steps of the last run"):
        assert words in text, text
    steps = browser.evaluate(
        "[...document.querySelectorAll('.detail tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    assert steps[0][0] == "build"  # which took longest
    assert {step[0]: without_symbol(step[3]) for step in steps} == {
        "build": "succeeded",
        "build/link": "succeeded",
        "test": "failed",
    }


def test_hostile_names_are_shown_as_text(page, program, browser, tmp_path):
    with Gateway(tmp_path / "gateway") as gateway:
        for name in HOSTILE:
            arguments = ("--url", gateway.url, "-j", name, "-l", f"note={HOSTILE[0]}", "--allow-high-cardinality")
            script = sh(f'"$1" step "$2" -- true', BINARY, name)
            assert program("run", *arguments, "--", *script).status == 0
        page(gateway.url)
        shown = browser.evaluate("[...document.querySelectorAll('.name')].map((one) => one.textContent)")
        assert set(shown) == {name.replace("\u202e", "\\u{202E}") for name in HOSTILE}
        browser.evaluate("document.querySelectorAll('summary').forEach((one) => one.click())")
        browser.wait_for(f"document.querySelectorAll('.detail').length === {len(HOSTILE)}")
        assert browser.evaluate("document.querySelectorAll('img, base, iframe, object').length") == 0
        assert browser.evaluate("document.scripts.length") == 4
        assert all(url.startswith(("file:", "data:", gateway.url)) for url in browser.requests)
        assert not [error for error in browser.errors if "CORS" not in error and "ERR_FAILED" not in error]
        for width in (1200, 390, 320):
            browser.resize(width, 800)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_the_light_and_in_the_dark(page, browser, jobs, gateway, scheme):
    page(gateway.url)
    browser.prefer(scheme)
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 30
    assert {text: contrast for text, contrast in contrasts if contrast < 4.5} == {}
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(18, 21, 24)") == (scheme == "dark")


# The contrast of each text with the nearest background behind it, as WCAG 2 has it.
CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => numbers(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [.2126, .7152, .0722][index], 0);
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !parent.checkVisibility() || parent.closest('script, svg')) continue;
    const [a, b] = [luminance(getComputedStyle(parent).color), luminance(background(parent))];
    found.push([walker.currentNode.data, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
  }
  return found;
})()"""


def test_no_state_is_told_by_colour_alone(page, browser, jobs, gateway):
    page(gateway.url)
    seen = dict(zip(*(browser.texts(f"#jobs .state{part}") for part in (" .symbol", ""))))
    assert len(seen) == len(STATES)
    assert {text.replace(symbol, "").strip() for symbol, text in seen.items()} == set(STATES.values())


def test_the_page_is_used_by_keyboard(page, browser, jobs, gateway):
    page(gateway.url)
    for _ in range(30):
        browser.press("Tab")
        if browser.evaluate("document.activeElement.matches('#states button')"):
            break
    browser.press("Space")
    assert browser.texts("#jobs .name") == ["rejected"]
    assert browser.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    browser.press("Space")
    assert len(browser.texts("#jobs .name")) == len(STATES)
    while not browser.evaluate("document.activeElement.matches('#search')"):
        browser.press("Tab")
    browser.type("environment=prod")
    assert browser.texts("#jobs .name") == ["good"]
    browser.press("Tab")
    browser.press("Enter")
    assert "Last success" in browser.wait_for("document.querySelector('.detail')?.innerText")
    browser.evaluate("document.querySelector('#search').value = ''")
    browser.evaluate("document.querySelector('#search').dispatchEvent(new Event('input'))")
    browser.evaluate("document.querySelector('summary').focus()")
    browser.press("ArrowDown")
    assert browser.evaluate("document.querySelectorAll('summary')[1] === document.activeElement")
    outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_refresh_keeps_what_is_open_and_where_one_is(page, browser, run, jobs, gateway):
    page(gateway.url)
    open_job(browser, "good")
    browser.evaluate("document.querySelector('details[open] summary').focus()")
    assert run("-j", "good", "-l", "environment=production", "--expect-every", "1d", "--", *sh("exit 4")).status == 4
    browser.evaluate("load()")
    browser.wait_for("document.querySelector('details[open] .reason')?.innerText === 'exit status 4'")
    assert "4" in browser.texts("details[open] .detail")[0]
    assert browser.evaluate("document.activeElement.matches('details[open] summary')")
    assert run("-j", "good", "-l", "environment=production", "--expect-every", "1d", "--", "true").status == 0


def test_a_server_that_goes_away_is_reported_and_the_jobs_stay(page, browser, own_gateway, program):
    own_gateway.start(own_gateway.port)
    assert program("run", "--url", own_gateway.url, "-j", "kept", "--", "true").status == 0
    page(own_gateway.url)
    own_gateway.stop()
    browser.evaluate("load()")
    notice = browser.wait_for("!document.querySelector('#notice').hidden && document.querySelector('#notice').innerText")
    assert f"{own_gateway.url} cannot be reached" in notice and "What is shown below is of" in notice
    assert browser.texts("#jobs .name") == ["kept"]


NOTICE = "!document.querySelector('#notice').hidden"


def test_errors_say_what_to_do(page, browser, jobs, gateway, tmp_path):
    page(f"http://127.0.0.1:{free_port()}", wait=NOTICE)
    assert "Is it running, and is this its address?" in browser.texts("#notice")[0]
    page(gateway.url + "/elsewhere", wait=NOTICE)
    assert "It ends before /api/v1" in browser.texts("#notice")[0]
    with Gateway(tmp_path / "empty") as empty:
        page(empty.url, wait=NOTICE)
        assert "knows of no job yet" in browser.texts("#notice")[0]
        assert "pushmetrics run -j backup" in browser.texts("#notice")[0]
    with Prometheus(tmp_path / "prometheus") as empty:
        page(empty.url, wait=NOTICE)
        assert "Does Prometheus scrape the gateway?" in browser.texts("#notice")[0]
        # Another server is chosen on the page, and the address keeps it.
        browser.evaluate("document.querySelector('#settings').click()")
        browser.type(gateway.url)
        browser.press("Enter")
        browser.wait_for("document.querySelectorAll('#jobs li').length")
        assert browser.evaluate("new URLSearchParams(location.hash.slice(1)).get('server')") == gateway.url


def backfilled(directory, series):
    """A Prometheus that holds {labels: [(time, {metric: value})]}, each value scraped every minute until the next."""
    lines = {}
    for labels, pushes in series.items():
        for (begin, values), (end, _) in zip(pushes, [*pushes[1:], (int(time.time()), {})]):
            for moment in range(begin, end, 60):
                for name, value in values.items():
                    lines.setdefault(name, []).append(f"{name}{labels} {value} {moment}\n")
    text = "".join(f"# TYPE {name} gauge\n" + "".join(samples) for name, samples in lines.items()) + "# EOF\n"
    directory.mkdir()
    (directory / "samples").write_text(text)
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples", "data"]
    subprocess.run(backfill, cwd=directory, check=True, capture_output=True, timeout=60)
    return Prometheus(directory)


def pushed(end, status=0, seconds=60):
    return end, {
        "job_success": int(status == 0),
        "job_exit_code": status,
        "job_interrupted": 0,
        "job_duration_seconds": seconds,
        "job_start_timestamp_seconds": end - seconds,
        "job_last_completion_timestamp_seconds": end,
    }


def strips(browser):
    """{name of a job: the description of its strip}"""
    return dict(zip(browser.texts(".name"), browser.evaluate("[...document.querySelectorAll('.strip')].map((one) => one.ariaLabel ?? one.getAttribute('aria-label'))")))


def test_earlier_runs_are_drawn_from_the_history(page, browser, tmp_path):
    now = int(time.time())
    daily = [pushed(now - days * DAY - HOUR, status=3 if days == 2 else 0, seconds=60 + days) for days in range(5, -1, -1)]
    # The second of three runs within a step of the query fails, and then all is well again.
    hidden = [pushed(now - 5 * HOUR), pushed(now - 2 * HOUR, status=1), pushed(now - 2 * HOUR + 120)]
    with backfilled(tmp_path / "prometheus", {'{job="daily"}': daily, '{job="hidden"}': hidden}) as prometheus:
        page(prometheus.url)
        assert strips(browser) == {
            "daily": "6 runs seen in 7 days, 1 failed",
            "hidden": "3 runs seen in 7 days, 1 failed",
        }
        bars = browser.evaluate("document.querySelectorAll('#jobs li:first-child .strip .fill-ok').length")
        assert bars == 5
        assert browser.evaluate("document.querySelectorAll('#jobs li:first-child .strip .fill-failed').length") == 1
        text = open_job(browser, "daily")
        assert "usually 1m 3s" in text and "longest 1m 5s" in text
        browser.evaluate("document.querySelector('#range').value = '1'")
        browser.evaluate("document.querySelector('#range').dispatchEvent(new Event('change'))")
        browser.wait_for("document.querySelector('#axis').innerText.includes('1 day ago')")
        browser.wait_for("!document.body.hasAttribute('aria-busy')")
        assert strips(browser)["daily"] == "1 run seen in 1 day, none failed"


@pytest.mark.parametrize("server", ["Prometheus", "VictoriaMetrics"])
def test_runs_that_are_written_by_remote_write_are_drawn(page, browser, program, tmp_path, server):
    with (Prometheus if server == "Prometheus" else VictoriaMetrics)(tmp_path / "server") as store:
        url = f"remote-write+{store.url}/api/v1/write"
        assert program("run", "--url", url, "-j", "written", "-l", "a=b", "--", "true").status == 0
        assert program("run", "--url", url, "-j", "broken", "--", *sh("exit 7")).status == 7
        page(store.url, "--source", "remote-write", wait="document.querySelectorAll('#jobs li').length === 2 || load()")
        assert {name: state for name, (state, _) in rows(browser).items()} == {"written": "ok", "broken": "failed"}
        assert strips(browser) == {
            "written": "1 run seen in 7 days, none failed",
            "broken": "1 run seen in 7 days, 1 failed",
        }


def test_a_label_that_prometheus_has_renamed_is_pointed_out(page, browser, jobs, gateway, tmp_path):
    config = Prometheus.scraping([gateway.address], honor_labels=False)
    with Prometheus(tmp_path / "prometheus", config) as server:
        wait_until(lambda: server.query("job_success"), 20)
        page(server.url)
        assert "honor_labels: true" in browser.texts("#notice")[0]
        assert "good" in rows(browser)
