"""On a terminal, `pushmetrics run` behaves as time(1) does: keys reach the job once, and shells notice nothing."""

import os
import pathlib
import shlex
import signal

import pytest

from support.jobs import FORWARDED, log_signals, python, sh
from support.program import BINARY, is_gone, need_root, state_of
from support.servers import wait_until
from support.terminal import ESCAPE, INTERRUPT, QUIT, SUSPEND, Shell, Terminal

SHELLS = ["bash", "dash", "zsh"]


@pytest.fixture
def environment(pushmetrics, gateway, tmp_path):
    """With `pm` for `pushmetrics run`, to be typed in lines that fit a terminal."""
    short = tmp_path / "bin" / "pm"
    short.parent.mkdir()
    short.write_text(f'#!/bin/sh\nexec {shlex.quote(BINARY)} run --url {gateway.url} "$@"\n')
    short.chmod(0o755)
    return {**pushmetrics.environment, "PATH": f"{short.parent}:{os.environ['PATH']}"}


@pytest.fixture
def open_shell(environment, tmp_path):
    """An interactive shell on a terminal of its own."""
    opened = []

    def open_shell(name="bash"):
        opened.append(Shell(name, environment, tmp_path))
        return opened[-1]

    yield open_shell
    for shell in opened:
        shell.close()


@pytest.fixture
def open_terminal(environment, tmp_path):
    """A terminal on which pushmetrics itself leads the session, as under `docker run -t` and `ssh -t`."""
    opened = []

    def open_terminal(*arguments):
        opened.append(Terminal(["pm", *arguments], {**environment, "TERM": "vt100"}, tmp_path))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


READ = {"x86_64": "0", "aarch64": "63"}[os.uname().machine]  # the number of read(2)


def child_of(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]


def syscall_of(pid):
    """The number of the system call that it is waiting in."""
    return pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0]


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def enter_job(shell, directory, name, job):
    """Types a short line for a long job."""
    script = directory / "job"
    script.write_text(f"#!/bin/sh\nexec {shlex.join(job)}\n")
    script.chmod(0o755)
    shell.enter(f"pm -j {name} -- ./job")


# ---- Ctrl-C ----


@pytest.mark.parametrize("name", SHELLS)
def test_ctrl_c_ends_the_job_and_is_pushed(open_shell, gateway, name):
    shell = open_shell(name)
    shell.enter(f"pm -j ctrl-c-{name} -- sh -c 'echo started; exec sleep 30'")
    shell.expect(r"\nstarted\r")
    shell.type(INTERRUPT)
    shell.prompt()
    assert shell.status() == 130
    assert gateway.group(f"ctrl-c-{name}").values["job_exit_code"] == 130


def test_ctrl_c_lets_pushmetrics_die_of_sigint(open_terminal, gateway):
    terminal = open_terminal("-j", "ctrl-c-death", "--", *sh("echo started; exec sleep 30"))
    terminal.expect("started\r")
    terminal.type(INTERRUPT)
    assert terminal.wait() == -signal.SIGINT
    assert gateway.group("ctrl-c-death").values["job_exit_code"] == 130


def test_ctrl_c_reaches_the_command_of_a_step_once(open_shell, gateway, tmp_path):
    log = tmp_path / "log"
    step = shlex.join([BINARY, "step", "build", "--", *log_signals(log, ("INT", "TERM"))])
    (tmp_path / "script").write_text(f"{step}\necho then $?\n")
    shell = open_shell()
    shell.enter("pm -j ctrl-c-step -- bash -c 'trap : INT; . ./script'")
    wait_until(lambda: "ready" in lines_of(log), 10, "the command of the step")
    shell.type(INTERRUPT)
    wait_until(lambda: "INT" in lines_of(log), 10, "the signal")
    os.kill(int(pathlib.Path(f"{log}.pid").read_text()), signal.SIGTERM)
    shell.expect(r"then \d+\r")
    shell.prompt()
    assert lines_of(log) == ["ready", "INT", "TERM"]
    assert [labels for labels, _ in gateway.group("ctrl-c-step")["job_step_success"].samples] == [{"step": "build"}]


