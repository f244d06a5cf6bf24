"""Options come from the command line over the environment over files over defaults; trouble there stops no job."""

import os
import re
import shlex

import pytest

from support.jobs import sh
from support.program import finish


@pytest.fixture
def write(pushmetrics):
    """write(text): the user's configuration file; write(text, path): another one."""

    def write(text, path=None):
        path = path or pushmetrics.home / "config" / "pushmetrics" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def job_of(pushmetrics):
    """The job's name in a run with these arguments and this environment, as a dry run prints it."""

    def job_of(*arguments, env=None, **how):
        result = pushmetrics("run", "--dry-run", *arguments, "--", "true", env=env, **how)
        assert result.status == 0
        return re.search(r'(?m)^# .*job="?([^",}]*)', result.stderr).group(1)

    return job_of


# ---- what goes before what ----


def test_a_file_goes_before_the_default(job_of, write):
    assert job_of() == "true"
    write('job = "file"\n')
    assert job_of() == "file"


def test_the_environment_goes_before_a_file(job_of, write):
    write('job = "file"\n[run]\njob = "section"\n')
    assert job_of(env={"PUSHMETRICS_JOB": "environment"}) == "environment"


def test_the_command_line_goes_before_the_environment(job_of, write):
    write('job = "file"\n')
    assert job_of("-j", "command-line", env={"PUSHMETRICS_JOB": "environment"}) == "command-line"


def test_the_section_of_the_subcommand_goes_before_what_is_for_all(job_of, write):
    write('job = "all"\n[run]\njob = "run"\n[push]\njob = "push"\n')
    assert job_of() == "run"


def test_the_gateway_may_be_named_in_a_file(pushmetrics, gateway, write):
    write(f'url = "{gateway.url}"\n[run]\nlabel = ["tier=db", "zone=a b"]\n')
    assert pushmetrics("run", "-j", "by-file", "--", "true").stderr == ""
    assert gateway.find("by-file", tier="db", zone="a b")


def test_a_file_may_name_several_gateways(pushmetrics, gateway, write):
    write(f'url = ["http://127.0.0.1:1", "{gateway.url}"]\nretries = 0\n')
    result = pushmetrics("run", "-j", "several-by-file", "--", "true")
    assert (result.status, len(result.messages)) == (0, 1)
    assert gateway.find("several-by-file")


def test_the_gateway_of_the_environment_goes_before_that_of_a_file(pushmetrics, gateway, write):
    write('url = "http://127.0.0.1:1"\n')
    assert pushmetrics("run", "-j", "url", "--", "true", env={"PUSHGATEWAY_URL": gateway.url}).stderr == ""
    assert gateway.find("url")


def test_config_goes_before_the_users_file_and_leaves_the_rest_of_it(pushmetrics, write, tmp_path):
    write('job = "users"\ninstance = "kept"\n')
    path = write('job = "named"\n', tmp_path / "named.toml")
    for arguments, environment in ((["--config", path], {}), ([], {"PUSHMETRICS_CONFIG": path})):
        result = pushmetrics("run", "--dry-run", *arguments, "--", "true", env=environment)
        assert result.stderr.startswith('# job="named",instance="kept"\n')


def test_config_on_the_command_line_goes_before_that_of_the_environment(job_of, write, tmp_path):
    first = write('job = "first"\n', tmp_path / "first.toml")
    second = write('job = "second"\n', tmp_path / "second.toml")
    assert job_of("--config", first, env={"PUSHMETRICS_CONFIG": second}) == "first"


def test_the_file_is_in_dot_config_without_xdg_config_home(job_of, write, pushmetrics):
    write('job = "home"\n', pushmetrics.home / ".config" / "pushmetrics" / "config.toml")
    assert job_of(env={"XDG_CONFIG_HOME": None}) == "home"


def test_the_systems_file_goes_behind_the_users(pushmetrics, write, tmp_path):
    etc = tmp_path / "etc"
    write('job = "system"\ninstance = "of the system"\n', etc / "pushmetrics.toml")
    write('job = "user"\n')
    # In a mount namespace of its own, whose /etc is that directory.
    mount = f'mount --bind {shlex.quote(str(etc))} /etc && exec "$@"'
    apart = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), *sh(mount)]
    result = finish(pushmetrics.spawn("run", "--dry-run", "--", "true", prefix=apart))
    assert result.status == 0
    assert result.stderr.startswith('# job="user",instance="of the system"\n')


