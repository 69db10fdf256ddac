// What moves while it is looked at: new results, a gateway and a server that go and come back, a token that ends.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addressOf, openBrowser, openPage, ready, Stage, textOf, WEEK } from "./harness.mjs";

const stage = new Stage();
let browser;
before(async () => {
  await stage.up();
  await stage.submitExamples();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stage.down();
});

const ARRESTS = "[data-test=headlines] [data-metric=arrests] .app-figure__headline";

function untilSays(page, selector, text) {
  return page.waitForFunction(
    ([where, wanted]) => document.querySelector(where)?.textContent === wanted,
    [selector, text],
    { polling: "raf" },
  );
}

test("a result appears within 2 s of its receipt", async () => {
  const { page, context, complaints } = await openPage(browser);
  await page.goto(addressOf(stage, "operation"));
  await ready(page);
  await untilSays(page, ARRESTS, "343");
  const times = [];
  for (let revision = 1; revision <= 5; revision += 1) {
    await stage.submit({ revision, value: 10 * revision });
    const accepted = performance.now();
    await untilSays(page, ARRESTS, String(343 + 10 * revision));
    times.push(performance.now() - accepted);
  }
  console.log(`receipt to page: ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
  assert.ok(Math.max(...times) < 2_000);
  assert.match(await textOf(page.locator("[data-test=coverage]")), /^7 of 43 forces have reported/);
  // By day too, once there are days.
  await stage.submit({ force: "surrey", result_id: "day-2", start_date: "2023-02-28", end_date: "2023-02-28", value: 7 });
  await page.waitForSelector("#by-day svg[role=img]");
  assert.match(await textOf(page.locator("#by-day h2")), /the highest stated day is 28 February 2023, 7/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the first numbers are there within 1.5 s", async () => {
  const times = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { page, context } = await openPage(browser);
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.querySelector("[data-test=headlines]") === null) return;
        observer.disconnect();
        // The frame after next: what was changed has then been painted.
        requestAnimationFrame(() => requestAnimationFrame(() => (window.firstNumbers = performance.now())));
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(addressOf(stage, "operation"));
    await page.waitForFunction(() => window.firstNumbers !== undefined);
    times.push(await page.evaluate(() => window.firstNumbers));
    await context.close();
  }
  console.log(`first numbers painted after ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
  assert.ok(Math.min(...times) < 1_500);
});

for (const [name, stop, start] of [
  ["gateway", () => stage.stopGateway(), () => stage.startGateway()],
  ["server", () => stage.stopServer(), () => stage.startServer()],
]) {
  test(`when the ${name} is gone, the page says that its numbers are old, and recovers by itself`, async () => {
    const { page, context } = await openPage(browser);
    await page.goto(addressOf(stage, "operation"));
    await ready(page);
    const before = await textOf(page.locator(ARRESTS));
    await stop();
    await page.waitForSelector("[data-link=lost]");
    const standing = await textOf(page.locator(".app-standing"));
    assert.match(standing, /^Out of date/);
    assert.match(standing, /cannot be reached. What is shown may be out of date. This page tries again by itself./);
    // What was known is still there, and looks old.
    assert.equal(await textOf(page.locator(ARRESTS)), before);
    assert.equal(await page.locator(".app-summary").evaluate((element) => getComputedStyle(element).filter), "grayscale(1)");
    await start();
    await page.waitForSelector("[data-link=live]");
    assert.equal(await textOf(page.locator(ARRESTS)), before);
    await context.close();
  });
}

test("a page that is opened while the server is gone shows the numbers once it is back", async () => {
  await stage.stopServer();
  const { page, context } = await openPage(browser);
  await page.goto(addressOf(stage, "forces"));
  await page.waitForSelector("text=This page tries again by itself.");
  await stage.startServer();
  await ready(page);
  await page.waitForSelector("[data-test=forces]");
  await context.close();
});

test("with tokens: the page asks for one, keeps it in the tab alone, and forgets it", async () => {
  const guarded = new Stage(["--require-token"]);
  try {
    await guarded.up();
    await guarded.submitExamples();
    const file = `${guarded.folder}/store/tokens.textproto`;
    const said = await guarded.muster(
      "tokens", "issue", "unit/serocu", "--expires", inAMonth(), "--file", file,
      ...["results", "force-totals", "coverage", "region-totals", "national-totals"].flatMap((scope) => ["--scope", scope]),
    );
    const [token] = /muster_\S+/.exec(said);
    // A running server takes a new token up within a second; one that starts has it at once.
    await guarded.stopServer();
    await guarded.startServer();
    const { page, context, complaints } = await openPage(browser);
    await page.goto(addressOf(guarded, "operation", { region: "south-east" }));
    await page.waitForSelector("h1:has-text('Sign in')");

    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForSelector("text=Enter your token");
    await page.fill("#token", "muster_nobody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForSelector("text=The server does not know this token");

    await page.fill("#token", token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await untilSays(page, ARRESTS, "230");
    const kept = await page.evaluate(() => [localStorage.length, document.cookie, sessionStorage.length]);
    assert.deepEqual(kept, [0, "", 1]);
    assert.ok(!page.url().includes(token));

    // The whole country by force is not a unit's to see; the rest is.
    await page.goto(addressOf(guarded, "operation"));
    await page.waitForSelector("[data-test=headlines]");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("#all-figures .app-source a").click(),
    ]);
    assert.equal(download.suggestedFilename(), `${WEEK}.csv`);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector("h1:has-text('Sign in')");
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  } finally {
    await guarded.down();
  }
});

function inAMonth() {
  return new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
}
