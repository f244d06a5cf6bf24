"""Random texts around the exposition format: from its grammar, with what people get wrong, and mutated.

Names are few, so that families, suffixes and series meet each other often.
"""

import random

NAMES = ["a", "b", "s", "h", "s_count", "s_sum", "h_bucket", "h_count", "h_sum", "s_bucket", "a:b", "_"]
LABELS = ["x", "y", "le", "quantile", "job", "instance", "x1"]
TYPES = ["counter", "gauge", "untyped", "histogram", "summary", "Gauge", "HISTOGRAM", "gaugehistogram"]
ODD_TYPES = ["gauge_histogram", "unknown", "info", "gauge x", "gauge ", "", "ga\xffuge"]
VALUES = ["0", "1", "-1", "+1", "1.5", ".5", "5.", "-0", "1e3", "1E-3", "1e+308", "1e-400", "NaN", "nan", "+Inf", "-inf",
          "Infinity", "9007199254740993", "1" * 40, "0" * 30 + "1", "0.25", "-2.5e-7", "0e999999999"]  # fmt: skip
ODD_VALUES = ["", "-", "+", ".", "e1", "1e", "1e400", "-1e309", "1.7976931348623157e308", "1.7976931348623159e308", "0x10",
              "0x1p3", "1_000", "-NaN", "+nan", "infinit", "1,5", "10s", "true", "1d", "1" * 310, "0." + "0" * 320 + "1",
              "\xd9\xa1", "1e99999999999999999999", "--1"]  # fmt: skip
TEXTS = ["", "1", "0.5", "+Inf", "NaN", "1e3", "hello", "x y", "\\\\", "\\n", '\\"', "\xc3\xa9", "{}", "#", ",", "a=b"]
ODD_TEXTS = ["\\t", "\\", "\xff", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\r", "\0", "\n", '"']
ODD_BYTES = '{}",=#\\ \t\r\n_:-.0123456789abceEnNiIxXpPHELTYse+\0\x7f\x80\xc3\xff'


class Inputs:
    """An endless iterator of texts (bytes), the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def __iter__(self):
        return self

    def __next__(self):
        text = "".join(self.line() for _ in range(self.random.choice((1, 1, 2, 2, 3, 4, 6, 9))))
        if self.rarely(0.05):
            text = text[:-1]
        data = text.encode("latin1")
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2, 3))):
            data = self.mutated(data)
        return data

    def rarely(self, probability=0.02):
        return self.random.random() < probability

    def pick(self, usual, odd, probability=0.02):
        return self.random.choice(odd if self.rarely(probability) else usual)

    def blanks(self, usual=""):
        return self.pick([usual], [" ", "\t", "  ", " \t ", "\r", ""], 0.04)

    def name(self):
        name = self.pick(NAMES, ["", "1a", "a-b", "a.b", "\xe9", "a\xc2\xa0b", "__a", "__name__"], 0.02)
        return self.pick([name], [f'"{name}"', f'a"{name}"', f'"{name}', f'"{name}"b', '"a\\nb"', '""'], 0.03)

    def line(self):
        kind = self.random.random()
        if kind < 0.22:
            body = self.metadata()
        elif kind < 0.27:
            body = self.pick(["", "# a comment", "#", "# EOF", "#HELPa b", "# HELP", "# TYPE", "# help a x"], ["\r", " ", "#\r"], 0.1)
        else:
            body = self.sample()
        return self.blanks() + body + self.pick([""], [" ", "\t", "\r", " \r", "}"], 0.03) + "\n"

    def metadata(self):
        keyword = self.random.choice(("HELP", "TYPE", "TYPE"))
        text = self.random.choice(TEXTS + ["some help"]) if keyword == "HELP" else self.random.choice(TYPES)
        if self.rarely(0.05):
            text = self.random.choice(ODD_TEXTS + ODD_TYPES)
        return f"#{self.blanks(' ')}{keyword}{self.blanks(' ')}{self.name()}{self.blanks(' ')}{text}"

    def sample(self):
        labels = [self.label() for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        value = self.pick(VALUES, ODD_VALUES, 0.05)
        timestamp = self.pick([""], [" 5", " -5", " +5", " 1.5", " x", " 5 ", " 99999999999999999999", " # {} 1"], 0.03)
        separator = self.blanks(" ")
        if self.rarely(0.05):
            inside = [self.name(), *labels]
            if self.rarely(0.1):
                self.random.shuffle(inside)
            return f"{{{','.join(inside)}{self.pick([''], [','], 0.1)}}}{separator}{value}{timestamp}"
        braces = ""
        if labels or self.rarely(0.1):
            braces = "{" + self.pick([","], [",,", " ", ";", ", ", ""], 0.02).join(labels)
            braces += self.pick([""], [",", " ", ", ", ",,"], 0.05) + self.pick(["}"], ["", "}}", "}{"], 0.01)
        return f"{self.name()}{self.blanks()}{braces}{separator}{value}{timestamp}"

    def label(self):
        name = self.pick(LABELS, ["", "__x", "__name__", "1x", "x-y", "x.y", "\xe9", "x:y"], 0.02)
        name = self.pick([name], [f'"{name}"', f'x"{name}"', f'"{name}', '"x y"', '""'], 0.03)
        value = self.pick(TEXTS, ODD_TEXTS, 0.04)
        if name in ("le", "quantile") and not self.rarely(0.2):
            value = self.pick(VALUES, ODD_VALUES, 0.05)
        quote = self.pick(['"'], ["'", "", '"" '], 0.01)
        return f"{self.blanks()}{name}{self.blanks()}{self.pick(['='], [':', '==', '!=', ''], 0.01)}{self.blanks()}{quote}{value}{quote}{self.blanks()}"

    def mutated(self, data):
        if not data:
            return data
        at = self.random.randrange(len(data))
        odd = self.random.choice(ODD_BYTES).encode("latin1")
        kind = self.random.randrange(6)
        if kind == 0:
            return data[:at] + odd + data[at:]
        if kind == 1:
            return data[:at] + odd + data[at + 1 :]
        if kind == 2:
            return data[:at] + data[at + self.random.choice((1, 1, 1, 2, 5)) :]
        end = min(len(data), at + self.random.choice((1, 2, 4, 8, 16)))
        other = self.random.randrange(len(data))
        if kind == 3:
            return data[:other] + data[at:end] + data[other:]
        if kind == 4:
            return data[:at] + bytes([data[at] ^ 1 << self.random.randrange(8)]) + data[at + 1 :]
        return data[: self.random.randrange(len(data) + 1)]
