#!/usr/bin/python3
"""Installs the Debian package on a clean Debian 12, starts the server as its unit does, and does the main job there.

    try_package.py PACKAGE FOLDER [--base FOLDER]

FOLDER takes the clean system, which debootstrap makes there unless --base names one that is ready to be copied. Needs root.
systemd does not run in it, so this program stands in for it: it takes the command line, the user and the limits that the
unit says, gives the server a socket to notify, and waits until it is ready.
"""

import argparse
import contextlib
import csv
import io
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SUITE = "bookworm"
SECONDS = 60  # A wait that takes longer has failed.
EXAMPLES = "/usr/share/doc/muster/examples"
RETURNS = ("returns-2019-05.csv", "returns-2021-10.csv", "returns-2023-02.csv")
SOUTH_EAST = ("totals", "--operation", "county-lines-2023-02", "--region", "south-east")
SOME_REFUSED, UNREACHABLE = 3, 4  # Exit codes of muster.
# What forces of the South East published of that week.
MUST_SAY = {"arrests": "230", "warrants-executed": "17", "cash-seized": "12409500"}


class Root:
    """A clean system in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, user=None, expect=0, **options):
        prefix = ["chroot", str(self.folder)]
        if user:
            prefix += ["runuser", "-u", user, "--"]
        done = subprocess.run([*prefix, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"}, **options)
        if done.returncode != expect:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def path(self, name):
        return self.folder / name.lstrip("/")


def make_base(folder, base):
    if base is None:
        base = folder.with_name(folder.name + "-base")
        if not (base / "etc/debian_version").exists():
            subprocess.run(["debootstrap", "--variant=minbase", SUITE, base], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-a", base, folder], check=True)
    # The system's ways to its packages, which a machine behind a proxy needs.
    for name in ("etc/resolv.conf", "etc/apt/apt.conf.d", "etc/apt/sources.list", "etc/apt/sources.list.d",
                 "usr/share/ca-certificates", "usr/local/share/ca-certificates", "etc/ssl/certs", "etc/hosts"):
        there = pathlib.Path("/", name)
        if there.is_dir():
            shutil.copytree(there, folder / name, symlinks=True, dirs_exist_ok=True)
        elif there.exists():
            shutil.copy(there, folder / name)


@contextlib.contextmanager
def mounted(root):
    """/proc and /dev as a running system has them, where this machine allows it."""
    points = []
    for words, place in ((["-t", "proc", "proc"], "proc"), (["--rbind", "/dev"], "dev")):
        if subprocess.run(["mount", *words, root.folder / place], stderr=subprocess.DEVNULL).returncode == 0:
            points.append(root.folder / place)
    try:
        yield
    finally:
        for point in reversed(points):
            subprocess.run(["umount", "-R", "-l", point])


class Server:
    """musterd as the unit starts it."""

    def __init__(self, root):
        unit = root.path("/lib/systemd/system/musterd.service").read_text()
        command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()
        user = re.search(r"^User=(.*)$", unit, re.MULTILINE)[1]
        interval = int(re.search(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)[1])
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = root.path("/run/notify")
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        os.chmod(path, 0o777)
        self._socket.settimeout(SECONDS)
        begin = time.monotonic()
        self._process = subprocess.Popen(
            ["/usr/sbin/chroot", root.folder, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
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


def total(csv_text, metric):
    """The sum of a metric in an answer, without a breakdown; None if it is not there."""
    for row in csv.DictReader(io.StringIO(csv_text)):
        if row["metric"] == metric:
            return row["sum"]
    return None


def main_job(root):
    """Submits what forces published, and looks whether the totals are theirs."""
    print(root.run("muster", "doctor", user="nobody"), end="")
    for name in RETURNS:
        print(root.run("muster", "submit", f"{EXAMPLES}/{name}", user="nobody").splitlines()[-1])
    totals = root.run("muster", *SOUTH_EAST, "-o", "csv", user="nobody")
    for metric, want in MUST_SAY.items():
        found = total(totals, metric)
        if found != want:
            sys.exit(f"{metric} is {found}, not {want}:\n{totals}")
    print(root.run("muster", "verify", user="nobody"), end="")


TLS = "/etc/muster/tls"
FORCE, OTHER_FORCE = "thames-valley", "sussex"


def make_certificates(root):
    """An authority, and certificates of the server and of a force, each where who needs it can read it."""
    root.run("muster", "certs", "init", TLS, "--trust-domain", "muster.example")
    root.run("muster", "certs", "issue", TLS, "--host", "localhost,127.0.0.1")
    root.run("muster", "certs", "issue", TLS, "--force", FORCE)
    root.run("chown", "-R", "muster:muster", TLS)
    root.run("install", "-d", "-o", "nobody", "/srv/force")
    for name in ("ca.pem", f"force-{FORCE}.pem", f"force-{FORCE}-key.pem"):
        root.run("install", "-o", "nobody", "-m", "0400", f"{TLS}/{name}", f"/srv/force/{name}")
    settings = {"certificate": "server.pem", "key": "server-key.pem", "ca": "ca.pem", "crl": "crl.pem"}
    root.path("/etc/muster/musterd.toml").write_text(
        'store = "/var/lib/muster/store"\nlisten = "0.0.0.0:7450"\ntrust-domain = "muster.example"\n[tls]\n'
        + "".join(f'{setting} = "{TLS}/{file}"\n' for setting, file in settings.items()))


def job_over_tls(root):
    """A force corrects its own return over mTLS; another's is refused, and so is who shows no certificate."""
    returns = root.path(f"{EXAMPLES}/returns-2023-02.csv").read_text().splitlines()
    for force in (FORCE, OTHER_FORCE):
        lines = [returns[0]] + [line.replace(",1,", ",2,", 1) for line in returns if f",{force}," in line]
        root.path(f"/srv/{force}.csv").write_text("\n".join(lines) + "\n")
    caller = ("muster", "--tls-ca", "/srv/force/ca.pem", "--tls-certificate", f"/srv/force/force-{FORCE}.pem",
              "--tls-key", f"/srv/force/force-{FORCE}-key.pem")
    print(root.run(*caller, "doctor", user="nobody"), end="")
    print("own:     ", root.run(*caller, "submit", f"/srv/{FORCE}.csv", user="nobody").splitlines()[-1])
    print("without a certificate:")
    print(root.run("muster", "doctor", user="nobody", expect=UNREACHABLE), end="")
    refused = root.run(*caller, "submit", f"/srv/{OTHER_FORCE}.csv", user="nobody", expect=SOME_REFUSED)
    print("another's:", refused.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--base", type=pathlib.Path)
    options = parser.parse_args()
    root = Root(options.folder.resolve())
    make_base(root.folder, options.base)
    shutil.copy(options.package, root.path("/root/muster.deb"))
    with mounted(root):
        root.run("apt-get", "-qq", "update")
        root.run("apt-get", "-qq", "install", "-y", "--no-install-recommends", "/root/muster.deb")
        print(root.run("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", "muster"), end="")
        enabled = root.path("/etc/systemd/system/multi-user.target.wants/musterd.service")
        if not enabled.is_symlink():
            sys.exit("the unit is not enabled")
        if root.path("/var/lib/muster").stat().st_mode & 0o7777 != 0o750:
            sys.exit("others may read /var/lib/muster")

        print(root.run("musterd", "--check", user="muster"), end="")
        with Server(root) as server:
            print(f"ready after {server.start_milliseconds:.0f} ms")
            main_job(root)

        # What was there is there after a restart and after the same package came again.
        root.run("dpkg", "-i", "/root/muster.deb")
        with Server(root):
            main_job(root)

        make_certificates(root)
        print(root.run("musterd", "--check", user="muster"), end="")
        with Server(root):
            job_over_tls(root)

        root.run("apt-get", "-qq", "purge", "-y", "muster")
        if not root.path("/var/lib/muster/store/CURRENT").exists():
            sys.exit("a purge took the store away")
        if root.path("/etc/muster/musterd.toml").exists() or root.path("/usr/bin/musterd").exists() or enabled.is_symlink():
            sys.exit("a purge left something behind")
    print("the package installs, serves, restarts and goes as it should")


if __name__ == "__main__":
    main()
