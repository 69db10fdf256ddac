#!/usr/bin/python3
"""muster-gateway before musterd, as browsers, spreadsheets and strangers use it.

    gateway_test.py GATEWAY MUSTER MUSTERD EXAMPLES
"""

import base64
import csv
import datetime
import http.client
import io
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest

import openpyxl
from running_musterd import DEADLINE_SECONDS, RunningMusterd, RunningProgram

GATEWAY, MUSTER, MUSTERD, EXAMPLES = (pathlib.Path(argument) for argument in sys.argv[1:5])

OPERATION = "county-lines-2023-02"
QUESTION = f"operation={OPERATION}&group_by=force"
QUERY_TOTALS = "/muster.v1.TotalsService/QueryTotals"
LIST_OPERATIONS = "/muster.v1.CatalogueService/ListOperations"
FRAME = b"\0\0\0\0\0"  # An empty message.


class RunningGateway(RunningProgram):
    """Serves on a free port until stop()."""

    def __init__(self, folder, server, *words):
        super().__init__([GATEWAY, "--listen", "127.0.0.1:0", "--server", server, *words],
                         pathlib.Path(folder) / "gateway.log", "dashboard on")
        self.url = self.address
        self.host = self.url[self.url.index("://") + 3:-1]
        self.trusts = None  # For HTTPS.

    def ask(self, method, path, body=None, **headers):
        """One request on a connection of its own: status, headers, body. Underscores of header names are hyphens."""
        if self.trusts is None:
            connection = http.client.HTTPConnection(self.host, timeout=DEADLINE_SECONDS)
        else:
            connection = http.client.HTTPSConnection(self.host, timeout=DEADLINE_SECONDS, context=self.trusts)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def call(self, path, frame=FRAME, **headers):
        """A call in gRPC-Web: its grpc-status, and whether a message came with it."""
        status, _, body = self.ask("POST", path, frame, **{"Content_Type": "application/grpc-web+proto", **headers})
        assert status == 200, (status, body)
        code, has_message = None, False
        while body:
            flags, size = struct.unpack(">BI", body[:5])
            frame, body = body[5:5 + size], body[5 + size:]
            if flags & 0x80:
                code = int(frame.split(b"grpc-status:")[1].split(b"\r\n")[0])
            else:
                has_message = True
        return code, has_message

    def send(self, data, hang_up=False):
        """Bytes as they are; all that comes back until the other side closes."""
        with socket.create_connection(self.host.split(":"), DEADLINE_SECONDS) as connection:
            connection.sendall(data)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer


def muster(server, *words):
    return subprocess.run([MUSTER, "--server", server, *words], check=True, capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS).stdout


class GatewayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = pathlib.Path(cls._folder.name)
        web = cls.folder / "web/assets"
        web.mkdir(parents=True)
        (web.parent / "index.html").write_text("<!doctype html>")
        (web / "index-1a2B3c4D.js").write_text("script")
        cls.musterd = RunningMusterd(MUSTERD, cls.folder)
        cls.addClassCleanup(cls.musterd.stop)
        muster(cls.musterd.address, "submit", EXAMPLES / "returns-2023-02.csv")
        cls.gateway = RunningGateway(cls.folder, cls.musterd.address, "--web", web.parent)
        cls.addClassCleanup(cls.gateway.stop)


class PagesTest(GatewayTest):
    def test_every_answer_has_the_headers_that_keep_browsers_safe(self):
        for path, status in (("/", 200), ("/nothing.js", 404), ("/export/nothing", 404), ("/healthz", 200)):
            with self.subTest(path):
                found, headers, _ = self.gateway.get(path)
                self.assertEqual(found, status)
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
                self.assertNotIn("unsafe", headers["Content-Security-Policy"])
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["X-Frame-Options"], "DENY")
                self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
                self.assertIsNone(headers["Access-Control-Allow-Origin"])
                self.assertIsNone(headers["Server"])

    def test_the_page_and_its_files(self):
        self.assertEqual(self.gateway.get("/operations/x")[2], b"<!doctype html>")
        status, headers, body = self.gateway.ask("HEAD", "/assets/index-1a2B3c4D.js")
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", "6"))

    def test_a_connection_serves_several_requests(self):
        connection = http.client.HTTPConnection(self.gateway.host, timeout=DEADLINE_SECONDS)
        self.addCleanup(connection.close)
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/")
            self.assertEqual(connection.getresponse().read(), b"<!doctype html>")
            sockets.add(connection.sock)
        self.assertEqual(len(sockets), 1)


