#!/usr/bin/python3
"""What try_unit.py has a machine of its own do: the package under the systemd of that machine. It runs once after each boot.

    unit_trial.py FOLDER      with the packages in FOLDER: muster.deb, and newer.deb, which differs in its version alone

Says on standard output what it saw; its last line is kPassed, or why it did not pass. The machine is reset in between: what
was acknowledged must have been on its disk.
"""

import datetime
import os
import pathlib
import re
import signal
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request

from clean_system import System
from main_job import (CALLERS, FORCE, TLS, caller_of, job_over_tls, look_at_totals, main_job, make_certificates,
                      serve_with_tls)

PASSED = "THE UNIT PASSED"
SECONDS = 300  # A wait that takes longer has failed; the machine may be emulated, and slow.
STORE = "/var/lib/muster/store"
BACKUPS = "/srv/backups"
METRICS = "http://127.0.0.1:9464/metrics"
GATEWAY = "http://127.0.0.1:7480"
MOST_EXPOSURE = 2.0
STOP_SECONDS = 120  # TimeoutStopSec= of the unit.
WATCHDOG_SECONDS = 60  # WatchdogSec= of the unit.
DYNAMIC_USERS = range(61184, 65520)  # Of DynamicUser=.

HERE = System()


def say(text):
    print(text, flush=True)


def step(text):
    say(f"--- {text}")


def require(holds, text):
    if not holds:
        sys.exit(text)
    say(f"    {text}")


def wait(text, holds):
    """Waits until `holds` does, and gives what it gave, and the seconds that it took."""
    begin = time.monotonic()
    while True:
        found = holds()
        seconds = time.monotonic() - begin
        if found:
            return found, seconds
        if seconds > SECONDS:
            sys.exit(f"waited {SECONDS} s in vain: {text}")
        time.sleep(0.2)


def shown(unit, name):
    """A property of a unit, as systemd has it."""
    return HERE.run("systemctl", "show", "-P", name, unit).strip()


def main_pid(unit="musterd"):
    return int(shown(unit, "MainPID"))


def is_active(unit="musterd"):
    return shown(unit, "ActiveState") == "active"


def journal(unit="musterd"):
    return HERE.run("journalctl", "-b", "-u", unit, "-o", "cat", "--no-pager")