# ---- every option ----

VALUES = {
    "timeout": "1m",
    "signal": "INT",
    "kill-after": "5s",
    "success-codes": "0,24",
    "job": "x",
    "instance": "x",
    "label": "a=b",
    "prefix": "x_",
    "expect-every": "1d",
    "schedule": "@daily",
    "timezone": "UTC",
    "grace": "2h",
    "heartbeat": "1h",
    "url": "http://127.0.0.1:9",
    "push-timeout": "1s",
    "connect-timeout": "1s",
    "retries": "1",
    "spool": "/nonexistent",
    "spool-max-bytes": "1MiB",
    "spool-max-age": "1d",
    "user": "x",
    "password-file": "/dev/null",
    "bearer-token-file": "/dev/null",
    "header": "A: b",
    "cacert": "/dev/null",
    "cert": "/dev/null",
    "key": "/dev/null",
}
# And --ci, which is ignored, as it says, where there is no CI.
FOR_ONE_CALL = {"shell", "metric", "dry-run", "config", "help", "ci"}


def options_of(pushmetrics):
    """From --help: the long options' names, and whether each takes a value."""
    text = pushmetrics("run", "--help").stdout
    found = re.findall(r"(?m)^  (?:-., |    )--([a-z-]+)(\[=| |$)([A-Z']?)", text)
    assert len(found) > 30
    return {name: bool(value) for name, _, value in found}


def environment_name(option):
    return "PUSHMETRICS_" + {"label": "LABELS"}.get(option, option.replace("-", "_").upper())


def test_every_option_may_stand_in_a_file_and_in_the_environment(pushmetrics, write):
    options = {name: takes for name, takes in options_of(pushmetrics).items() if name not in FOR_ONE_CALL}
    values = {name: VALUES.get(name, "1m") if takes else "true" for name, takes in options.items()}
    quoted = {name: f'"{value}"' if options[name] else value for name, value in values.items()}
    write("[run]\n" + "".join(f"{name} = {value}\n" for name, value in quoted.items()))
    assert "ignored" not in pushmetrics("run", "-q", "--dry-run", "--", "true").stderr
    for name, value in values.items():
        more = ["--password-file", "/dev/null"] if name == "user" else []
        write(f"{name} = {quoted[name]}\n")
        assert "ignored" not in pushmetrics("run", "--dry-run", *more, "--", "true").stderr, name
        write("")
        environment = {environment_name(name): value}
        assert "ignored" not in pushmetrics("run", "--dry-run", *more, "--", "true", env=environment).stderr, name


def test_every_options_nonsense_is_a_warning_that_names_it_where_it_is_not_the_command_line(pushmetrics, write):
    anything_goes = {"job", "instance", "spool", "user", "password-file", "bearer-token-file", "cacert", "cert", "key"}
    for name in options_of(pushmetrics).keys() - FOR_ONE_CALL - anything_goes:
        nonsense = "\x01-nonsense"
        result = pushmetrics("run", "--dry-run", "--", *sh("exit 3"), env={environment_name(name): nonsense})
        assert result.status == 3, name
        warnings = [line for line in result.stderr_lines if line.startswith("pushmetrics: ")]
        assert len(warnings) == 1 and environment_name(name) in warnings[0], name
        assert "\x01" not in warnings[0], name
        write(f'[run]\n{name} = " nonsense"\n')
        result = pushmetrics("run", "--dry-run", "--", *sh("exit 3"))
        assert result.status == 3, name
        warnings = [line for line in result.stderr_lines if line.startswith("pushmetrics: ")]
        assert len(warnings) == 1 and name in warnings[0] and "config.toml" in warnings[0], name
        write("")


# ---- forms ----


