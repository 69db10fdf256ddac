#!/usr/bin/python3
"""Installs the Debian package on a clean Debian 12, starts the server as its unit does, and does the main job there.

    try_package.py PACKAGE FOLDER [--base FOLDER]

FOLDER takes the clean system, which debootstrap makes beside it unless --base names one that is ready to be copied. Needs root.
systemd does not run in it, so this program stands in for it: it takes the command line, the user and the limits that the
unit says, gives the server a socket to notify, and waits until it is ready. (try_unit.py has a systemd, and takes longer.)
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from clean_system import make_system, mounted, trial_options
from main_job import job_over_tls, main_job, make_certificates, serve_with_tls

SECONDS = 60  # A wait that takes longer has failed.


class Server:
    """musterd as the unit starts it."""

    def __init__(self, system):
        unit = system.path("/lib/systemd/system/musterd.service").read_text()
        command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()
        user = re.search(r"^User=(.*)$", unit, re.MULTILINE)[1]
        interval = int(re.search(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)[1])
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = system.path("/run/notify")
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        os.chmod(path, 0o777)
        self._socket.settimeout(SECONDS)
        begin = time.monotonic()
        self._process = subprocess.Popen(
            ["/usr/sbin/chroot", system.folder, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
             "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *command],
            env={"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": str(interval * 1_000_000)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._expect("READY=1")
        self.start_milliseconds = (time.monotonic() - begin) * 1000
        self._expect("WATCHDOG=1")

    def _expect(self, word):
        """Waits for a message with this word; that it lives the server may say at any time before."""
        try:
            said = self._socket.recv(4096).decode()
            while said == "WATCHDOG=1" and said != word:
                said = self._socket.recv(4096).decode()
        except TimeoutError:
            self._process.kill()
            sys.exit(f"musterd did not say {word}:\n{self._process.stdout.read()}")
        if word not in said:
            sys.exit(f"musterd said {said!r}, not {word}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._stop()
        else:
            self._process.kill()
            self._process.wait()

    def _stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._expect("STOPPING=1")
        output = self._process.communicate(timeout=SECONDS)[0]
        if self._process.returncode != 0:
            sys.exit(f"musterd ended with {self._process.returncode}:\n{output}")
        self._socket.close()


def main():
    options = trial_options(__doc__)
    folder = options.folder
    system = make_system(folder, options.base)
    shutil.copy(options.package, system.path("/root/muster.deb"))
    with mounted(system):
        system.run("apt-get", "-qq", "update")
        system.run("apt-get", "-qq", "install", "-y", "--no-install-recommends", "/root/muster.deb")
        print(system.run("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", "muster"), end="")
        enabled = system.path("/etc/systemd/system/multi-user.target.wants/musterd.service")
        if not enabled.is_symlink():
            sys.exit("the unit is not enabled")
        if system.path("/var/lib/muster").stat().st_mode & 0o7777 != 0o750:
            sys.exit("others may read /var/lib/muster")

        print(system.run("musterd", "--check", user="muster"), end="")
        with Server(system) as server:
            print(f"ready after {server.start_milliseconds:.0f} ms")
            main_job(system)

        # What was there is there after a restart and after the same package came again.
        system.run("dpkg", "-i", "/root/muster.deb")
        with Server(system):
            main_job(system)

        make_certificates(system)
        serve_with_tls(system)
        print(system.run("musterd", "--check", user="muster"), end="")
        with Server(system):
            job_over_tls(system)

        system.run("apt-get", "-qq", "purge", "-y", "muster")
        if not system.path("/var/lib/muster/store/CURRENT").exists():
            sys.exit("a purge took the store away")
        left = [name for name in ("/etc/muster/musterd.toml", "/usr/bin/musterd") if system.path(name).exists()]
        if left or enabled.is_symlink():
            sys.exit("a purge left something behind")
    print("the package installs, serves, restarts and goes as it should")


if __name__ == "__main__":
    main()
