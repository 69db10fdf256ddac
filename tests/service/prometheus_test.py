"""A real Prometheus scrapes a real musterd, with the configuration and the alert rules that ship; and every metric that
rules and dashboard name is one that musterd has.

Usage: prometheus_test.py MUSTERD MUSTER DEPLOY
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from running_musterd import DEADLINE_SECONDS, RunningMusterd

MUSTERD = MUSTER = DEPLOY = pathlib.Path()

RESULTS = """operation,force,result_id,revision,start_date,end_date,metric,value,unit
county-lines-2021-10,kent,r1,1,2021-10-12,2021-10-12,arrests,7,count
county-lines-2021-10,essex,r1,1,2021-10-12,2021-10-12,arrests,5,count
"""

# Of certificates, which a server without TLS does not have.
NOT_WITHOUT_TLS = {"muster_certificate_expiry_timestamp_seconds"}


# The same, and what a server that has just been started has not done.
PANELS_WITHOUT_DATA = {"Certificate ends in"}


def get(url):
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
        return answer.read().decode()


def wait_for(what, condition):
    """What `condition` gives, once that is something."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)  # Between two looks.
    raise AssertionError(f"waited too long for {what}")


class Prometheus:
    """On a free port, scraping one address five times a second."""

    def __init__(self, folder, target):
        configuration = (DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8")
        assert "127.0.0.1:9464" in configuration and "scrape_interval: 15s" in configuration
        configuration = configuration.replace("127.0.0.1:9464", target).replace("15s", "200ms")
        (folder / "prometheus.yml").write_text(
            "global: {evaluation_interval: 200ms}\n" + configuration, encoding="utf-8")
        (folder / "muster.rules.yml").write_bytes((DEPLOY / "prometheus/muster.rules.yml").read_bytes())
        self._log_file = folder / "prometheus.log"
        with open(self._log_file, "ab") as log:
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 "--web.listen-address=127.0.0.1:0"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.url = wait_for("Prometheus to listen", self._url)
        wait_for("Prometheus to be ready", self._is_ready)

    def _url(self):
        log = self._log_file.read_text(encoding="utf-8")
        if self._process.poll() is not None:
            raise AssertionError(f"Prometheus ended:\n{log}")
        found = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', log)
        return found and f"http://{found[1]}"

    def _is_ready(self):
        try:
            return get(self.url + "/-/ready")
        except OSError:
            return None

    def ask(self, path, **words):
        answer = json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(words)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def value(self, expression):
        """Of an expression with one sample; None if it has none, or several."""
        result = self.ask("query", query=expression)["result"]
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class PrometheusTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.musterd = RunningMusterd(MUSTERD, self.folder, "--metrics-listen", "127.0.0.1:0", "--log-format", "json")
        self.addCleanup(self.musterd.stop)
        messages = [json.loads(line)["message"] for line in self.musterd.log().splitlines()]
        self.metrics_url = next(m.split()[-1] for m in messages if m.startswith("metrics on "))
        self.metrics_address = urllib.parse.urlsplit(self.metrics_url).netloc

    def _submit(self):
        path = self.folder / "results.csv"
        path.write_text(RESULTS, encoding="utf-8")
        subprocess.run([MUSTER, "--server", self.musterd.address, "submit", path], check=True,
                       stdout=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)

    def test_prometheus_sees_what_the_server_did(self):
        prometheus = Prometheus(self.folder, self.metrics_address)
        self.addCleanup(prometheus.stop)
        wait_for("the first scrape", lambda: prometheus.value('up{job="muster"}') == 1)
        self._submit()
        wait_for("the results", lambda: prometheus.value('muster_results_total{outcome="accepted"}') == 2)
        # A call is counted when its answer has left, which may be a scrape after its results.
        self.assertEqual(1, wait_for("the call", lambda: prometheus.value(
            'sum(grpc_server_call_duration_seconds_count{grpc_method=~".*/StreamResults",grpc_status="OK"})')))
        self.assertEqual(prometheus.value("muster_log_position"), 2)
        self.assertEqual(prometheus.value('muster_state{state="serving"}'), 1)
        self.assertGreaterEqual(prometheus.value("muster_sync_seconds_count"), 1)
        self.assertGreater(prometheus.value("histogram_quantile(0.99, muster_sync_seconds_bucket)"), 0)

        def evaluated():
            rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
            return rules if rules and all(rule["health"] == "ok" for rule in rules) else None
        rules = wait_for("the rules to be evaluated", evaluated)
        self.assertGreater(len(rules), 10)
        self.assertEqual([rule["name"] for rule in rules if rule["alerts"]], [], "all is well")

        self.musterd.stop()
        wait_for("the alert that nobody answers", lambda: [
            alert for alert in prometheus.ask("alerts")["alerts"] if alert["labels"]["alertname"] == "MusterDown"])

    def test_every_panel_shows_something(self):
        prometheus = Prometheus(self.folder, self.metrics_address)
        self.addCleanup(prometheus.stop)
        wait_for("the first scrape", lambda: prometheus.value('up{job="muster"}') == 1)
        self._submit()

        def asked(expression):
            # A call that fails, again and again: a counter that is new has no rate before it is seen to grow.
            if "grpc_status!=" in expression:
                subprocess.run([MUSTER, "--server", self.musterd.address, "operations", "show", "nowhere"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)
            return prometheus.ask("query", query=expression)["result"]

        dashboard = json.loads((DEPLOY / "grafana/muster.json").read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                if panel["title"] in PANELS_WITHOUT_DATA:
                    continue
                # As Grafana fills in what the dashboard leaves open.
                expression = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "1m")
                with self.subTest(panel=panel["title"], expression=expression):
                    samples = wait_for(f"{panel['title']}: {expression}",
                                       lambda asking=expression: asked(asking))
                    for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                        self.assertIn(label, samples[0]["metric"])

    def test_promtool_finds_nothing_to_say_of_the_metrics(self):
        self._submit()
        ours = "".join(line + "\n" for line in get(self.metrics_url).splitlines() if "exposer_" not in line)
        done = subprocess.run(["promtool", "check", "metrics"], input=ours, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_rules_and_dashboard_name_metrics_that_there_are(self):
        self._submit()
        there = set(re.findall(r"^# TYPE (\S+)", get(self.metrics_url), re.MULTILINE))
        dashboard = json.loads((DEPLOY / "grafana/muster.json").read_text(encoding="utf-8"))
        rules = (DEPLOY / "prometheus/muster.rules.yml").read_text(encoding="utf-8")
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(expressions), 20)
        named = set(re.findall(r"\b(?:muster|grpc_server|process)_[a-z_]+\b", " ".join([*expressions, rules])))
        named -= {"grpc_server", "muster_"}
        bases = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
        self.assertGreater(len(bases), 20)
        self.assertEqual(bases - there - NOT_WITHOUT_TLS, set())

    def test_panels_do_not_overlap_and_have_names(self):
        dashboard = json.loads((DEPLOY / "grafana/muster.json").read_text(encoding="utf-8"))
        taken = set()
        for panel in dashboard["panels"]:
            self.assertTrue(panel["title"])
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertLessEqual(place["x"] + place["w"], 24)
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells


if __name__ == "__main__":
    MUSTERD, MUSTER, DEPLOY = (pathlib.Path(sys.argv.pop(1)).resolve() for _ in range(3))
    unittest.main()
