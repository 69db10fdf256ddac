"""Runs clang-tidy on our C++ files, in parallel, and remembers which were clean.

`clang_tidy.py BUILD_FOLDER SOURCE_FOLDER...` lints every .cc file below the source folders that the build
compiles. A file is skipped if it, everything that it includes and .clang-tidy are as they were when it last
was clean: the digest of that is kept in BUILD_FOLDER/lint. Exits with 1 if there is a finding.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys


def digest_of(entry, config):
    """The digest of all that decides what clang-tidy says of one file; None if it cannot be preprocessed."""
    arguments = shlex.split(entry["command"])
    # The compiler stands behind its launcher, if there is one: "env NAME=VALUE... ccache".
    launcher = [index for index, word in enumerate(arguments) if os.path.basename(word) == "ccache"]
    if launcher:
        arguments = arguments[launcher[0] + 1 :]
    output = arguments.index("-o")
    del arguments[output : output + 2]
    # Comments are kept: they may hold NOLINT.
    run = subprocess.run(arguments + ["-E", "-C", "-w"], cwd=entry["directory"], capture_output=True, check=False)
    if run.returncode != 0:
        return None
    return hashlib.sha256(config + entry["command"].encode() + run.stdout).hexdigest()


def lint(entry, build, config):
    """True if the file is clean. Prints the findings."""
    digest = digest_of(entry, config)
    mark = build / "lint" / digest if digest else None
    if mark and mark.exists():
        return True
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), entry["file"]], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    clean = run.returncode == 0 and not run.stdout.strip()
    if clean and mark:
        mark.touch()
    if not clean:
        print(run.stdout if run.stdout.strip() else run.stderr, flush=True)
    return clean


def main():
    build = pathlib.Path(sys.argv[1])
    root = pathlib.Path.cwd()
    commands = {entry["file"]: entry for entry in json.loads((build / "compile_commands.json").read_text())}
    wanted = sorted(str(root / path) for folder in sys.argv[2:] for path in pathlib.Path(folder).rglob("*.cc"))
    config = pathlib.Path(".clang-tidy").read_bytes()
    (build / "lint").mkdir(exist_ok=True)

    for file in wanted:
        if file not in commands:
            print(f"not in the build, so not linted: {os.path.relpath(file)}")
    entries = [commands[file] for file in wanted if file in commands]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = list(pool.map(lambda entry: lint(entry, build, config), entries))
    print(f"{clean.count(True)} of {len(clean)} files are clean")
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
