"""Random OpenMetrics and JSON: what a real Pushgateway serves after `push` is what the input says.

SEED and ROUNDS in the environment take the place of the usual seed and number.
"""

import json
import math
import os
import random
import re

import pytest

SEED = int(os.environ.get("SEED", 20240503))
ROUNDS = int(os.environ.get("ROUNDS", 12))
FAMILIES_A_ROUND = 40

CHARACTERS = ["a", "b", "Z", "0", " ", "  ", "\\", "\\\\", '"', "\n", "{", "}", ",", "=", "#", " # {", "ö", "日", "🙂", "'", "\t", "/", "\\n", "<", "&"]  # fmt: skip
NUMBERS = ["0", "1", "-1", "0.25", "1e3", "5e-324", "1.7976931348623157e308", "-0", "9007199254740993", "123456789012345678901234567890", "-2.5e-7", "1E+2"]  # fmt: skip
SPECIAL = ["NaN", "+Inf", "-Inf"]
UNITS = ["seconds", "bytes", "ratio"]
STRIP = "--strip-timestamps"


class Served:
    """Families as a gateway serves them: types and help by name, values by name and labels."""

    def __init__(self):
        self.types, self.help, self.values = {}, {}, {}

    def family(self, name, kind, text):
        self.types[name] = kind
        self.help[name] = text

    def value(self, name, labels, value):
        own = {key: float(v) if key in ("le", "quantile") else v for key, v in labels.items() if v != ""}
        self.values[name, frozenset(own.items())] = "NaN" if math.isnan(value) else value


def unescaped(text):
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)


def escaped(text, quote=True):
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def served_by(gateway, job):
    served = Served()
    types, texts = {}, {}
    for line in gateway.scrape().split("\n"):
        if line.startswith("# "):
            _, keyword, name, rest = line.split(" ", 3)
            (types if keyword == "TYPE" else texts)[name] = rest
            continue
        match = re.fullmatch(r"([a-zA-Z0-9_:]+)(?:\{(.*)\})? ([^ ]+)", line)
        if not match:
            continue
        labels = {name: unescaped(value) for name, value in re.findall(r'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"', match[2] or "")}
        if labels.pop("job", None) != job or match[1].startswith("push_"):
            continue
        labels.pop("instance", None)
        served.value(match[1], labels, float(match[3]))
        family = match[1] if match[1] in types else re.sub("_(bucket|sum|count)$", "", match[1])
        served.family(family, types[family], unescaped(texts.get(family, "")))
    return served


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.serial = 0

    def help_text(self):
        """White space around it is lost."""
        return self.text().strip(" \t")

    def text(self):
        return "".join(self.random.choices(CHARACTERS, k=self.random.choice((0, 1, 1, 2, 5, 12))))

    def name(self):
        self.serial += 1
        return self.random.choice(["a", "B_", "_x:", "metric_"]) + str(self.serial)

    def label_sets(self):
        """One or more, all different."""
        names = self.random.sample(["x", "y", "_z", "path"], self.random.choice((0, 1, 2)))
        if not names:
            return [{}]
        return [{name: f"{i}{self.text()}" for name in names} for i in range(self.random.choice((1, 2, 3)))]

    def number(self):
        return self.random.choice(NUMBERS + [repr(self.random.uniform(-1e6, 1e6)), str(self.random.randrange(10**9))])


class OpenMetrics(Generator):
    def document(self):
        served = Served()
        kinds = "counter gauge histogram summary info stateset unknown none".split()
        lines = [self.family(self.random.choice(kinds), served) for _ in range(FAMILIES_A_ROUND)]
        return "".join(lines) + "# EOF\n", served

    def family(self, kind, served):
        name, text, unit = self.name(), self.help_text(), ""
        if kind == "stateset":
            name = name.replace(":", "_")  # it is a label's name, too
        elif kind != "info" and self.random.random() < 0.3:
            unit = self.random.choice(UNITS)
            name += "_" + unit
        head = [f"# HELP {name} {escaped(text, self.random.random() < 0.5)}\n"] if text else []
        if unit and kind != "none":
            head.append(f"# UNIT {name} {unit}\n")
        if kind != "none":
            head.append(f"# TYPE {name} {kind}\n")
        self.random.shuffle(head)
        suffix = {"counter": "_total", "info": "_info"}.get(kind, "")
        kept = {"info": "gauge", "stateset": "gauge", "unknown": "untyped", "none": "untyped"}.get(kind, kind)
        served.family(name + suffix, kept, text)
        lines = [self.metric(name, kind, labels, served) for labels in self.label_sets()]
        return "".join(head + lines)

    def sample(self, name, labels, value, served=None, exemplar=False):
        if served is not None:
            served.value(name, labels, float(value))
        pairs = [f'{key}="{escaped(text)}"' for key, text in labels.items()]
        self.random.shuffle(pairs)
        braces = "{" + ",".join(pairs) + "}" if pairs or self.random.random() < 0.1 else ""
        time = self.random.choice(["", "", "", " 1700000000", " 1.7e9", " 1700000000.123"])
        if exemplar and self.random.random() < 0.4:
            time += f' # {{trace="{escaped(self.text())}"}} {self.number()}' + self.random.choice(["", " 1700000000.5"])
        return f"{name}{braces} {value}{time}\n"

    def metric(self, name, kind, labels, served):
        if kind in ("gauge", "unknown", "none"):
            return self.sample(name, labels, self.random.choice([self.number(), *SPECIAL]), served)
        if kind == "info":
            return self.sample(name + "_info", {**labels, "version": self.text()}, "1", served)
        if kind == "stateset":
            return "".join(self.sample(name, {**labels, name: state}, self.random.choice("01"), served) for state in ("on", 'o"ff'))
        lines = []
        count = 0
        if kind == "counter":
            lines.append(self.sample(name + "_total", labels, self.number().lstrip("-"), served, exemplar=True))
        elif kind == "histogram":
            for bound in ("0.1", "1.0", "2.5e3", "+Inf"):
                count += self.random.randrange(9)
                lines.append(self.sample(name + "_bucket", {**labels, "le": bound}, str(count), served, exemplar=True))
        else:
            for quantile in ("0.5", "0.99"):
                lines.append(self.sample(name, {**labels, "quantile": quantile}, self.number(), served))
        if kind != "counter":
            lines.append(self.sample(name + "_count", labels, str(count), served))
            lines.append(self.sample(name + "_sum", labels, self.number(), served))
        if self.random.random() < 0.3:
            lines.append(self.sample(name + "_created", labels, "1.7e9"))
        return "".join(lines)


