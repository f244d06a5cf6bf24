"""`dashboard --format html` prints one page that refers to nothing else. What it shows is in test_dashboard_browser.py."""

import base64
import hashlib
import html.parser
import json
import re

import pytest

LARGEST = 60_000  # bytes
# What a page may refer to others by.
REFERENCES = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "cite", "manifest", "ping"}


class Page(html.parser.HTMLParser):
    """The attributes of a page's elements, and the texts of its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.texts = {"script": [], "style": []}
        self.inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in self.texts:
            self.texts[tag].append((dict(attributes), ""))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in self.texts:
            attributes, text = self.texts[self.inside].pop()
            self.texts[self.inside].append((attributes, text + data))

    def policy(self):
        (content,) = [
            attributes["content"]
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        return dict(part.strip().split(" ", 1) for part in content.split(";"))

    def config(self):
        (text,) = [text for attributes, text in self.texts["script"] if attributes.get("id") == "config"]
        return json.loads(text)


@pytest.fixture
def page_of(pushmetrics):
    def page_of(*options):
        result = pushmetrics("dashboard", "--format", "html", *options)
        assert (result.status, result.stderr) == (0, "")
        return result.stdout

    return page_of


def test_the_page_refers_to_nothing_else(page_of):
    text = page_of()
    for tag, attributes in Page(text).elements:
        for name in REFERENCES & set(attributes):
            assert attributes[name] == "data:,", (tag, attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
    for word in ("@import", "url(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "import("):
        assert word not in text, word
    # Namespaces and examples are no references.
    named = set(re.findall(r"https?://[\w.:-]+", text))
    assert named == {"http://www.w3.org", "http://localhost:9090", "http://prometheus:9090", "https://example.org"}


def test_the_page_is_small(page_of):
    assert len(page_of().encode()) < LARGEST


def test_the_browser_runs_what_the_policy_names_and_nothing_else(page_of):
    page = Page(page_of())
    policy = page.policy()
    assert policy["default-src"] == "'none'"
    for directive, element in (("script-src", "script"), ("style-src", "style")):
        texts = [text for attributes, text in page.texts[element] if "type" not in attributes]
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert policy[directive].split() == [f"'sha256-{digest}'" for digest in hashes] != []


def test_the_page_knows_what_the_options_name(page_of):
    config = Page(page_of("--server", "https://example.org/prometheus/", "--prefix", "backup_")).config()
    assert (config["server"], config["prefix"], config["source"]) == ("https://example.org/prometheus", "backup_", "pushgateway")
    assert "duration_seconds" in config["metrics"] and "step_success" in config["metrics"]
    config = Page(page_of("--source", "remote-write", "--lookback", "36h")).config()
    assert (config["lookback"], config["source"]) == ("1d12h", "remote-write")
    assert "server" not in config


@pytest.mark.parametrize(
    "options, message",
    [
        (["--format", "html", "--server", "prometheus:9090"], "invalid server 'prometheus:9090': write http://HOST:PORT or https://HOST"),
        (["--format", "html", "--server", "http://"], "invalid server 'http://'"),
        (["--format", "html", "--server", "http://a/</script>"], "invalid server"),
        (["--format", "html", "--server", "http://a?b"], "invalid server"),
        (["--format", "html", "--server", "http://me:word@a"], "--server must not contain a login"),
        (["--format", "html", "--prefix", "a-b"], "'a-b' cannot begin a metric's name"),
        (["--server", "http://a"], "--server needs --format html"),
        (["--format", "pdf"], "unknown format 'pdf': write one of grafana, html, configmap"),
    ],
)
def test_options_that_make_no_page_are_rejected(pushmetrics, options, message):
    result = pushmetrics("dashboard", *options)
    assert (result.status, result.stdout) == (2, "")
    assert message in result.stderr and len(result.messages) == 1
