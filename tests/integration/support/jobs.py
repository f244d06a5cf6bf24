"""Jobs to be wrapped: command lines for behaviour that tests ask for."""

import sys


def python(code, *args):
    """A job that is this Python program, which sees `args` as sys.argv[1:]."""
    return [sys.executable, "-I", "-S", "-c", code, *args]


def sh(text, *args):
    return ["/bin/sh", "-c", text, "sh", *args]


_LOG_SIGNALS = """
import os, signal, sys
with open(sys.argv[1] + ".pid", "w") as file:
    file.write(str(os.getpid()))
log = open(sys.argv[1], "a", buffering=1)
names = sys.argv[2:]
numbers = {signal.Signals["SIG" + name] for name in names}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
print("ready", file=log)
silence_after_term = None
while True:
    info = signal.sigtimedwait(numbers, silence_after_term or 60)
    if info is None:
        break
    print(signal.Signals(info.si_signo).name[3:], file=log)
    if info.si_signo == signal.SIGTERM:
        silence_after_term = 0.1
"""

FORWARDED = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT", "TSTP")


def log_signals(path, names=FORWARDED):
    """Writes `ready` to the file, then a line for each signal; ends well a moment after a TERM.

    Its process id is in the file of that name with `.pid`.
    """
    return python(_LOG_SIGNALS, str(path), *names)
