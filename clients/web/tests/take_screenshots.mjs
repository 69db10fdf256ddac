// Makes the pictures of docs/images anew, from the published figures. Look at them before they are committed.
import { addressOf, EARLIER_WEEK, openBrowser, openPage, ready, sources, Stage } from "./harness.mjs";

const PICTURES = [
  ["operation", "operation", { operation: EARLIER_WEEK, metric: "cash-seized", compare: "none" }, {}, 1_320],
  ["why", "why", { region: "south-east", metric: "cash-seized", result: "thames-valley/week-1" }, {}, 1_240],
  ["press-lines-dark", "press-lines", { region: "south-east" }, { colorScheme: "dark" }, 900],
];

const stage = await new Stage().up();
const browser = await openBrowser();
try {
  await stage.submitExamples();
  for (const [name, path, question, look, height] of PICTURES) {
    const { page, context } = await openPage(browser, { ...look, viewport: { width: 1_120, height: 900 } });
    await page.goto(addressOf(stage, path, question));
    await ready(page);
    await page.waitForSelector(".app-section, .app-lines");
    const clip = { x: 0, y: 0, width: 1_120, height };
    await page.screenshot({ path: `${sources}/docs/images/${name}.png`, fullPage: true, clip });
    await context.close();
  }
} finally {
  await browser.close();
  await stage.down();
}
