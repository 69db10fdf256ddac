// Each page on the published figures of two weeks: it says what the command line says, and never less.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { addressOf, EARLIER_WEEK, openBrowser, openPage, ready, Stage, textOf, web, WEEK } from "./harness.mjs";

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

// Opens a page, runs the test on it, and lets no complaint of the browser pass.
function onPage(name, path, question, body, options) {
  test(name, async () => {
    const { page, context, complaints } = await openPage(browser, options);
    try {
      await page.goto(addressOf(stage, path, question));
      await ready(page);
      await body(page);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

for (const operation of [EARLIER_WEEK, WEEK]) {
  for (const region of ["", "south-east"]) {
    const question = { operation, region, compare: "none" };
    onPage(`all figures of ${operation} ${region} are those of the command line`, "operation", question, async (page) => {
      const words = region === "" ? [] : ["--region", region];
      const rows = await stage.totals("--operation", operation, ...words);
      assert.ok(rows.length > 15);
      for (const { metric, described, result_count, force_count } of rows) {
        const cells = page.locator(`#all-figures tr[data-metric="${metric}"] td`);
        assert.equal(await textOf(cells.nth(0)), described, metric);
        assert.equal(await textOf(cells.nth(1)), result_count, metric);
        assert.equal(await textOf(cells.nth(2)), force_count, metric);
      }
      assert.equal(await page.locator("#all-figures tbody tr").count(), rows.length);
    });
  }
}

onPage("headlines say how certain they are, and from whom", "operation", { region: "south-east" }, async (page) => {
  const headline = (metric) => textOf(page.locator(`[data-test=headlines] [data-metric=${metric}] dd`));
  assert.equal(await headline("arrests"), "230, from 4 forces");
  assert.equal(await headline("cash-seized"), "about £124,095, of which at least £58,095 is certain, from 4 forces");
  assert.equal(await headline("drugs-weight"), "1.7975 kg, from 2 forces");
  assert.equal(await headline("lines-closed"), "nothing reported");
  const coverage = await textOf(page.locator("[data-test=coverage]"));
  assert.match(coverage, /^4 of 4 forces have reported/);
  assert.match(coverage, /Provisional, may change: Thames Valley/);
});

onPage("who is missing is a part of the number", "operation", { operation: EARLIER_WEEK }, async (page) => {
  const coverage = await textOf(page.locator("[data-test=coverage]"));
  assert.match(coverage, /^6 of 43 forces have reported/);
  assert.match(coverage, /Missing: 37 forces/);
  assert.match(coverage, /Metropolitan Police/);
});

onPage("every chart has a title, a table, a source and its numbers to take away", "operation", { metric: "drugs-value", operation: EARLIER_WEEK, compare: "county-lines-2019-05" }, async (page) => {
  const ids = await page.locator("section.app-section").evaluateAll((sections) => sections.map(({ id }) => id));
  for (const id of ["by-force", "by-region", "by-day", "by-drug", "beside", "all-figures"]) assert.ok(ids.includes(id), id);
  for (const id of ids) {
    const section = page.locator(`#${id}`);
    assert.match(await textOf(section.locator("h2")), /\S: \S/, id);
    assert.ok((await section.locator("table tbody tr").count()) > 0, id);
    assert.match(await textOf(section.locator(".app-source")), /^Source: results .* as at \d\d:\d\d:\d\d on .*, log position 13\./, id);
    assert.match(await section.locator(".app-source a").getAttribute("href"), /^\/export\/totals\.csv\?operation=/, id);
  }
  assert.equal(await textOf(page.locator("#by-force h2")),
    "By force: Northumbria stated the highest figure for drugs seized by street value: at least £800,000");
  assert.equal(await textOf(page.locator("#by-drug h2")),
    "By drug: Drugs seized by street value: £59,000 of what is stated is not broken down by drug");
  assert.equal(await page.locator("#by-drug .app-table__rest").count(), 2);
});

onPage("files to take away say what the table says", "operation", { region: "south-east" }, async (page) => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#all-figures .app-source a").click(),
  ]);
  const lines = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/);
  const rows = await page.locator("#all-figures tbody tr").count();
  assert.equal(lines.length, rows + 1);
  assert.ok(lines.some((line) => line.includes("cash-seized") && line.includes("12409500") && line.includes("5809500")));
});

