// The gateway as browsers' own client sees it: connect-web, before a server that answers what it is told.
//
//   node grpc_web_client_test.mjs GATEWAY PYTHON TOLD_SERVER WEB_FOLDER PROTO_FOLDER
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";

const [GATEWAY, PYTHON, TOLD_SERVER, WEB_FOLDER, PROTO_FOLDER] = process.argv.slice(2);

// What the page is made with.
const require = createRequire(path.join(WEB_FOLDER, "package.json"));
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const { createGrpcWebTransport } = require("@connectrpc/connect-web");
const { create, createFileRegistry, fromBinary, toBinary } = require("@bufbuild/protobuf");
const { anyPack, FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");

const MEBIBYTE = 1 << 20;
const running = [];
let registry;
let server;
let gateway;

// A program whose first line is awaited, and every line after it can be.
async function start(program, ...words) {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, `${program} ended`);
    return value;
  };
  // The next line that begins so; those before it are about other calls.
  const lineOf = async (word) => {
    for (;;) {
      const next = await line();
      if (next.startsWith(word)) return next.slice(word.length).trim();
    }
  };
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  return { child, first: await line(), lineOf, ended };
}

async function startBoth() {
  const told = await start(PYTHON, TOLD_SERVER);
  const started = await start(GATEWAY, "--listen", "127.0.0.1:0", "--server", told.first, "--log-level", "error");
  return { told, started, client: clientOf(started) };
}

function clientOf(started) {
  const baseUrl = started.first.replace(/^dashboard on /, "").replace(/\/$/, "");
  return createClient(registry.getService("muster.v1.TotalsService"), createGrpcWebTransport({ baseUrl }));
}

before(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "muster-descriptors-"));
  const file = path.join(folder, "descriptors");
  const made = spawnSync("protoc", ["-I", PROTO_FOLDER, "--include_imports", `--descriptor_set_out=${file}`,
    "muster/v1/totals_service.proto", "google/rpc/error_details.proto", "google/rpc/status.proto"]);
  assert.equal(made.status, 0, String(made.stderr));
  registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  rmSync(folder, { recursive: true });
  ({ told: server, started: gateway } = await startBoth());
});

after(() => {
  for (const child of running) child.kill("SIGKILL");
});

// Details as musterd makes them.
function details(code, reason, message) {
  const ErrorInfo = registry.getMessage("google.rpc.ErrorInfo");
  const Status = registry.getMessage("google.rpc.Status");
  const info = create(ErrorInfo, { reason, domain: "muster", metadata: { what: "a total" } });
  return Buffer.from(toBinary(Status, create(Status, { code, message, details: [anyPack(ErrorInfo, info)] }))).toString("base64");
}

// How a call failed, which it must.
async function failure(call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error));
    return error;
  }
  return assert.fail("it did not fail");
}

function reasonOf(error) {
  const infos = error.findDetails(registry.getMessage("google.rpc.ErrorInfo"));
  assert.equal(infos.length, 1);
  assert.equal(infos[0].domain, "muster");
  return infos[0].reason;
}

const query = (order, options) => clientOf(gateway).queryTotals({ pageToken: JSON.stringify(order) }, options);
const watch = (order, options) => clientOf(gateway).watchTotals({ resumeToken: JSON.stringify(order) }, options);

async function sizesOf(stream) {
  const sizes = [];
  for await (const message of stream) sizes.push(message.resumeToken.length);
  return sizes;
}

for (const [name, code] of Object.entries(Code).filter(([, value]) => typeof value === "number")) {
  const message = `${name}: 100% of £5\nand "more"`;

  test(`a call that ends with ${name}`, async () => {
    const error = await failure(query({ status: code, message, details: details(code, "A_REASON", message) }));
    assert.equal(error.code, code);
    assert.equal(error.rawMessage, message);
    assert.equal(reasonOf(error), "A_REASON");
  });

  test(`a stream that ends with ${name} after two messages`, async () => {
    const sizes = [];
    const stream = watch({ sizes: [1, 2], status: code, message, details: details(code, "A_REASON", message) });
    const error = await failure((async () => {
      for await (const response of stream) sizes.push(response.resumeToken.length);
    })());
    assert.deepEqual(sizes, [1, 2]);
    assert.equal(error.code, code);
    assert.equal(error.rawMessage, message);
    assert.equal(reasonOf(error), "A_REASON");
  });
}

test("an error without details keeps its words", async () => {
  const error = await failure(query({ status: Code.NotFound, message: "no 100% £5\nhere" }));
  assert.equal(error.code, Code.NotFound);
  assert.equal(error.rawMessage, "no 100% £5\nhere");
});

