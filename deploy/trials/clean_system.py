"""A Debian 12 to try the package in: a clean one in a folder, or the one that runs. Needs root."""

import argparse
import contextlib
import pathlib
import shutil
import subprocess
import sys

SUITE = "bookworm"


class System:
    """The system whose root is `folder`."""

    def __init__(self, folder="/"):
        self.folder = pathlib.Path(folder)

    def run(self, *words, user=None, expect=0, **options):
        """What a command says on standard output. It is run by `user`, or root; another exit code ends the trial."""
        prefix = [] if self.folder == pathlib.Path("/") else ["chroot", str(self.folder)]
        if user:
            prefix += ["runuser", "-u", user, "--"]
        done = subprocess.run([*prefix, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                              "DEBIAN_FRONTEND": "noninteractive"}, **options)
        if done.returncode != expect:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done.stdout

    def path(self, name):
        return self.folder / name.lstrip("/")


def trial_options(description):
    """What the command line of a trial says: the package, the folder, and the base of its system."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("folder", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--base", type=pathlib.Path)
    options = parser.parse_args()
    options.base = options.base or options.folder.with_name("try-base")
    return options


def make_system(folder, base):
    """A clean system in `folder`, instead of what is there: a copy of `base`, which debootstrap makes if it is not there."""
    if not (base / "etc/debian_version").exists():
        begun = base.with_name(base.name + "-begun")
        shutil.rmtree(begun, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, begun], check=True, stdout=subprocess.DEVNULL)
        begun.rename(base)
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
    return System(folder)


@contextlib.contextmanager
def mounted(system):
    """/proc and /dev as a running system has them, where this machine allows it."""
    points = []
    for words, place in ((["-t", "proc", "proc"], "proc"), (["--rbind", "/dev"], "dev")):
        if subprocess.run(["mount", *words, system.folder / place], stderr=subprocess.DEVNULL).returncode == 0:
            points.append(system.folder / place)
    try:
        yield
    finally:
        for point in reversed(points):
            subprocess.run(["umount", "-R", "-l", point])
