#!/usr/bin/python3
"""The audit of vulnerable packages, with a debsecan and an npm that say what a test wants: answers of npm were recorded.

    audit_test.py AUDIT
"""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

AUDIT = pathlib.Path(sys.argv[1])
NPM_ANSWERS = pathlib.Path(__file__).with_name("npm_audit")
TODAY = datetime.date.today()

OPEN = "CVE-2024-7246 libgrpc29 (remotely exploitable, medium urgency)\n"


class AuditTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-audit-")
        self.addCleanup(folder.cleanup)
        self._folder = pathlib.Path(folder.name)
        self._accepted = self._folder / "accepted.toml"
        self._accepted.write_text("")
        self._debsecan("")

    def _debsecan(self, says, error="", code=0):
        program = self._folder / "debsecan"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{says}END\nprintf '%s' '{error}' >&2\nexit {code}\n")
        program.chmod(0o755)

    def _npm(self, answer, code, error=""):
        """An npm that gives a recorded answer. Nothing at all if that is None."""
        says = "" if answer is None else f"cat '{NPM_ANSWERS / answer}'"
        program = self._folder / "npm"
        program.write_text(f"#!/bin/sh\n[ \"$1 $2 $3\" = '--prefix page audit' ] || exit 9\n{says}\n"
                           f"printf '%s' '{error}' >&2\nexit {code}\n")
        program.chmod(0o755)

    def _accept(self, **changes):
        entry = {"id": '"CVE-2024-7246"', "packages": '["libgrpc29"]', "reason": '"no proxy stands before it"',
                 "date": str(TODAY), **changes}
        self._accepted.write_text("[[accepted]]\n" + "".join(f"{key} = {value}\n" for key, value in entry.items()
                                                             if value))

    def _audit(self, *words, expect):
        done = subprocess.run([sys.executable, AUDIT, "--accepted", self._accepted, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60,
                              env={"PATH": f"{self._folder}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_nothing_open_passes(self):
        self.assertIn("debian    reached: 1 packages looked at, 0 vulnerabilities open", self._audit("libgrpc29", expect=0))

    def test_what_is_open_and_not_accepted_fails(self):
        self._debsecan(OPEN)
        said = self._audit("libgrpc29", expect=1)
        self.assertIn("FAILED    CVE-2024-7246 in libgrpc29 (remotely exploitable, medium urgency)", said)

    def test_what_is_accepted_passes_with_its_reason(self):
        self._debsecan(OPEN)
        self._accept()
        self.assertIn("no proxy stands before it", self._audit("libgrpc29", expect=0))

    def test_what_is_accepted_of_one_package_is_not_of_another(self):
        self._debsecan(OPEN.replace("libgrpc29", "libgrpc++1.51"))
        self._accept()
        said = self._audit("libgrpc29", "libgrpc++1.51", expect=1)
        self.assertIn("CVE-2024-7246 in libgrpc++1.51", said)
        self.assertIn("closed    CVE-2024-7246 in libgrpc29", said)

    def test_packages_that_are_not_used_do_not_count(self):
        self._debsecan(OPEN)
        self._audit("libssl3", expect=0)

    def test_what_a_program_loads_is_used(self):
        self._debsecan("CVE-2099-1 libc6\n")
        said = self._audit("--program", "/bin/ls", expect=1)
        self.assertIn("CVE-2099-1 in libc6 (no details)", said)

    def test_an_acceptance_needs_a_reason_and_a_day(self):
        self._debsecan(OPEN)
        for changes, complaint in (({"reason": ""}, "must have id, packages, reason and date"),
                                   ({"reason": '" "'}, "gives no reason"),
                                   ({"date": '"yesterday"'}, "date must be a day"),
                                   ({"date": str(TODAY + datetime.timedelta(days=1))}, "date must be a day"),
                                   ({"date": str(TODAY - datetime.timedelta(days=366))}, "look at it again"),
                                   ({"until": "2030-01-01"}, "and nothing else")):
            with self.subTest(changes):
                self._accept(**changes)
                self.assertIn(complaint, self._audit("libgrpc29", expect=1))
        self._accept(date=str(TODAY - datetime.timedelta(days=365)))
        self._audit("libgrpc29", expect=0)

    def test_an_acceptance_that_is_too_old_is_none_though_nothing_else_is_wrong(self):
        self._accept(date=str(TODAY - datetime.timedelta(days=366)))
        self.assertIn("look at it again", self._audit("libgrpc29", expect=1))

    def test_data_that_cannot_be_had_is_no_pass(self):
        self._debsecan("", error="error: while downloading", code=1)
        said = self._audit("libgrpc29", expect=2)
        self.assertIn("debian    NOT REACHED", said)
        self.assertIn("error: while downloading", said)

    def test_words_that_are_not_understood_are_no_pass(self):
        self._debsecan("warning: something\n")
        self.assertIn("debian    NOT REACHED", self._audit("libgrpc29", expect=2))

    def test_a_program_that_is_not_there_is_no_pass(self):
        self.assertIn("debian    NOT REACHED", self._audit("--program", self._folder / "none", expect=2))

    def _audit_page(self, expect):
        return self._audit("--npm-folder", "page", "libgrpc29", expect=expect)

    def test_npm_with_nothing_open_passes(self):
        self._npm("nothing_open.json", 0)
        said = self._audit_page(expect=0)
        self.assertIn("debian    reached: 1 packages looked at, 0 vulnerabilities open", said)
        self.assertIn("npm       reached: 80 packages looked at, 0 vulnerabilities open", said)

    def test_npm_with_something_open_that_was_not_accepted_fails_once_for_each_advisory(self):
        self._npm("one_open.json", 1)
        said = self._audit_page(expect=1)
        self.assertIn("npm       reached: 80 packages looked at, 1 vulnerabilities open", said)
        self.assertIn("FAILED    GHSA-gcx4-mw62-g8wm in rollup (high: DOM Clobbering", said)
        self.assertNotIn("in vite", said)

    def test_npm_with_something_open_that_was_accepted_passes_with_its_reason(self):
        self._npm("one_open.json", 1)
        self._accept(id='"GHSA-gcx4-mw62-g8wm"', packages='["rollup"]', reason='"the page is made by nobody else"')
        self.assertIn("the page is made by nobody else", self._audit_page(expect=0))

    def test_npm_with_something_open_that_was_accepted_too_long_ago_fails(self):
        self._npm("one_open.json", 1)
        self._accept(id='"GHSA-gcx4-mw62-g8wm"', packages='["rollup"]',
                     date=str(TODAY - datetime.timedelta(days=366)))
        said = self._audit_page(expect=1)
        self.assertIn("look at it again", said)
        self.assertIn("FAILED    GHSA-gcx4-mw62-g8wm", said)

    def test_an_npm_that_is_not_answered_is_no_pass(self):
        for answer, code, complaint in (("not_answered.json", 1, "405 Method Not Allowed"),
                                        (None, 1, "nobody here understands"),
                                        (None, 7, "exit code 7")):
            with self.subTest(complaint):
                self._npm(answer, code)
                said = self._audit_page(expect=2)
                self.assertIn("npm       NOT REACHED", said)
                self.assertIn(complaint, said)
                self.assertIn("debian    reached: 1 packages", said)

    def test_what_one_source_has_open_counts_though_the_other_was_not_reached(self):
        self._debsecan(OPEN)
        self._npm("not_answered.json", 1)
        said = self._audit_page(expect=1)
        self.assertIn("npm       NOT REACHED", said)
        self.assertIn("FAILED    CVE-2024-7246 in libgrpc29", said)

    def test_what_was_accepted_is_not_said_to_be_closed_by_a_source_that_was_not_reached(self):
        self._npm("not_answered.json", 1)
        self._accept(id='"GHSA-gcx4-mw62-g8wm"', packages='["rollup"]')
        self.assertNotIn("closed", self._audit_page(expect=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
