// The real server, the real gateway and a real browser, for tests of the page.
//
//     node NAME_test.mjs PROGRAMS WEB SOURCES
//
// PROGRAMS has musterd, muster and muster-gateway; WEB is the built page; SOURCES is the root of the project.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const [programs, web, sources] = process.argv.slice(2);
assert.ok(sources, "usage: node NAME_test.mjs PROGRAMS WEB SOURCES");
assert.ok(existsSync(`${web}/index.html`), `there is no page in ${web}: ./dev web builds it`);

const BROWSER = "/usr/bin/chromium";
assert.ok(existsSync(BROWSER), `there is no ${BROWSER}: ./dev test installs it`);

// Milliseconds. For what happens at once; only a machine that is very busy needs more than a fraction of it.
export const PATIENCE = Number(process.env.MUSTER_PATIENCE ?? 20_000);

export const EXAMPLES = `${sources}/catalogue/examples`;
export const WEEK = "county-lines-2023-02";
export const EARLIER_WEEK = "county-lines-2021-10";

// A program that says on its first line where it is.
async function start(program, words, pattern) {
  const child = spawn(`${programs}/${program}`, words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece) => (said = (said + piece).slice(-4_000)));
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => [""])]);
  const found = pattern.exec(line);
  assert.ok(found, `${program} did not start: ${line}\n${said}`);
  return { child, address: found[1], log: () => said };
}

async function stop({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

// A server on a store of its own, and a gateway before it. Both can be stopped and started again at the same addresses.
export class Stage {
  folder = mkdtempSync(join(tmpdir(), "muster-web-"));
  #gatewayWords;
  #server;
  #gateway;
  server = "127.0.0.1:0";
  address = "http://127.0.0.1:0/";

  constructor(gatewayWords = []) {
    this.#gatewayWords = gatewayWords;
  }

  async up() {
    await this.startServer();
    await this.startGateway();
    return this;
  }

  async startServer() {
    const words = ["--config", "/dev/null", "--store", `${this.folder}/store`, "--listen", this.server];
    this.#server = await start("musterd", words, /^listening on (\S+)$/);
    this.server = this.#server.address;
  }

  async startGateway() {
    const listen = new URL(this.address).host;
    const words = ["--listen", listen, "--server", this.server, "--web", web, ...this.#gatewayWords];
    this.#gateway = await start("muster-gateway", words, /^dashboard on (\S+)$/);
    this.address = this.#gateway.address;
  }

  stopServer() {
    return stop(this.#server);
  }

  stopGateway() {
    return stop(this.#gateway);
  }

  async down() {
    if (this.#gateway) await this.stopGateway();
    if (this.#server) await this.stopServer();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // What the command line says.
  async muster(...words) {
    const { stdout } = await promisify(execFile)(`${programs}/muster`, ["--server", this.server, ...words]);
    return stdout;
  }

  async submitExamples() {
    for (const name of ["returns-2019-05.csv", "returns-2021-10.csv", "returns-2023-02.csv"]) {
      await this.muster("submit", `${EXAMPLES}/${name}`);
    }
  }

  // One result of one figure; what is not said is that of a week of Kent.
  async submit(change) {
    const result = {
      operation: WEEK, force: "kent", result_id: "week-1", revision: 1, start_date: "2023-02-27",
      end_date: "2023-03-05", final: true, nil: "", retracted: "", reason: "", metric: "arrests", categories: "",
      value: 10, unit: "count", qualifier: "exact", ...change,
    };
    const file = `${this.folder}/result-${result.force}-${result.result_id}-${result.revision}.csv`;
    writeFileSync(file, `${Object.keys(result).join(",")}\n${Object.values(result).join(",")}\n`);
    await this.muster("submit", file);
  }

  // The totals of the command line, as rows of its CSV: fields of ids and numbers hold no comma; "described" may.
  async totals(...words) {
    const [header, ...lines] = (await this.muster("-o", "csv", "totals", ...words)).trim().split("\n");
    const names = header.split(",");
    return lines.map((line) => {
      const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((cell) => cell.replace(/,$/, "").replace(/^"|"$/g, ""));
      return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    });
  }
}

export function openBrowser() {
  // Chromium has no sandbox for root, which is who runs the tests in a container.
  return chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

// A page that is complained of by name if the browser reports anything: a script that fails, a policy that refuses.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // The browser itself reports every answer that is an error; what the page makes of those has tests of its own.
    if (message.type() === "error" && !/Failed to load resource|net::ERR_/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return { page, context, complaints };
}

// Until the page shows numbers that are up to date.
export async function ready(page) {
  await page.waitForSelector(".app-standing[data-link=live]");
}

// Text as it is read out and copied, in one line.
export async function textOf(locator) {
  return ((await locator.textContent()) ?? "").replace(/\s+/g, " ").trim();
}

export function addressOf(stage, path, question = {}) {
  const given = new URLSearchParams({ operation: WEEK, compare: EARLIER_WEEK, ...question });
  return `${stage.address.replace(/\/$/, "")}/${path}?${given}`;
}
