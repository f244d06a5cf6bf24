"""A machine of a test's own: this one's files, under an overlay that is gone afterwards, booted by systemd."""

import os
import pathlib
import shlex
import signal
import subprocess

from support.program import BINARY, is_gone
from support.servers import wait_until

# Nothing of this machine's own units is started, but for those that systemd brings.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$PLACE"
mkdir "$PLACE/upper" "$PLACE/work" "$PLACE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$PLACE/upper,workdir=$PLACE/work" "$PLACE/root"
root=$PLACE/root
rm -rf "$root"/etc/systemd/system "$root"/etc/systemd/user "$root"/etc/rc?.d "$root"/etc/init.d "$root"/etc/fstab \
    "$root"/etc/pushmetrics.toml "$root"/var/lib/pushmetrics "$root"/var/log/journal
# Without one, or with another's journal, it would take itself for new, and enable what is installed.
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/user"
DESTDIR=$root cmake --install "$BUILD" --prefix /usr >/dev/null
eval "$PREPARE"
exec systemd-nspawn --quiet --directory="$root" --private-network --machine="$MACHINE" --register=no --keep-unit \
    --link-journal=no --boot systemd.unit=multi-user.target
"""


class Machine:
    """`prepare` is a shell's text, run before the boot with the machine's files in $root."""

    def __init__(self, directory, prepare=""):
        self.place = pathlib.Path(directory)
        self.place.mkdir()
        self.log = self.place.with_suffix(".log")
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PLACE": str(self.place),
            "BUILD": str(pathlib.Path(BINARY).parents[1]),
            "MACHINE": f"pushmetrics-{os.getpid()}",
            "PREPARE": prepare,
        }
        with self.log.open("wb") as log:
            self.nspawn = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", BOOT],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        try:
            wait_until(self._find_leader, 60, "the machine")
            wait_until(self._is_up, 120, "the end of the boot")
        except AssertionError as error:
            text = self.log.read_text(errors="replace")
            self.__exit__()
            raise AssertionError(f"{error}:\n{text}") from error
        return self

    def _find_leader(self):
        assert self.nspawn.poll() is None, self.log.read_text(errors="replace")
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        self.leader = next((int(pid) for pid in children if self._is_init(pid)), None)
        return self.leader is not None

    @staticmethod
    def _is_init(pid):
        return pathlib.Path(f"/proc/{pid}/comm").read_text() in ("systemd\n", "init\n")

    def _is_up(self):
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in ("running", "degraded")

    def run(self, *command, check=True, user=None, timeout=60):
        """Runs a command there, as cron would: with next to no environment. Its standard output."""
        home = f"/home/{user}" if user else "/root"
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        environment = ["env", "-i", f"HOME={home}", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--",
             *as_user, *environment, *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{shlex.join(map(str, command))}: {done.stdout}{done.stderr}"
        return done.stdout

    def state(self, unit, user=None):
        """As `systemctl is-active` prints it."""
        return self.run(*self.manager("systemctl", user), "is-active", unit, check=False, user=user).strip()

    def manager(self, program, user=None):
        """The beginning of a command that talks to the system's manager, or to a user's."""
        if not user:
            return [program]
        uid = self.run("id", "-u", user).strip()
        return ["env", f"XDG_RUNTIME_DIR=/run/user/{uid}", program, "--user"]

    def journal(self, unit, user=None):
        return self.run("journalctl", "--no-pager", "-o", "cat", "--user-unit" if user else "--unit", unit, check=False)

    def __exit__(self, *_):
        # A second one ends it at once.
        for _ in range(2):
            if self.nspawn.poll() is None:
                self.nspawn.send_signal(signal.SIGTERM)
                try:
                    self.nspawn.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue
        if self.nspawn.poll() is None:
            self.nspawn.kill()
            self.nspawn.wait()
        if getattr(self, "leader", None):
            wait_until(lambda: is_gone(self.leader), 20, "the machine's end")
