"""One system call or allocation of pushmetrics fails: the job runs once, as always, and its push is not forgotten.

A sample of them for each scenario, INJECTIONS=25 by default, that INJECTION_SEED chooses. INJECTIONS=all takes all of
them; INJECTIONS=openat:error=EIO:when=3, as a failure is reported, takes that one.
"""

import concurrent.futures
import os
import random

import pytest

from support.injection import SCENARIOS, Injection, Place

SEED = os.environ.get("INJECTION_SEED", str(random.randrange(10**6)))
INJECTIONS = os.environ.get("INJECTIONS", "25")
WORKERS = os.cpu_count() or 1


def chosen(all_there_are, kind):
    if INJECTIONS == "all":
        return all_there_are
    if INJECTIONS.isdigit():
        return random.Random(f"{SEED} {kind}").sample(all_there_are, min(int(INJECTIONS), len(all_there_are)))
    injection = Injection.parse(INJECTIONS)
    return [injection] if all_there_are[0].is_of_kind(injection) else []


def violations(scenario, list_all, directory):
    """A line for each, of what is chosen."""
    with Place(directory / "list", scenario) as place:
        part = chosen(list_all(place), f"{list_all.__name__} {scenario.name}")

    def work(number):
        with Place(directory / str(number), scenario) as place:
            return [(injection, place.violations_under(injection)) for injection in part[number::WORKERS]]

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        done = [one for some in pool.map(work, range(WORKERS)) for one in some]
    return "\n".join(f"{injection}: {'; '.join(found)}" for injection, found in done if found)


@pytest.fixture(autouse=True)
def seed():
    """Is shown beside a failure, which it repeats."""
    print(f"INJECTION_SEED={SEED} INJECTIONS={INJECTIONS}")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_failed_system_call_costs_neither_the_job_nor_its_push(scenario, tmp_path):
    assert violations(scenario, Place.all_system_calls, tmp_path) == ""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_failed_allocation_costs_neither_the_job_nor_its_push(scenario, tmp_path):
    assert violations(scenario, Place.all_allocations, tmp_path) == ""
