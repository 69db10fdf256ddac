import assert from "node:assert/strict";
import { test } from "node:test";
import { Dimension } from "../generated/muster/v1/catalogue_pb";
import { categoryTree } from "../src/category_tree";
import { coverageCount, coverageNames, coverageSentence } from "../src/coverage_text";
import { categoryTitle, comparisonTitle, dayTitle, forceTitle, regionTitle } from "../src/titles";
import { coverage, estimate, exact, reference, row } from "./fixture";

const ARRESTS = { metric: "Arrests", dimension: Dimension.COUNT };
const CASH = { metric: "Cash seized", dimension: Dimension.MONEY };
const named = (name: string, sum: bigint) => ({ name, total: exact(sum) });

const titles: [string, string, string][] = [
  ["no force", forceTitle(ARRESTS, []), "No force has stated a figure for arrests"],
  ["one force", forceTitle(ARRESTS, [named("Sussex", 27n)]), "Arrests: stated only by Sussex, 27"],
  ["the highest", forceTitle(ARRESTS, [named("Sussex", 27n), named("Hampshire", 93n)]),
    "Hampshire stated the highest figure for arrests: 93"],
  ["two the same", forceTitle(ARRESTS, [named("Sussex", 9n), named("Kent", 9n), named("Surrey", 8n)]),
    "Sussex and Kent stated the same highest figure for arrests: 9"],
  ["four the same", forceTitle(ARRESTS, ["A", "B", "C", "D"].map((name) => named(name, 9n))),
    "Arrests: 4 state the same highest figure, 9"],
  ["a qualified highest", forceTitle(CASH, [named("Sussex", 5n), { name: "Kent", total: estimate(6_600_000n, 0n) }]),
    "Kent stated the highest figure for cash seized: about £66,000"],
  ["the only region", regionTitle(ARRESTS, [named("South East", 230n)]), "Arrests: only in South East, 230"],
  ["the highest region", regionTitle(ARRESTS, [named("South East", 230n), named("Eastern", 53n)]),
    "South East had the highest figure for arrests: 230"],
  ["no single days", dayTitle(ARRESTS, [row("arrests", exact(230n))]),
    "Arrests: no return gives single days; 230 in returns of several days"],
  ["nothing by day", dayTitle(ARRESTS, []), "No day has a figure for arrests"],
  ["a highest day", dayTitle(ARRESTS, [
    row("arrests", exact(3n), { date: "2023-02-27" }), row("arrests", exact(5n), { date: "2023-02-28" }),
    row("arrests", exact(9n)),
  ]), "Arrests: the highest stated day is 28 February 2023, 5; besides, 9 in returns of several days"],
  ["two highest days", dayTitle(ARRESTS, [
    row("arrests", exact(5n), { date: "2023-02-27" }), row("arrests", exact(5n), { date: "2023-02-28" }),
  ]), "Arrests: the highest stated days are 27 February 2023 and 28 February 2023, 5"],
  ["all broken down", categoryTitle(ARRESTS, "Age", exact(9n), false),
    "Arrests: all that is stated is broken down by age"],
  ["some not broken down", categoryTitle(CASH, "Drug", { ...exact(900n), notBrokenDown: 500n }, false),
    "Cash seized: £5 of what is stated is not broken down by drug"],
  ["nothing broken down", categoryTitle(ARRESTS, "Age", { ...exact(9n), notBrokenDown: 9n }, false),
    "Arrests: nothing is broken down by age"],
  ["parts that overlap", categoryTitle(ARRESTS, "Age", exact(9n), true),
    "Arrests: parts by age may overlap, and do not add up"],
  ["beside", comparisonTitle(ARRESTS, exact(230n), exact(179n), "4 of 4 forces", "3 of 4 forces"),
    "Arrests: 230 from 4 of 4 forces; before, 179 from 3 of 4 forces"],
  ["beside nothing", comparisonTitle(ARRESTS, exact(230n), undefined, "4 of 4 forces", "0 of 4 forces"),
    "Arrests: 230 from 4 of 4 forces; before, nothing reported from 0 of 4 forces"],
];
for (const [name, title, want] of titles) {
  test(`title of ${name}`, () => assert.equal(title, want));
}

test("what is not broken down stands below the last child of its node", () => {
  const rows = [
    row("drugs", { ...exact(100n), notBrokenDown: 10n }),
    row("drugs", { ...exact(80n), notBrokenDown: 30n }, { categories: ["class-a"] }),
    row("drugs", exact(50n), { categories: ["heroin"] }),
    row("drugs", exact(10n), { categories: ["class-b"] }),
  ];
  const said = categoryTree(rows, reference).map(({ category, depth, rest, total }) =>
    [rest ? `rest of ${category}` : category, depth, rest ? total.notBrokenDown : total.sum]);
  assert.deepEqual(said, [
    ["", 0, 100n],
    ["class-a", 1, 80n],
    ["heroin", 2, 50n],
    ["rest of class-a", 2, 30n],
    ["class-b", 1, 10n],
    ["rest of ", 1, 10n],
  ]);
});

const sentences: [string, ReturnType<typeof coverage>, string, string][] = [
  ["some", coverage("final hampshire", "missing surrey"), "1 of 2 forces",
    "1 of the 2 forces expected to report had done so; Surrey had not."],
  ["all", coverage("final hampshire", "nil surrey"), "2 of 2 forces", "all 2 forces expected to report had done so."],
  ["retracted is not in", coverage("final hampshire", "retracted surrey"), "1 of 2 forces",
    "1 of the 2 forces expected to report had done so; Surrey had not."],
  ["covered is in", coverage("covered hampshire"), "1 of 1 force", "the one force expected to report had done so."],
  ["nobody expected", coverage("unasked hampshire"), "no force is expected to report",
    "no force was expected to report."],
  ["many missing", coverage(...["a", "b", "c", "d", "e", "f", "g"].map((force) => `missing ${force}`)), "0 of 7 forces",
    "0 of the 7 forces expected to report had done so; 7 had not."],
];
for (const [name, who, count, sentence] of sentences) {
  test(`coverage of ${name}`, () => {
    assert.equal(coverageCount(who), count);
    assert.equal(coverageSentence(who, coverageNames(who, reference)), sentence);
  });
}

test("forces that are not named to the caller are counted", () => {
  const who = { ...coverage("final hampshire", "missing surrey"), expectedCount: 43, reportedCount: 38 };
  const names = coverageNames(who, reference);
  assert.equal(names.hidden, 41);
  assert.equal(coverageSentence(who, names), "38 of the 43 forces expected to report had done so; 5 had not.");
});