@pytest.mark.parametrize("text, seconds", [("500ms", 0.5), ("90s", 90), ("1h30m", 5400), ("7d", 604800), ("90", 90)])
def test_durations_have_units_or_are_seconds(pushmetrics, write, text, seconds):
    for value in (f'"{text}"', *([text] if text.isdigit() else [])):
        write(f"[run]\nexpect-every = {value}\n")
        shown = pushmetrics("run", "--dry-run", "--", "true").stderr
        assert float(re.search(r"(?m)^job_expected_interval_seconds (\S+)$", shown).group(1)) == seconds
    shown = pushmetrics("run", "--dry-run", "--expect-every", text, "--", "true").stderr
    assert float(re.search(r"(?m)^job_expected_interval_seconds (\S+)$", shown).group(1)) == seconds


def test_a_flag_may_be_turned_on_and_off_outside_of_the_command_line(pushmetrics, write):
    def has_usage(environment=None):
        return "job_cpu_user_seconds" in pushmetrics("run", "--dry-run", "--", "true", env=environment).stderr

    assert has_usage()
    write("[run]\nno-rusage = true\n")
    assert not has_usage()
    assert has_usage({"PUSHMETRICS_NO_RUSAGE": "0"})
    write("no-rusage = false\n")
    assert has_usage()
    assert not has_usage({"PUSHMETRICS_NO_RUSAGE": "yes"})


def test_a_file_may_have_comments_and_quotes_of_both_kinds(pushmetrics, write):
    write('# comment\n\njob = "a # b" # comment\ninstance = \'c "d"\'   \n[run]   # comment\nretries = 2\n')
    result = pushmetrics("run", "--dry-run", "--", "true")
    assert not [line for line in result.stderr_lines if line.startswith("pushmetrics: ")]
    assert '# job="a # b"' in result.stderr


# ---- trouble ----

