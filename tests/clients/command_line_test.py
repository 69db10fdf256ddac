#!/usr/bin/python3
"""The program muster, as people and scripts run it, against a server of its own.

    command_line_test.py MUSTER MUSTERD EXAMPLES
"""

import csv
import datetime
import fcntl
import hashlib
import io
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

import openpyxl
from running_musterd import DEADLINE_SECONDS, RunningMusterd

MUSTER, MUSTERD, EXAMPLES = (pathlib.Path(argument) for argument in sys.argv[1:4])

DONE, FAILED, USAGE, SOME_REFUSED, UNREACHABLE = 0, 1, 2, 3, 4

NOBODY = "127.0.0.1:1"  # Where no server listens.
OPERATION = "county-lines-2023-02"
RETURNS = EXAMPLES / "returns-2023-02.csv"

COLUMNS = ["operation", "force", "result_id", "revision", "start_date", "end_date", "final", "nil", "retracted",
           "reason", "metric", "categories", "value", "unit", "qualifier"]

# Every command that does something, in the order of the help.
COMMANDS = ["submit", "totals", "explain", "diff", "coverage", "export totals", "export results", "result get", "result list",
            "history", "operations list", "operations show",
            "operations create", "operations update", "operations close", "operations reopen", "catalogue", "verify",
            "backup", "restore", "audit", "tokens issue", "tokens list", "tokens revoke", "certs init", "certs issue",
            "certs revoke", "doctor", "completion"]

# What only reads, once the returns of February 2023 are there.
READING = [
    ("totals", "--operation", OPERATION),
    ("totals", "--operation", OPERATION, "--by", "region,force,category"),
    ("explain", "--operation", OPERATION, "--metric", "cash-seized"),
    ("diff", "--from", "1", "--operation", OPERATION, "--by", "force"),
    ("diff", "--from", "1", "--operation", OPERATION, "--metric", "arrests", "--results"),
    ("coverage", "--operation", OPERATION),
    ("result", "list", OPERATION, "suffolk"),
    ("result", "get", OPERATION, "suffolk", "week-1"),
    ("history", OPERATION, "suffolk", "week-1"),
    ("operations", "list"),
    ("operations", "show", OPERATION),
    ("catalogue", "forces"),
    ("catalogue", "regions"),
    ("catalogue", "metrics"),
    ("catalogue", "breakdowns"),
    ("verify",),
]

# Those of them that answer with a table.
TABLES = [words for words in READING if words != ("verify",)]

ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def figure(**changes):
    """A line of a file: 61 arrests in Kent in October 2021, unless it is changed."""
    return {**dict.fromkeys(COLUMNS, ""), "operation": "county-lines-2021-10", "force": "kent", "result_id": "week-1",
            "revision": "1", "start_date": "2021-10-11", "end_date": "2021-10-17", "metric": "arrests", "value": "61",
            "unit": "count", **changes}


def empty(**changes):
    """A line of a result that states no figure."""
    return figure(metric="", value="", unit="", **changes)


def as_csv(lines):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def places_of(error_text):
    """The places of the problems on standard error, as {"row 2": {"unit", ...}}; "" is the row as a whole."""
    places = {}
    for line in error_text.splitlines():
        found = re.match(r"(row \d+)(?:, column (\w+))?: (?!warning: )", line)
        if found:
            places.setdefault(found[1], set()).add(found[2] or "")
    return places


class CommandLineTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-command-line-")
        self.addCleanup(folder.cleanup)
        self._folder = pathlib.Path(folder.name)
        self._server = RunningMusterd(MUSTERD, self._folder)
        self.addCleanup(self._stop)
        self._environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8",
                             "MUSTER_SERVER": self._server.address}

    def _stop(self):
        self.assertEqual(self._server.stop(), 0, self._server.log())

    def _muster(self, *words, expect=DONE, input=None, **environment):
        """Runs muster, neither on a terminal; its exit code must be the expected one."""
        done = subprocess.run([MUSTER, *words], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=DEADLINE_SECONDS, env={**self._environment, **environment})
        self.assertEqual(done.returncode, expect, f"muster {words}\n{done.stdout}{done.stderr}")
        return done

    def _csv(self, *words, **options):
        """Standard output as rows; every row must have every column."""
        rows = list(csv.reader(io.StringIO(self._muster(*words, "-o", "csv", **options).stdout), strict=True))
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(len(row), len(rows[0]), row)
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def _json(self, *words, **options):
        return json.loads(self._muster(*words, "-o", "json", **options).stdout)

    def _write(self, name, text):
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def _submit_returns(self):
        self._muster("submit", RETURNS)

    def _on_terminal(self, *words, columns, stream="stdout", **environment):
        """What muster writes to a stream that is a terminal of so many columns; the other one is a file."""
        terminal, its_end = pty.openpty()
        with os.fdopen(terminal, "rb", buffering=0) as terminal_file, open(self._folder / "other", "w+b") as other:
            try:
                fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
                streams = {"stdout": other, "stderr": other, stream: its_end}
                process = subprocess.Popen([MUSTER, *words], stdin=subprocess.DEVNULL, **streams,
                                           env={**self._environment, **environment})
            finally:
                os.close(its_end)
            written = b""
            try:
                while chunk := terminal_file.read(65536):
                    written += chunk
            except OSError:
                pass  # Linux says so once nobody holds the other end.
            self.assertEqual(process.wait(DEADLINE_SECONDS), DONE, written)
            other.seek(0)
            return written.decode().replace("\r\n", "\n"), other.read().decode()

    # --- Help and wrong usage ---

    def _subcommands(self, help_text):
        part = re.search(r"^Subcommands:\n((?:  .*\n)+)", help_text, re.MULTILINE)
        return re.findall(r"^  (\S+)", part[1], re.MULTILINE) if part else []

    def test_the_doctor_finds_a_server_that_is_well_and_says_so_when_it_is_gone(self):
        rows = self._csv("doctor")
        self.assertEqual([row["subject"] for row in rows],
                         ["address", "identity", "health", "version", "clock", "catalogue"])
        self.assertEqual({row["verdict"] for row in rows}, {"ok"}, rows)
        self._stop()
        gone = self._csv("doctor", expect=UNREACHABLE)
        self.assertEqual([(row["subject"], row["verdict"]) for row in gone], [("address", "failed")])
        self.assertIn("systemctl start musterd", gone[0]["mend"])

    def test_every_command_explains_itself_without_a_server(self):
        commands = []

        def walk(*words):
            done = self._muster(*words, "--help", MUSTER_SERVER=NOBODY)
            self.assertIn(" ".join(["Usage: muster", *words]), done.stdout)
            self.assertEqual(done.stderr, "")
            below = self._subcommands(done.stdout)
            for name in below:
                walk(*words, name)
            if not below:
                commands.append(" ".join(words))
                self.assertRegex(done.stdout, rf"Examples?:\n(.*\n)*.*muster {commands[-1]}")

        walk()
        self.assertEqual(commands, COMMANDS)

    def test_the_version_is_said(self):
        self.assertRegex(self._muster("--version").stdout, r"^muster \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_exit_code_2_and_says_what_is_meant(self):
        for words, said in [
            ((), "subcommand is required"),
            (("totls",), 'did you mean "totals"?'),
            (("totals", "--metrc", "arrests"), 'did you mean "--metric"?'),
            (("totals", "--by", "colour"), "--by"),
            (("totals", "-o", "xml"), "--output"),
            (("totals", "--timeout", "soon"), "30s or 5m"),
            (("totals", "--timeout", "0s"), "30s or 5m"),
            (("totals", "--timeout", "25h"), "24h"),
            (("submit",), "FILE"),
            (("submit", RETURNS, "--format", "xml"), "--format"),
            (("submit", RETURNS, RETURNS), "returns-2023-02.csv"),
            (("result",), "subcommand is required"),
            (("result", "gt"), 'did you mean "get"?'),
            (("result", "get", OPERATION), "FORCE"),
            (("operations", "create", "--id", "a-b", "--title", "T", "--from", "2024-01-01"), "--to"),
            (("operations", "update", OPERATION), "--title"),
            (("operations", "update", OPERATION, "--due", "tomorrow"), "2021-10-15T17:00"),
            (("operations", "update", OPERATION, "--clear", "title"), "--clear"),
            (("catalogue", "people"), "regions"),
            (("catalogue", "-o", "csv"), "CSV"),
            (("completion", "tcsh"), "fish"),
        ]:
            with self.subTest(words=words):
                done = self._muster(*words, expect=USAGE)
                self.assertEqual(done.stdout, "")
                self.assertIn(said, done.stderr)

    # --- Exports ---

    def test_results_that_were_exported_are_the_same_when_they_are_submitted_again(self):
        reason = "=HYPERLINK(\"http://evil.example\")"
        self._submit_returns()
        self._muster("submit", "-", input=as_csv([figure(operation=OPERATION, force="suffolk", result_id="-1", reason=reason,
                                                         start_date="2023-02-27", end_date="2023-02-27")]))
        for name in ("results.csv", "results.json"):
            with self.subTest(name):
                path = self._folder / name
                self._muster("export", "results", "--operation", OPERATION, "--output", path)
                receipts = self._json("submit", path)["receipts"]
                self.assertEqual({receipt["outcome"] for receipt in receipts}, {"OUTCOME_DUPLICATE"})
                self.assertEqual(len(receipts), len(self._json("submit", RETURNS)["receipts"]) + 1)
        with open(self._folder / "results.csv", encoding="utf-8", newline="") as file:
            [row] = [row for row in csv.DictReader(file) if row["reason"]]
        self.assertEqual((row["reason"], row["result_id"]), ("'" + reason, "'-1"))  # A spreadsheet shows it.

        one_force = self._muster("export", "results", "--operation", OPERATION, "--force", "suffolk").stdout
        self.assertEqual({row["force"] for row in csv.DictReader(io.StringIO(one_force))}, {"suffolk"})
        self.assertEqual(json.loads(self._muster("export", "results", "--operation", OPERATION, "--json").stdout),
                         json.loads((self._folder / "results.json").read_text(encoding="utf-8")))

    def test_a_workbook_runs_no_text(self):
        reason = "=1+1"
        self._muster("submit", "-", input=as_csv([figure(reason=reason)]))
        path = self._folder / "results.xlsx"
        self._muster("export", "results", "--operation", "county-lines-2021-10", "--output", path)
        sheet = openpyxl.load_workbook(path)["results"]
        header = [cell.value for cell in sheet[1]]
        self.assertEqual(header, COLUMNS)
        row = dict(zip(header, sheet[2]))
        self.assertEqual((row["reason"].value, row["reason"].data_type), (reason, "s"))
        self.assertEqual((row["value"].value, row["value"].data_type), (61, "n"))
        self.assertTrue(row["start_date"].is_date)

    def test_totals_are_exported_in_every_format(self):
        self._submit_returns()
        question = ("export", "totals", "--operation", OPERATION, "--by", "force,category")
        for name in ("totals.csv", "totals.json", "totals.xlsx"):
            self._muster(*question, "--output", self._folder / name)
        rows = list(csv.DictReader(io.StringIO(self._muster(*question).stdout)))
        self.assertEqual([row["sum"] for row in rows],
                         [row["total"]["sum"] for row in self._json("totals", *question[2:])["rows"]])
        document = json.loads((self._folder / "totals.json").read_text(encoding="utf-8"))
        self.assertEqual([str(row["sum"]) for row in document["totals"]], [row["sum"] for row in rows])
        book = openpyxl.load_workbook(self._folder / "totals.xlsx")
        self.assertEqual(book.sheetnames, ["totals", "coverage", "notes"])
        self.assertEqual(book["totals"].max_row, len(rows) + 1)
        self.assertEqual(book["coverage"].max_row, len(document["coverage"]) + 1)

    def test_exports_that_cannot_be_made(self):
        for words, code, said in (
                (("totals", "--output", self._folder / "totals.pdf"), USAGE, "--format"),
                (("totals", "--output", self._folder / "nowhere/totals.csv"), FAILED, "cannot write"),
                (("totals", "--format", "pdf"), USAGE, "pdf"),
                (("results",), USAGE, "--operation"),
                (("results", "--operation", "nothing-2023"), FAILED, "nothing-2023"),
                (("results", "--operation", OPERATION, "--force", "kend"), FAILED, "kend")):
            with self.subTest(words):
                self.assertIn(said, self._muster("export", *words, expect=code).stderr)

    # --- Submitting ---

    def test_a_file_is_taken_once_however_often_it_is_submitted(self):
        first = self._csv("submit", RETURNS)
        self.assertEqual([row["outcome"] for row in first], ["accepted"] * 6)
        self.assertEqual([row["position"] for row in first], ["1", "2", "3", "4", "5", "6"])
        self.assertEqual((first[0]["place"], first[0]["force"]), ("row 2", "thames-valley"))
        for row in first:
            self.assertRegex(row["digest"], r"^[0-9a-f]{64}$")
            self.assertRegex(row["accept_time"], r"^20\d\d-\d\d-\d\dT[0-9:.]+Z$")
        totals = self._json("totals", "--by", "force,category")
        self.assertTrue(totals["rows"])

        again = self._csv("submit", RETURNS)
        self.assertEqual(again, [{**row, "outcome": "duplicate"} for row in first])
        totals_again = self._json("totals", "--by", "force,category")
        del totals["as_of_time"], totals_again["as_of_time"]
        self.assertEqual(totals_again, totals)
        self.assertIn("6 duplicate. Log position 6.", self._muster("submit", RETURNS).stdout)

    def test_standard_input_is_read_like_a_file(self):
        self._muster("submit", "-", input=as_csv([figure()]))
        result = self._json("result", "get", "county-lines-2021-10", "kent", "week-1")["result"]["result"]
        for name, text in [
            ("request", json.dumps({"results": [result]})),
            ("list", json.dumps([result])),
            ("lines", json.dumps(result) + "\n" + json.dumps({**result, "result_id": "week-2"}) + "\n"),
        ]:
            with self.subTest(name):
                outcomes = [receipt["outcome"] for receipt in self._json("submit", "-", input=text)["receipts"]]
                self.assertEqual(outcomes[0], "OUTCOME_DUPLICATE")
                self.assertEqual(outcomes[1:], ["OUTCOME_ACCEPTED"] if name == "lines" else [])
        # The name says CSV, the option goes before it.
        path = self._write("named.csv", json.dumps([result]))
        self.assertEqual(self._json("submit", path, "--format", "json")["receipts"][0]["outcome"], "OUTCOME_DUPLICATE")
        self._muster("submit", path, expect=FAILED)

    def test_validate_only_says_the_outcomes_and_writes_nothing(self):
        done = self._muster("submit", "--validate-only", RETURNS)
        self.assertIn("Checked 6 results: 6 accepted. Nothing was written.", done.stdout)
        self.assertEqual(self._json("totals")["position"], "0")
        path = self._write("spoilt.csv", as_csv([figure(), figure(result_id="week-2", force="kend")]))
        done = self._muster("submit", "--validate-only", path, expect=SOME_REFUSED)
        self.assertEqual(places_of(done.stderr), {"row 3": {"force"}})
        self.assertEqual(self._json("totals")["position"], "0")

    def test_refused_results_are_exit_code_3_and_the_others_are_taken(self):
        self._muster("submit", "-", input=as_csv([figure(revision="2"), figure(result_id="week-2")]))
        lines = [figure(revision="1"), figure(result_id="week-2", value="62"), figure(result_id="week-3", force="kend"),
                 figure(result_id="week-4", force="surrey"), figure(revision="3"),
                 empty(result_id="week-2", revision="2", retracted="true", reason="sent in error")]
        rows = self._csv("submit", "-", input=as_csv(lines), expect=SOME_REFUSED)
        self.assertEqual([row["outcome"] for row in rows],
                         ["stale", "conflict", "rejected", "accepted", "revised", "retracted"])
        self.assertEqual([bool(row["problems"]) for row in rows], [True, True, True, False, False, False])
        done = self._muster("submit", "-", input=as_csv(lines), expect=SOME_REFUSED)
        self.assertIn("3 duplicate", done.stdout)
        self.assertEqual(places_of(done.stderr), {"row 2": {""}, "row 3": {""}, "row 4": {"force"}})
        [row] = self._csv("totals", "--metric", "arrests")
        self.assertEqual((row["sum"], row["force_count"]), ("122", "2"))

    def test_warnings_are_said_and_are_no_refusal(self):
        lines = [figure(value="5"), figure(categories="male", value="4"), figure(categories="female", value="3")]
        done = self._muster("submit", "-", input=as_csv(lines))
        self.assertIn("1 accepted; 1 warning.", done.stdout)
        self.assertRegex(done.stderr, r"row \d.*: warning: .*\(breakdown_sum_mismatch\)")
        [row] = self._csv("submit", "-", input=as_csv(lines))
        self.assertEqual(row["warnings"], "breakdown_sum_mismatch")

    def test_every_fault_of_a_csv_file_is_named_at_once(self):
        # Each line, and the columns that must be named; none: it is well.
        faults = [
            (figure(), set()),
            # What the file itself gets wrong.
            (figure(operation=""), {"operation"}),
            (figure(force=""), {"force"}),
            (figure(result_id=""), {"result_id"}),
            (figure(revision="1.0"), {"revision"}),
            (figure(revision="0"), {"revision"}),
            (figure(start_date=""), {"start_date"}),
            (figure(end_date="17/10/2021"), {"end_date"}),
            (figure(start_date="2021-02-29"), {"start_date"}),
            (figure(final="yes"), {"final"}),
            (figure(retracted="1"), {"retracted"}),
            (figure(nil="true"), {"metric", "value", "unit"}),
            (figure(metric=""), {"metric"}),
            (empty(), {"metric"}),
            (figure(categories="male+"), {"categories"}),
            (figure(value="1,234"), {"value"}),
            (figure(value="£5"), {"value"}),
            (figure(value="-1"), {"value"}),
            (figure(value="over 60"), {"value"}),
            (figure(value="0.5"), {"value"}),
            (figure(value="1000000000000001"), {"value"}),
            (figure(unit=""), {"unit"}),
            (figure(unit="stone"), {"unit"}),
            (figure(qualifier="over"), {"qualifier"}),
            (figure(revision="x", final="no", end_date="never", value="many", unit="people", qualifier="over"),
             {"revision", "final", "end_date", "value", "unit", "qualifier"}),
            # What only the server knows.
            (figure(operation="county-lines-2021-11"), {"operation"}),
            (figure(force="kend"), {"force"}),
            (figure(result_id="week 1"), {"result_id"}),
            (figure(result_id="a" * 65), {"result_id"}),
            (figure(start_date="2021-10-17", end_date="2021-10-11"), {"end_date"}),
            (figure(start_date="2021-11-01", end_date="2021-11-07"), {"start_date"}),
            (figure(metric="arests"), {"metric"}),
            (figure(categories="mail"), {"categories"}),
            (figure(categories="heroin"), {"categories"}),
            (figure(unit="kg"), {"unit"}),
            (figure(metric="drugs-weight"), {"unit"}),
            (figure(value="", unit="", qualifier="at_least"), {"qualifier"}),
            (empty(retracted="true"), {"reason"}),
            (figure(reason="x" * 100_000), {"reason"}),
            (figure(force="kend", metric="arests", start_date="2021-10-17", end_date="2021-10-11"),
             {"force", "metric", "end_date"}),
        ]
        lines = [{**line, "result_id": line["result_id"].replace("week-1", f"line-{number}")}
                 for number, (line, _) in enumerate(faults)]
        want = {f"row {number}": columns for number, (_, columns) in enumerate(faults, start=2) if columns}
        done = self._muster("submit", self._write("faults.csv", as_csv(lines)), expect=FAILED)
        self.assertEqual(places_of(done.stderr), want)
        self.assertIn("Nothing was submitted", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self._json("totals")["position"], "0")

        # Without a server the faults of the file are named all the same.
        done = self._muster("submit", self._folder / "faults.csv", expect=FAILED, MUSTER_SERVER=NOBODY)
        self.assertEqual(list(places_of(done.stderr)), [f"row {number}" for number in range(3, 27)])
        self.assertIn("server could not be asked", done.stderr)

    def test_lines_of_one_result_that_disagree_are_named(self):
        lines = [figure(), figure(metric="charges", end_date="2021-10-16", final="true"), figure(metric="arrests")]
        done = self._muster("submit", "-", input=as_csv(lines), expect=FAILED)
        self.assertEqual(places_of(done.stderr), {"row 3": {"end_date", "final"}})
        done = self._muster("submit", "-", input=as_csv([figure(), figure()]), expect=SOME_REFUSED)
        self.assertEqual(places_of(done.stderr), {"row 3": {""}})

    def test_every_fault_of_a_json_file_is_named_at_once(self):
        well = {"operation": "county-lines-2021-10", "force": "kent", "result_id": "week-1", "revision": 1,
                "start_date": "2021-10-11", "end_date": "2021-10-17",
                "figures": [{"metric": "arrests", "value": 61, "unit": "UNIT_COUNT"}]}
        arrests = well["figures"][0]

        def with_figure(**changes):
            return {**well, "figures": [arrests, {**arrests, "categories": ["male"], **changes}]}

        # Each result, and the paths that must be named; none: it is well.
        faults = [
            (well, set()),
            # What the file itself gets wrong.
            (5, {""}),
            ({**well, "forse": "kent"}, {""}),
            ({**well, "force": 5}, {".force"}),
            ({**well, "revision": "first"}, {".revision"}),
            ({**well, "final": "yes"}, {".final"}),
            ({**well, "figures": {}}, {".figures"}),
            ({**well, "figures": [arrests, 7]}, {".figures[1]"}),
            (with_figure(metrc="arrests"), {".figures[1]"}),
            (with_figure(value=0.5), {".figures[1].value"}),
            (with_figure(unit="g"), {".figures[1].unit"}),
            (with_figure(qualifier="over"), {".figures[1].qualifier"}),
            (with_figure(categories="male"), {".figures[1].categories"}),
            ({**well, "revision": 1.5, "nil": 0, "figures": [{**arrests, "unit": "g", "value": True}]},
             {".revision", ".nil", ".figures[0].unit", ".figures[0].value"}),
            # What only the server knows.
            ({**well, "operation": ""}, {".operation"}),
            ({**well, "force": "kend"}, {".force"}),
            ({**well, "revision": 0}, {".revision"}),
            ({**well, "start_date": "2021-02-29"}, {".start_date"}),
            ({**well, "figures": []}, {".figures"}),
            ({**well, "nil": True}, {".nil"}),
            (with_figure(value=-1), {".figures[1].value"}),
            (with_figure(value=10**15 + 1), {".figures[1].value"}),
            (with_figure(unit="UNIT_UNSPECIFIED"), {".figures[1].unit"}),
            (with_figure(categories=["heroin"]), {".figures[1].categories[0]"}),
            (with_figure(categories=[]), {".figures[1]"}),
        ]

        def places(error_text, pattern):
            found = {}
            for line in error_text.splitlines():
                if match := re.match(pattern, line):
                    found.setdefault(int(match[1]), set()).add(match[2])
            return found

        want = {number: paths for number, (_, paths) in enumerate(faults) if paths}
        done = self._muster("submit", "-", input=json.dumps({"results": [result for result, _ in faults]}),
                            expect=FAILED)
        self.assertEqual(places(done.stderr, r"results\[(\d+)\](\S*): "), want)
        done = self._muster("submit", "-", input="\n".join(json.dumps(result) for result, _ in faults), expect=FAILED)
        self.assertEqual(places(done.stderr, r"line (\d+)(?:, )?(\S*): "),
                         {number + 1: {path.removeprefix(".") for path in paths} for number, paths in want.items()})
        self.assertEqual(self._json("totals")["position"], "0")

    def test_a_file_that_cannot_be_read_is_exit_code_1(self):
        for path, said in [(self._folder / "nowhere.csv", "No such file"), (self._folder, "directory"),
                           (self._write("empty.csv", ""), "empty"), (self._write("empty.json", " \n"), "empty")]:
            with self.subTest(path=path.name):
                self.assertIn(said, self._muster("submit", path, expect=FAILED).stderr)

    def test_an_output_that_cannot_be_written_is_exit_code_1(self):
        self._submit_returns()
        for words in [("totals",), ("catalogue", "forces", "-o", "csv"), ("operations", "list", "-o", "json")]:
            with self.subTest(words=words), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([MUSTER, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=DEADLINE_SECONDS, env=self._environment)
                self.assertEqual(done.returncode, FAILED)
                self.assertIn("could not be written", done.stderr)

    # --- Reading ---

    def test_every_command_answers_as_table_csv_and_json(self):
        self._submit_returns()
        for words in READING:
            with self.subTest(words=words):
                self.assertIsInstance(self._json(*words), dict)
                self.assertEqual(self._muster(*words, "--json").stdout.count("\n "),
                                 self._muster(*words, "-o", "json").stdout.count("\n "))
                rows = self._csv(*words)
                self.assertEqual(bool(rows), words != ("verify",))
                table = self._muster(*words).stdout.splitlines()
                self.assertGreater(len(table), 0)
                self.assertFalse([line for line in table if line != line.rstrip()])

    def test_totals_say_what_they_are_made_of(self):
        self._submit_returns()
        words = ("totals", "--operation", OPERATION, "--region", "south-east", "--metric", "cash-seized,arrests")
        table = self._muster(*words).stdout
        self.assertRegex(table, r"(?m)^Arrests +230 +4 +4$")
        self.assertRegex(table, r"(?m)^Cash seized +about £124,095, at least £58,095 +4 +4$")
        self.assertIn("Coverage: 4 of 4 forces: Thames Valley, Hampshire, Surrey, Sussex; 1 provisional.\n", table)
        self.assertRegex(table, r"\nAs of .*, log position 6\.\n$")

        done = self._muster(*words, "-o", "csv")
        self.assertIn("Coverage: 4 of 4 forces", done.stderr)
        arrests, cash = csv.DictReader(io.StringIO(done.stdout))
        self.assertEqual((arrests["metric"], arrests["sum"], arrests["unit"], arrests["qualifier"],
                          arrests["described"]), ("arrests", "230", "count", "exact", "230"))
        self.assertEqual((cash["sum"], cash["unit"], cash["qualifier"], cash["at_least"], cash["at_most"],
                          cash["described"]),
                         ("12409500", "pence", "estimate", "5809500", "", "about £124,095, at least £58,095"))
        answer = self._json(*words)
        self.assertEqual([(row["metric"], row["total"]["sum"]) for row in answer["rows"]],
                         [("arrests", "230"), ("cash-seized", "12409500")])
        self.assertEqual(answer["coverage"]["reported_count"], 4)

    def test_totals_are_filtered_and_grouped(self):
        self._submit_returns()
        rows = self._csv("totals", "--metric", "arrests", "--by", "region,force")
        self.assertEqual({(row["region"], row["force"]) for row in rows},
                         {("south-east", "thames-valley"), ("south-east", "hampshire"), ("south-east", "surrey"),
                          ("south-east", "sussex"), ("west-midlands-region", "west-mercia"), ("eastern", "suffolk")})
        # A list may be given in one word or in several.
        one = self._csv("totals", "--force", "kent,surrey,sussex", "--metric", "arrests")
        several = self._csv("totals", "--force", "kent", "--force", "surrey", "--force", "sussex", "--metric",
                            "arrests")
        self.assertEqual(one, several)
        self.assertEqual(one[0]["force_count"], "2")
        self.assertEqual(self._csv("totals", "--operation", "county-lines-2021-10"), [])
        self.assertIn("Nothing was reported.", self._muster("totals", "--operation", "county-lines-2021-10").stdout)
        cut = self._muster("totals", "--operation", OPERATION, "--from", "2023-02-28", "--to", "2023-03-05")
        self.assertIn("Left out: 6 results", cut.stdout)

    def test_totals_as_they_stood(self):
        def arrests(*words):
            return self._csv("totals", "--metric", "arrests", *words)

        def send(revision, value):
            self._muster("submit", "-", input=as_csv([figure(revision=revision, value=value)]))

        send("1", "5")
        before = self._json("totals")["as_of_time"]
        send("2", "8")
        self.assertEqual([row["sum"] for row in arrests()], ["8"])
        self.assertEqual([row["sum"] for row in arrests("--as-at", "1")], ["5"])
        self.assertEqual([row["sum"] for row in arrests("--as-at", "2")], ["8"])
        self.assertEqual([row["sum"] for row in arrests("--as-at", before)], ["5"])
        self.assertEqual(arrests("--as-at", "2021-10-15"), [])
        table = self._muster("totals", "--as-at", "1").stdout
        self.assertRegex(table, r"(?m)^As of \d+ \w+ 20\d\d \d\d:\d\d (GMT|BST), log position 1\.$")
        self.assertEqual(self._muster("totals", "--as-at", "1").stdout, table)
        for moment, complaint, code in [("3", "--as-at: is 3, but the log ends at 2", FAILED),
                                        ("2999-01-01", "--as-at: ", FAILED),
                                        ("0", "must be a log position", USAGE),
                                        ("yesterday", "must be a log position", USAGE)]:
            with self.subTest(moment=moment):
                self.assertIn(complaint, self._muster("totals", "--as-at", moment, expect=code).stderr)

    def test_totals_stand_beside_an_earlier_operation(self):
        self._submit_returns()
        self._muster("submit", "-", input=as_csv([figure(force="surrey", value="40"), figure(force="kent", value="7")]))
        words = ("totals", "--operation", OPERATION, "--compare", "county-lines-2021-10", "--metric", "arrests",
                 "--by", "force", "--force", "surrey,kent,sussex")
        rows = {row["force"]: row for row in self._csv(*words)}
        self.assertEqual(set(rows), {"surrey", "kent", "sussex"})
        self.assertEqual((rows["kent"]["sum"], rows["kent"]["then_sum"], rows["kent"]["change"]), ("", "7", ""))
        self.assertEqual((rows["sussex"]["then_sum"], rows["sussex"]["change"]), ("", ""))
        surrey = rows["surrey"]
        self.assertEqual(int(surrey["change"]), int(surrey["sum"]) - 40)
        table = self._muster(*words).stdout
        self.assertRegex(table, r"(?m)^Force +Metric +Now +Then +Change$")
        self.assertRegex(table, r"(?m)^Kent +Arrests +not stated +7$")
        self.assertRegex(table, r"(?m)^Surrey +Arrests +\S+ +40 +[-+]\d+ \([-+]\d+%\)$")
        self.assertIn("--compare: ", self._muster("totals", "--compare", "county-lines-2021-10",
                                                  expect=FAILED).stderr)

    def test_a_total_is_explained_by_the_results_that_make_it(self):
        self._submit_returns()
        words = ("explain", "--operation", OPERATION, "--region", "south-east", "--metric", "cash-seized")
        table = self._muster(*words).stdout
        self.assertRegex(table, r"(?m)^county-lines-2023-02 +Thames Valley +week-1 .* about £66,000 ")
        self.assertRegex(table, r"(?m)^Cash seized: about £\d[\d,]*, at least £\d[\d,]*\.$")
        rows = self._csv(*words)
        [total] = self._csv("totals", *words[1:])
        for column in ["sum", "at_least", "estimate"]:
            self.assertEqual(sum(int(row[column]) for row in rows), int(total[column]))
        self.assertEqual(len(rows), int(total["result_count"]))
        answer = self._json(*words)
        self.assertEqual(len(answer["results"]), len(answer["contributions"]))
        self.assertIn("Nothing was reported.",
                      self._muster("explain", "--operation", OPERATION, "--force", "kent", "--metric", "arrests").stdout)
        self._muster("explain", "--operation", OPERATION, expect=USAGE)

    def test_two_moments_are_compared(self):
        self._muster("submit", "-", input=as_csv([figure()]))
        self._muster("submit", "-", input=as_csv([figure(revision="2", value="63", reason="two more")]))
        self._muster("submit", "-", input=as_csv([figure(force="essex", value="5")]))
        table = self._muster("diff", "--from", "1", "--by", "force", "--metric", "arrests").stdout
        self.assertRegex(table, r"(?m)^Kent, Arrests +61 +63 +\+2$")
        self.assertRegex(table, r"(?m)^Essex, Arrests +nothing +5 +\+5$")
        self.assertRegex(table, r"(?m)^From .*, log position 1, to .*, log position 3\.$")
        rows = self._csv("diff", "--from", "1", "--to", "2", "--metric", "arrests")
        self.assertEqual([(row["before_sum"], row["after_sum"]) for row in rows], [("61", "63")])
        results = self._csv("diff", "--from", "1", "--metric", "arrests", "--results")
        self.assertEqual([(row["force"], row["before_revision"], row["after_revision"], row["before_sum"],
                           row["after_sum"], row["reason"]) for row in results],
                         [("kent", "1", "2", "61", "63", "two more"), ("essex", "", "1", "", "5", "")])
        self.assertIn("Nothing changed.", self._muster("diff", "--from", "3", "--by", "force").stdout)
        self.assertEqual(len(self._json("diff", "--from", "2000-01-01", "--by", "force")["changes"]), 2)
        error = self._muster("diff", "--from", "4", expect=FAILED).stderr
        self.assertIn("--from", error)
        for words in [(), ("--from", "yesterday"), ("--from", "1", "--results")]:
            self._muster("diff", *words, expect=USAGE)

    def test_totals_are_watched(self):
        words = ("totals", "--metric", "arrests", "--by", "force", "--watch")
        for form in [("--json",), ()]:
            with self.subTest(form=form):
                watching = subprocess.Popen([MUSTER, *words, *form], stdout=subprocess.PIPE, text=True,
                                            env=self._environment)
                try:
                    def until(wanted):
                        for line in watching.stdout:
                            if re.search(wanted, line):
                                return
                        self.fail(f"no {wanted}")
                    until(r'"position":"\d+"' if form else r"^As of .*, log position ")
                    revision = "2" if form else "3"
                    self._muster("submit", "-", input=as_csv([figure(revision=revision, value="6" + revision)]))
                    until(r'"sum":"62"' if form else r"^Kent +Arrests +63 ")
                finally:
                    watching.terminate()
                    watching.wait(DEADLINE_SECONDS)
                    watching.stdout.close()
        done = self._muster(*words, "--for", "100ms")
        self.assertRegex(done.stdout, r"(?m)^Kent +Arrests +63 ")
        self._muster(*words, "-o", "csv", expect=USAGE)
        self._muster(*words, "--for", "soon", expect=USAGE)
        self._muster(*words, "--server", NOBODY, expect=UNREACHABLE)

    def test_coverage_says_who_is_missing(self):
        self._muster("submit", "-", input=as_csv([figure(force="surrey", final="true"), figure(force="sussex")]))
        words = ("coverage", "--operation", "county-lines-2021-10", "--region", "south-east")
        states = {row["force"]: row["state"] for row in self._csv(*words)}
        self.assertEqual(states, {"surrey": "final", "sussex": "provisional", "thames-valley": "missing",
                                  "hampshire": "missing"})
        table = self._muster(*words).stdout
        self.assertIn("Coverage: 2 of 4 forces: Surrey, Sussex; 1 provisional; missing: Thames Valley, Hampshire.",
                      table)
        self.assertRegex(table, r"(?m)^Surrey +South East +final +\d+ \w+ 20\d\d \d\d:\d\d (GMT|BST) +1$")
        self.assertRegex(table, r"(?m)^Hampshire +South East +missing +0$")
        self.assertEqual(self._json(*words)["coverage"]["missing_forces"], ["thames-valley", "hampshire"])

    def test_a_result_reads_back_as_it_can_be_submitted(self):
        self._submit_returns()
        for words in [("result", "get", OPERATION, "suffolk", "week-1"), ("result", "list", OPERATION, "suffolk")]:
            with self.subTest(words=words):
                text = self._muster(*words, "-o", "csv").stdout
                self.assertIn("6 log", self._muster("verify").stdout)
                [row] = self._csv("submit", "-", input=text)
                self.assertEqual((row["outcome"], row["force"]), ("duplicate", "suffolk"))
        table = self._muster("result", "get", OPERATION, "thames-valley", "week-1").stdout
        self.assertRegex(table, r"(?m)^Cash seized +about £66,000$")
        self.assertRegex(table, r"(?m)^State +provisional$")
        self.assertIn("No results.", self._muster("result", "list", OPERATION, "kent").stdout)

    def test_the_history_of_a_result_says_what_stood_when_and_why(self):
        words = ("history", "county-lines-2021-10", "kent", "week-1")
        for changes in [{}, {"revision": "2", "value": "63", "reason": "two more were booked in late"},
                        {"revision": "4", "value": "500", "metric": "drugs-weight", "unit": "g",
                         "qualifier": "estimate", "reason": "wrong form"}]:
            self._muster("submit", "-", input=as_csv([figure(**changes)]))
        self._muster("submit", "-", input=as_csv([empty(revision="5", retracted="true", reason="not ours")]))
        table = self._muster(*words).stdout
        self.assertRegex(table, r"(?m)^ +1 +accepted .* Arrests 61$")
        self.assertRegex(table, r"(?m)^ +2 +revised .* two more were booked in late +Arrests 61 → 63$")
        self.assertRegex(table, r"(?m)^ +4 +revised .* wrong form +Arrests 63 → nothing; .+ nothing → about 500 g$")
        self.assertRegex(table, r"(?m)^ +5 +retracted .* not ours +.+ about 500 g → nothing$")
        rows = self._csv(*words)
        self.assertEqual([(row["revision"], row["metric"], row["before_value"], row["after_value"]) for row in rows],
                         [("1", "arrests", "", "61"), ("2", "arrests", "61", "63"), ("4", "arrests", "63", ""),
                          ("4", "drugs-weight", "", "500"), ("5", "drugs-weight", "500", "")])
        self.assertEqual([revision["receipt"]["outcome"] for revision in self._json(*words)["revisions"]],
                         ["OUTCOME_ACCEPTED", "OUTCOME_REVISED", "OUTCOME_REVISED", "OUTCOME_RETRACTED"])
        error = self._muster("history", "county-lines-2021-10", "kent", "week-2", expect=FAILED).stderr
        self.assertIn("RESULT_NOT_FOUND", error)

    def test_operations_are_made_changed_closed_and_reopened(self):
        create = ("operations", "create", "--id", "test-week-1", "--title", "A week, “of tests”", "--from",
                  "2024-07-01", "--to", "2024-07-07", "--due", "2024-07-12T17:00", "--expect-force", "kent,surrey",
                  "--expect-metric", "arrests")
        made = self._json(*create)["operation"]
        self.assertEqual((made["id"], made["due_time"], made["expected_forces"], made["closed"]),
                         ("test-week-1", "2024-07-12T16:00:00Z", ["kent", "surrey"], False))
        self.assertEqual(self._json(*create)["operation"], made)  # Once more changes nothing.
        self._muster(*create[:4], "--title", "Another", *create[6:], expect=FAILED)

        table = self._muster("operations", "show", "test-week-1").stdout
        self.assertRegex(table, r"(?m)^Due +12 Jul 2024 17:00 BST$")
        self.assertRegex(table, r"(?m)^Expected forces +Kent, Surrey$")
        changed = self._json("operations", "update", "test-week-1", "--title", "Another", "--clear", "due,forces")
        self.assertEqual(changed["operation"]["title"], "Another")
        self.assertEqual(changed["operation"]["expected_forces"], [])
        self.assertNotIn("due_time", changed["operation"])

        result = as_csv([figure(operation="test-week-1", start_date="2024-07-01", end_date="2024-07-07")])
        [row] = self._csv("operations", "close", "test-week-1")
        self.assertEqual((row["id"], row["closed"]), ("test-week-1", "true"))
        self.assertRegex(self._muster("operations", "list").stdout, r"(?m)^test-week-1 .* closed$")
        [refused] = self._csv("submit", "-", input=result, expect=SOME_REFUSED)
        self.assertEqual(refused["outcome"], "rejected")
        [row] = self._csv("operations", "reopen", "test-week-1")
        self.assertEqual(row["closed"], "false")
        [taken] = self._csv("submit", "-", input=result)
        self.assertEqual(taken["outcome"], "accepted")

    def test_the_catalogue_is_the_same_in_every_form(self):
        for part, key in [("forces", "id"), ("regions", "id"), ("metrics", "id"), ("breakdowns", "category")]:
            with self.subTest(part):
                rows = self._csv("catalogue", part)
                ids = [row[key] for row in rows]
                table = self._muster("catalogue", part).stdout.splitlines()
                self.assertEqual(len(table), 1 + len(rows))
                self.assertEqual([line.split()[0 if key == "id" else 1] for line in table[1:]], ids)
                catalogue = self._json("catalogue", part)["catalogue"]
                self.assertEqual([name for name, value in catalogue.items() if value and isinstance(value, list)],
                                 [part])
                if part == "breakdowns":
                    self.assertEqual({category["id"] for breakdown in catalogue[part]
                                      for category in breakdown["categories"]}, set(ids))
                else:
                    self.assertEqual([entry["id"] for entry in catalogue[part]], ids)
        whole = self._muster("catalogue").stdout
        self.assertEqual(re.findall(r"(?m)^== (\w+)$", whole), ["regions", "forces", "metrics", "breakdowns"])

    def test_verify_compares_every_total_with_the_log(self):
        self._submit_returns()
        self.assertRegex(self._muster("verify").stdout,
                         r"^Every total equals the log: \d+ totals from 6 log entries compared, at position 6\.\n$")
        self.assertEqual(self._json("verify")["mismatch_count"], "0")

    def test_a_backup_restores_to_the_same_totals(self):
        self._submit_returns()
        backups, restored = self._folder / "backups", self._folder / "restored"
        self.assertRegex(self._muster("backup", str(backups)).stdout,
                         r"^Backup 1 is made and verified: log position 6, [\d,]+ bytes, of which [\d,]+ are new\. "
                         r"1 backup in /.*/backups\.\n$")
        answer = self._json("backup", str(backups))
        self.assertEqual((answer["backup_id"], answer["position"], answer["backup_count"]), ("2", "6", 2))
        self.assertEqual([row["backup_id"] for row in self._csv("backup", str(backups))], ["3"])
        refused = self._muster("restore", str(backups), "--store", str(self._folder / "backups"), expect=FAILED)
        self.assertIn("is not empty", refused.stderr)
        self.assertIn("there is no backup 9", self._muster("restore", str(backups), "--store", str(restored),
                                                           "--backup-id", "9", expect=FAILED).stderr)
        done = self._muster("restore", str(backups), "--store", str(restored), "--backup-id", "2",
                            MUSTER_SERVER=NOBODY)
        self.assertRegex(done.stdout, r"^restored backup 2 of \d{4}-\d\d-\d\d .* UTC to .*/restored, up to position 6\n$")
        self.assertTrue((restored / "CURRENT").exists())

    def test_a_backup_that_is_refused_says_why(self):
        self.assertIn("(BACKUP_FAILED)", self._muster("backup", "/proc/backups", expect=FAILED).stderr)
        self._muster("backup", expect=USAGE)
        self._muster("restore", "backups", expect=USAGE)
        self._muster("restore", "backups", "--store", "store", "--backup-id", "0", expect=USAGE)

    def test_the_audit_says_who_did_what(self):
        self._submit_returns()
        self._muster("operations", "close", OPERATION)
        self._muster("operations", "close", "no-operation", expect=FAILED)
        self._muster("result", "get", OPERATION, "suffolk", "week-1")
        self._stop()  # What it has not yet written it writes.
        folder = self._folder / "store" / "audit"
        for path in [folder, folder / "audit.jsonl"]:
            with self.subTest(path=path):
                rows = self._csv("audit", str(path), MUSTER_SERVER=NOBODY)
                self.assertEqual([(row["call"], row["decision"], row["reason"]) for row in rows], [
                    ("IngestService.StreamResults", "allowed", ""),
                    ("CatalogueService.CloseOperation", "allowed", ""),
                    ("CatalogueService.CloseOperation", "refused", "OPERATION_NOT_FOUND"),
                    ("IngestService.GetResult", "allowed", "")])
                self.assertEqual({row["caller"] for row in rows}, {"operator/local"})
                self.assertEqual(rows[0]["results"], "6 accepted")
                self.assertEqual(rows[3]["object"], f"{OPERATION}/suffolk")
        for words, count in [((), 4), (("--decision", "refused"), 1), (("--decision", "refused,allowed"), 4),
                             (("--call", "CloseOperation"), 2), (("--call", "CloseOperatio"), 0),
                             (("--call", "CatalogueService.*", "--decision", "allowed"), 1),
                             (("--caller", "operator/*"), 4), (("--caller", "operator/loca"), 0),
                             (("--since", rows[1]["time"], "--until", rows[2]["time"]), 2),
                             (("--since", "2021-01-01", "--until", "2021-12-31"), 0), (("--since", "2021-01-01"), 4)]:
            with self.subTest(words=words):
                lines = self._muster("audit", str(folder), *words, "-o", "json").stdout.splitlines()
                self.assertEqual(len([json.loads(line) for line in lines]), count)
                table = self._muster("audit", str(folder), *words).stdout
                self.assertEqual(len(table.splitlines()), count + 1)
        (folder / "audit-20210101T000000.000000Z.jsonl").write_text('{"time":"2021-01-01T00:00:00.000000Z"}\n{"ti')
        done = self._muster("audit", str(folder), "-o", "csv")
        self.assertEqual(done.stdout.splitlines()[1], "2021-01-01T00:00:00.000000Z,,,,,,,,,")
        self.assertIn("1 line cannot be read", done.stderr)
        self._muster("audit", str(folder / "none"), expect=FAILED)
        self._muster("audit", str(folder), "--since", "yesterday", expect=USAGE)
        self._muster("audit", str(folder), "--decision", "denied", expect=USAGE)

    def test_tokens_are_shown_once_and_listed_without_their_text(self):
        file = self._folder / "tokens.textproto"

        def tokens(*words, **options):
            return self._muster("tokens", *words, "--file", str(file), MUSTER_SERVER=NOBODY, **options)

        self.assertEqual(tokens("list").stdout, "No token is there.\n")
        ann = tokens("issue", "analyst/ann", "--expires", self._soon(), "--scope", "national-totals,region-totals",
                     "--note", "spreadsheet").stdout
        self.assertRegex(ann, r"^muster_[A-Za-z0-9_-]{43}\n$")
        kent = tokens("issue", "force/kent", "--expires", self._soon()).stdout
        self.assertNotEqual(ann, kent)
        self.assertEqual(file.stat().st_mode & 0o777 & ~0o640, 0)
        for text in [ann, kent]:
            self.assertNotIn(text.strip(), file.read_text())
            self.assertIn(hashlib.sha256(text.strip().encode()).hexdigest(), file.read_text())
        rows = self._csv("tokens", "list", "--file", str(file))
        self.assertEqual([(row["caller"], row["scopes"], row["state"], row["note"]) for row in rows], [
            ("analyst/ann", "national-totals region-totals", "valid", "spreadsheet"),
            ("force/kent", "all", "valid", "")])
        self.assertIn(rows[1]["id"], tokens("list").stdout)
        tokens("revoke", rows[0]["id"])
        self.assertEqual([row["caller"] for row in self._csv("tokens", "list", "--file", str(file))], ["force/kent"])
        tokens("revoke", rows[0]["id"], expect=FAILED)
        for words in [("operator/bob", "--expires", self._soon()), ("analyst/ann", "--expires", "2021-01-01"),
                      ("analyst/ann", "--expires", "2099-01-01"), ("analyst/ann",), ("ann", "--expires", self._soon()),
                      ("analyst/ann", "--expires", self._soon(), "--scope", "everything")]:
            with self.subTest(words=words):
                self.assertEqual(tokens("issue", *words, expect=USAGE).stdout, "")
        file.write_text("tokens { }")
        self.assertIn("id must be", tokens("list", expect=FAILED).stderr)

    @staticmethod
    def _soon():
        return (datetime.date.today() + datetime.timedelta(days=30)).isoformat()

    def test_completion_completes(self):
        for shell in ["bash", "zsh", "fish"]:
            script = self._muster("completion", shell, MUSTER_SERVER=NOBODY).stdout
            for command in COMMANDS:
                self.assertIn(command.split()[-1], script, shell)
        script = self._write("completion.bash", self._muster("completion", "bash").stdout)
        for words, included, excluded in [
            (["muster", "to"], "totals", "submit"),
            (["muster", ""], "completion", "--metric"),
            (["muster", "result", ""], "list", "totals"),
            (["muster", "totals", "--b"], "--by", "--from"),
            (["muster", "totals", "--by", ""], "category", "--by"),
            (["muster", "-o", "js"], "json", "csv"),
            (["muster", "totals", "-o", "="], "table", "totals"),
        ]:
            with self.subTest(words=words):
                quoted = " ".join(f"'{word}'" for word in words)
                done = subprocess.run(
                    ["bash", "-c", f"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _muster;"
                     ' printf "%s\\n" "${COMPREPLY[@]}"'],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_SECONDS)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(included, done.stdout.split())
                self.assertNotIn(excluded, done.stdout.split())

    # --- Failing ---

    def test_what_the_server_refuses_is_exit_code_1_and_names_the_option(self):
        for words, said in [
            (("totals", "--metric", "arests"), '--metric: "arests" is no known metric; did you mean "arrests"?'),
            (("totals", "--region", "south-eest", "--force", "kend"), "--region: "),
            (("totals", "--region", "south-eest", "--force", "kend"), "--force: "),
            (("totals", "--from", "1/2/2023"), "--from: "),
            (("coverage", "--operation", "county-lines"), "--operation: "),
            (("result", "get", OPERATION, "kent", "week-9"), "RESULT_NOT_FOUND"),
            (("result", "list", OPERATION, "kend"), "FORCE: "),
            (("operations", "show", "county-lines"), "OPERATION_NOT_FOUND"),
            (("operations", "show", "festival"), '"festival" is no known operation; ListOperations lists all.'),
            (("operations", "show", "county-lines-2023-2"), 'operation; did you mean "county-lines-2023-02"? List'),
            (("operations", "create", "--id", "A", "--title", "T", "--from", "2024-01-02", "--to", "2024-01-01"),
             "--id: "),
            (("operations", "create", "--id", "a", "--title", "T", "--from", "2024-01-02", "--to", "2024-01-01"),
             "--to: "),
            (("operations", "update", OPERATION, "--expect-force", "kend"), "--expect-force: "),
            (("operations", "close", "county-lines"), "OPERATION_NOT_FOUND"),
        ]:
            with self.subTest(words=words, said=said):
                done = self._muster(*words, expect=FAILED)
                self.assertEqual(done.stdout, "")
                self.assertIn(said, done.stderr)

    def test_a_server_that_does_not_answer_is_exit_code_4(self):
        for words in [("totals",), ("submit", RETURNS), ("catalogue",)]:
            with self.subTest(words=words):
                done = self._muster(*words, "--server", NOBODY, expect=UNREACHABLE)
                self.assertEqual(done.stdout, "")
                self.assertIn(f"no server answers at {NOBODY}", done.stderr)
        self._muster("totals")
        self._stop()
        self._muster("totals", expect=UNREACHABLE)

    # --- Terminals ---

    def test_nothing_but_text_is_written_where_there_is_no_terminal(self):
        refused = as_csv([figure(), figure(result_id="week-2", force="kend")])
        for words in [("submit", RETURNS), ("submit", "--validate-only", RETURNS), *READING, ("--help",),
                      ("coverage", "--operation", OPERATION)]:
            with self.subTest(words=words):
                done = self._muster(*words)
                self.assertNotRegex(done.stdout + done.stderr, r"[\x00-\x09\x0b-\x1f]")
        done = self._muster("submit", "-", input=refused, expect=SOME_REFUSED)
        self.assertNotRegex(done.stdout + done.stderr, r"[\x00-\x09\x0b-\x1f]")

    def test_tables_fit_the_terminal(self):
        self._submit_returns()
        self._muster("operations", "update", OPERATION, "--due", "2023-03-10")
        for columns in [60, 80, 120]:
            for words in TABLES:
                # What says which number it is stays, however many groupings are asked for.
                if "--by" in words and columns < 120:
                    continue
                with self.subTest(columns=columns, words=words):
                    written, _ = self._on_terminal(*words, columns=columns)
                    table = re.split(r"\n(?=Coverage: |From |Cash seized: )", ESCAPE.sub("", written))[0].splitlines()
                    self.assertGreater(len(table), 1)
                    self.assertLessEqual(max(len(line) for line in table), columns, "\n".join(table[:4]))

    def test_terminals_get_bars_and_the_course_over_the_days_where_there_is_room(self):
        self._muster("submit", "-", input=as_csv([
            figure(result_id=f"d{day}", start_date=f"2021-10-{day}", end_date=f"2021-10-{day}", value=str(value))
            for day, value in [(11, 1), (13, 8)]] + [figure(force="essex", value="3")]))
        words = ("totals", "--by", "force", "--metric", "arrests")
        written, _ = self._on_terminal(*words, columns=120)
        self.assertRegex(ESCAPE.sub("", written), r"(?m)^Kent .* █{12} +▁ █\r?$")
        self.assertRegex(ESCAPE.sub("", written), r"(?m)^Essex .* ████ *\r?$")
        written, _ = self._on_terminal(*words, columns=120, LANG="C")
        self.assertRegex(ESCAPE.sub("", written), r"(?m)^Kent .* #{12} +\. #\r?$")
        written, _ = self._on_terminal(*words, columns=45)
        self.assertNotIn("█", written)
        for form in ["table", "csv", "json"]:
            self.assertNotRegex(self._muster(*words, "-o", form).stdout, "[█▁#]")

    def test_colours_are_for_terminals_that_want_them(self):
        words = ("coverage", "--operation", OPERATION)
        for environment, coloured in [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False),
                                      ({"TERM": "dumb"}, False)]:
            with self.subTest(environment=environment):
                written, _ = self._on_terminal(*words, columns=120, **environment)
                self.assertEqual("\x1b" in written, coloured)
                self.assertIn("missing", written)
        written, _ = self._on_terminal(*words, "-o", "csv", columns=120)
        self.assertNotIn("\x1b", written)

    def test_a_terminal_on_standard_error_gets_a_progress_bar(self):
        for columns in [60, 120]:
            with self.subTest(columns=columns):
                written, output = self._on_terminal("submit", RETURNS, columns=columns, stream="stderr")
                self.assertRegex(written, r"^\rSubmitting \[\.+\]   0%  0 of 6\x1b\[K")
                for drawn in re.split(r"[\r\n]|\x1b\[K", written):
                    self.assertLess(len(drawn), columns)
                self.assertTrue(written.endswith("\r\x1b[K"), written)
                self.assertRegex(output, r"^Submitted 6 results: ")
                self.assertNotIn("\x1b", output)
        # Where standard output alone is a terminal, there is none.
        written, errors = self._on_terminal("submit", RETURNS, columns=120, stream="stdout")
        self.assertEqual(errors, "")
        self.assertNotIn("%", written)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