class Json(Generator):
    def document(self):
        served = Served()
        as_list = self.random.random() < 0.5
        entries = [entry for _ in range(FAMILIES_A_ROUND) for entry in self.family(served, as_list)]
        self.random.shuffle(entries)
        ascii_only, indent = self.random.choice([True, False]), self.random.choice([None, 1, "\t"])
        if as_list:
            entries = [{"name": name, **entry} for name, entry in entries]
        else:
            entries = dict(entries)
        text = json.dumps(entries, ensure_ascii=ascii_only, indent=indent)
        # Numbers as they are spelled, which Python would not keep.
        return re.sub(r'"<<([^"]*)>>"', r"\1", text), served

    def family(self, served, as_list):
        name, text, kind = self.name(), self.help_text(), self.random.choice([None, "gauge", "counter", "UNTYPED"])
        served.family(name, (kind or "gauge").lower(), text)
        sets = self.label_sets() if as_list else self.label_sets()[:1]
        for labels in sets:
            value, spelled = self.value()
            served.value(name, labels, value)
            if not as_list and not labels and kind is None and self.random.random() < 0.5:
                served.family(name, "gauge", "")
                yield name, spelled
                continue
            entry = {"value": spelled, "help": text}
            if kind:
                entry["type"] = kind
            if labels:
                entry["labels"] = labels
            yield name, dict(self.random.sample(list(entry.items()), len(entry)))

    def value(self):
        """As a number, and as it stands in the document."""
        choice = self.random.random()
        if choice < 0.1:
            return self.random.choice([(1.0, True), (0.0, False)])
        if choice < 0.2:
            special = self.random.choice([*SPECIAL, "inf", "Infinity", "-infinity", "nan"])
            return float(special), special
        number = self.number()
        return float(number), f"<<{number}>>"


def assert_served(pushmetrics, gateway, job, text, expected):
    result = pushmetrics("push", "--url", gateway.url, STRIP, "-j", job, input=text)
    assert result.status == 0, f"{result.stderr}\n{text}"
    found = served_by(gateway, job)
    for said, is_served in zip(vars(expected).values(), vars(found).values()):
        different = {key: (said.get(key), is_served.get(key)) for key in {*said, *is_served}}
        different = {key: pair for key, pair in different.items() if pair[0] != pair[1]}
        assert not different, f"said, served: {different}\n{text}"
    gateway.wipe()


def large_json():
    return "{" + ",".join(f'"records_processed_{i}":{i}' for i in range(150_000)) + "}"


def large_openmetrics():
    odd = r"\t" * 40
    return "# TYPE g gauge\n" + "".join(f'g{{x="{i}{odd}"}} 1\n' for i in range(100_000)) + "# EOF\n"


@pytest.mark.parametrize("text", [large_json(), large_openmetrics()], ids=["json", "openmetrics"])
def test_a_large_file_may_become_larger_yet(pushmetrics, tmp_path, text):
    file = tmp_path / "metrics"
    file.write_text(text)
    result = pushmetrics("check", str(file), timeout=60)
    assert (result.status, result.stderr) == (0, "")


@pytest.mark.parametrize("kind", [OpenMetrics, Json])
def test_what_is_served_is_what_was_said(pushmetrics, gateway, kind):
    generator = kind(SEED)
    print(f"seed {SEED}, {ROUNDS} rounds")
    for round_number in range(ROUNDS):
        text, expected = generator.document()
        assert_served(pushmetrics, gateway, f"round{round_number}", text, expected)