def drop_in(unit, text):
    folder = pathlib.Path(f"/etc/systemd/system/{unit}.service.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "override.conf").write_text(text)
    HERE.run("systemctl", "daemon-reload")


def get(address, **headers):
    """(code, text) of an answer; 0 where there was none."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def install(package):
    HERE.run("apt-get", "-qq", "install", "-y", "--no-install-recommends", "--allow-downgrades",
             "-o", "Dpkg::Options::=--force-confold", package)


def look_at_process(unit, user=None):
    """Whether what the unit says of the process is so. Without `user` it has one of its own, made by DynamicUser=."""
    status = pathlib.Path(f"/proc/{main_pid(unit)}/status").read_text()
    field = dict(line.split(":\t", 1) for line in status.splitlines())
    require(int(field["CapEff"], 16) == 0 and int(field["CapBnd"], 16) == 0, f"{unit} has no capability, nor may it get one")
    require(field["NoNewPrivs"] == "1" and field["Seccomp"] == "2", f"{unit} cannot gain rights, and its calls are filtered")
    number = int(field["Uid"].split()[0])
    if user is None:
        require(number in DYNAMIC_USERS, f"{unit} runs as a user that is there only while it runs, {number}")
    else:
        name = HERE.run("id", "-un", str(number)).strip()
        require(name == user, f"{unit} runs as {name}")


def look_at_shields(unit):
    """Tries, within what the unit sees of the machine, what it must not be able to do. As root, so that no owner stands in the way."""
    inside = ("nsenter", f"--target={main_pid(unit)}", "--mount", "--")
    for path in ("/usr/muster-was-here", "/etc/muster/was-here", "/boot/was-here", "/srv/was-here"):
        done = subprocess.run([*inside, "touch", path], stderr=subprocess.PIPE, text=True, check=False)
        if "Read-only file system" not in done.stderr:
            sys.exit(f"{path} could be written: {done.stderr}")
    devices = HERE.run(*inside, "ls", "/dev").split()
    if any(name.startswith("vd") for name in devices) or HERE.run(*inside, "ls", "/home").strip():
        sys.exit(f"it sees disks or homes: {devices}")
    pids = [name for name in HERE.run(*inside, "ls", "/proc").split() if name.isdigit()]
    require("meminfo" not in HERE.run(*inside, "ls", "/proc").split() and pids,
            f"{unit} sees a machine that it cannot write, without disks and homes")


def exposure(unit):
    said = HERE.run("systemd-analyze", "security", "--no-pager", unit)
    found = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    require(found <= MOST_EXPOSURE, f"exposure of {unit}: {found}")


def wait_for_answer():
    """Waits until a client comes through, which an emulated machine may take longer for than one client waits."""
    command = (*caller_of("unit-serocu"), "doctor")
    wait("the server answers", lambda: subprocess.run(["runuser", "-u", "nobody", "--", *command], check=False,
                                                      stdout=subprocess.DEVNULL).returncode == 0)


def wait_for_new(old_pid, text):
    """Waits until systemd has started the server again."""
    return wait(text, lambda: is_active() and main_pid() not in (0, old_pid))[1]


def try_package(folder):
    step("the package is installed, and starts its server")
    pathlib.Path("/home/somebody").mkdir()
    install(f"{folder}/muster.deb")
    require(is_active(), "musterd is active when the installation ends")
    require(shown("musterd", "UnitFileState") == "enabled", "musterd starts at every boot")
    require(shown("muster-gateway", "UnitFileState") == "disabled" and not is_active("muster-gateway"),
            "muster-gateway waits for its operator to say so")
    look_at_process("musterd", "muster")
    look_at_shields("musterd")
    exposure("musterd")
    exposure("muster-gateway")
    say(HERE.run("systemctl", "status", "--no-pager", "-n", "3", "musterd"))

    step("the main job, by a local user")
    main_job(HERE)


def try_readiness():
    step("a start ends when the server is ready, a stop when it has stopped")
    begin = time.monotonic()
    HERE.run("systemctl", "stop", "musterd")
    seconds = time.monotonic() - begin
    require(seconds < STOP_SECONDS and shown("musterd", "Result") == "success", f"stopped well, in {seconds:.1f} s")
    begin = time.monotonic()
    HERE.run("systemctl", "start", "musterd")
    seconds = time.monotonic() - begin
    look_at_totals(HERE)  # At once: without readiness this would be too early.
    require(True, f"started in {seconds:.1f} s, and answered at once")

    step("a configuration that is wrong is a failed start that says why")
    file = pathlib.Path("/etc/muster/musterd.toml")
    right = file.read_text()
    file.write_text(right.replace("store =", "stor ="))
    HERE.run("systemctl", "restart", "musterd", expect=1)
    wait("it gives up", lambda: shown("musterd", "ActiveState") == "failed")
    require('did you mean "store"?' in journal(), "the journal names the setting that was meant")
    install("/root/trial/muster.deb")
    require(True, "a package comes in all the same")
    file.write_text(right)
    HERE.run("systemctl", "reset-failed", "musterd")
    HERE.run("systemctl", "start", "musterd")
    look_at_totals(HERE)


def try_gateway():
    step("the gateway, as it comes")
    HERE.run("systemctl", "enable", "--now", "muster-gateway")
    wait("the gateway serves", lambda: get(f"{GATEWAY}/healthz")[0] == 200)
    look_at_process("muster-gateway")
    look_at_shields("muster-gateway")
    code, page = get(f"{GATEWAY}/")
    require(code == 200 and "<title>" in page, "the dashboard is there")
    script = re.search(r'src="(/assets/[^"]+\.js)"', page)[1]
    require(get(GATEWAY + script)[0] == 200, f"and its script, {script}")
    code, export = get(f"{GATEWAY}/export/totals.csv?operation=county-lines-2023-02&region=south-east")
    require(code == 200 and ",230," in export, "and so are the totals, for a spreadsheet")
    code, _ = get(f"{GATEWAY}/", Host="muster.example.org")
    require(code == 421, "called by another name it does not answer")


def try_tls():
    step("mutual TLS, metrics, audit")
    make_certificates(HERE)
    serve_with_tls(HERE)
    HERE.run("systemctl", "restart", "musterd")
    wait_for_answer()
    job_over_tls(HERE)
    require("listening on 0.0.0.0:7450" in journal(), "it listens on every network of the machine")
    code, text = get(METRICS)
    require(code == 200 and 'muster_results_total{outcome="revised"}' in text, "metrics are there to be scraped")
    require("muster_certificate_expiry_timestamp_seconds" in text and "process_resident_memory_bytes" in text,
            "with when certificates end, and the memory of the process")
    refused = HERE.run("muster", "audit", f"{STORE}/audit", "--decision", "refused", "-o", "json")
    require(f"force/{FORCE}" in refused and "FORCE_NOT_YOURS" in refused, "the audit has who was refused, and why")

    step("a new certificate is taken without a restart")
    pid = main_pid()
    HERE.run("muster", "certs", "issue", TLS, "--host", "localhost,127.0.0.1", "--replace")
    HERE.run("chown", "root:muster", f"{TLS}/server.pem", f"{TLS}/server-key.pem")
    HERE.run("chmod", "0640", f"{TLS}/server-key.pem")
    wait("the server takes the new certificate", lambda: "took the new" in journal())
    look_at_totals(HERE, caller_of("unit-serocu"))
    require(main_pid() == pid, "it is the same process")


def try_gateway_with_tls():
    step("the gateway with a certificate of its own, and a person's token")
    drop_in("muster-gateway", f"""[Service]
LoadCredential=ca:{CALLERS}/ca.pem
LoadCredential=certificate:{CALLERS}/analyst-gateway.pem
LoadCredential=key:{CALLERS}/analyst-gateway-key.pem
Environment=MUSTER_TLS_CA=%d/ca MUSTER_TLS_CERTIFICATE=%d/certificate MUSTER_TLS_KEY=%d/key
Environment=MUSTER_SERVER=localhost:7450
""")
    HERE.run("systemctl", "restart", "muster-gateway")
    wait("the gateway serves", lambda: get(f"{GATEWAY}/healthz")[0] == 200)
    until = datetime.date.today() + datetime.timedelta(days=30)
    said = HERE.run("muster", "tokens", "issue", "unit/serocu", "--expires", str(until), "--file",
                    f"{STORE}/tokens.textproto", user="muster")
    token = re.search(r"muster_\S+", said)[0]
    address = f"{GATEWAY}/export/totals.csv?operation=county-lines-2023-02&region=south-east"
    require(get(address)[0] == 401, "without a token it says nothing")
    (code, text), _ = wait("the token is known", lambda: (lambda answer: answer if answer[0] == 200 else None)(
        get(address, Authorization=f"Bearer {token}")))
    require(code == 200 and ",230," in text, "with one it gives what its owner may read")


def try_backup():
    step("backups go where the unit allows it")
    HERE.run("install", "-d", "-o", "muster", "-g", "muster", "-m", "0750", BACKUPS)
    caller = caller_of("operator-ann")
    command = (*caller, "backup", BACKUPS)
    done = subprocess.run(["runuser", "-u", "nobody", "--", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    require(done.returncode != 0, "a folder that it does not name is refused:")
    say(done.stdout.strip())
    drop_in("musterd", f"[Service]\nReadWritePaths={BACKUPS}\n")
    HERE.run("systemctl", "restart", "musterd")
    wait_for_answer()
    say(HERE.run(*command, user="nobody"))
    HERE.run("muster", "restore", BACKUPS, "--store", "/var/lib/muster/restored", user="muster")
    require(pathlib.Path("/var/lib/muster/restored/CURRENT").exists(), "what was backed up can be restored")
    HERE.run("rm", "-r", "/var/lib/muster/restored")


def try_crash():
    step("a server that is killed is started again")
    pid = main_pid()
    os.kill(pid, signal.SIGKILL)
    seconds = wait_for_new(pid, "a killed server comes back")
    require(shown("musterd", "NRestarts") == "1", f"it was there again after {seconds:.1f} s")
    wait_for_answer()
    look_at_totals(HERE, caller_of("unit-serocu"))

    step("a server that hangs is killed by the watchdog, and started again")
    pid = main_pid()
    os.kill(pid, signal.SIGSTOP)
    seconds = wait_for_new(pid, "a hanging server comes back")
    require("Watchdog timeout" in HERE.run("journalctl", "-b", "-o", "cat", "--no-pager", "_PID=1"),
            "systemd says that it was the watchdog")
    require(seconds > WATCHDOG_SECONDS / 2, f"it was there again after {seconds:.1f} s")
    wait_for_answer()
    look_at_totals(HERE, caller_of("unit-serocu"))
    say(HERE.run(*caller_of("operator-ann"), "verify", user="nobody"))


def reset_machine():
    """As if somebody had pulled its plug: nothing is written that was not yet."""
    step("the machine is reset")
    termios.tcdrain(sys.stdout.fileno())
    pathlib.Path("/proc/sysrq-trigger").write_text("b")
    time.sleep(SECONDS)


def try_boot():
    step("after the reset")
    wait("the server comes with the machine", is_active)
    wait_for_answer()
    look_at_totals(HERE, caller_of("unit-serocu"))
    say(HERE.run(*caller_of("operator-ann"), "verify", user="nobody"))
    wait("the gateway comes with the machine", lambda: get(f"{GATEWAY}/healthz")[0] == 200)


def try_upgrade(folder):
    step("an upgrade restarts what runs")
    pids = main_pid(), main_pid("muster-gateway")
    install(f"{folder}/newer.deb")
    require(is_active() and main_pid() != pids[0], "the server")
    wait_for_answer()
    wait("the gateway serves", lambda: get(f"{GATEWAY}/healthz")[0] == 200)
    require(main_pid("muster-gateway") != pids[1], "and the gateway")
    look_at_totals(HERE, caller_of("unit-serocu"))

    step("what an operator has switched off stays off")
    HERE.run("systemctl", "disable", "--now", "musterd", "muster-gateway")
    install(f"{folder}/muster.deb")
    require(not is_active() and not is_active("muster-gateway"), "neither runs after an upgrade")
    require(shown("musterd", "UnitFileState") == "disabled", "nor at the next boot")
    HERE.run("systemctl", "enable", "--now", "musterd", "muster-gateway")
    wait("the gateway serves", lambda: get(f"{GATEWAY}/healthz")[0] == 200)


def try_removal():
    step("a purge stops and takes away everything but the store")
    HERE.run("apt-get", "-qq", "purge", "-y", "muster")
    processes = HERE.run("ps", "-e", "-o", "comm").split()
    require(not {"musterd", "muster-gateway"} & set(processes), "nothing runs any more")
    left = [str(path) for folder in ("/etc/systemd/system", "/etc/muster", "/usr/bin", "/lib/systemd/system")
            for path in pathlib.Path(folder).rglob("*muster*") if ".service.d" not in str(path) and "tls" not in str(path)
            and path.name != "muster-trial.service"]
    require(left == [], f"nothing is left in the system {left}")
    require(pathlib.Path(STORE, "CURRENT").exists(), "but the store")
    failed = HERE.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "muster*")
    require(failed == "", f"and nothing has failed {failed}")


def main():
    folder = pathlib.Path(sys.argv[1])
    mark = folder / "was-reset"
    if not mark.exists():
        wait("the machine has booted", lambda: subprocess.run(
            ["systemctl", "is-system-running"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip() in
             ("running", "degraded"))
        try_package(folder)
        try_readiness()
        try_gateway()
        try_tls()
        try_gateway_with_tls()
        try_backup()
        try_crash()
        mark.touch()
        lines = pathlib.Path(f"/srv/{FORCE}.csv").read_text().splitlines()
        pathlib.Path("/srv/late.csv").write_text("".join(line.replace(",2,", ",3,", 1) + "\n" for line in lines))
        os.sync()
        # What comes after this has nothing but its acknowledgement to trust.
        say(HERE.run(*caller_of(f"force-{FORCE}"), "submit", "/srv/late.csv", user="nobody"))
        reset_machine()
    try_boot()
    late = HERE.run(*caller_of(f"force-{FORCE}"), "submit", "/srv/late.csv", user="nobody")
    require("duplicate" in late.lower(), "what was acknowledged just before the reset is there")
    try_upgrade(folder)
    try_removal()
    say(PASSED)


if __name__ == "__main__":
    try:
        main()
    finally:
        sys.stdout.flush()
        subprocess.run(["systemctl", "poweroff"], check=False)
