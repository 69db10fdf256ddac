#!/usr/bin/python3
"""A client that knows nothing of Muster: buf curl learns the API from the running server, and calls it.

    buf_curl_test.py MUSTERD BUF
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from running_musterd import RunningMusterd

MUSTERD = pathlib.Path(sys.argv[1])
BUF = pathlib.Path(sys.argv[2])
CALL_SECONDS = 60

RESULT = {
    "operation": "county-lines-2021-10",
    "force": "thames-valley",
    "resultId": "week-1",
    "revision": "1",
    "startDate": "2021-10-11",
    "endDate": "2021-10-17",
    "final": True,
    "figures": [
        {"metric": "arrests", "value": "61", "unit": "UNIT_COUNT"},
        {"metric": "drugs-weight", "value": "430", "unit": "UNIT_GRAM", "qualifier": "QUALIFIER_AT_LEAST",
         "categories": ["crack-cocaine", "heroin", "powder-cocaine"]},
    ],
}


class BufCurlTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-buf-curl-")
        self.addCleanup(folder.cleanup)
        self._server = RunningMusterd(MUSTERD, folder.name)
        self.addCleanup(self._stop)
        self._address = self._server.address

    def _stop(self):
        self.assertEqual(self._server.stop(), 0, self._server.log())

    def _curl(self, *words):
        return subprocess.run([BUF, "curl", "--http2-prior-knowledge", "--protocol", "grpc", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=CALL_SECONDS)

    def _call(self, method, request):
        """The answer of a call, as JSON; it must be well."""
        done = self._curl("-d", json.dumps(request), f"http://{self._address}/{method}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def _refused(self, method, request):
        """The error of a call, as JSON; it must be refused."""
        done = self._curl("-d", json.dumps(request), f"http://{self._address}/{method}")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return json.loads(done.stderr)

    def test_reflection_describes_every_service(self):
        done = self._curl("--list-services", f"http://{self._address}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual({
            "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", "muster.v1.CatalogueService",
            "muster.v1.IngestService", "muster.v1.StoreService", "muster.v1.TotalsService",
        }, set(done.stdout.split()))
        done = self._curl("--list-methods", f"http://{self._address}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("muster.v1.IngestService/StreamResults", done.stdout.split())
        self.assertIn("grpc.health.v1.Health/Check", done.stdout.split())

    def test_health_is_asked_like_any_call(self):
        for service in ["", "muster.v1.TotalsService"]:
            self.assertEqual(self._call("grpc.health.v1.Health/Check", {"service": service}), {"status": "SERVING"})

    def test_a_result_is_submitted_and_is_in_the_totals(self):
        answer = self._call("muster.v1.IngestService/SubmitResults", {"results": [RESULT]})
        self.assertEqual(answer["position"], "1")
        [receipt] = answer["receipts"]
        self.assertEqual((receipt["resultId"], receipt["revision"], receipt["outcome"], receipt["position"]),
                         ("week-1", "1", "OUTCOME_ACCEPTED", "1"))
        again = self._call("muster.v1.IngestService/SubmitResults", {"results": [RESULT]})
        self.assertEqual(again["receipts"], [{**receipt, "outcome": "OUTCOME_DUPLICATE"}])

        answer = self._call("muster.v1.TotalsService/QueryTotals", {"query": {
            "operations": ["county-lines-2021-10"], "regions": ["south-east"],
            "metrics": ["arrests", "drugs-weight"]}})
        self.assertEqual(answer["position"], "1")
        arrests, weight = answer["rows"]
        self.assertEqual(arrests, {"metric": "arrests", "total": {
            "sum": "61", "unit": "UNIT_COUNT", "qualifier": "QUALIFIER_EXACT", "atLeast": "61", "atMost": "61",
            "resultCount": "1", "forceCount": 1, "notBrokenDown": "61"}})
        self.assertEqual(weight, {"metric": "drugs-weight", "total": {
            "sum": "430000", "unit": "UNIT_MILLIGRAM", "qualifier": "QUALIFIER_AT_LEAST", "atLeast": "430000",
            "resultCount": "1", "forceCount": 1}})
        coverage = answer["coverage"]
        self.assertEqual((coverage["expectedCount"], coverage["reportedCount"], coverage["finalCount"]), (4, 1, 1))
        self.assertEqual(coverage["missingForces"], ["hampshire", "surrey", "sussex"])

    def test_a_stream_answers_every_message(self):
        second = {**RESULT, "revision": "2"}
        done = self._curl("-d", json.dumps({"results": [RESULT]}) + json.dumps({"results": [second, RESULT]}),
                          f"http://{self._address}/muster.v1.IngestService/StreamResults")
        self.assertEqual(done.returncode, 0, done.stderr)
        decoder, text, answers = json.JSONDecoder(), done.stdout.strip(), []
        while text:
            answer, end = decoder.raw_decode(text)
            answers.append([receipt["outcome"] for receipt in answer["receipts"]])
            text = text[end:].strip()
        self.assertEqual(answers, [["OUTCOME_ACCEPTED"], ["OUTCOME_REVISED", "OUTCOME_STALE"]])

    def test_a_receipt_says_in_json_what_is_wrong(self):
        spoilt = json.loads(json.dumps(RESULT))
        spoilt["force"] = "thames-vally"
        spoilt["figures"][0]["unit"] = "UNIT_KILOGRAM"
        answer = self._call("muster.v1.IngestService/SubmitResults", {"results": [spoilt]})
        problem = answer["receipts"][0]["problem"]
        self.assertEqual(answer["receipts"][0]["outcome"], "OUTCOME_REJECTED")
        details = {detail["@type"].rsplit("/", 1)[-1]: detail for detail in problem["details"]}
        self.assertEqual(details["google.rpc.ErrorInfo"]["reason"], "INVALID_RESULT")
        self.assertEqual(details["google.rpc.ErrorInfo"]["domain"], "muster")
        self.assertEqual({(violation["field"], violation["reason"])
                          for violation in details["google.rpc.BadRequest"]["fieldViolations"]},
                         {("results[0].force", "UNKNOWN_FORCE"),
                          ("results[0].figures[0].unit", "UNIT_NOT_OF_METRIC")})

    def test_a_call_that_is_refused_has_a_rich_error(self):
        error = self._refused("muster.v1.TotalsService/QueryTotals",
                              {"query": {"metrics": ["arests"], "regions": ["south-eest"]}})
        self.assertEqual(error["code"], "invalid_argument")
        # buf leaves the details of an error as they came: a type, and its bytes.
        details = {detail["type"]: base64.b64decode(detail["value"] + "==") for detail in error["details"]}
        self.assertEqual(set(details), {"google.rpc.ErrorInfo", "google.rpc.BadRequest"})
        for text in [b"INVALID_QUERY", b"muster"]:
            self.assertIn(text, details["google.rpc.ErrorInfo"])
        for text in [b"query.metrics[0]", b'did you mean "arrests"?', b"query.regions[0]",
                     b'did you mean "south-east"?']:
            self.assertIn(text, details["google.rpc.BadRequest"])


if __name__ == "__main__":
    if not BUF.exists():
        sys.exit(f"there is no {BUF}: run ./dev setup, which installs it")
    unittest.main(argv=sys.argv[:1])