onPage("the map has every force of England and Wales, by its code", "operation", { metric: "cash-seized" }, async (page) => {
  assert.equal(await page.locator("#by-force .app-tile").count(), 43);
  const titles = await page.locator("#by-force .app-tile title").allTextContents();
  assert.ok(titles.includes("Thames Valley: about £66,000"));
  assert.ok(titles.includes("Kent: missing: nothing heard, which is not zero"));
  const signs = page.locator("#by-force .app-tile", { has: page.locator("title", { hasText: /^Thames Valley/ }) });
  assert.equal(await textOf(signs.locator(".app-tile__value")), "≈£66,000");
});

onPage("beside an earlier week, both coverages are said", "operation", {}, async (page) => {
  assert.equal(await textOf(page.locator("#beside h2")),
    "Beside County Lines Intensification Week, October 2021: Arrests: 343 from 6 of 43 forces; before, 255 from 6 of 43 forces");
  const cash = page.locator("#beside tr", { has: page.locator("th", { hasText: /^Cash seized$/ }) }).locator("td");
  assert.equal(await textOf(cash.nth(1)), "about £146,770, at least £73,770");
  assert.equal(await textOf(cash.nth(2)), "at least £363,232");
});

onPage("forces: how far each has got", "forces", { region: "south-east" }, async (page) => {
  assert.equal(await textOf(page.locator("#states h2")), "Who is in: 4 of 4 forces: 3 final, 1 provisional");
  assert.match(await textOf(page.locator("tr[data-force=thames-valley]")), /^Thames Valley ?Provisional ?\d\d:\d\d/);
  assert.equal(await page.locator("#states .app-tile").count(), 43);
});

onPage("why: the results add up to the total, to the penny", "why", { metric: "cash-seized", region: "south-east" }, async (page) => {
  assert.match(await textOf(page.locator("#results h2")), /Cash seized: 4 results add up to about £124,095, at least £58,095$/);
  const adds = await page.locator("[data-test=results] tbody tr").evaluateAll((rows) =>
    rows.map((row) => row.querySelectorAll("td")[2].textContent));
  const sum = adds.reduce((total, text) => total + Number(text.replace(/[^\d.]/g, "")), 0);
  assert.equal(sum, 124_095);
  assert.ok(adds.some((text) => text.startsWith("about £66,000")));
});

onPage("why: the history of a result says what stood, and why it changed", "why", { metric: "arrests", force: "hampshire" }, async (page) => {
  await page.getByRole("link", { name: "History of hampshire/week-1" }).click();
  await page.waitForSelector("[data-test=history] tbody tr");
  assert.match(await textOf(page.locator("[data-test=history] tbody tr")), /^1 Accepted ?final.*93/);
  assert.match(page.url(), /result=hampshire%2Fweek-1/);
});

onPage("as at: what stood at an earlier position", "as-at", { position: "10" }, async (page) => {
  const rows = await stage.totals("--operation", WEEK, "--as-at", "10");
  assert.ok(rows.length > 10);
  for (const { metric, described } of rows) {
    assert.equal(await textOf(page.locator(`[data-test=then] tr[data-metric=${metric}] td`).nth(0)), described, metric);
  }
  assert.match(await textOf(page.locator("#then h2")), /^As it stood: \d+ figures, from 3 of 43 forces$/);
});

onPage("as at: what stood at an earlier position, and what has moved it since", "as-at", { position: "10" }, async (page) => {
  const then = page.locator("[data-test=then] tr[data-metric=arrests] td");
  const change = page.locator("[data-test=changes] tr[data-metric=arrests] td");
  const before = Number(await textOf(then.nth(0)));
  assert.ok(before > 0 && before < 343);
  assert.equal(await textOf(change.nth(0)), String(before));
  assert.equal(await textOf(change.nth(1)), "343");
  assert.equal(await textOf(change.nth(2)), `+${343 - before}`);
  await page.locator("[data-test=changes] tr[data-metric=arrests] a").click();
  await page.waitForSelector("[data-test=moved] tbody tr");
  assert.equal(await page.locator("[data-test=moved] tbody tr").count(), 3);
});

