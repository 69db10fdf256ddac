#!/usr/bin/python3
"""Lists the open vulnerabilities of the Debian packages that Muster uses, beside those that were accepted.

    audit.py --accepted FILE [--program PROGRAM]... [PACKAGE]...

Looked at are the named packages, as far as they are installed, and those of every library that the programs load. What is
vulnerable is what debsecan says, from the data of Debian's security tracker.

Exit codes: 0 nothing is open that was not accepted; 1 something is, or the list of what was accepted is wrong; 2 it could
not be found out, which is not a pass.
"""

import argparse
import datetime
import re
import subprocess
import sys
import tomllib

# An acceptance that is older is none: somebody must look again.
MOST_DAYS = 365

SUITE = "bookworm"


class Unknown(Exception):
    """Whether something is open could not be found out."""


def run(*words):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise Unknown(f"{words[0]} is not installed") from error
    if done.returncode != 0:
        raise Unknown(f"{' '.join(words)} failed (exit code {done.returncode}): {done.stderr.strip()}")
    return done.stdout


def library_packages(programs):
    """The packages of all libraries that these programs load."""
    files = set()
    for program in programs:
        files.update(re.findall(r"=> (/\S+)", run("ldd", program)))
    packages = set()
    for file in files:
        # dpkg knows a file by the path that its package has, with or without /usr.
        for path in (file, file.removeprefix("/usr"), "/usr" + file):
            found = subprocess.run(["dpkg-query", "-S", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if found.returncode == 0:
                packages.update(line.split(":", 1)[0] for line in found.stdout.splitlines())
                break
        else:
            raise Unknown(f"no package of Debian has {file}")
    return packages


def open_vulnerabilities(packages):
    """(CVE, package, what debsecan says of it) of these packages, sorted."""
    found = set()
    for line in run("debsecan", "--suite", SUITE, "--format", "summary").splitlines():
        matched = re.fullmatch(r"((?:CVE|TEMP)-[0-9A-F-]+) (\S+)(?: \((.*)\))?", line.strip())
        if matched is None:
            raise Unknown(f"debsecan said what nobody here understands: {line!r}")
        if matched[2] in packages:
            found.add((matched[1], matched[2], matched[3] or "no details"))
    return sorted(found)


def read_accepted(file, today):
    """{(CVE, package): entry}, and what is wrong with the list."""
    with open(file, "rb") as opened:
        entries = tomllib.load(opened).get("accepted", [])
    accepted, problems = {}, []
    for number, entry in enumerate(entries, 1):
        where = f"{file}: entry {number} ({entry.get('cve', 'without cve')})"
        date = entry.get("date")
        if set(entry) != {"cve", "packages", "reason", "date"}:
            problems.append(f"{where} must have cve, packages, reason and date, and nothing else")
        elif not isinstance(date, datetime.date) or isinstance(date, datetime.datetime) or date > today:
            problems.append(f"{where}: date must be a day that has been, like 2026-11-26")
        elif not str(entry["reason"]).strip():
            problems.append(f"{where} gives no reason")
        elif (today - date).days > MOST_DAYS:
            problems.append(f"{where} was accepted more than {MOST_DAYS} days ago: look at it again")
        else:
            accepted.update({(entry["cve"], package): entry for package in entry["packages"]})
    return accepted, problems


def audit(options, today):
    accepted, problems = read_accepted(options.accepted, today)
    packages = set(options.packages) | library_packages(options.program)
    found = open_vulnerabilities(packages)
    for cve, package, details in found:
        entry = accepted.get((cve, package))
        if entry is None:
            problems.append(f"{cve} in {package} ({details}) is open and was not accepted")
        else:
            print(f"accepted  {cve} in {package} ({details}), on {entry['date']}: {entry['reason']}")
    still_open = {(cve, package) for cve, package, _ in found}
    for cve, package in sorted(set(accepted) - still_open):
        print(f"closed    {cve} in {package} is not open any more: take it out of {options.accepted}")
    for problem in problems:
        print(f"FAILED    {problem}")
    print(f"{len(packages)} packages looked at, {len(found)} vulnerabilities open, {len(problems)} problems")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accepted", required=True)
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("packages", nargs="*")
    try:
        return audit(parser.parse_args(), datetime.date.today())
    except Unknown as reason:
        print(f"audit: NOT DONE, so nothing is known of open vulnerabilities: {reason}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