@pytest.mark.parametrize("shell_of_script", ["bash", "dash"])
def test_ctrl_c_stops_a_script_as_it_does_without_pushmetrics(open_shell, tmp_path, shell_of_script):
    script = tmp_path / "script"
    shell = open_shell()
    for wrapper in ("", "pm -j ctrl-c-script --"):
        script.write_text(f"{wrapper} sh -c 'echo started; exec sleep 30'\necho went on\n")
        shell.enter(f"{shell_of_script} script")
        shell.expect(r"\nstarted\r")
        shell.type(INTERRUPT)
        shell.prompt()
        assert "went on" not in shell.seen
        assert shell.status() == 130


def test_ctrl_c_lets_a_script_go_on_whose_job_copes_with_it(open_shell, gateway, tmp_path):
    (tmp_path / "script").write_text(
        "pm -j copes -- sh -c 'trap \"exit 3\" INT; echo started; while :; do sleep 0.05; done'\necho then $?\n"
    )
    shell = open_shell()
    shell.enter("bash script")
    shell.expect(r"\nstarted\r")
    shell.type(INTERRUPT)
    shell.expect(r"then 3\r")
    assert gateway.group("copes").values["job_exit_code"] == 3


@pytest.mark.parametrize("key, name", [(INTERRUPT, "INT"), (QUIT, "QUIT"), (SUSPEND, "TSTP")])
def test_a_key_reaches_the_job_exactly_once(open_shell, tmp_path, key, name):
    log = tmp_path / "signals"
    shell = open_shell()
    enter_job(shell, tmp_path, f"key-{name}", log_signals(log))
    wait_until(lambda: lines_of(log) == ["ready"])
    for n in range(1, 6):
        shell.type(key)
        wait_until(lambda: lines_of(log).count(name) >= n)
    os.kill(int((tmp_path / "signals.pid").read_text()), signal.SIGTERM)
    shell.prompt()
    assert lines_of(log) == ["ready", *[name] * 5, "TERM"]


def test_ctrl_c_while_the_push_hangs_returns_the_prompt(open_shell, gateway):
    shell = open_shell()
    gateway.pause()
    try:
        shell.enter("pm -j hanging --push-timeout 30s -- sh -c 'echo job $$; exit 4'")
        job = shell.expect(r"\njob (\d+)\r").group(1)
        wait_until(lambda: not os.path.exists(f"/proc/{job}"))
        shell.type(INTERRUPT)
        shell.expect("pushmetrics: job 'hanging': exited 4; not pushed to ")
        shell.prompt()
    finally:
        gateway.resume()
    assert shell.status() == 4


# ---- Ctrl-Z, fg, bg ----


TELLS_THAT_IT_GOES_ON = """
import os, select, signal, sys
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
signal.signal(signal.SIGCONT, lambda *_: None)
os.write(1, b"started\\n")
while 0 not in (ready := select.select([0, woken], [], [])[0]):
    os.read(woken, 1)
    os.write(1, b"goes on\\n")
os.write(1, b"got " + os.read(0, 100))
sys.exit(6)
"""


@pytest.mark.parametrize("name", SHELLS)
def test_ctrl_z_returns_the_prompt_and_fg_resumes_the_job(open_shell, gateway, tmp_path, name):
    shell = open_shell(name)
    enter_job(shell, tmp_path, f"ctrl-z-{name}", python(TELLS_THAT_IT_GOES_ON))
    shell.expect(r"\nstarted\r")
    for _ in range(3):
        shell.type(SUSPEND)
        shell.expect("(?i)(stopped|suspended)")
        shell.prompt()
        shell.enter("fg")
        shell.expect("goes on")
    shell.enter("abc")
    shell.expect(r"\ngot abc\r")
    shell.prompt()
    assert shell.status() == 6
    assert gateway.group(f"ctrl-z-{name}").values["job_exit_code"] == 6
    assert shell.seen.count("goes on") == 3


