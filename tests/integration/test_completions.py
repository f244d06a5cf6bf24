"""What bash, zsh and fish complete, asked of the shells themselves."""

import subprocess

import pytest

from support import shells


@pytest.fixture(scope="module", params=shells.NAMES)
def shell(request, tmp_path_factory):
    started = shells.start(request.param, tmp_path_factory.mktemp("shell") / "home")
    (started.home / "notes.txt").touch()
    (started.home / "notebooks").mkdir()
    yield started
    started.close()


def offered(shell, line):
    """The candidates as values, without what fish and bash put before or behind them."""
    return {word.removeprefix(line.split(" ")[-1].partition("=")[0] + "=") for word in shell.candidates(line)}


LABELS = "app cluster environment region service site team tier"
VALUES = {
    "run --label": LABELS,
    "list --match": f"job instance {LABELS}",
    "run --signal": "TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT CONT STOP",
    "push --from": "auto text openmetrics json",
    "check --from": "auto text openmetrics json",
    "list --sort": "group age state duration",
    "set --type": "gauge counter untyped",
    "rules --source": "pushgateway textfile remote-write",
    "dashboard --source": "pushgateway textfile remote-write",
    "run --url": "http:// https:// otlp+http:// otlp+https:// otlp: remote-write+http:// remote-write+https:// remote-write2+http:// remote-write2+https:// stdout: "
    "textfile: unix:",
}


@pytest.mark.parametrize("option", VALUES)
def test_an_options_values_are_offered(shell, option):
    assert offered(shell, f"pushmetrics {option} ") == set(VALUES[option].split())


@pytest.mark.parametrize("option", VALUES)
def test_an_options_values_are_offered_behind_an_equals_sign(shell, option):
    assert offered(shell, f"pushmetrics {option}=") == set(VALUES[option].split())


def test_the_value_that_an_option_may_have_is_offered_behind_an_equals_sign_only(shell):
    assert offered(shell, "pushmetrics check --lint=") == {"warning", "error"}
    assert "warning" not in offered(shell, "pushmetrics check --lint ")


@pytest.mark.parametrize("option", ["--cacert", "--cert", "--key", "--password-file", "--bearer-token-file", "--config"])
def test_files_are_offered(shell, option):
    assert "notes.txt" in offered(shell, f"pushmetrics run {option} notes")
    assert "notes.txt" in offered(shell, f"pushmetrics run {option}=notes")


def test_only_directories_are_offered_for_the_spool(shell):
    assert {word.rstrip("/") for word in offered(shell, "pushmetrics flush --spool note")} == {"notebooks"}


@pytest.mark.parametrize("option", ["-j", "--job", "-i", "--timeout", "-m", "-H"])
def test_nothing_is_offered_for_a_value_that_is_free(shell, option):
    assert offered(shell, f"pushmetrics run {option} ") == set()


def test_the_names_of_labels_are_offered_behind_the_letter_too(shell):
    assert offered(shell, "pushmetrics push -l ") == set(LABELS.split())
    assert offered(shell, "pushmetrics push -vl t") == {"team", "tier"}
    assert offered(shell, "pushmetrics push -l team=d") == set()


def test_push_and_check_take_files(shell):
    for line in ("push note", "push -j etl note", "check note", "check --strict note", "push -j etl -- note"):
        assert {"notes.txt"} <= offered(shell, f"pushmetrics {line}")


@pytest.mark.parametrize("subcommand", ["delete", "list", "prune", "wipe", "flush", "rules", "dashboard"])
def test_the_others_take_none(shell, subcommand):
    assert "notes.txt" not in offered(shell, f"pushmetrics {subcommand} note")


BEFORE_THE_COMMAND = [
    "",
    "-- ",
    "-v ",
    "-v -- ",
    "-j nightly ",
    "--job nightly -- ",
    "--job=nightly ",
    "-vj nightly -- ",
    "--url http://gateway:9091 -l a=b ",
    "--url=https://gateway:9091/x -m 'rows{a=\"b\"}=3' -- ",
    "--notify-start --timeout 5m ",
]


@pytest.mark.parametrize("before", BEFORE_THE_COMMAND)
def test_the_wrapped_command_is_completed_as_if_it_stood_alone(shell, before):
    line = f"pushmetrics run {before}"
    assert "mkfifo" in offered(shell, f"{line}mkfif")
    assert offered(shell, f"{line}frob ") - {"--gamma"} == {"alpha", "beta"}
    assert offered(shell, f"{line}frob --g") == {"--gamma"}
    assert offered(shell, f"{line}frob alpha be") == {"beta"}


def test_options_behind_the_command_are_the_commands(shell):
    assert offered(shell, "pushmetrics run frob --jo") == set()
    assert offered(shell, "pushmetrics run -- frob --time") == set()


def test_files_are_offered_to_a_command_of_which_nothing_is_known(shell):
    assert "notes.txt" in offered(shell, "pushmetrics run -j x -- nobody-knows-me note")


def test_only_run_wraps_a_command(shell):
    assert "mkfifo" not in offered(shell, "pushmetrics push mkfif")
    assert "mkfifo" not in offered(shell, "pushmetrics flush -- mkfif")


TYPED = {
    "pushmetrics check --lint=er\t": ["check", "--lint=error"],
    "pushmetrics fl\t --no-\t": ["flush", "--no-spool"],
    "pushmetrics run --signal USR\t1 -- frob al\t": ["run", "--signal", "USR1", "--", "frob", "alpha"],
    "pushmetrics run --label=envi\tprod -l tea\tdb frob": ["run", "--label=environment=prod", "-l", "team=db", "frob"],
    "pushmetrics list --match inst\tweb-\\* --sort ag\t": ["list", "--match", "instance=web-*", "--sort", "age"],
    "pushmetrics run --url=https:\tgw:9091 --cace\t note\ts.t\t": [
        "run", "--url=https://gw:9091", "--cacert", "notes.txt",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ["bash", "bash with bash-completion", "zsh"])
def test_what_is_completed_is_what_is_then_in_the_line(tmp_path, name):
    home = tmp_path / "home"
    shell = shells.zsh(home) if name == "zsh" else shells.bash(home, helper=name != "bash")
    try:
        (home / "notes.txt").touch()
        (home / "notebooks").mkdir()
        for keys, arguments in TYPED.items():
            assert shell.executed(keys) == arguments
    finally:
        shell.close()


@pytest.mark.parametrize("breaks", ["=", ":", "=:", ""])
def test_bash_may_break_words_where_the_person_likes(tmp_path, breaks):
    home = tmp_path / "home"
    shell = shells.bash(home)
    try:
        (home / "notes.txt").touch()
        (home / "notebooks").mkdir()
        shell.execute(f"COMP_WORDBREAKS=$' \\t\\n\"\\'><;|&({breaks}'")
        for keys, arguments in TYPED.items():
            assert shell.executed(keys) == arguments
    finally:
        shell.close()


def test_bash_completion_is_shellcheck_clean():
    done = subprocess.run(
        ["shellcheck", "-s", "bash", shells.COMPLETIONS / "pushmetrics.bash"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_the_shells_are_offered_for_their_completion(shell):
    assert offered(shell, "pushmetrics completion ") == {"bash", "zsh", "fish"}
