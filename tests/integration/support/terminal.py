"""A pseudo-terminal with a program on it, and somebody who types and reads."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from support.program import kill_session

INTERRUPT = "\x03"
SUSPEND = "\x1a"
QUIT = "\x1c"
ESCAPE = "\x1b"


class Terminal:
    """Runs `command` as the leader of a session whose controlling terminal this is."""

    def __init__(self, command, env, cwd, rows=24, columns=80):
        self.master, slave = os.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.unseen = ""
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def enter(self, line):
        self.type(line + "\n")

    def expect(self, pattern, timeout=10):
        """Reads on until `pattern` has appeared behind what was expected before; returns the match."""
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.unseen)
            if match:
                self.seen += self.unseen[: match.end()]
                self.unseen = self.unseen[match.end() :]
                return match
            assert self._read(end), f"{pattern!r} has not appeared:\n{self.seen}<now>{self.unseen!r}"

    def drain(self):
        """Takes in what is there, so that the program can go on writing."""
        self._read(time.monotonic())

    def _read(self, end):
        """Takes in what is there by `end`; False when nothing came or can come."""
        readable, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        try:
            data = os.read(self.master, 65536) if readable else b""
        except OSError:  # the program has closed its side
            data = b""
        self.unseen += data.decode(errors="replace")
        return bool(data)

    def wait(self, timeout=10):
        """Reads to the program's end; its status as subprocess has it."""
        end = time.monotonic() + timeout
        while self._read(end):
            pass
        return self.process.wait(max(0.1, end - time.monotonic()))

    def hang_up(self):
        """As when the window is closed or the connection lost."""
        if self.master is not None:
            os.close(self.master)
            self.master = None

    def close(self):
        kill_session(self.process.pid)
        self.process.wait()
        self.hang_up()


class Shell(Terminal):
    """An interactive shell at its prompt."""

    COMMANDS = {
        "bash": ["bash", "--norc", "--noprofile", "-i"],
        "dash": ["dash", "-i"],
        "zsh": ["zsh", "-f", "-i", "+o", "prompt_sp", "+o", "zle"],
    }

    def __init__(self, shell, env, cwd):
        # A dumb terminal, so that shells do not decorate their prompt.
        super().__init__(self.COMMANDS[shell], {**env, "PS1": "prompt> ", "TERM": "dumb"}, cwd)
        self.prompt()

    def prompt(self):
        self.expect(r"prompt> $")

    def status(self):
        """The last command's, at a prompt."""
        self.enter("echo status=$?")
        status = int(self.expect(r"\nstatus=(\d+)\r").group(1))
        self.prompt()
        return status


def run_on_terminal(pushmetrics, *args, env=None, answer=b""):
    """On a terminal of its own; returns the exit status and what was seen."""
    master, slave = pty.openpty()
    process = pushmetrics.spawn(*args, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, answer)
    seen = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    return process.wait(20), seen.decode()