@pytest.mark.parametrize("name", SHELLS)
def test_bg_lets_a_stopped_job_complete_in_the_background(open_shell, gateway, tmp_path, name):
    shell = open_shell(name)
    # A job that starts no processes: stopped between vfork(2) and exec(2), dash hangs, wrapped or not.
    os.mkfifo(tmp_path / "go")
    shell.enter(f"pm -j bg-{name} -- sh -c 'echo started; read line <go; exit 7'")
    shell.expect(r"\nstarted\r")
    shell.type(SUSPEND)
    shell.expect("(?i)(stopped|suspended)")
    shell.prompt()
    shell.enter("bg")
    shell.prompt()
    (tmp_path / "go").write_text("go\n")
    wait_until(lambda: gateway.find(f"bg-{name}"))
    assert gateway.group(f"bg-{name}").values["job_exit_code"] == 7


def test_ctrl_z_in_a_script_stops_the_whole_script(open_shell, gateway, tmp_path):
    (tmp_path / "script").write_text("pm -j script-z -- sh -c 'echo job $$; read line; exit 2'\necho then $?\n")
    shell = open_shell()
    shell.enter("bash script")
    job = int(shell.expect(r"\njob (\d+)\r").group(1))
    shell.type(SUSPEND)
    shell.expect("Stopped")
    shell.prompt()
    # The shell has waited for its child, the script, but until the job has stopped, too, it reads what is typed.
    wait_until(lambda: state_of(job) == "T")
    shell.enter("fg")
    shell.expect(r"\nbash script\r")
    shell.enter("abc")
    shell.expect(r"\nthen 2\r")
    assert gateway.group("script-z").values["job_exit_code"] == 2


def test_a_background_job_that_reads_the_terminal_stops_and_fg_revives_it(open_shell, gateway):
    shell = open_shell()
    shell.enter("pm -j reader -- sh -c 'read line; echo \"got $line\"; exit 5' &")
    shell.prompt()

    def is_stopped():
        shell.enter("jobs")
        found = shell.expect(r"(Stopped|Running)").group(1)
        shell.prompt()
        return found == "Stopped"

    wait_until(is_stopped)
    shell.enter("fg")
    shell.expect(r"\npm -j.*\r")
    shell.enter("abc")
    shell.expect(r"\ngot abc\r")
    shell.prompt()
    assert shell.status() == 5
    assert gateway.group("reader").values["job_exit_code"] == 5


def test_a_job_that_stops_itself_is_resumed_by_fg(open_shell):
    shell = open_shell()
    shell.enter("pm -j stops-itself -- sh -c 'kill -TSTP $$; echo resumed; exit 3'")
    shell.expect("Stopped")
    shell.prompt()
    shell.enter("fg")
    shell.expect(r"\nresumed\r")
    shell.prompt()
    assert shell.status() == 3


def test_a_time_limit_ends_a_job_on_a_terminal_with_its_children(open_shell, gateway):
    shell = open_shell()
    shell.enter("pm -j late --timeout 300ms -- sh -c 'sleep 30 & echo child $!; wait'")
    child = int(shell.expect(r"\nchild (\d+)\r").group(1))
    shell.prompt()
    assert shell.status() == 124
    wait_until(lambda: is_gone(child))
    assert gateway.group("late").values["job_timed_out"] == 1


# ---- programs that use the terminal ----


def test_a_pager_works_with_ctrl_z_too(open_shell, gateway, tmp_path):
    (tmp_path / "numbers").write_text("".join(f"{n}\n" for n in range(1, 1001)))
    shell = open_shell()
    shell.enter("export TERM=vt100")
    shell.prompt()
    shell.enter("pm -j pager -- less numbers")
    shell.expect(r"22\r\n23")
    shell.type(" ")
    shell.expect(r"45\r\n46")
    shell.type(SUSPEND)
    shell.expect("Stopped")
    shell.prompt()
    shell.enter("fg")
    shell.expect(r"45\r\n46")
    shell.type("q")
    shell.prompt()
    assert shell.status() == 0
    assert gateway.group("pager").values["job_success"] == 1