class CallsTest(GatewayTest):
    def test_binary_and_text(self):
        self.assertEqual(self.gateway.call(LIST_OPERATIONS), (0, True))
        status, headers, body = self.gateway.ask("POST", LIST_OPERATIONS, base64.b64encode(FRAME),
                                                 Content_Type="application/grpc-web-text")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/grpc-web-text+proto"))
        self.assertIn(b"grpc-status:0", b"".join(base64.b64decode(part + b"=" * (-len(part) % 4))
                                                  for part in body.replace(b"=", b" ").split()))

    def test_what_is_not_carried(self):
        for path in ("/muster.v1.IngestService/SubmitResults", "/muster.v1.StoreService/Backup",
                     "/muster.v1.CatalogueService/CreateOperation", "/muster.v1.TotalsService/Nothing"):
            self.assertEqual(self.gateway.call(path), (12, False), path)
        self.assertEqual(self.gateway.ask("POST", "/grpc.health.v1.Health/Check", FRAME,
                                          Content_Type="application/grpc-web+proto")[0], 405)

    def test_a_body_that_is_no_message(self):
        for body in (b"", b"\0\0\0\0", b"\0\0\0\0\5abc", b"\0\0\0\0\0\0"):
            self.assertEqual(self.gateway.call(QUERY_TOTALS, body), (3, False), body)
        self.assertEqual(self.gateway.call(QUERY_TOTALS, b"\1\0\0\0\1a"), (12, False))
        self.assertEqual(self.gateway.call(QUERY_TOTALS, b"\0\0\0\0\3\xff\xff\xff")[1], False)

    def test_the_server_goes_and_comes_back(self):
        folder = self.folder / "again"
        folder.mkdir()
        musterd = RunningMusterd(MUSTERD, folder)
        gateway = RunningGateway(folder, musterd.address)
        self.addCleanup(gateway.stop)
        self.assertEqual(gateway.call(LIST_OPERATIONS), (0, True))
        musterd.stop()
        self.assertEqual(gateway.call(LIST_OPERATIONS), (14, False))
        self.assertEqual(gateway.get(f"/export/totals.csv?{QUESTION}")[0], 503)
        musterd = RunningMusterd(MUSTERD, folder, listen=musterd.address)
        self.addCleanup(musterd.stop)
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=DEADLINE_SECONDS)
        while gateway.call(LIST_OPERATIONS) != (0, True):
            self.assertLess(datetime.datetime.now(), deadline)


