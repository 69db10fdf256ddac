#!/usr/bin/python3
"""The Debian package: what is in it, and that it is one.

    package_test.py CPACK BUILD VERSION

It is installed and started on a clean system by `./dev try-package`, which needs root and minutes.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CPACK, BUILD, VERSION = sys.argv[1:4]

FILES = {
    "/etc/muster/musterd.toml": 0o644,
    "/lib/systemd/system/muster-gateway.service": 0o644,
    "/lib/systemd/system/musterd.service": 0o644,
    "/usr/bin/muster": 0o755,
    "/usr/bin/muster-gateway": 0o755,
    "/usr/bin/musterd": 0o755,
    "/usr/lib/sysusers.d/muster.conf": 0o644,
    "/usr/share/bash-completion/completions/muster": 0o644,
    "/usr/share/doc/muster/changelog.gz": 0o644,
    "/usr/share/doc/muster/copyright": 0o644,
    "/usr/share/doc/muster/examples/returns-2023-02.csv": 0o644,
    "/usr/share/doc/muster/operating.md": 0o644,
    "/usr/share/fish/vendor_completions.d/muster.fish": 0o644,
    "/usr/share/man/man1/muster.1.gz": 0o644,
    "/usr/share/man/man5/musterd.toml.5.gz": 0o644,
    "/usr/share/man/man8/muster-gateway.8.gz": 0o644,
    "/usr/share/man/man8/musterd.8.gz": 0o644,
    "/usr/share/zsh/vendor-completions/_muster": 0o644,
}

# What the programs load, by the packages of Debian 12.
LIBRARIES = {"libabsl20220623", "libgrpc++1.51", "libprotobuf32", "librocksdb7.8", "libssl3", "libsystemd0"}


def run(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=110)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-package-"))
        cls.addClassCleanup(shutil.rmtree, cls._folder)
        run(CPACK, "--config", f"{BUILD}/CPackConfig.cmake", "-B", cls._folder / "made")
        cls._package = cls._folder / "made" / f"muster_{VERSION}_amd64.deb"
        cls._root = cls._folder / "root"
        run("dpkg-deb", "-x", cls._package, cls._root)

    def _field(self, name):
        return run("dpkg-deb", "-f", self._package, name).strip()

    def test_it_is_of_this_version_and_needs_the_libraries_that_the_programs_load(self):
        self.assertEqual(self._field("Version"), VERSION)
        needed = {part.split()[0] for part in self._field("Depends").split(", ")}
        self.assertEqual(LIBRARIES - needed, set())
        self.assertIn("systemd | systemd-standalone-sysusers", self._field("Depends"))

    def test_its_files_are_there_with_their_modes(self):
        for path, mode in FILES.items():
            file = self._root / path[1:]
            self.assertTrue(file.is_file(), path)
            self.assertEqual(file.stat().st_mode & 0o7777, mode, path)

    def test_it_brings_nothing_else_but_examples_and_the_page(self):
        found = {"/" + str(file.relative_to(self._root)) for file in self._root.rglob("*") if file.is_file()}
        extra = {path for path in found - set(FILES) if not path.startswith(("/usr/share/doc/muster/", "/usr/share/muster/web/"))}
        self.assertEqual(extra, set())

    def test_its_programs_run_and_are_stripped(self):
        self.assertEqual(run(self._root / "usr/bin/musterd", "--version"), f"musterd {VERSION}\n")
        self.assertEqual(run(self._root / "usr/bin/muster", "--version"), f"muster {VERSION}\n")
        self.assertEqual(run(self._root / "usr/bin/muster-gateway", "--version"), f"muster-gateway {VERSION}\n")
        for program in ("muster", "muster-gateway", "musterd"):
            self.assertNotIn(".debug_info", run("readelf", "-SW", self._root / "usr/bin" / program))

    def test_its_configuration_is_the_operators_to_change(self):
        self.assertEqual(self._field("Conffiles"), "")  # A file of the package, not a field.
        control = self._folder / "control"
        run("dpkg-deb", "-e", self._package, control)
        self.assertEqual((control / "conffiles").read_text(), "/etc/muster/musterd.toml\n")
        for name in ("postinst", "prerm", "postrm"):
            self.assertEqual((control / name).stat().st_mode & 0o7777, 0o755)

    @unittest.skipUnless(shutil.which("lintian"), "there is no lintian")
    def test_lintian_finds_nothing(self):
        found = run("lintian", "--allow-root", "--fail-on", "error,warning", self._package)
        self.assertNotIn("E: ", found)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
