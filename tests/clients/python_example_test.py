#!/usr/bin/python3
"""The example in Python, run as its first lines say, against a server of its own.

    python_example_test.py EXAMPLE MUSTERD PROTOS RETURNS
"""

import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from running_musterd import DEADLINE_SECONDS, RunningMusterd

EXAMPLE, MUSTERD, PROTOS, RETURNS = (pathlib.Path(argument) for argument in sys.argv[1:5])

DONE, FAILED, SOME_REFUSED = 0, 1, 3


class PythonExampleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="muster-stubs-")
        cls.addClassCleanup(folder.cleanup)
        cls._stubs = folder.name
        plugin = shutil.which("grpc_python_plugin")
        subprocess.run(["protoc", "-I", PROTOS, f"--python_out={cls._stubs}", f"--grpc_out={cls._stubs}",
                        f"--plugin=protoc-gen-grpc={plugin}", *PROTOS.glob("google/rpc/*.proto"),
                        *PROTOS.glob("muster/v1/*.proto")], check=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-python-example-")
        self.addCleanup(folder.cleanup)
        self._folder = pathlib.Path(folder.name)
        self._server = RunningMusterd(MUSTERD, self._folder)
        self.addCleanup(self._stop)

    def _stop(self):
        self.assertEqual(self._server.stop(), 0, self._server.log())

    def _example(self, *words, expect=DONE):
        done = subprocess.run([sys.executable, EXAMPLE, "--stubs", self._stubs, "--server", self._server.address,
                               *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def test_published_returns_are_taken_once(self):
        first = self._example(RETURNS).stdout
        self.assertEqual(re.findall(r"(?m)^(\S+) week-1, revision 1: ACCEPTED at position (\d)$", first),
                         [("thames-valley", "1"), ("hampshire", "2"), ("sussex", "3"), ("surrey", "4"),
                          ("west-mercia", "5"), ("suffolk", "6")])
        again = self._example(RETURNS).stdout
        self.assertEqual(again, first.replace("ACCEPTED", "DUPLICATE"))

    def test_totals_come_with_what_they_mean(self):
        output = self._example(RETURNS).stdout
        self.assertIn("South East, county-lines-2023-02:\n", output)
        self.assertIn("\narrests: 230 count (exact; certain 230; 4 forces)\n", output)
        self.assertIn("\ncash-seized: 12409500 penny (estimate; certain 5809500; 4 forces)\n", output)
        self.assertTrue(output.endswith("4 of 4 forces; missing: none; as of position 6\n"), output)

    def test_without_a_file_it_submits_a_small_result(self):
        output = self._example().stdout
        self.assertIn("hampshire python-example, revision 1: ACCEPTED at position 1\n", output)
        self.assertIn("\ncash-seized: 125000 penny (at_least; certain 125000; 1 forces)\n", output)
        self.assertIn("\ndrugs-weight: 151500 milligram (exact; certain 151500; 1 forces)\n", output)
        self.assertIn("1 of 4 forces; missing: thames-valley, surrey, sussex; as of position 1\n", output)

    def test_refused_results_are_explained_and_the_others_taken(self):
        with open(RETURNS, encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        for line in lines:
            if line["force"] == "surrey":
                line["force"] = "surry"
        path = self._folder / "spoilt.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, lines[0])
            writer.writeheader()
            writer.writerows(lines)
        output = self._example(path, expect=SOME_REFUSED).stdout
        self.assertEqual(output.count(": ACCEPTED at position "), 5)
        self.assertRegex(output, r'\nsurry week-1, revision 1: REJECTED\n  .*\n  results\[\d\]\.force: .*"surrey"')
        self.assertIn("3 of 4 forces; missing: surrey;", output)

    def test_a_server_that_is_gone_is_said(self):
        self._stop()
        done = self._example(expect=FAILED)
        self.assertEqual(done.stdout, "")
        self.assertIn("submit.py: UNAVAILABLE: ", done.stderr)


if __name__ == "__main__":
    if not shutil.which("grpc_python_plugin"):
        sys.exit("there is no grpc_python_plugin: run ./dev setup, which installs it")
    unittest.main(argv=sys.argv[:1])
