"""The main job of Muster, done on a system where the package is installed and the server runs."""

import csv
import io
import sys

EXAMPLES = "/usr/share/doc/muster/examples"
RETURNS = ("returns-2019-05.csv", "returns-2021-10.csv", "returns-2023-02.csv")
SOUTH_EAST = ("totals", "--operation", "county-lines-2023-02", "--region", "south-east")
SOME_REFUSED, UNREACHABLE = 3, 4  # Exit codes of muster.
# What forces of the South East published of that week.
MUST_SAY = {"arrests": "230", "warrants-executed": "17", "cash-seized": "12409500"}


def total(csv_text, metric):
    """The sum of a metric in an answer, without a breakdown; None if it is not there."""
    for row in csv.DictReader(io.StringIO(csv_text)):
        if row["metric"] == metric:
            return row["sum"]
    return None


def look_at_totals(system, caller=("muster",)):
    """Whether the totals are those that the forces published."""
    totals = system.run(*caller, *SOUTH_EAST, "-o", "csv", user="nobody")
    for metric, want in MUST_SAY.items():
        found = total(totals, metric)
        if found != want:
            sys.exit(f"{metric} is {found}, not {want}:\n{totals}")


def main_job(system):
    """Submits what forces published, and looks whether the totals are theirs. Without TLS."""
    print(system.run("muster", "doctor", user="nobody"), end="")
    for name in RETURNS:
        print(system.run("muster", "submit", f"{EXAMPLES}/{name}", user="nobody").splitlines()[-1])
    look_at_totals(system)
    print(system.run("muster", "verify", user="nobody"), end="")


PATIENCE = "5m"  # An emulated machine may take longer for a handshake than one attempt to connect waits.
TLS, CALLERS = "/etc/muster/tls", "/srv/callers"
FORCE, OTHER_FORCE = "thames-valley", "sussex"


def caller_of(name, program="muster"):
    """The beginning of a command line of whom make_certificates made this one for."""
    return (program, "--tls-ca", f"{CALLERS}/ca.pem", "--tls-certificate", f"{CALLERS}/{name}.pem",
            "--tls-key", f"{CALLERS}/{name}-key.pem", "--timeout", PATIENCE)


def make_certificates(system):
    """An authority, and certificates of the server and of callers, each where who needs it can read it."""
    system.run("muster", "certs", "init", TLS, "--trust-domain", "muster.example")
    system.run("muster", "certs", "issue", TLS, "--host", "localhost,127.0.0.1")
    system.run("install", "-d", CALLERS)
    for kind, name in (("force", FORCE), ("unit", "serocu"), ("operator", "ann"), ("analyst", "gateway")):
        system.run("muster", "certs", "issue", TLS, f"--{kind}", name)
        for file in (f"{kind}-{name}.pem", f"{kind}-{name}-key.pem"):
            system.run("install", "-o", "nobody", "-m", "0400", f"{TLS}/{file}", f"{CALLERS}/{file}")
    system.run("install", "-m", "0444", f"{TLS}/ca.pem", f"{CALLERS}/ca.pem")
    system.run("chown", "-R", "root:muster", TLS)
    system.run("chmod", "-R", "u=rwX,g=rX,o=", TLS)


def serve_with_tls(system):
    """The configuration of a server for every network of the machine, from its next start on."""
    settings = {"certificate": "server.pem", "key": "server-key.pem", "ca": "ca.pem", "crl": "crl.pem"}
    system.path("/etc/muster/musterd.toml").write_text(
        'store = "/var/lib/muster/store"\nlisten = "0.0.0.0:7450"\ntrust-domain = "muster.example"\n[tls]\n'
        + "".join(f'{setting} = "{TLS}/{file}"\n' for setting, file in settings.items())
        + '[metrics]\nlisten = "127.0.0.1:9464"\n')


def job_over_tls(system):
    """A force corrects its own return over mTLS, and its unit sees the region's totals; another force's return is refused, and
    so is who shows no certificate."""
    returns = system.path(f"{EXAMPLES}/returns-2023-02.csv").read_text().splitlines()
    for force in (FORCE, OTHER_FORCE):
        lines = [returns[0]] + [line.replace(",1,", ",2,", 1) for line in returns if f",{force}," in line]
        system.path(f"/srv/{force}.csv").write_text("\n".join(lines) + "\n")
    caller = caller_of(f"force-{FORCE}")
    print(system.run(*caller, "doctor", user="nobody"), end="")
    print("own:      ", system.run(*caller, "submit", f"/srv/{FORCE}.csv", user="nobody").splitlines()[-1])
    print("without a certificate:")
    print(system.run("muster", "doctor", user="nobody", expect=UNREACHABLE), end="")
    refused = system.run(*caller, "submit", f"/srv/{OTHER_FORCE}.csv", user="nobody", expect=SOME_REFUSED)
    print("another's:", refused.splitlines()[-1])
    look_at_totals(system, caller_of("unit-serocu"))