def test_a_pipeline_into_a_pager_works(open_shell, gateway):
    shell = open_shell()
    shell.enter("export TERM=vt100")
    shell.prompt()
    shell.enter("pm -j piped -- seq 1000 | less")
    shell.expect(r"22\r\n23")
    shell.type("G")
    shell.expect(r"999\r\n1000")
    shell.type("q")
    shell.prompt()
    assert shell.status() == 0
    assert gateway.group("piped").values["job_exit_code"] == 0


def test_an_editor_works_with_ctrl_z_too(open_shell, gateway, tmp_path):
    shell = open_shell()
    shell.enter("export TERM=vt100")
    shell.prompt()
    shell.enter("pm -j editor -- vi -u NONE text")
    shell.expect("~")
    shell.type(f"ione{ESCAPE}")
    shell.expect("one")
    shell.type(SUSPEND)
    shell.expect("Stopped")
    shell.prompt()
    shell.enter("fg")
    shell.expect("~")
    shell.type(f"otwo{ESCAPE}")
    shell.expect("two")
    shell.enter(":wq")
    shell.prompt()
    assert shell.status() == 0
    assert (tmp_path / "text").read_text() == "one\ntwo\n"
    assert gateway.group("editor").values["job_success"] == 1


def test_a_password_is_asked_for_on_the_terminal_without_echo(open_shell, tmp_path, gateway):
    shell = open_shell()
    job = python("import getpass; print(len(getpass.getpass('Password: ')))")
    enter_job(shell, tmp_path, "password </dev/null", job)
    shell.expect("Password: ")
    shell.enter("secret")
    shell.expect(r"\n6\r")
    shell.prompt()
    assert "secret" not in shell.seen


SUDO_HOST = r"""
set -e
tester='tester:x:54321:54321::/mnt:/bin/bash'
{ cat /etc/passwd; echo "$tester"; } >passwd
{ cat /etc/shadow; echo "tester:$(openssl passwd -6 open-sesame):19000:0:99999:7:::"; } >shadow
printf 'Defaults !lecture\ntester ALL=(ALL) ALL\n' >sudoers
chmod 644 passwd
chmod 640 shadow
chmod 440 sudoers
for file in passwd shadow sudoers; do mount --bind "$file" "/etc/$file"; done
mount -t tmpfs -o mode=755 tmpfs /mnt
cp "$PUSHMETRICS" /mnt/pushmetrics
mkdir /mnt/home && chown 54321 /mnt/home
cd /mnt/home
HOME=/mnt/home PS1='prompt> ' exec setpriv --reuid 54321 --regid 54321 --clear-groups bash --norc --noprofile -i
"""