onPage("as at: a moment in the future is refused before it is asked", "as-at", {}, async (page) => {
  await page.fill("#at-year", "2999");
  await page.getByRole("button", { name: "Show the totals then" }).click();
  await page.waitForSelector(".govuk-error-summary:focus");
  assert.match(await textOf(page.locator(".govuk-error-summary")), /must be in the past/);
  await page.fill("#at-month", "31");
  await page.getByRole("button", { name: "Show the totals then" }).click();
  await page.waitForSelector("text=Enter a real date and a time");
});

onPage("press lines never drop a qualifier, and always say coverage", "press-lines", { region: "south-east" }, async (page) => {
  const lines = await page.locator(".app-lines__text").allTextContents();
  const rows = await stage.totals("--operation", WEEK, "--region", "south-east");
  assert.equal(lines.length, rows.length + 1);
  for (const line of lines) {
    assert.match(line, /As at \d\d:\d\d on .*, all 4 forces expected to report had done so; what Thames Valley reported is provisional and may change\./);
  }
  for (const { metric, described } of rows) {
    const line = await textOf(page.locator(`[data-line=${metric}] p`));
    const [headline, certain] = described.split(", at least ");
    assert.ok(line.includes(headline), line);
    if (certain !== undefined) assert.ok(line.includes(`of which at least ${certain} is certain`), line);
  }
}, {});

onPage("an address holds the whole state, and Back goes back", "operation", { region: "south-east", metric: "cash-seized" }, async (page) => {
  const title = await textOf(page.locator("#by-force h2"));
  await page.reload();
  await ready(page);
  assert.equal(await textOf(page.locator("#by-force h2")), title);
  assert.match(await page.title(), /^Operation – County Lines Intensification Week, February to March 2023 – Muster$/);
  await page.getByRole("link", { name: "Forces", exact: true }).click();
  await page.waitForSelector("h1:focus");
  assert.equal(new URL(page.url()).searchParams.get("region"), "south-east");
  await page.goBack();
  await page.waitForSelector("#by-force");
  assert.equal(await textOf(page.locator("#by-force h2")), title);
});

test("without a question, the newest week that anybody reported on, beside the one before", async () => {
  const { page, context } = await openPage(browser);
  await page.goto(stage.address);
  await ready(page);
  const question = new URL(page.url()).searchParams;
  assert.equal(question.get("operation"), WEEK);
  assert.equal(question.get("compare"), EARLIER_WEEK);
  await context.close();
});

test("an operation that is not known is said, and another can be chosen", async () => {
  const { page, context } = await openPage(browser);
  await page.goto(addressOf(stage, "operation", { operation: "no-such-week", compare: "none" }));
  await page.waitForSelector("[data-problem=bad-question]");
  await page.selectOption("#choose-operation", WEEK);
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForSelector("[data-test=headlines]");
  await context.close();
});

onPage("on paper: the numbers and where they came from, and nothing to press", "operation", {}, async (page) => {
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("button:visible, select:visible, nav:visible").count(), 0);
  assert.ok(await page.locator("#all-figures").isVisible());
  assert.ok(await page.getByText(page.url()).isVisible());
  // Closed details are opened for the printer.
  await page.evaluate(() => {
    window.addEventListener("beforeprint", () => (window.openAtPrint = document.querySelectorAll("details:not([open])").length));
  });
  const paper = await page.pdf();
  assert.ok(paper.length > 20_000);
  assert.equal(await page.evaluate(() => window.openAtPrint), 0);
});

test("all script together is below 200 KiB, compressed", () => {
  const files = readdirSync(`${web}/assets`).filter((name) => name.endsWith(".js"));
  const bytes = files.map((name) => readFileSync(`${web}/assets/${name}.gz`).length);
  const together = bytes.reduce((sum, size) => sum + size, 0);
  console.log(`script: ${(together / 1024).toFixed(1)} KiB compressed`);
  assert.ok(together > 0 && together < 200 * 1024);
});