BROKEN = {
    "not toml": b"this is not = = toml [[[\n",
    "binary": bytes(range(256)) * 4,
    "an unfinished quote": b'job = "unfinished\n',
    "an unfinished list": b'[run]\nlabel = ["a=b",\n',
    "an unknown option": b'[run]\nno-such-option = "x"\n',
    "a value that is none": b'[run]\ntimeout = "soon"\n',
    "a list for one": b'[run]\ntimeout = ["1s", "later"]\n',
    "a table for a value": b"[run.timeout]\nx = 1\n",
    "two values": b'job = "a" "b"\n',
    "an unknown escape": rb'job = "C:\xyz"' + b"\n",
    "NUL": rb'job = "a\u0000b"' + b"\n",
    "a string of several lines": b'job = """\na\n"""\n',
    "no value": b"[run]\nretries =\n",
    "a name alone": b"no-rusage\n",
    "a huge file": b"# comment\n" * 200_000,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_a_warning_and_the_rest_counts(pushmetrics, gateway, what):
    path = pushmetrics.home / "config" / "pushmetrics" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(BROKEN[what])
    environment = {"PUSHGATEWAY_URL": gateway.url, "PUSHMETRICS_JOB": f"broken {what}"}
    result = pushmetrics("run", "--", *sh("echo output; exit 3"), env=environment)
    assert (result.status, result.stdout) == (3, "output\n")
    assert result.stderr_lines
    assert all(line.startswith("pushmetrics: ") and "config.toml" in line for line in result.stderr_lines)
    assert gateway.find(f"broken {what}")
    assert pushmetrics("run", "-q", "--", "true", env=environment).stderr == ""


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_a_warning_and_does_not_delay(run, pushmetrics, make):
    path = pushmetrics.home / "config" / "pushmetrics" / "config.toml"
    path.parent.mkdir(parents=True)
    make(path)
    result = run("-j", "no-file", "--", *sh("exit 3"))
    assert result.status == 3
    assert len(result.messages) == 1 and "config.toml" in result.stderr


def test_a_named_file_that_is_missing_is_a_warning(run, tmp_path):
    path = str(tmp_path / "missing.toml")
    for arguments, environment in ((["--config", path], {}), ([], {"PUSHMETRICS_CONFIG": path})):
        result = run("-j", "missing", *arguments, "--", *sh("exit 3"), env=environment)
        assert result.status == 3
        assert len(result.messages) == 1 and path in result.stderr


def test_the_warning_of_a_broken_file_names_the_line_and_the_others_count(pushmetrics, write):
    path = write('# comment\njob = "good"\n\n[run\nlabel = [\n  "a=b", # comment\n  "c=d",\n]\nretries : 5\n')
    result = pushmetrics("run", "--dry-run", "--", "true")
    assert result.stderr_lines[0].startswith(f"pushmetrics: {path}: line 4 ")
    assert result.stderr_lines[1] == '# job="good",a="b",c="d"'


def test_there_need_be_no_file_no_home_and_no_environment(pushmetrics, gateway):
    nothing = dict.fromkeys(pushmetrics.environment)
    result = pushmetrics("run", "--url", gateway.url, "-j", "nothing", "--", "/bin/true", env=nothing)
    assert (result.status, result.stderr) == (0, "")
    assert gateway.find("nothing")


def test_a_good_value_counts_beside_a_bad_one(pushmetrics, write):
    write('[run]\nretries = "many"\njob = "good"\nno-such = 1\n')
    result = pushmetrics("run", "--dry-run", "--", "true")
    assert '# job="good"\n' in result.stderr
    assert len([line for line in result.stderr_lines if line.startswith("pushmetrics: ")]) == 2


def test_a_good_target_counts_beside_a_bad_one(pushmetrics, gateway, write):
    targets = {"PUSHMETRICS_URL": f"http://127.0.0.1:99999 {gateway.url} foo"}
    result = pushmetrics("run", "-j", "by-variable", "--", "true", env=targets)
    assert len(result.stderr_lines) == 2
    assert all("PUSHMETRICS_URL" in line for line in result.stderr_lines)
    assert gateway.find("by-variable")
    path = write(f'url = ["{gateway.url}", "foo"]\n')
    result = pushmetrics("run", "-j", "by-file", "--", "true")
    assert len(result.messages) == 1 and result.stderr.startswith(f"pushmetrics: {path}: url: ")
    assert gateway.find("by-file")


@pytest.mark.parametrize("text", ["dry-run = true\n", "[push]\ndry-run = true\n"])
def test_nothing_is_pushed_when_a_file_asks_for_what_the_command_line_alone_can(pushmetrics, gateway, write, text):
    path = write(text)
    result = pushmetrics("push", "--url", gateway.url, "-j", "one-call", "-m", "rows=1")
    assert result.status == 2
    assert result.stderr == f"pushmetrics: {path}: dry-run can be given on the command line only\n"
    assert not gateway.find("one-call")


@pytest.mark.parametrize("text", ["shell = true\n", "[run]\nmetric = 'rows=1'\n"])
def test_what_can_be_given_on_the_command_line_only_is_a_warning_in_the_file_of_a_run(run, write, text):
    path = write(text)
    result = run("-j", "one-call", "--", *sh("exit 3"))
    assert result.status == 3
    assert len(result.messages) == 1 and result.stderr.startswith(f"pushmetrics: {path}: ")
    assert "can be given on the command line only" in result.stderr


@pytest.mark.parametrize(
    "line, value",
    [
        (r'label = "d=C:\\temp\tnew"', "C:\\temp\tnew"),
        (r'label = "d=\u00e9\U0001F600 \"quoted\""', 'é😀 "quoted"'),
        (r"label = 'd=C:\temp'", r"C:\temp"),
        (r"""label = "d='x'" """, "'x'"),
        ("label = [ 'd=a', # not \"this\n ]", "a"),
        ("label = d=x", None),
        (r'label = "d=\q"', None),
        (r'label = "d=\ud800"', None),
        (r'label = "d=\u0000"', None),
        ('label = """d=x"""', None),
    ],
)
def test_strings_are_read_as_toml_has_them(pushmetrics, gateway, write, line, value):
    write(f"\ufeffjob = 'strings'\n{line}\nretries = 0 # \"\n[ run ]\ntimeout = 7s\n")
    result = pushmetrics("run", "--url", gateway.url, "--", "true")
    labels = {} if value is None else {"d": value}
    assert gateway.find("strings", **labels) and "job_timed_out" in gateway.find("strings", **labels)
    assert ("line 2 is neither" in result.stderr) == (value is None)


def test_a_key_may_name_its_section(job_of, write):
    write('run.job = "dotted"\njob = "all"\n')
    assert job_of() == "dotted"
