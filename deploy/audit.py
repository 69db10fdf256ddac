#!/usr/bin/python3
"""Lists the open vulnerabilities of what Muster is made of and with, beside those that were accepted.

    audit.py --accepted FILE [--program PROGRAM]... [--npm-folder FOLDER] [PACKAGE]...

Two sources are asked, and each says for itself what it found, or that it was not reached:

  debian   debsecan, which has the data of Debian's security tracker, about the named packages, as far as they are installed,
           and those of every library that the programs load
  npm      `npm audit`, which asks the registry, about everything that the package-lock.json of FOLDER names

Exit codes: 0 nothing is open that was not accepted; 1 something is, or the list of what was accepted is wrong; 2 nothing like
that was found, but a source was not reached, which is not a pass.
"""

import argparse
import dataclasses
import datetime
import json
import re
import subprocess
import sys
import tomllib

# An acceptance that is older is none: somebody must look again.
MOST_DAYS = 365

SUITE = "bookworm"


class NotReached(Exception):
    """Whether something is open could not be found out."""


@dataclasses.dataclass(frozen=True, order=True)
class Vulnerability:
    id: str  # "CVE-2024-7246", "GHSA-9c47-m6qq-7p4h".
    package: str
    details: str


def run(*words, expect=(0,)):
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise NotReached(f"{words[0]} is not installed") from error
    if done.returncode not in expect:
        raise NotReached(f"{' '.join(words)} failed (exit code {done.returncode}): {done.stderr.strip()}")
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
            raise NotReached(f"no package of Debian has {file}")
    return packages


def ask_debian(options):
    """(how many packages were looked at, what is open in them)."""
    packages = set(options.packages) | library_packages(options.program)
    found = set()
    for line in run("debsecan", "--suite", SUITE, "--format", "summary").splitlines():
        matched = re.fullmatch(r"((?:CVE|TEMP)-[0-9A-F-]+) (\S+)(?: \((.*)\))?", line.strip())
        if matched is None:
            raise NotReached(f"debsecan said what nobody here understands: {line!r}")
        if matched[2] in packages:
            found.add(Vulnerability(matched[1], matched[2], matched[3] or "no details"))
    return len(packages), found


def ask_npm(options):
    """(how many packages were looked at, what is open in them)."""
    # Its exit code is 1 both where it found something and where it was not answered.
    text = run("npm", "--prefix", options.npm_folder, "audit", "--package-lock-only", "--json", expect=(0, 1))
    try:
        answer = json.loads(text)
        if answer.get("auditReportVersion") != 2:
            raise NotReached(f"npm audit was not answered: {answer.get('message') or answer.get('error') or answer}")
        looked_at = answer["metadata"]["dependencies"]["total"]
        if looked_at == 0:
            raise NotReached(f"npm audit looked at no package of {options.npm_folder}")
        found = set()
        for vulnerable in answer["vulnerabilities"].values():
            # What is only text is the name of another one of these, through which this one is concerned.
            for via in (via for via in vulnerable["via"] if not isinstance(via, str)):
                advisory = re.search(r"GHSA(?:-[0-9a-z]{4}){3}", via["url"])
                found.add(Vulnerability(advisory[0] if advisory else f"npm-{via['source']}", via["name"],
                                        f"{via['severity']}: {via['title']}"))
        return looked_at, found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReached(f"npm audit said what nobody here understands ({error!r}): {text[:200]!r}") from error


def read_accepted(file, today):
    """{(id, package): entry}, and what is wrong with the list."""
    with open(file, "rb") as opened:
        entries = tomllib.load(opened).get("accepted", [])
    accepted, problems = {}, []
    for number, entry in enumerate(entries, 1):
        where = f"{file}: entry {number} ({entry.get('id', 'without id')})"
        date = entry.get("date")
        if set(entry) != {"id", "packages", "reason", "date"}:
            problems.append(f"{where} must have id, packages, reason and date, and nothing else")
        elif not isinstance(date, datetime.date) or isinstance(date, datetime.datetime) or date > today:
            problems.append(f"{where}: date must be a day that has been, like 2026-11-26")
        elif not str(entry["reason"]).strip():
            problems.append(f"{where} gives no reason")
        elif (today - date).days > MOST_DAYS:
            problems.append(f"{where} was accepted more than {MOST_DAYS} days ago: look at it again")
        else:
            accepted.update({(entry["id"], package): entry for package in entry["packages"]})
    return accepted, problems


def audit(options, today):
    accepted, problems = read_accepted(options.accepted, today)
    sources = {"debian": ask_debian}
    if options.npm_folder is not None:
        sources["npm"] = ask_npm
    still_open = set()
    not_reached = []
    for source, ask in sources.items():
        try:
            looked_at, found = ask(options)
        except NotReached as reason:
            not_reached.append(source)
            print(f"{source:8}  NOT REACHED, so nothing is known of what is open there: {reason}")
            continue
        print(f"{source:8}  reached: {looked_at} packages looked at, {len(found)} vulnerabilities open")
        for open_one in sorted(found):
            still_open.add((open_one.id, open_one.package))
            entry = accepted.get((open_one.id, open_one.package))
            if entry is None:
                problems.append(f"{open_one.id} in {open_one.package} ({open_one.details}) is open and was not accepted")
            else:
                print(f"accepted  {open_one.id} in {open_one.package} ({open_one.details}), on {entry['date']}: "
                      f"{entry['reason']}")
    if not not_reached:
        for name, package in sorted(set(accepted) - still_open):
            print(f"closed    {name} in {package} is not open any more: take it out of {options.accepted}")
    for problem in problems:
        print(f"FAILED    {problem}")
    if problems:
        return 1
    return 2 if not_reached else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accepted", required=True)
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("--npm-folder")
    parser.add_argument("packages", nargs="*")
    return audit(parser.parse_args(), datetime.date.today())


if __name__ == "__main__":
    sys.exit(main())
