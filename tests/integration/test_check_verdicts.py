"""The verdicts of `check --strict` are Pushgateway's: on recorded cases, and on random texts posted to real ones.

SEED and INPUTS in the environment take the place of the usual seed and number.
"""

import itertools
import json
import os
import re

import pytest

from support.exposition_inputs import Inputs
from support.verdicts import (
    GatewayVerdicts,
    OtherGateway,
    differs_by_version,
    gateway_binaries,
    is_deliberate,
    recorded_cases,
)

SEED = int(os.environ.get("SEED", 20240502))
INPUTS = int(os.environ.get("INPUTS", 1000))


@pytest.fixture
def check(pushmetrics, tmp_path):
    """check(texts, *options): for each text, whether it is valid, and the first error."""

    def check(texts, *options):
        names = [f"{n}.prom" for n in range(len(texts))]
        for name, text in zip(names, texts):
            (tmp_path / name).write_bytes(text)
        result = pushmetrics("check", "--json", *options, *names, cwd=tmp_path, timeout=60)
        files = json.loads(result.stdout)["files"]
        assert [file["file"] for file in files] == names
        errors = [[each["message"] for each in file["findings"] if each["severity"] == "error"] for file in files]
        assert [file["valid"] for file in files] == [not messages for messages in errors]
        assert result.status == (3 if any(errors) else 0)
        return [(not messages, messages[0] if messages else "") for messages in errors]

    return check


def test_recorded_cases(check):
    cases = list(recorded_cases())
    verdicts = check([text for _, text in cases], "--strict")
    wrong = [
        (case["name"], valid, message)
        for (case, _), (valid, message) in zip(cases, verdicts)
        if valid != case["accepted_1_11_2"] and not is_deliberate(message)
    ]
    assert not wrong


@pytest.fixture(scope="module", params=gateway_binaries().items(), ids=gateway_binaries())
def verdicts(request, tmp_path_factory):
    _, binary = request.param
    with OtherGateway(tmp_path_factory.mktemp("gateway"), binary) as server:
        yield GatewayVerdicts(server)


def test_random_texts(check, verdicts):
    version = verdicts.gateway.version
    seed = f"{SEED}/{version}"
    print(f"seed {seed}, {INPUTS} inputs")
    texts = list(itertools.islice(Inputs(seed), INPUTS))
    wrong = []
    for text, (valid, message) in zip(texts, check(texts, "--strict")):
        theirs, their_message = verdicts.ask(text)
        if valid != theirs:
            verdicts.wipe()  # perhaps an earlier text has left something behind
            theirs, their_message = verdicts.ask(text)
        # Names in quotes or braces are new, and so is a quote that is escaped without need.
        is_canonical = not re.search("invalid (metric name|label name|escape sequence)", their_message)
        if valid == theirs or differs_by_version(text, is_canonical, message, version):
            continue
        if not (theirs and is_deliberate(message)):
            wrong.append(f"{text!r}: we say {valid} {message!r}, they {theirs} {their_message!r}")
    assert not wrong, "\n".join(wrong[:20])


def test_families_that_the_gateway_has_itself(check, verdicts):
    """Each of them with every type, and what its parts may be called. Those that only an older gateway has are
    let pass."""
    verdicts.ask(b"a 1\n")  # brings forth those that tell of pushes
    own = dict(re.findall(r"# TYPE (\S+) (\S+)", verdicts.gateway.scrape()))
    texts = [f"# TYPE {name} {kind}\n{name} 1\n" for name in own for kind in ("untyped", "gauge", "counter")]
    texts += [f"# TYPE {name} summary\n{name}_sum 1\n" for name in own]
    texts += [f"{name}{suffix} 1\n" for name in own for suffix in ("_sum", "_count", "_bucket", "s")]
    texts = [text.encode() for text in texts if "go_memstats_lookups_total" not in text]
    wrong = []
    for text, (valid, message) in zip(texts, check(texts, "--strict")):
        theirs, their_message = verdicts.ask(text)
        if valid != theirs:
            wrong.append(f"{text!r}: we say {valid} {message!r}, they {theirs} {their_message!r}")
    assert not wrong, "\n".join(wrong[:20])
