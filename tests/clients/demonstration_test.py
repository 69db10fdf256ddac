#!/usr/bin/python3
"""The demonstration on published returns: what it prints, that its hints work, and that it leaves no server behind.

    demonstration_test.py DEMONSTRATE PROGRAMS
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

DEMONSTRATE, PROGRAMS = (pathlib.Path(argument) for argument in sys.argv[1:3])

DEADLINE_SECONDS = 60


class DemonstrationTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-demonstration-")
        self.addCleanup(folder.cleanup)
        self._store = pathlib.Path(folder.name) / "store"
        self._web = pathlib.Path(folder.name) / "web"
        self._web.mkdir()
        (self._web / "index.html").write_text("the page", encoding="utf-8")
        self.addCleanup(self._demonstrate, "--stop")

    def _demonstrate(self, *words):
        # To a file: the server that goes on running must not hold a pipe of ours open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            subprocess.run([sys.executable, DEMONSTRATE, "--programs", PROGRAMS, "--store", self._store, "--web", self._web,
                            "--listen", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", *words], stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True,
                           timeout=DEADLINE_SECONDS)
            output.seek(0)
            return output.read()

    def test_totals_stand_beside_what_was_published_by_name_and_area(self):
        output = self._demonstrate()
        for line in [
            r"Arrests +255 +6 +1,468 +England and Wales +D13",
            r"Drugs seized by street value: Class A +about £850,000, at least £820,000 +3 +about £2,000,000 +England .*",
            r"Drugs seized by weight: Heroin +nothing reported +0 +28\.8 kg +England and Wales +D13",
            r"Drugs seized by weight: Class A +at least 1\.2765 kg +3 +at least 30 kg +England and Wales +D37",
            r"Drugs seized by weight: Class A +at least 1\.2765 kg +3 +31 kg +Great Britain +D74",
            r"Cash seized +about £146,770, at least £73,770 +6 +at least £2,000,000 +Great Britain +D74",
            r"Thames Valley +South East +provisional .*",
        ]:
            self.assertRegex(output, rf"(?m)^{line}$")
        self.assertEqual(output.count("Great Britain is of a wider area"), 1)

        # Once more counts nothing twice.
        again = self._demonstrate()
        self.assertIn("6 duplicate. Log position 13.", again)
        self.assertRegex(again, r"(?m)^Arrests +255 +6 +1,468 ")

    def test_what_it_says_to_try_can_be_tried(self):
        output = self._demonstrate()
        hints = re.search(r"Try:\n((?:  .*\n)+)", output)[1].splitlines()
        # Its last line is where to look.
        dashboard = re.search(r"\nThe dashboard is on (http://127\.0\.0\.1:\d+/)\n\Z", output)[1]
        with urllib.request.urlopen(dashboard, timeout=DEADLINE_SECONDS) as answer:
            self.assertEqual(answer.read(), b"the page")
        address = re.fullmatch(r"  export MUSTER_SERVER=(127\.0\.0\.1:\d+)", hints[0])[1]
        environment = {**os.environ, "MUSTER_SERVER": address}
        self.assertGreater(len(hints), 3)
        for hint in hints[1:]:
            done = subprocess.run(hint, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=DEADLINE_SECONDS, env=environment)
            self.assertEqual(done.returncode, 0, f"{hint}\n{done.stdout}")
        # The last one stops the server and the dashboard.
        done = subprocess.run([PROGRAMS / "muster", "totals"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=DEADLINE_SECONDS, env=environment)
        self.assertEqual(done.returncode, 4)
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(dashboard, timeout=DEADLINE_SECONDS)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
