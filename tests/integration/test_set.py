"""`pushmetrics set`, called by a job: its metrics arrive with the run's."""

import pytest

from support.jobs import sh
from support.program import BINARY

SET = f"'{BINARY}' set"


@pytest.fixture
def run_job(run, gateway):
    """run_job(script): the result, and what arrived besides the run's own metrics."""

    def run_job(script):
        gateway.wipe()
        result = run("-j", "set", "--", *sh(script.replace("SET", SET)))
        pushed = gateway.group("set").pushed
        return result, {name: family for name, family in pushed.items() if not name.startswith("job_")}

    return run_job


def test_a_metric_is_a_gauge_unless_it_says_otherwise(run_job):
    result, pushed = run_job(
        "SET rows 42 && SET --type counter --help-text 'Say \"a\\b\".' 'seen_total{kind=\"a b\"}' 1e3 && SET level NaN"
    )
    assert (result.status, result.stderr) == (0, "")
    assert (pushed["rows"].type, pushed["rows"].value) == ("gauge", 42)
    assert (pushed["seen_total"].type, pushed["seen_total"].help) == ("counter", 'Say "a\\b".')
    assert pushed["seen_total"].value_of(kind="a b") == 1000
    assert pushed["level"].value != pushed["level"].value


def test_the_last_value_of_a_series_wins(run_job):
    _, pushed = run_job("SET rows 1; SET rows 3; SET 'rows{x=\"1\"}' 4; SET rows -2")
    assert sorted(value for _, value in pushed["rows"].samples) == [-2, 4]


def test_many_may_set_at_once(run_job):
    result, pushed = run_job('for n in $(seq 50); do SET "rows{n=\\"$n\\"}" $n & done; wait')
    assert (result.status, result.stderr) == (0, "")
    assert sorted(value for _, value in pushed["rows"].samples) == list(range(1, 51))


def test_a_writer_that_was_stopped_does_not_hold_up_the_job(run_job):
    result, pushed = run_job('flock "$PUSHMETRICS_FILE" sleep 5 >/dev/null 2>&1 & sleep 0.2; SET rows 1; kill $!')
    assert (result.status, result.stderr) == (0, "")
    assert pushed["rows"].value == 1 and result.elapsed < 4


def test_a_line_that_somebody_left_open_is_not_continued(run_job):
    result, pushed = run_job('printf "rows 7" >>"$PUSHMETRICS_FILE"; SET level 3; printf "half" >>"$PUSHMETRICS_FILE"; SET more 4')
    assert {name: (family.type, family.value) for name, family in pushed.items()} == {
        "rows": ("untyped", 7),
        "level": ("gauge", 3),
        "more": ("gauge", 4),
    }
    assert len(result.messages) == 1 and "half" not in pushed


@pytest.mark.parametrize(
    "arguments, status",
    [
        ("rows", 2),
        ("rows 1 2", 2),
        ("--type histogram rows 1", 2),
        ("rows x", 3),
        ("1rows 1", 3),
        ("'rows{x=1}' 1", 3),
        ("'rows{__x=\"1\"}' 1", 3),
        ("rows '1 1700000000'", 3),
        ("rows '1\nother 2'", 3),
        ("'rows 1\nother' 2", 3),
        ("'' 1", 3),
        ("--help-text \"$(printf '\\377')\" rows 1", 3),
    ],
)
def test_what_is_no_metric_is_refused_and_not_pushed(run_job, arguments, status):
    result, pushed = run_job(f"SET {arguments}")
    assert result.status == status
    assert len(result.messages) == 1 and result.stderr.startswith("pushmetrics: ")
    assert not pushed


def test_without_a_run_there_is_nothing_to_set(pushmetrics):
    result = pushmetrics("set", "rows", "1")
    assert result.status == 2
    assert "works inside a job run under 'pushmetrics run'" in result.stderr
