"""The alert rules that ship fire on what they are for, and stay silent otherwise: promtool runs the tables of
alert_rules_test.yml.

Usage: alert_rules_test.py deploy/prometheus
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
RULES_FOLDER = pathlib.Path()
DEADLINE_SECONDS = 60


def promtool(*words, folder):
    return subprocess.run(["promtool", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=DEADLINE_SECONDS)


class AlertRulesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("muster.rules.yml", "prometheus.yml"):
            shutil.copy(RULES_FOLDER / name, self.folder)
        shutil.copy(HERE / "alert_rules_test.yml", self.folder)

    def test_the_configuration_is_one_that_prometheus_takes(self):
        done = promtool("check", "config", "prometheus.yml", folder=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("rules found", done.stdout)

    def test_each_alert_fires_on_what_it_is_for(self):
        done = promtool("test", "rules", "alert_rules_test.yml", folder=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_alert_is_in_both_tables(self):
        rules = (self.folder / "muster.rules.yml").read_text(encoding="utf-8")
        tables = (self.folder / "alert_rules_test.yml").read_text(encoding="utf-8").split("  - name: ")[1:]
        alerts = [line.split()[-1] for line in rules.splitlines() if "- alert:" in line]
        self.assertGreater(len(alerts), 10)
        self.assertEqual(len(tables), 2)
        for alert in alerts:
            self.assertIn(f"alertname: {alert}, exp_alerts: []", tables[0], "it must be silent where all is well")
            self.assertIn(f"alertname: {alert}\n", tables[1], "it must fire")

    def test_every_alert_names_a_section_of_the_handbook(self):
        handbook = (RULES_FOLDER / "../../docs/operating.md").read_text(encoding="utf-8")
        rules = (self.folder / "muster.rules.yml").read_text(encoding="utf-8")
        sections = {line.split("section: ", 1)[1] for line in rules.splitlines() if " section: " in line and "#" not in line}
        self.assertTrue(sections)
        for section in sections:
            self.assertTrue(f"\n## {section}\n" in handbook, section)


if __name__ == "__main__":
    RULES_FOLDER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
