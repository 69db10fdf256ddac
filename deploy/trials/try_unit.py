#!/usr/bin/python3
"""Installs the Debian package on a machine of its own, where a real systemd runs its units, and looks whether they keep what they
promise: readiness, watchdog, restarts, shields, the main job over mutual TLS, the gateway, an upgrade, a reset of the machine.

    try_unit.py PACKAGE FOLDER [--base FOLDER]

The machine is an emulated one (QEMU, by KVM where there is some) with a clean Debian 12 and Debian's kernel, and without a
network. FOLDER takes its disk, what it said (trial.log) and its console (console.log). Needs root, 4 GB of disk, 2 GB of
memory and, without KVM, some twenty minutes. What is tried is in unit_trial.py.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from clean_system import make_system, mounted, trial_options
from unit_trial import PASSED

MINUTES = 60  # A trial that takes longer has failed.
DISK = "4G"
MEMORY = "2G"
# A systemd, what the trial uses, and Debian's kernel for virtual machines.
PACKAGES = ("systemd", "systemd-sysv", "dbus", "procps", "kmod", "python3-minimal", "libpython3-stdlib", "initramfs-tools",
            "linux-image-cloud-amd64")
FILES = ("clean_system.py", "main_job.py", "unit_trial.py")
TRIAL = """[Unit]
Description=The trial of the package
[Service]
ExecStart=/usr/bin/python3 /root/trial/unit_trial.py /root/trial
StandardOutput=file:/dev/ttyS1
StandardError=file:/dev/ttyS1
[Install]
WantedBy=multi-user.target
"""


def newer(package, made, version):
    """The package once more, as a newer version."""
    folder = made.with_suffix("")
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, made], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)


def make_disk(options, folder):
    """A disk with the clean system, the package's dependencies, and the trial, which begins when the machine has booted."""
    system = make_system(folder / "system", options.base)
    depends = subprocess.run(["dpkg-deb", "-f", options.package, "Depends"], stdout=subprocess.PIPE, text=True, check=True)
    with mounted(system):
        system.run("apt-get", "-qq", "update")
        system.run("apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES)
        system.run("apt-get", "-qq", "satisfy", "-y", "--no-install-recommends", depends.stdout.strip())
        system.run("apt-get", "clean")
        trial = system.path("/root/trial")
        trial.mkdir()
        for name in FILES:
            shutil.copy(pathlib.Path(__file__).with_name(name), trial / name)
        shutil.copy(options.package, trial / "muster.deb")
        newer(options.package, trial / "newer.deb", "9.0")
        system.path("/etc/systemd/system/muster-trial.service").write_text(TRIAL)
        system.path("/etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
        system.path("/etc/hostname").write_text("muster\n")
        system.path("/etc/hosts").write_text("127.0.0.1 localhost\n")
        system.run("systemctl", "enable", "muster-trial.service")
    for pattern, name in (("vmlinuz-*", "kernel"), ("initrd.img-*", "initrd")):
        shutil.copy(next(system.path("/boot").glob(pattern)), folder / name)
    disk = folder / "disk"
    disk.unlink(missing_ok=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", system.folder, disk, DISK], check=True)
    shutil.rmtree(system.folder)
    return disk


def accelerators():
    """KVM only where the processor has it: a /dev/kvm that something else stands behind runs no kernel of Debian's."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return ["-accel", "kvm", "-accel", "tcg"] if re.search(r"\b(vmx|svm)\b", flags) else ["-accel", "tcg"]


def run_machine(folder, disk):
    """Runs the machine until it powers itself off, and shows meanwhile what the trial says."""
    said = folder / "trial.log"
    said.write_text("")
    machine = subprocess.Popen(
        ["qemu-system-x86_64", *accelerators(), "-cpu", "max", "-smp", str(min(2, os.cpu_count())),
         "-m", MEMORY, "-nodefaults", "-display", "none", "-nic", "none", "-kernel", folder / "kernel", "-initrd", folder / "initrd",
         "-append", "root=/dev/vda rw console=ttyS0 systemd.show_status=0 panic=-1 quiet",
         "-drive", f"file={disk},format=raw,if=virtio", "-device", "virtio-rng-pci",
         "-serial", f"file:{folder / 'console.log'}", "-serial", f"file:{said}"],
        stdin=subprocess.DEVNULL)
    try:
        with said.open() as opened:
            end = time.monotonic() + MINUTES * 60
            while machine.poll() is None and time.monotonic() < end:
                print(opened.read(), end="", flush=True)
                time.sleep(0.5)
            print(opened.read(), end="", flush=True)
    finally:
        machine.kill()
        machine.wait()
    lines = said.read_text().split("\n")
    if PASSED not in (line.strip() for line in lines):
        sys.exit(f"the trial did not pass; the console of the machine is in {folder / 'console.log'}")


def main():
    options = trial_options(__doc__)
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    disk = make_disk(options, folder)
    run_machine(folder, disk)
    disk.unlink()


if __name__ == "__main__":
    main()
