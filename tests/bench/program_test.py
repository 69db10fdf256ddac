"""muster_bench as it is run: it measures, reports for machines, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop()


class MusterBenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.stores = os.path.join(self.folder, "stores")
        os.mkdir(self.stores)

    def command(self, *arguments):
        return [PROGRAM, "--folder", self.stores, "--rounds", "1", *arguments]

    def test_measures_reports_and_leaves_nothing_behind(self):
        report = os.path.join(self.folder, "report.json")
        # The store of the queries is the smallest that has every row.
        run = subprocess.run(
            self.command("ingest", "unary", "query", "mixed", "overload", "gate", "--seconds", "0.5", "--results", "10000", "--json", report),
            capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        with open(report, encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual(found["failures"], [])
        self.assertEqual({line["suite"] for line in found["lines"]}, {"ingest", "unary", "query", "mixed", "overload", "gate"})
        for line in found["lines"]:
            self.assertEqual(len(line["measured"]["samples"]), 1, line)
            self.assertIn(line["title"], run.stdout)
        self.assertEqual(os.listdir(self.stores), [])

    def test_interrupted_it_leaves_neither_stores_nor_servers(self):
        with subprocess.Popen(self.command("ingest", "--seconds", "60"), stderr=subprocess.PIPE) as run:
            log = None
            deadline = time.monotonic() + 30
            while log is None and time.monotonic() < deadline:
                logs = [os.path.join(path, name) for path, _, names in os.walk(self.stores) for name in names
                        if name == "musterd.log"]
                log = logs[0] if logs else None
                time.sleep(0.01)
            self.assertIsNotNone(log, "no server was started")
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.wait(timeout=30), 128 + signal.SIGTERM)
        self.assertEqual(os.listdir(self.stores), [])
        using = subprocess.run(["pgrep", "-f", self.stores], capture_output=True, text=True, check=False)
        self.assertEqual(using.stdout, "", "still running")

    def test_refuses_an_unknown_suite(self):
        run = subprocess.run(self.command("everything"), capture_output=True, text=True, timeout=30, check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("everything", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
