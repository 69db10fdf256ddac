#!/usr/bin/python3
"""The unit, the manual pages and the completions that ship.

    shipped_files_test.py DEPLOY FILES MUSTER MUSTERD
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

DEPLOY, FILES, MUSTER, MUSTERD = (pathlib.Path(argument) for argument in sys.argv[1:5])

UNITS = ("musterd.service", "muster-gateway.service")

# Tenths of what `systemd-analyze security` prints: 0 is best, 100 worst.
MOST_EXPOSURE = 20


def run(*words, **options):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, **options)


def plain(page):
    """A manual page as text without a line's end in it."""
    shown = run("man", "--warnings", "-E", "ascii", "-l", "-P", "cat", page,
                env={"PATH": os.environ["PATH"], "MANWIDTH": "1000", "LC_ALL": "C"})
    return shown.stdout


class UnitTest(unittest.TestCase):
    def setUp(self):
        self._unit = (DEPLOY / "musterd.service").read_text(encoding="utf-8")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_the_exposure_of_both_is_at_most_two(self):
        for unit in UNITS:
            with self.subTest(unit):
                judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}",
                             DEPLOY / unit)
                self.assertEqual(judged.returncode, 0, judged.stdout[-200:] + judged.stderr)
                self.assertRegex(judged.stdout, rf"Overall exposure level for {unit}: [01]\.\d")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_a_unit_without_its_shields_is_above_that(self):
        bare = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"bare-{os.getpid()}.service"
        bare.write_text("".join(line + "\n" for line in self._unit.splitlines()
                                if not re.match(r"(Protect|Private|Restrict|System|Capability)", line)))
        self.addCleanup(bare.unlink)
        judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}", bare)
        self.assertNotEqual(judged.returncode, 0)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_knows_every_line(self):
        for unit in UNITS:
            with self.subTest(unit):
                verified = run("systemd-analyze", "verify", "--man=no", DEPLOY / unit)
                complaints = [line for line in verified.stderr.splitlines()
                              if "is not executable: No such file" not in line and unit in line]
                self.assertEqual(complaints, [])

    def test_the_manager_hears_of_the_server_and_watches_over_it(self):
        for line in ("Type=notify", "WatchdogSec=60", "User=muster", "StateDirectory=muster"):
            self.assertIn(f"\n{line}\n", self._unit)

    def test_what_it_starts_takes_these_flags(self):
        words = re.search(r"^ExecStart=/usr/bin/musterd (.*)$", self._unit, re.MULTILINE)[1].split()
        self.assertEqual(words, ["--config", "/etc/muster/musterd.toml"])
        checked = run(MUSTERD, "--check", "--config", DEPLOY / "musterd.toml")
        self.assertRegex(checked.stdout, r"ok +configuration +\S*musterd.toml\n")


class PagesTest(unittest.TestCase):
    def test_they_are_well_formed(self):
        for page in ("muster.1", "musterd.8", "musterd.toml.5"):
            with self.subTest(page):
                shown = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", FILES / page,
                            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))
                self.assertNotIn("@", shown.stdout.split(".SH", 1)[0])

    def _assert_flags(self, page, help_text):
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", help_text))
        self.assertGreater(len(flags), 2)
        text = plain(FILES / page)
        for flag in flags:
            self.assertIn(flag, text)

    def test_every_flag_of_the_server_is_there(self):
        self._assert_flags("musterd.8", run(MUSTERD, "--help").stdout)

    def test_every_command_of_the_client_is_there_with_its_flags(self):
        top = run(MUSTER, "--help").stdout
        self._assert_flags("muster.1", top)
        commands = re.findall(r"^  ([a-z]+) ", top[top.index("Subcommands:"):top.index("Examples:")], re.MULTILINE)
        self.assertGreater(len(commands), 10)
        for command in commands:
            with self.subTest(command):
                self._assert_flags("muster.1", run(MUSTER, command, "--help").stdout + top)
                self.assertRegex(plain(FILES / "muster.1"), rf"\n   {command}\b")


class CompletionsTest(unittest.TestCase):
    def test_they_are_those_of_the_program(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertEqual((FILES / f"completion.{shell}").read_text(encoding="utf-8"),
                             run(MUSTER, "completion", shell).stdout)


class ScriptsTest(unittest.TestCase):
    def test_the_scripts_of_the_package_are_scripts(self):
        for name in ("postinst", "prerm", "postrm"):
            script = DEPLOY / "debian" / name
            self.assertTrue(os.access(script, os.X_OK), name)
            self.assertEqual(run("sh", "-n", script).stderr, "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