def test_sudo_asks_for_its_password_and_takes_a_refusal(pushmetrics, gateway, tmp_path):
    """With a user and a sudoers file that only the processes of this test see."""
    need_root("for a sudo that obeys a file of its own")
    env = pushmetrics.environment_with({"PUSHMETRICS": BINARY, "TERM": "dumb", "PUSHGATEWAY_URL": gateway.url,
                                        "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None, "TMPDIR": None})
    terminal = Terminal(["unshare", "--mount", "sh", "-c", SUDO_HOST], env, tmp_path)
    try:
        terminal.expect(r"prompt> $")
        terminal.enter("/mnt/pushmetrics run -j sudo -- sudo -k id -u")
        terminal.expect("password for tester: ")
        terminal.enter("open-sesame")
        terminal.expect(r"\n0\r")
        terminal.expect(r"prompt> $")
        assert gateway.group("sudo").values["job_success"] == 1
        terminal.enter("/mnt/pushmetrics run -j sudo -- sudo -k id -u")
        terminal.expect("password for tester: ")
        # A signal between sudo's writing and its reading is only noted, and sudo reads on.
        wait_until(lambda: syscall_of(child_of(os.tcgetpgrp(terminal.master))) == READ)
        terminal.type(INTERRUPT)
        terminal.expect(r"prompt> $")
        assert gateway.group("sudo").values["job_success"] == 0
        terminal.enter("stty -a | grep -o ' echo '")
        terminal.expect(r"\n echo \r")
    finally:
        terminal.close()


def test_an_interactive_shell_within_has_job_control_of_its_own(open_shell, gateway):
    shell = open_shell()
    shell.enter("PS1='inner> ' pm -j inner -- bash --norc --noprofile -i")
    shell.expect(r"inner> $")
    shell.enter("sh -c 'echo started; exec sleep 30'")
    shell.expect(r"\nstarted\r")
    shell.type(INTERRUPT)
    shell.expect(r"inner> $")
    shell.enter("sh -c 'echo again; exec sleep 30'")
    shell.expect(r"\nagain\r")
    shell.type(SUSPEND)
    shell.expect("Stopped")
    shell.expect(r"inner> $")
    shell.enter("kill %1; exit 3; exit 3")
    shell.expect(r"\nexit\r")
    shell.prompt()
    assert shell.status() == 3
    assert gateway.group("inner").values["job_exit_code"] == 3


@pytest.mark.parametrize("leader", ["shell", "pushmetrics"])
def test_a_change_of_the_windows_size_reaches_the_job_exactly_once(open_shell, open_terminal, tmp_path, leader):
    log = tmp_path / "signals"
    if leader == "shell":
        terminal = open_shell()
        enter_job(terminal, tmp_path, "window", log_signals(log))
    else:
        terminal = open_terminal("-j", "window", "--", *log_signals(log))
    wait_until(lambda: lines_of(log) == ["ready"])
    for n in range(1, 6):
        terminal.resize(30 + n, 90)
        wait_until(lambda: lines_of(log).count("WINCH") >= n)
    os.kill(int((tmp_path / "signals.pid").read_text()), signal.SIGTERM)
    wait_until(lambda: "TERM" in lines_of(log))
    assert lines_of(log) == ["ready", *["WINCH"] * 5, "TERM"]


# ---- signals from elsewhere, hang-up ----


@pytest.mark.parametrize("name", FORWARDED)
def test_a_signal_that_is_sent_to_pushmetrics_reaches_the_job_exactly_once(open_terminal, tmp_path, name):
    log = tmp_path / "signals"
    terminal = open_terminal("-j", f"sent-{name}", "--", *log_signals(log))
    wait_until(lambda: lines_of(log) == ["ready"])
    times = 1 if name == "TERM" else 5
    for n in range(1, times + 1):
        terminal.process.send_signal(signal.Signals["SIG" + name])
        wait_until(lambda: lines_of(log)[1:].count(name) >= n)
    if name != "TERM":
        terminal.process.terminate()
    assert terminal.wait() == 0
    assert lines_of(log) == ["ready", *[name] * times, *(["TERM"] if name != "TERM" else [])]


def test_a_hang_up_ends_the_job_and_is_pushed(open_shell, gateway):
    shell = open_shell()
    shell.enter("pm -j hang-up -- sh -c 'echo started; exec sleep 30'")
    shell.expect(r"\nstarted\r")
    shell.hang_up()
    wait_until(lambda: gateway.find("hang-up"))
    values = gateway.group("hang-up").values
    assert (values["job_exit_code"], values["job_success"]) == (128 + signal.SIGHUP, 0)


def test_a_hang_up_reaches_the_job_when_pushmetrics_leads_the_session(open_terminal, gateway):
    terminal = open_terminal("-j", "hang-up-leader", "--", *sh("echo started; exec sleep 30"))
    terminal.expect("started\r")
    terminal.hang_up()
    assert terminal.process.wait(10) == -signal.SIGHUP
    assert gateway.group("hang-up-leader").values["job_exit_code"] == 128 + signal.SIGHUP


def test_nohup_outlives_a_hang_up(open_shell, gateway, tmp_path):
    shell = open_shell()
    shell.enter("nohup pm -j nohup -- sh -c 'touch started; until [ -e go ]; do sleep 0.05; done; exit 3' &")
    wait_until((tmp_path / "started").exists)
    shell.hang_up()
    shell.process.wait(10)
    (tmp_path / "go").touch()
    wait_until(lambda: gateway.find("nohup"))
    assert gateway.group("nohup").values["job_exit_code"] == 3
