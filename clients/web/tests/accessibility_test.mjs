// WCAG 2.2 AA by axe on every page, in every way that people look at it; and every task by keyboard alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { addressOf, EARLIER_WEEK, openBrowser, openPage, ready, Stage, textOf, WEEK } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const stage = new Stage();
let browser;
before(async () => {
  await stage.up();
  await stage.submitExamples();
  // Something late, something by day, and something that carries a warning, so that there is everything to look at.
  await stage.submit({ force: "surrey", result_id: "day-2", start_date: "2023-02-28", end_date: "2023-02-28", value: 7 });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stage.down();
});

const PAGES = [
  ["operation", { metric: "cash-seized" }],
  ["operation", { metric: "drugs-value", operation: EARLIER_WEEK }],
  ["forces", {}],
  ["why", { metric: "cash-seized", result: "hampshire/week-1" }],
  ["as-at", { position: "10", metric: "arrests" }],
  ["press-lines", { region: "south-east" }],
];

const WIDE = { width: 1200, height: 900 };
const LOOKS = {
  light: [{ colorScheme: "light", forcedColors: "none" }, WIDE],
  dark: [{ colorScheme: "dark", forcedColors: "none" }, WIDE],
  "forced colours": [{ colorScheme: "light", forcedColors: "active" }, WIDE],
  "320 px wide": [{ colorScheme: "light", forcedColors: "none" }, { width: 320, height: 640 }],
};

async function complaintsOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help}\n  ${nodes.slice(0, 5).map(({ html, failureSummary }) => `${html}\n    ${failureSummary}`).join("\n  ")}`);
}

// What is wrong with a page, in every look; the page stays open, because people change their minds too.
async function complaintsOfAllLooks(page) {
  const found = [];
  for (const [look, [media, size]] of Object.entries(LOOKS)) {
    await page.emulateMedia(media);
    await page.setViewportSize(size);
    found.push(...(await complaintsOf(page)).map((complaint) => `${look}: ${complaint}`));
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > size.width) found.push(`${look}: the page scrolls sideways, ${width} of ${size.width} px`);
  }
  return found;
}

for (const [path, question] of PAGES) {
  test(`axe finds nothing: ${path} ${Object.values(question).join(" ")}`, async () => {
    const { page, context } = await openPage(browser);
    await page.goto(addressOf(stage, path, question));
    await ready(page);
    await page.waitForSelector(".app-section, .app-lines");
    assert.deepEqual(await complaintsOfAllLooks(page), []);
    await context.close();
  });
}

test("axe finds nothing where something is wrong: a bad moment, an unknown operation, a lost server", async () => {
  const { page, context } = await openPage(browser);
  await page.goto(addressOf(stage, "as-at"));
  await ready(page);
  await page.fill("#at-year", "2999");
  await page.getByRole("button", { name: "Show the totals then" }).click();
  await page.waitForSelector(".govuk-error-summary");
  assert.deepEqual(await complaintsOfAllLooks(page), []);
  await page.goto(addressOf(stage, "operation", { operation: "no-such-week" }));
  await page.waitForSelector("[data-problem]");
  assert.deepEqual(await complaintsOfAllLooks(page), []);
  await page.goto(addressOf(stage, "operation"));
  await ready(page);
  await stage.stopGateway();
  try {
    await page.waitForSelector("[data-link=lost]");
    assert.deepEqual(await complaintsOfAllLooks(page), []);
  } finally {
    await stage.startGateway();
  }
  await context.close();
});

// Presses Tab until what is focused matches; every stop on the way must show that it has the focus.
async function tabTo(page, selector) {
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press("Tab");
    const { there, seen, what } = await page.evaluate((wanted) => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const marked = style.outlineStyle !== "none" || style.boxShadow !== "none" || style.backgroundColor === "rgb(255, 221, 0)";
      return { there: element.matches(wanted), seen: marked || element === document.body, what: element.outerHTML.slice(0, 120) };
    }, selector);
    assert.ok(seen, `the focus is not seen on ${what}`);
    if (there) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

async function byKeyboard(name, path, question, body) {
  test(`by keyboard alone: ${name}`, async () => {
    const { page, context } = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(addressOf(stage, path, question));
    await ready(page);
    await body(page);
    await context.close();
  });
}

byKeyboard("skip to the content", "operation", {}, async (page) => {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");
});

byKeyboard("another operation and region", "operation", {}, async (page) => {
  await tabTo(page, "#choose-operation");
  await page.keyboard.type("County Lines Intensification Week, October 2021");
  await tabTo(page, "#choose-region");
  await page.keyboard.type("South East");
  await tabTo(page, ".app-question button");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("h1").textContent.includes("October 2021"));
  const question = new URL(page.url()).searchParams;
  assert.equal(question.get("operation"), EARLIER_WEEK);
  assert.equal(question.get("region"), "south-east");
});

byKeyboard("who is missing", "operation", {}, async (page) => {
  await tabTo(page, ".app-coverage summary");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".app-coverage details[open]");
});

byKeyboard("from a total to its results, and to the history of one", "operation", { metric: "arrests" }, async (page) => {
  await tabTo(page, ".app-metric a");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1:focus");
  await page.waitForSelector("[data-test=results]");
  await tabTo(page, "[data-test=results] a");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-test=history]");
});

byKeyboard("the totals as they stood at a log position", "as-at", {}, async (page) => {
  await tabTo(page, "#at-position");
  await page.keyboard.type("10");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-test=changes]");
  assert.equal(await textOf(page.locator("h1")), "As at log position 10");
});

byKeyboard("the totals as they stood at a time", "as-at", {}, async (page) => {
  await tabTo(page, "#at-year");
  await page.keyboard.type("2000"); // Before anything was.
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1:has-text('2000'), [data-problem]");
});

byKeyboard("copy a press line", "press-lines", { region: "south-east" }, async (page) => {
  await tabTo(page, "[data-line=arrests] button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=status]:has-text('Copied: Arrests')");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await textOf(page.locator("[data-line=arrests] p")));
  assert.match(copied, /^County Lines Intensification Week, February to March 2023: 4 forces in the South East region reported 237 arrests\./);
});

byKeyboard("a wide table is scrolled", "forces", {}, async (page) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await tabTo(page, "#states .app-scrolling");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.activeElement.scrollLeft > 0);
});

byKeyboard("a file is taken away", "operation", {}, async (page) => {
  await tabTo(page, "#by-force .app-source a");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), `totals-${WEEK}.csv`);
});
