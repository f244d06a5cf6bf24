"""The text parser's verdicts are Pushgateway's: on recorded cases, and on random texts posted to real ones.

SEED and INPUTS in the environment take the place of the usual seed and number.
"""

import itertools
import os

import pytest

from support.exposition_inputs import Inputs
from support.verdicts import (
    GatewayVerdicts,
    OtherGateway,
    OurVerdicts,
    differs_by_version,
    gateway_binaries,
    is_deliberate,
    recorded_cases,
)

SEED = int(os.environ.get("SEED", 20240501))
INPUTS = int(os.environ.get("INPUTS", 3000))

@pytest.fixture(scope="module")
def ours():
    with OurVerdicts() as verdicts:
        yield verdicts


@pytest.fixture(scope="module", params=gateway_binaries().items(), ids=gateway_binaries())
def gateway(request, tmp_path_factory):
    name, binary = request.param
    with OtherGateway(tmp_path_factory.mktemp("gateway"), binary) as server:
        verdicts = GatewayVerdicts(server)
        verdicts.version = server.version
        verdicts.seed = f"{SEED}/{name}"
        yield verdicts


def test_recorded_cases(ours):
    wrong = []
    for case, text in recorded_cases():
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