class ExportsTest(GatewayTest):
    def test_csv_is_what_the_command_line_exports(self):
        status, headers, body = self.gateway.get(f"/export/totals.csv?{QUESTION}")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/csv; charset=utf-8; header=present"))
        self.assertEqual(headers["Content-Disposition"], f'attachment; filename="totals-{OPERATION}.csv"')
        rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        exported = muster(self.musterd.address, "export", "totals", "--operation", OPERATION, "--by", "force")
        expected = list(csv.DictReader(io.StringIO(exported, newline="")))
        self.assertGreater(len(rows), 10)
        for row in rows + expected:
            del row["as_of_time"]
        self.assertEqual(rows, expected)
        for row in rows:
            self.assertLessEqual(int(row["at_least"]), int(row["sum"] or 0))
            self.assertTrue(row["described"])

    def test_json_has_the_same_rows(self):
        rows = list(csv.DictReader(io.StringIO(self.gateway.get(f"/export/totals.csv?{QUESTION}")[2].decode(), newline="")))
        document = json.loads(self.gateway.get(f"/export/totals.json?{QUESTION}")[2])
        self.assertEqual([row["sum"] for row in document["totals"]], [int(row["sum"]) for row in rows])
        self.assertTrue(document["coverage"])
        self.assertIn("As at", [note["label"] for note in document["notes"]])

    def test_a_workbook_opens_with_typed_cells_and_notes(self):
        status, headers, body = self.gateway.get(f"/export/totals.xlsx?operation={OPERATION}&group_by=date")
        self.assertEqual((status, headers["Content-Type"]),
                         (200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
        book = openpyxl.load_workbook(io.BytesIO(body))
        self.assertEqual(book.sheetnames, ["totals", "coverage", "notes"])
        totals = book["totals"]
        self.assertEqual(totals.freeze_panes, "A2")
        header = [cell.value for cell in totals[1]]
        self.assertEqual(totals.auto_filter.ref, f"A1:{totals.cell(totals.max_row, len(header)).coordinate}")
        csv_rows = list(csv.DictReader(io.StringIO(
            self.gateway.get(f"/export/totals.csv?operation={OPERATION}&group_by=date")[2].decode(), newline="")))
        self.assertEqual(totals.max_row, len(csv_rows) + 1)
        for cells, row in zip(totals.iter_rows(min_row=2), csv_rows):
            found = dict(zip(header, cells))
            self.assertEqual(found["sum"].data_type, "n")
            self.assertEqual(found["sum"].value, int(row["sum"]))
            self.assertEqual(found["metric"].value, row["metric"])
            self.assertTrue(found["as_of_time"].is_date)
            if row["date"]:
                self.assertEqual(found["date"].value.date().isoformat(), row["date"])
            else:
                self.assertIsNone(found["date"].value)
        notes = {label.value: text.value for label, text in book["notes"].iter_rows()}
        self.assertEqual(notes["Operations"], OPERATION)
        self.assertIn("expected reports are in", notes["Coverage"])
        self.assertEqual(notes["Log position"], csv_rows[0]["position"])
        for label in ("As at", "Missing", "qualifier estimate", "at_most"):
            self.assertTrue(notes[label], label)

    def test_an_etag_stands_for_the_totals(self):
        paths = [f"/export/totals.{form}?{QUESTION}" for form in ("csv", "json", "xlsx")]
        etags = [self.gateway.get(path)[1]["ETag"] for path in paths]
        self.assertEqual(len(set(etags)), len(paths))
        for path, etag in zip(paths, etags):
            status, headers, body = self.gateway.get(path, If_None_Match=etag)
            self.assertEqual((status, body, headers["ETag"]), (304, b"", etag))
        self.assertEqual(self.gateway.get(paths[0], If_None_Match='"another"')[0], 200)
        self.assertEqual(self.gateway.get(paths[0] + "&metric=arrests", If_None_Match=etags[0])[0], 200)

        result = {"operation": OPERATION, "force": "kent", "result_id": "one-more", "revision": 1,
                  "start_date": "2023-02-27", "end_date": "2023-02-27",
                  "figures": [{"metric": "arrests", "value": "1", "unit": "UNIT_COUNT"}]}
        subprocess.run([MUSTER, "--server", self.musterd.address, "submit", "-"], input=json.dumps(result), text=True,
                       check=True, capture_output=True, timeout=DEADLINE_SECONDS)
        for path, etag in zip(paths, etags):
            status, headers, _ = self.gateway.get(path, If_None_Match=etag)
            self.assertEqual(status, 200)
            self.assertNotEqual(headers["ETag"], etag)

    def test_a_question_that_is_misspelt_is_not_another_one(self):
        for question, said in (("operatoin=x", "did you mean \"operation\"?"), ("operation=", "is empty"),
                               ("group_by=colour", "must be operation, region"), ("as_of_position=0", "1 or more"),
                               ("as_of_time=then", "a time such as"), ("start_date=2023-02-27&start_date=2023-02-28", "twice"),
                               ("operation=%zz", "escape"), ("operation=nothing-2023", "operation"),
                               ("token=muster_x", "is not known"), ("start_date=yesterday", "start_date")):
            with self.subTest(question):
                status, _, body = self.gateway.get(f"/export/totals.csv?{question}")
                self.assertEqual(status, 400, body)
                self.assertIn(said, body.decode())
        self.assertEqual(self.gateway.get("/export/totals.pdf")[0], 404)
        self.assertEqual(self.gateway.get("/export/results.csv")[0], 404)
        self.assertEqual(self.gateway.ask("POST", "/export/totals.csv", "")[0], 405)

    def test_pages_of_others_cannot_have_one(self):
        path = f"/export/totals.csv?{QUESTION}"
        self.assertEqual(self.gateway.get(path, Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate")[0], 200)
        self.assertEqual(self.gateway.get(path, Sec_Fetch_Site="same-origin")[0], 200)
        self.assertEqual(self.gateway.get(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate",
                                          Sec_Fetch_Dest="document")[0], 403)


class TokensTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tokens = cls.folder / "store/tokens.textproto"
        until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
        said = muster(cls.musterd.address, "--json", "tokens", "issue", "analyst/ann", "--expires", until, "--scope",
                      "national-totals", "--file", tokens)
        cls.token = next(word for word in said.replace('"', " ").split() if word.startswith("muster_"))
        cls.strict = RunningGateway(cls.folder, cls.musterd.address, "--require-token")
        cls.addClassCleanup(cls.strict.stop)
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=DEADLINE_SECONDS)
        while cls.strict.call(QUERY_TOTALS, authorization=f"Bearer {cls.token}")[0] == 16:  # The file is not read yet.
            assert datetime.datetime.now() < deadline

    def test_who_has_none_gets_nothing(self):
        self.assertEqual(self.strict.call(QUERY_TOTALS), (16, False))
        self.assertEqual(self.strict.call(QUERY_TOTALS, authorization="Bearer muster_wrong"), (16, False))
        status, headers, _ = self.strict.get("/export/totals.csv")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Basic realm="Muster", charset="UTF-8"'))
        # The browser is not to ask for a password where a script of the page asked.
        status, headers, _ = self.strict.get("/export/totals.csv", Sec_Fetch_Mode="cors", Sec_Fetch_Site="same-origin")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Bearer realm="Muster"'))
        self.assertEqual(self.strict.get("/healthz")[0], 200)

    def test_a_token_reads_what_it_may(self):
        bearer = f"Bearer {self.token}"
        self.assertEqual(self.strict.call(QUERY_TOTALS, authorization=bearer), (0, True))
        self.assertEqual(self.strict.get("/export/totals.csv", authorization=bearer)[0], 200)
        status, _, body = self.strict.get("/export/totals.csv?group_by=force&force=kent", authorization=bearer)
        self.assertEqual(status, 403, body)

    def test_spreadsheets_send_it_as_a_password(self):
        def basic(pair):
            return "Basic " + base64.b64encode(pair.encode()).decode()
        self.assertEqual(self.strict.get("/export/totals.csv", authorization=basic(f"anybody:{self.token}"))[0], 200)
        self.assertEqual(self.strict.get("/export/totals.csv", authorization=basic(f":{self.token}"))[0], 200)
        for wrong in (basic(f"{self.token}:"), basic(self.token), "Basic !", "Basic", f"Digest {self.token}"):
            self.assertEqual(self.strict.get("/export/totals.csv", authorization=wrong)[0], 401, wrong)

    def test_a_wrong_token_is_refused_where_none_is_needed(self):
        self.assertEqual(self.gateway.call(QUERY_TOTALS), (0, True))
        self.assertEqual(self.gateway.call(QUERY_TOTALS, authorization="Bearer muster_wrong"), (16, False))

    def test_no_token_is_in_the_log(self):
        self.strict.get(f"/export/totals.csv?token={self.token}", authorization=f"Bearer {self.token}")
        self.assertNotIn(self.token, self.strict.log())


class TlsTest(unittest.TestCase):
    """HTTPS before the gateway, and TLS behind it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        certs = cls.folder / "certs"
        muster("127.0.0.1:1", "certs", "init", certs, "--trust-domain", "muster.example")
        muster("127.0.0.1:1", "certs", "issue", certs, "--host", "localhost,127.0.0.1")
        muster("127.0.0.1:1", "certs", "issue", certs, "--analyst", "gateway")
        cls.musterd = RunningMusterd(
            MUSTERD, cls.folder, "--tls-certificate", certs / "server.pem", "--tls-key", certs / "server-key.pem",
            "--tls-ca", certs / "ca.pem", "--tls-crl", certs / "crl.pem", "--trust-domain", "muster.example")
        cls.addClassCleanup(cls.musterd.stop)
        until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
        said = muster("127.0.0.1:1", "--json", "tokens", "issue", "analyst/ann", "--expires", until, "--scope",
                      "national-totals", "--file", cls.folder / "store/tokens.textproto")
        cls.token = next(word for word in said.replace('"', " ").split() if word.startswith("muster_"))
        cls.tls = ("--tls-ca", certs / "ca.pem", "--tls-certificate", certs / "analyst-gateway.pem", "--tls-key",
                   certs / "analyst-gateway-key.pem")
        cls.certs = certs

    def _serves_tokens_alone(self, gateway):
        # The gateway itself may read national totals, and lends that to nobody.
        self.assertEqual(gateway.call(QUERY_TOTALS), (16, False))
        self.assertEqual(gateway.get("/export/totals.csv")[0], 401)
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=DEADLINE_SECONDS)
        while gateway.call(QUERY_TOTALS, authorization=f"Bearer {self.token}") != (0, True):  # Until the file is read.
            self.assertLess(datetime.datetime.now(), deadline)
        self.assertEqual(gateway.get("/export/totals.csv", authorization=f"Bearer {self.token}")[0], 200)

    def test_before_a_server_with_tls(self):
        gateway = RunningGateway(self.folder, self.musterd.address, *self.tls)
        self.addCleanup(gateway.stop)
        self._serves_tokens_alone(gateway)

    def test_https(self):
        gateway = RunningGateway(self.folder, self.musterd.address, *self.tls, "--https-certificate",
                                 self.certs / "server.pem", "--https-key", self.certs / "server-key.pem")
        self.addCleanup(gateway.stop)
        gateway.trusts = ssl.create_default_context(cafile=self.certs / "ca.pem")
        self.assertTrue(gateway.url.startswith("https://"))
        self._serves_tokens_alone(gateway)
        self.assertEqual(gateway.get("/healthz")[1]["Strict-Transport-Security"], "max-age=31536000")
        self.assertEqual(gateway.call(QUERY_TOTALS, authorization=f"Bearer {self.token}",
                                      Origin=gateway.url.rstrip("/")), (0, True))
        self.assertEqual(gateway.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")[:4] == b"HTTP", False)

    def test_a_key_of_another_certificate(self):
        done = subprocess.run([GATEWAY, "--listen", "127.0.0.1:0", "--https-certificate", self.certs / "server.pem",
                               "--https-key", self.certs / "analyst-gateway-key.pem"], capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not that of the certificate", done.stderr)


class StrangersTest(GatewayTest):
    def tearDown(self):
        self.assertEqual(self.gateway.get("/")[0], 200)  # Whatever came, others are served.

    def _status(self, data, hang_up):
        answer = self.gateway.send(data, hang_up)
        return int(answer.split()[1]) if answer else None

    def test_requests_that_are_none(self):
        close = b"Connection: close\r\n"
        host = f"Host: {self.gateway.host}\r\n".encode() + close
        rows = [
            ("nothing", b"", None),
            ("half a request line", b"GET / HT", None),
            ("half the headers", b"GET / HTTP/1.1\r\nHost: x", None),
            ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            ("a space in a name", b"GET / HTTP/1.1\r\n" + host + b"Bad Name: 1\r\n\r\n", 400),
            ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
            ("Host twice", b"GET / HTTP/1.1\r\n" + host + f"Host: {self.gateway.host}\r\n\r\n".encode(), 400),
            ("another Host", b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + close + b"\r\n", 421),
            ("an address of elsewhere", b"GET http://evil.example/ HTTP/1.1\r\n" + host + b"\r\n", 400),
            ("a proxy's request", b"CONNECT evil.example:443 HTTP/1.1\r\n" + host + b"\r\n", 400),
            ("two lengths", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
            ("a length and chunks", b"POST / HTTP/1.1\r\n" + host +
             b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("a length below zero", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", 400),
            ("a long header", b"GET / HTTP/1.1\r\n" + host + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
            ("many headers", b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 100 + b"\r\n", 431),
            ("a long path", b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n" + host + b"\r\n", 431),
            ("a path upwards", b"GET /../../etc/passwd.txt HTTP/1.1\r\n" + host + b"\r\n", 404),
            ("a method of its own", b"BREW / HTTP/1.1\r\n" + host + b"\r\n", 405),
            ("a preflight", b"OPTIONS " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\n" + host + b"\r\n", 405),
            ("a body that is too long", b"POST " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\n" + host +
             b"Content-Type: application/grpc-web\r\nContent-Length: 5000000\r\n\r\n", 413),
            ("chunks that are too long", b"POST " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\n" + host +
             b"Content-Type: application/grpc-web\r\nTransfer-Encoding: chunked\r\n\r\n" +
             (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 4 + b"10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n", 413),
            ("a body where none is taken", b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\nabc", 413),
            ("half a body", b"POST " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\n" + host +
             b"Content-Type: application/grpc-web\r\nContent-Length: 100\r\n\r\nabc", None),
            ("a form of another page", b"POST " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\n" + host +
             b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0", 415),
        ]
        for name, data, status in rows:
            with self.subTest(name):
                self.assertEqual(self._status(data, hang_up=status is None), status)

    def test_a_whole_call_by_hand(self):
        # What the rows above differ from in one thing each.
        answer = self.gateway.send(
            b"POST " + LIST_OPERATIONS.encode() + f" HTTP/1.1\r\nHost: {self.gateway.host}\r\n".encode() +
            b"Content-Type: application/grpc-web\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"2\r\n\0\0\r\n3\r\n\0\0\0\r\n0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:100])

    def test_pages_of_others(self):
        call = {"Content_Type": "application/grpc-web+proto"}
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
                        {"Sec_Fetch_Site": "same-site"}, {"Origin": f"http://{self.gateway.host}0"}):
            self.assertEqual(self.gateway.ask("POST", LIST_OPERATIONS, FRAME, **call, **headers)[0], 403, headers)
        self.assertEqual(self.gateway.call(LIST_OPERATIONS, Origin=f"http://{self.gateway.host}",
                                           Sec_Fetch_Site="same-origin"), (0, True))

    def test_many_who_say_nothing(self):
        host, port = self.gateway.host.split(":")
        silent = [socket.create_connection((host, port), DEADLINE_SECONDS) for _ in range(300)]
        try:
            for connection in silent[::2]:
                connection.sendall(b"POST " + QUERY_TOTALS.encode() + b" HTTP/1.1\r\nHost: ")
            self.assertEqual(self.gateway.call(LIST_OPERATIONS), (0, True))
        finally:
            for connection in silent:
                connection.close()


class CommandLineTest(unittest.TestCase):
    def test_what_does_not_start(self):
        for words, said in ((("--lisen", "127.0.0.1:0"), "--lisen"), (("--listen", "0.0.0.0:0"), "--https-certificate"),
                            (("--listen", "localhost"), "no address"), (("--web", "/nowhere"), "/nowhere"),
                            (("--https-key", "x"), "both"), (("--tls-ca", "/nowhere"), "TLS"),
                            (("--log-level", "loud"), "loud")):
            done = subprocess.run([GATEWAY, *words], capture_output=True, text=True, timeout=DEADLINE_SECONDS)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(said, done.stderr + done.stdout, words)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = subprocess.run([GATEWAY, "--listen", "127.0.0.1:%d" % taken.getsockname()[1]], capture_output=True,
                                  text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Cannot listen", done.stderr)

    def test_it_stops_when_it_is_asked_to(self):
        with tempfile.TemporaryDirectory() as folder:
            gateway = RunningGateway(folder, "127.0.0.1:1")
            self.assertEqual(gateway.get("/healthz")[0], 200)
            self.assertEqual(gateway.stop(), 0)
            for line in gateway.log().splitlines():
                self.assertLessEqual({"time", "level", "message"}, json.loads(line).keys())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
