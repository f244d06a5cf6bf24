"""`run --schedule`: what it pushes, in which zone, and that nothing about it keeps a job from running."""

import datetime
import random
import re
import subprocess
import zoneinfo

import croniter
import pytest

from support.program import BINARY, clean_environment

NEXT = "job_next_run_timestamp_seconds"
GRACE = "job_schedule_grace_seconds"
UTC = datetime.timezone.utc


def next_run(expression, start, zone=UTC):
    """What python3-croniter says."""
    times = croniter.croniter(expression, datetime.datetime.fromtimestamp(start, zone))
    return times.get_next(datetime.datetime).timestamp()


def test_the_next_run_is_pushed_with_its_grace(run, gateway):
    result = run("-j", "nightly", "--schedule", "17 3 * * 1-5", "--timezone", "UTC", "--", "true")
    assert (result.status, result.stderr) == (0, "")
    group = gateway.group("nightly")
    started = group.values["job_start_timestamp_seconds"]
    assert group.values[NEXT] == next_run("17 3 * * 1-5", started)
    assert group.values[GRACE] == 3600
    assert group.pushed[NEXT].type == "gauge"


def test_a_failure_and_a_start_push_it_too(run, gateway):
    result = run("-j", "started", "--schedule", "@hourly", "--grace", "5m", "--notify-start", "--", "sh", "-c", "sleep 1; exit 3")
    assert result.status == 3
    assert gateway.group("started").values[GRACE] == 300
    assert NEXT in gateway.group("started").values


def test_nothing_of_it_is_pushed_without_a_schedule(run, gateway):
    assert run("-j", "without", "--grace", "1h", "--timezone", "UTC", "--", "true").status == 0
    assert not {NEXT, GRACE} & set(gateway.group("without").values)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("how", ["option", "TZ"])
def test_the_zone_is_that_of_the_option_or_of_the_machine(pushmetrics, zone, how):
    options = ["--timezone", zone] if how == "option" else []
    env = {"TZ": zone} if how == "TZ" else {"TZ": "Pacific/Auckland"}
    result = pushmetrics("run", "--dry-run", "--schedule", "30 12 * * *", *options, "--", "printenv", "TZ", env=env)
    assert result.stdout.strip() == env["TZ"], "the job has the zone that it was given"
    pushed = values_of(result.stderr)
    assert pushed[NEXT] == next_run("30 12 * * *", pushed["job_start_timestamp_seconds"], zoneinfo.ZoneInfo(zone))


def values_of(text):
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}


def test_hundreds_of_random_expressions_agree_with_croniter(tmp_path):
    """Of croniter, whose rule for days differs from cron's if one has a step, only those that mean the same."""
    chance = random.Random(20261125)
    (tmp_path / "tmp").mkdir()

    def numbers(low, high):
        return ",".join(str(chance.randint(low, high)) for _ in range(chance.randint(1, 3)))

    def field(low, high):
        first = chance.randint(low, high)
        last = chance.randint(first, high)
        return chance.choice(["*", f"*/{chance.randint(1, 12)}", f"{first}-{last}", f"{first}-{last}/{chance.randint(1, 5)}",
                              numbers(low, high)])

    for _ in range(300):
        day, weekday = chance.choice([("*", "*"), (numbers(1, 28), "*"), ("*", numbers(0, 6)), (numbers(1, 28), numbers(0, 6))])
        expression = f"{field(0, 59)} {field(0, 23)} {day} {field(1, 12)} {weekday}"
        command = [BINARY, "run", "--dry-run", "--timezone", "UTC", "--schedule", expression, "--", "true"]
        done = subprocess.run(command, env=clean_environment(tmp_path), capture_output=True, text=True, timeout=20)
        pushed = values_of(done.stderr)
        assert pushed[NEXT] == next_run(expression, pushed["job_start_timestamp_seconds"]), expression


@pytest.mark.parametrize(
    ("option", "value", "place"),
    [
        ("--schedule", "0 25 * * *", "field 2 (hour): '25' is not from 0 to 23"),
        ("--schedule", "0 0 * * mon-xyz", "field 5 (day of week): 'xyz'"),
        ("--schedule", "daily", "it has 1 field, not five"),
        ("--schedule", "", "it has 0 fields, not five"),
        ("--schedule", "@reboot", "nobody knows the next reboot"),
        ("--timezone", "../etc/passwd", "invalid time zone"),
        ("--grace", "soon", "invalid duration"),
    ],
)
def test_a_wrong_one_on_the_command_line_is_a_usage_error(pushmetrics, option, value, place):
    result = pushmetrics("run", option, value, "--", "echo", "ran")
    assert (result.status, result.stdout) == (125, "")
    assert place in result.stderr and option in result.stderr


def test_a_wrong_one_elsewhere_costs_itself_and_not_the_job(run, gateway):
    result = run("-j", "elsewhere", "--", "echo", "ran", env={"PUSHMETRICS_SCHEDULE": "0 25 * * *"})
    assert (result.status, result.stdout) == (0, "ran\n")
    assert "field 2 (hour)" in result.stderr
    assert NEXT not in gateway.group("elsewhere").values


@pytest.mark.parametrize(
    ("env", "zone", "reason"),
    [
        ({}, "Europe/Berln", "time zone 'Europe/Berln' is unknown"),
        ({"TZDIR": "/nonexistent"}, "Europe/Berlin", "there is no tzdata in /nonexistent"),
        ({"TZ": "Europe/Berln"}, None, "time zone 'Europe/Berln' is unknown"),
    ],
)
def test_an_unknown_zone_costs_the_next_run_and_not_the_job(run, gateway, env, zone, reason):
    result = run("-j", "unknown", "--schedule", "@daily", *(["--timezone", zone] if zone else []), "--", "true", env=env)
    assert result.status == 0
    assert reason in result.stderr and "hint: " in result.stderr
    values = gateway.group("unknown").values
    assert values["job_success"] == 1 and NEXT not in values


def test_utc_needs_no_tzdata(pushmetrics):
    result = pushmetrics(
        "run", "--dry-run", "--schedule", "@daily", "--timezone", "UTC", "--", "true", env={"TZDIR": "/nonexistent"}
    )
    assert NEXT in values_of(result.stderr)
