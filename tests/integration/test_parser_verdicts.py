"""The text parser's verdicts are Pushgateway's: on recorded cases, and on random texts posted to real ones.

SEED and INPUTS in the environment take the place of the usual seed and number.
"""

import itertools
import json
import os
import pathlib

import pytest

from exposition_inputs import Inputs
from verdicts import GatewayVerdicts, NewerGateway, OurVerdicts, newer_gateway_binary, version_of

CASES = pathlib.Path(__file__).parent.parent / "data/exposition_cases.json"
SEED = int(os.environ.get("SEED", 20240501))
INPUTS = int(os.environ.get("INPUTS", 3000))

# What Pushgateway takes and we do not, by what our message begins with or contains.
DELIBERATE_REFUSALS = {
    " collides with gaugehistogram ": "what it then serves is no valid text",
    "gaugehistogram ": "the same",
    "the type `gauge_histogram`": "older gateways cut their answer short on it, node_exporter crashes",
    "a sample without a metric name": "taken for a part of the metric on the line above",
    "a backslash within the type": "dropped by Pushgateway, refused by all others",
    "a double quote within a name": "no other parser takes it",
    "the name of a histogram or summary within the braces": "taken for a part of the metric on the line above",
}


@pytest.fixture(scope="module")
def ours():
    with OurVerdicts() as verdicts:
        yield verdicts


@pytest.fixture(scope="module", params=["installed", "newer"])
def gateway(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("gateway")
    binary = "prometheus-pushgateway" if request.param == "installed" else newer_gateway_binary()
    if binary is None:
        binary = "prometheus-pushgateway"  # all that there is: other inputs for the same one
    with NewerGateway(directory, binary) as server:
        verdicts = GatewayVerdicts(server)
        verdicts.version = version_of(binary)
        verdicts.seed = f"{SEED}/{request.param}"
        yield verdicts


def is_deliberate(message):
    return any(part in message if part[0] == " " else message.startswith(part) for part in DELIBERATE_REFUSALS)


def differs_by_version(text, canonical, message, version):
    """Whether gateways before 1.11 are known to have another verdict than later ones."""
    if version >= (1, 11):
        return False
    return not canonical or b"gaugehistogram" in text.lower() or message.endswith("cannot be negative")


def test_recorded_cases(ours):
    wrong = []
    for case in json.loads(CASES.read_text()):
        text = case["input"].encode("latin1" if "input_encoding" in case else "utf-8")
        accepted, _, _, message = ours.ask("strict", text)
        if accepted != case["accepted_1_11_2"] and not is_deliberate(message):
            wrong.append((case["name"], accepted, message))
    assert not wrong


def test_random_texts(ours, gateway):
    """Each text as it is under strict, and what lenient reading makes of it."""
    print(f"seed {SEED}, {INPUTS} inputs, Pushgateway {gateway.version}")
    wrong = []
    accepted_count = 0
    for text in itertools.islice(Inputs(gateway.seed), INPUTS):
        difference = difference_on(text, ours, gateway)
        if difference:
            gateway.wipe()  # perhaps an earlier text has left something behind
            difference = difference_on(text, ours, gateway)
        if difference:
            wrong.append(difference)
        accepted_count += ours.ask("strict", text)[0]
    print(f"{accepted_count} accepted")
    assert not wrong, "\n".join(wrong[:20])
    assert INPUTS / 10 < accepted_count < INPUTS * 9 / 10, "one-sided inputs"


def difference_on(text, ours, gateway):
    accepted, canonical, _, message = ours.ask("strict", text)
    if not differs_by_version(text, canonical or not accepted, message, gateway.version):
        theirs, their_message = gateway.ask(text)
        if accepted != theirs and not (theirs and is_deliberate(message)):
            return f"{text!r}: we say {accepted} {message!r}, they {theirs} {their_message!r}"
    accepted, _, payload, message = ours.ask("lenient", text)
    if accepted and payload != text and not differs_by_version(payload, True, "", gateway.version):
        theirs, their_message = gateway.ask(payload)
        if not theirs:
            return f"{text!r} became {payload!r}: {their_message!r}"
    return None
