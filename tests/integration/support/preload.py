"""Functions of the C library that behave otherwise, for the processes that they are preloaded into."""

import subprocess

WITHOUT_LOCKS = r"""
#include <errno.h>
#include <sys/file.h>
int flock(int fd, int operation) { (void)fd; (void)operation; errno = ENOLCK; return -1; }
"""

SLOW_DISK = r"""
#include <sys/syscall.h>
#include <unistd.h>
int fsync(int fd) { usleep(30000); return (int)syscall(SYS_fsync, fd); }
"""

A_DAY_AHEAD = r"""
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec* time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += 86400;
  return result;
}
"""


def preload(folder, code):
    """The environment that does it; the library is made in `folder`."""
    (folder / "library.c").write_text(code)
    command = ["cc", "-shared", "-fPIC", "-o", folder / "library.so", folder / "library.c"]
    subprocess.run(command, check=True, timeout=60)
    return {"LD_PRELOAD": str(folder / "library.so")}
