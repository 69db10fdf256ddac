"""Makes a man page from a template and from what a program says of itself, so that it says what the program does.

    make_man_page.py TEMPLATE PROGRAM VERSION OUTPUT

@OPTIONS@ becomes the options of `PROGRAM --help`, @COMMANDS@ the help of every command, @VERSION@ the version.
"""

import pathlib
import re
import subprocess
import sys


def roff(text):
    """Text as it is, for troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.split("\n"))


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout


def entries(text, headings):
    """Pairs of a term and its description from the indented lists below these headings."""
    found, inside = [], False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line.rstrip(":") in headings and line.endswith(":")
        elif inside and re.match(r"  \S", line):
            term, _, description = line.strip().partition("  ")
            found.append([term, description.strip()])
        elif inside and line.strip() and found:
            found[-1][1] = (found[-1][1] + " " + line.strip()).strip()
    return found


def options(program):
    lines = []
    for term, description in entries(help_of(program), {"Options", "Settings"}):
        lines += [".TP", f".B {roff(term)}", roff(description) or "\\&"]
    return "\n".join(lines)


def commands(program, *path):
    lines = []
    for name, _ in entries(help_of(program, *path), {"Subcommands"}):
        below = commands(program, *path, name)
        text = help_of(program, *path, name)
        if below:  # Its commands say it all.
            lines.append(below)
            continue
        summary, _, rest = text.partition("\n")
        usage = re.search(r"^Usage: (.*)$", rest, re.MULTILINE)[1]
        rest = rest[rest.index(usage) + len(usage):].strip("\n")
        words = re.sub(r"^\S*muster ", "", usage)
        lines += [f".SS {roff(words)}", roff(summary) + ".", ".PP", ".EX", roff(rest), ".EE"]
    return "\n".join(lines)


def main():
    template, program, version, output = sys.argv[1:5]
    page = pathlib.Path(template).read_text(encoding="utf-8")
    page = page.replace("@VERSION@", version)
    for word, make in (("@OPTIONS@", options), ("@COMMANDS@", commands)):
        if word in page:
            page = page.replace(word, make(program))
    pathlib.Path(output).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
