import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, onPage, parseAddress } from "../src/address";
import { exportAddress } from "../src/exports";
import { civilDay, daysBetween, fromLondon, moment, period, shortDay, toLondon } from "../src/times";

test("moments are those of the United Kingdom", () => {
  assert.equal(moment(new Date("2021-10-15T13:05:09Z")), "14:05 on 15 October 2021"); // Summer.
  assert.equal(moment(new Date("2021-11-15T13:05:09Z"), true), "13:05:09 on 15 November 2021");
  assert.equal(moment(new Date("2021-10-15T23:30:00Z")), "00:30 on 16 October 2021");
});

const typed: [string, string, string, string, string, string | undefined][] = [
  ["winter", "15", "1", "2026", "17:30", "2026-01-15T17:30:00.000Z"],
  ["summer", "15", "7", "2026", "17:30", "2026-07-15T16:30:00.000Z"],
  ["with seconds", "15", "7", "2026", "17:30:59", "2026-07-15T16:30:59.000Z"],
  ["with a full stop", "15", "7", "2026", "9.05", "2026-07-15T08:05:00.000Z"],
  ["midnight of a day that begins in the day before", "1", "8", "2026", "0:15", "2026-07-31T23:15:00.000Z"],
  ["the hour that comes twice", "25", "10", "2026", "1:30", "2026-10-25T00:30:00.000Z"],
  ["the hour that is skipped", "29", "3", "2026", "1:30", undefined],
  ["31 February", "31", "2", "2026", "12:00", undefined],
  ["29 February of a leap year", "29", "2", "2024", "12:00", "2024-02-29T12:00:00.000Z"],
  ["hour 24", "1", "1", "2026", "24:00", undefined],
  ["no time", "1", "1", "2026", "", undefined],
  ["words", "first", "1", "2026", "12:00", undefined],
];
for (const [name, day, month, year, time, want] of typed) {
  test(`typed: ${name}`, () => assert.equal(fromLondon({ day, month, year, time })?.toISOString(), want));
}

test("what fills a form reads back as the same moment", () => {
  for (const text of ["2026-07-15T16:30:59.000Z", "2026-01-01T00:00:00.000Z", "2026-10-25T00:30:00.000Z"]) {
    assert.equal(fromLondon(toLondon(new Date(text)))?.toISOString(), text);
  }
});

test("days and periods", () => {
  assert.equal(civilDay("2021-10-05"), "5 October 2021");
  assert.equal(civilDay("soon"), "soon");
  assert.equal(shortDay("2021-10-15"), "Fri 15 Oct");
  assert.equal(period("2021-10-15", "2021-10-15"), "15 October 2021");
  assert.equal(period("2021-10-11", "2021-10-17"), "11 to 17 October 2021");
  assert.equal(period("2023-02-27", "2023-03-05"), "27 February to 5 March 2023");
  assert.equal(period("2023-12-30", "2024-01-02"), "30 December 2023 to 2 January 2024");
  assert.deepEqual(daysBetween("2023-02-27", "2023-03-01"), ["2023-02-27", "2023-02-28", "2023-03-01"]);
});

test("an address holds the whole state of a page", () => {
  const view = {
    ...parseAddress("/why", ""), operation: "week", region: "south-east", compare: "none", metric: "arrests",
    force: "kent", category: "male+child", date: "2023-02-28", result: "kent/week-1",
  };
  const address = formatAddress(view);
  const [path = "", search = ""] = address.split("?");
  assert.deepEqual(parseAddress(path, `?${search}`), view);
});

test("another page keeps the question and drops the rest", () => {
  const view = { ...parseAddress("/why", "?operation=week&metric=arrests&force=kent&result=kent/1"), page: "why" as const };
  assert.equal(formatAddress(onPage(view, "forces")), "/forces?operation=week&metric=arrests");
});

test("an unknown page is the first one", () => {
  assert.equal(parseAddress("/", "").page, "operation");
  assert.equal(parseAddress("/nowhere", "").page, "operation");
});

test("exports ask what the page asks", () => {
  assert.equal(
    exportAddress({ operation: "week", region: "", metric: "arrests", groupBy: ["force"], category: "male+child" }),
    "/export/totals.csv?operation=week&metric=arrests&category=male&category=child&group_by=force",
  );
});