test("messages of every size, the empty one too", async () => {
  for (const size of [0, 1, 65_536, MEBIBYTE, 3 * MEBIBYTE]) {
    assert.equal((await query({ sizes: [size] })).nextPageToken.length, size);
  }
  const sizes = [0, MEBIBYTE, 0, 1, MEBIBYTE];
  assert.deepEqual(await sizesOf(watch({ sizes })), sizes);
});

test("a stream without messages ends well", async () => {
  assert.deepEqual(await sizesOf(watch({ sizes: [] })), []);
});

test("ten thousand messages come in order", async () => {
  const sizes = Array.from({ length: 10_000 }, (_, index) => index % 7);
  assert.deepEqual(await sizesOf(watch({ sizes })), sizes);
});

test("a request of a mebibyte", async () => {
  const response = await query({ sizes: [5], filler: "x".repeat(MEBIBYTE) });
  assert.equal(response.nextPageToken.length, 5);
});

test("who calls goes along, and what else a browser sends does not", async () => {
  await query({ sizes: [1] }, { headers: { authorization: "Bearer muster_abc", "x-request-id": "one", "x-other": "x" } });
  let sent;
  do {  // The first ones are of calls before.
    sent = JSON.parse(await server.lineOf("metadata"));
  } while (sent["x-request-id"] !== "one");
  assert.equal(sent.authorization, "Bearer muster_abc");
  assert.deepEqual(Object.keys(sent).sort(), ["authorization", "user-agent", "x-request-id"]);
});

test("a deadline ends a call here and there", async () => {
  const error = await failure(query({ hang: true }, { timeoutMs: 300 }));
  assert.equal(error.code, Code.DeadlineExceeded);
  await server.lineOf("gone");
});

// Again and again: whether its going is seen depends on what else the gateway is about just then.
test("a browser that goes cancels its call", async () => {
  for (let round = 0; round < 30; ++round) {
    const going = new AbortController();
    const stream = watch({ name: `round-${round}`, sizes: [1], hang: true }, { signal: going.signal });
    const error = await failure((async () => {
      for await (const message of stream) {
        assert.equal(message.resumeToken.length, 1);
        going.abort();
      }
    })());
    assert.equal(error.code, Code.Canceled, `${error.message}: ${error.cause?.stack}`);
    await server.lineOf(`ended round-${round} 1`);
  }
});

test("a slow browser slows its server, and nobody else", async () => {
  const count = 500;
  const going = new AbortController();
  const stream = watch({ name: "slow", sizes: Array(count).fill(MEBIBYTE) }, { signal: going.signal });
  await failure((async () => {
    for await (const message of stream) {
      assert.equal(message.resumeToken.length, MEBIBYTE);
      assert.equal((await query({ sizes: [7] })).nextPageToken.length, 7);
      going.abort();
    }
  })());
  const made = Number(await server.lineOf("ended slow"));
  assert.ok(made < count, `${made} of ${count} messages were made for who had read one`);
});

test("a call that is not carried", async () => {
  const baseUrl = gateway.first.replace(/^dashboard on /, "").replace(/\/$/, "");
  const ingest = createClient(registry.getService("muster.v1.IngestService"), createGrpcWebTransport({ baseUrl }));
  const error = await failure(ingest.submitResults({}));
  assert.equal(error.code, Code.Unimplemented);
  assert.equal(reasonOf(error), "CALL_NOT_CARRIED");
});

// A stream of which one message came.
async function openStream(client) {
  const stream = client.watchTotals({ resumeToken: JSON.stringify({ sizes: [1], hang: true }) })[Symbol.asyncIterator]();
  assert.equal((await stream.next()).value.resumeToken.length, 1);
  return stream;
}

test("a stream whose server goes", async () => {
  const { told, client } = await startBoth();
  const stream = await openStream(client);
  told.child.kill("SIGKILL");
  assert.equal((await failure(stream.next())).code, Code.Unavailable);
  const error = await failure(client.queryTotals({}));
  assert.equal(error.code, Code.Unavailable);
});

test("a stream that is cut off does not look as if it had ended", async () => {
  const { started, client } = await startBoth();
  const stream = await openStream(client);
  started.child.kill("SIGKILL");
  await failure(stream.next());
});

test("a gateway that stops says so", async () => {
  const { started, client } = await startBoth();
  const stream = await openStream(client);
  started.child.kill("SIGTERM");
  const error = await failure(stream.next());
  assert.equal(error.code, Code.Unavailable);
  assert.equal(reasonOf(error), "GATEWAY_STOPPING");
  assert.equal(await started.ended, 0);
});
