"""`check --lint` finds what `promtool check metrics` finds."""

import functools
import random
import re
import subprocess

import pytest

FAMILIES_A_FILE = 40

WORDS = ["http", "backup", "requests", "thermometers", "Queue", "untyped", "infobits", "x", "", "metrics", "HTTP2"]
UNITS = [
    *("amperes bytes celsius grams joules kelvin meters metres seconds volts minutes hours days weeks".split()),
    *("kelvins fahrenheit rankine inches yards miles bits calories pounds ounces".split()),
]
PREFIXES = [
    *["", "", "", "", "kilokilo", "Kilo"],
    *("pico nano micro milli centi deci deca hecto kilo kibi mega mibi giga gibi tera tebi peta pebi".split()),
]
ABBREVIATIONS = "s ms us ns sec b kb mb gb tb pb m h d S MS Kb min g".split()
TYPE_WORDS = "counter gauge summary histogram gauge_histogram Gauge COUNTER counters".split()
ENDINGS = ["", "", "", "_total", "_total", "_bucket", "_count", "_sum", "_created", "_info", "_Total", "_"]
LABELS = ["path", "le", "quantile", "camelCase", "aBcD", "Snake_case", "LE", "job_name", "_x"]
TYPES = [None, "untyped", "counter", "gauge", "gauge", "histogram", "summary", "GAUGE"]


class Generator:
    """Families that a Pushgateway takes, good and bad by promlint's lights."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.serial = 0

    def file(self):
        return "".join(self.family() for _ in range(FAMILIES_A_FILE))

    def name(self):
        """With one unit at most: of several, promtool looks at a random one."""
        choice = self.random.choice
        self.serial += 1
        parts = [choice(WORDS) for _ in range(self.random.randint(0, 2))]
        if self.random.random() < 0.4:
            parts.append(choice(PREFIXES) + choice(UNITS))
        if self.random.random() < 0.25:
            parts.append(choice(ABBREVIATIONS))
        if self.random.random() < 0.25:
            parts.append(choice(TYPE_WORDS))
        if self.random.random() < 0.1:
            parts.append("aB")
        self.random.shuffle(parts)
        # Where the serial number stands decides whether a unit is the last word.
        parts.insert(self.random.choice([0, 0, len(parts)]), f"n{self.serial}")
        separator = ":" if self.random.random() < 0.05 else "_"
        return separator.join(parts) + choice(ENDINGS)

    def labels(self, *more):
        chosen = self.random.sample(LABELS, self.random.choice([0, 0, 1, 2]))
        pairs = [f'{label}="{self.random.randint(1, 9)}"' for label in chosen if label not in dict(more)]
        pairs += [f'{label}="{value}"' for label, value in more]
        self.random.shuffle(pairs)
        return "{" + ",".join(pairs) + "}" if pairs else ""

    def family(self):
        name, kind = self.name(), self.random.choice(TYPES)
        lines = self.samples(name, kind)
        if self.random.random() < 0.1:
            lines = []
        if kind:
            lines.insert(0, f"# TYPE {name} {kind}")
        help_line = self.random.choice([None, None, f"# HELP {name} text", f"# HELP {name} ", f"#HELP {name} x y "])
        if help_line:
            lines.insert(self.random.randint(0, len(lines)), help_line)
        return "".join(line + "\n" for line in lines)

    def samples(self, name, kind):
        """Each with a label of its own, so that none is there twice."""
        lines = []
        for serial in range(self.random.randint(1, 3)):
            own = ("serial", serial)
            if kind == "histogram":
                parts = [f"{name}_bucket{self.labels(own, ('le', bound))} 1" for bound in ("0.5", "+Inf")]
                labels = self.labels(own)
                parts += [f"{name}_sum{labels} 1", f"{name}_count{labels} 1"]
            elif kind == "summary":
                parts = [f"{name}{self.labels(own, ('quantile', bound))} 1" for bound in ("0.5", "0.9")]
                labels = self.labels(own)
                parts += [f"{name}_sum{labels} 1", f"{name}_count{labels} 1"]
            else:
                parts = [f"{name}{self.labels(own)} 1"]
            lines += self.random.sample(parts, self.random.randint(1, len(parts)))
        return lines


@functools.cache
def promtool_version():
    done = subprocess.run(["promtool", "--version"], capture_output=True, text=True, timeout=60)
    major, minor = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr).groups()
    return int(major), int(minor)


def is_of_another_type(finding, text):
    """Before 2.53 promtool also reports the type words in a name that are not the metric's own type."""
    name, message = finding
    word = re.fullmatch("metric name should not include type '(.*)'", message)
    return word and not re.search(rf"^# TYPE {name} {word[1]}$", text, re.MULTILINE | re.IGNORECASE)


def promtool_findings(path):
    findings = promtool_output(path)
    if promtool_version() >= (2, 53):
        return findings
    text = path.read_text()
    others = {finding for finding in findings if is_of_another_type(finding, text)}
    assert others, "a promtool this old has findings of its own"
    return findings - others


def promtool_output(path):
    with open(path) as text:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=text, capture_output=True, text=True, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    assert done.returncode == (3 if lines else 0), lines
    return {tuple(line.split(" ", 1)) for line in lines}


def own_findings(pushmetrics, path):
    """As promtool spells them."""
    done = pushmetrics("check", "--lint", str(path))
    assert done.status == 0, done.stderr
    pattern = re.escape(str(path)) + r":\d+:\d+: warning: ([A-Za-z0-9_:]+): (.*)"
    found = [match.groups() for line in done.stderr_lines if (match := re.fullmatch(pattern, line))]
    assert len(found) == len(set(found)), "each finding is told once"
    return set(found)


@pytest.mark.parametrize("seed", range(30))
def test_findings_are_those_of_promtool(pushmetrics, tmp_path, seed):
    path = tmp_path / "metrics.prom"
    path.write_text(Generator(seed).file())
    expected = promtool_findings(path)
    assert len(expected) > FAMILIES_A_FILE / 2
    assert own_findings(pushmetrics, path) == expected


def test_every_rule_of_promtool_comes_up(tmp_path):
    """Else the comparison above would prove little."""
    texts = set()
    for seed in range(5):
        path = tmp_path / "metrics.prom"
        path.write_text(Generator(seed).file())
        texts |= {re.sub("'.*?'|\"[a-zA-Z]*\"", "_", text) for _, text in promtool_findings(path)}
    assert texts >= {
        "no help text",
        "use base unit _ instead of _",
        'counter metrics should have "_total" suffix',
        'non-counter metrics should not have "_total" suffix',
        'non-histogram metrics should not have "_bucket" suffix',
        'non-histogram and non-summary metrics should not have "_count" suffix',
        'non-histogram and non-summary metrics should not have "_sum" suffix',
        "non-histogram metrics should not have _ label",
        "non-summary metrics should not have _ label",
        "metric name should not include type _",
        "metric names should not contain _",
        "metric names should be written in _ not _",
        "label names should be written in _ not _",
        "metric names should not contain abbreviated units",
    }
