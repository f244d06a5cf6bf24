"""The real shells, asked what they would complete."""

import os
import pathlib
import shutil
import subprocess
import time

from support.terminal import Terminal

SOURCE = pathlib.Path(__file__).resolve().parents[3]
COMPLETIONS = SOURCE / "completions"
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

KILL_LINE = "\x15"
TAB = "\t"


def environment(home):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}


class Interactive:
    """A shell on a terminal whose completion writes down its candidates, line by line, and an empty line behind."""

    def __init__(self, home, command, setup):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.record = self.home / "candidates"
        self.record.touch()
        (self.home / "setup").write_text(setup)
        self.terminal = Terminal(command, environment(self.home), self.home, columns=200)
        self.execute(". ./setup")

    def execute(self, command):
        """Executes a line, to the next prompt."""
        self.terminal.enter(command + "; echo re''ady")
        self.terminal.expect(r"ready\s[^$]*\$ ", timeout=30)

    def candidates(self, line, timeout=20):
        """What is offered at the end of the line, without the space or `=` that would follow."""
        self.record.write_text("")
        self.terminal.type(line + TAB)
        end = time.monotonic() + timeout
        while not self.record.read_text().endswith("\n\n"):
            assert time.monotonic() < end, f"no completion of {line!r}: {self.record.read_text()!r}"
            self.terminal.drain()
            time.sleep(0.01)
        self.terminal.type(KILL_LINE)
        return [word.rstrip(" ").removesuffix("=") for word in self.record.read_text().split("\n") if word]

    def executed(self, keys):
        """The arguments that pushmetrics gets when these keys are typed."""
        self.terminal.enter(keys)
        self.terminal.expect("arguments")
        return self.terminal.expect(r"=(<.*>)=").group(1)[1:-1].split("><")

    def close(self):
        self.terminal.close()


SHOW_ARGUMENTS = "pushmetrics() { echo arguments; printf =; printf '<%s>' \"$@\"; echo =; }\n"

BASH = (
    """
PS1='$ '
bind 'set enable-bracketed-paste off'
%(helper)s
. %(completions)s/pushmetrics.bash
_frob() { COMPREPLY=($(compgen -W 'alpha beta --gamma' -- "${COMP_WORDS[COMP_CWORD]}")); }
complete -F _frob frob
# Where a completion asks for it and has no candidate of its own, readline offers files.
compopt() { [[ $* != *"-o default"* ]] || defaults=yes; builtin compopt "$@"; }
recorded() {
  local defaults=
  _pushmetrics "$@"
  [[ ! $defaults ]] || ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$2")
  { printf '%%s\\n' "${COMPREPLY[@]}"; echo; echo; } >%(home)s/candidates
  COMPREPLY=()
}
record() { complete -F recorded pushmetrics; }
"""
    + SHOW_ARGUMENTS.replace("%", "%%")
)


def bash(home, helper=False):
    setup = BASH % {
        "helper": f". {BASH_COMPLETION}" if helper else "",
        "completions": COMPLETIONS,
        "home": home,
    }
    return Interactive(home, ["bash", "--norc", "-i"], setup)


ZSH = (
    """
PROMPT='$ '
unsetopt zle_bracketed_paste 2>/dev/null
unset zle_bracketed_paste
fpath=(%(home)s/functions $fpath)
autoload -Uz compinit && compinit -u -D
_frob() { _arguments --gamma '*:what:(alpha beta)' }
compdef _frob frob
bindkey -e
record() {
  zstyle ':completion:*' completer _complete
  compadd() {
    if [[ " ${(j: :)@[1,(i)(-|--)]} " != *\\ -[a-zA-Z]#[OAD]\\ * ]]; then
      local -a hits
      builtin compadd -O hits "$@"
      (( $#hits )) && print -rl -- $hits >>%(home)s/candidates
    fi
    builtin compadd "$@"
  }
  silent() { compstate[list]= compstate[insert]= }
  collect() {
    comppostfuncs=(silent)
    zle complete-word
    print -l '' '' >>%(home)s/candidates
  }
  zle -N collect
  bindkey '^I' collect
}
"""
    + SHOW_ARGUMENTS.replace("%", "%%")
)


def zsh(home):
    functions = pathlib.Path(home) / "functions"
    functions.mkdir(parents=True)
    shutil.copy(COMPLETIONS / "pushmetrics.zsh", functions / "_pushmetrics")
    return Interactive(home, ["zsh", "-f", "-i"], ZSH % {"home": home})


class Fish:
    """fish tells by itself what it would complete."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)

    def candidates(self, line):
        script = (
            "complete -c frob -f -a 'alpha beta'; complete -c frob -l gamma\n"
            f"source {COMPLETIONS}/pushmetrics.fish; complete -C $argv[1]"
        )
        asked = ["fish", "--no-config", "-c", script, line]
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=30, cwd=self.home, env=environment(self.home)
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{line!r}: {done}"
        return [candidate.split("\t")[0].removesuffix("=") for candidate in done.stdout.splitlines()]

    def close(self):
        pass


def start(name, home):
    """A shell that is ready to be asked for candidates."""
    if name == "fish":
        return Fish(home)
    shell = zsh(home) if name == "zsh" else bash(home, helper=name == "bash with bash-completion")
    shell.execute("record")
    return shell


NAMES = ("bash", "bash with bash-completion", "zsh", "fish")
