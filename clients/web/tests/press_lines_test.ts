import assert from "node:assert/strict";
import { test } from "node:test";
import type { Coverage, TotalsRow } from "../generated/muster/v1/totals_service_pb";
import { pressLines } from "../src/press_lines";
import { coverage, estimate, exact, reference, row } from "./fixture";

const AS_OF = new Date("2023-03-03T14:03:12Z");
const SOUTH_EAST = { operation: "week", region: "south-east" };
const THREE_OF_FOUR = coverage("final thames-valley", "final hampshire", "final sussex", "missing surrey");
const STANDING = "As at 14:03 on 3 March 2023, 3 of the 4 forces expected to report had done so; Surrey had not.";

function lines(rows: TotalsRow[], who: Coverage = THREE_OF_FOUR, region = "south-east"): string[] {
  return pressLines({ ...SOUTH_EAST, region }, rows, who, AS_OF, reference).map(({ text }) => text);
}

test("the first line says what it is about, who is in and when", () => {
  assert.deepEqual(lines([]), [
    `Week of Action (27 February to 5 March 2023), the forces in the South East region. ${STANDING}`,
  ]);
});

const cases: { name: string; row: TotalsRow; want: string }[] = [
  {
    name: "a count",
    row: row("arrests", exact(259n, 3)),
    want: "3 forces in the South East region reported 259 arrests.",
  },
  {
    name: "one of something",
    row: row("arrests", exact(1n)),
    want: "1 force in the South East region reported arrests: 1.",
  },
  {
    name: "none of something",
    row: row("arrests", exact(0n)),
    want: "1 force in the South East region reported arrests: 0.",
  },
  {
    name: "money that is partly certain",
    row: row("cash-seized", estimate(21_159_500n, 14_559_500n, 3)),
    want:
      "3 forces in the South East region reported cash seized: about £211,595, of which at least £145,595 is certain.",
  },
  {
    name: "a count that is partly certain",
    row: row("phones-seized", estimate(318n, 158n, 3)),
    want: "3 forces in the South East region reported about 318 phones seized, of which at least 158 is certain.",
  },
  {
    name: "a part of another figure",
    row: row("deal-phones-seized", exact(11n)),
    want: "1 force in the South East region reported 11 deal phones seized. These are among the phones seized.",
  },
  {
    name: "a name keeps its capitals",
    row: row("nrm-referrals", exact(6n)),
    want: "1 force in the South East region reported 6 National Referral Mechanism referrals.",
  },
];
for (const { name, row: given, want } of cases) {
  test(`line of ${name}`, () => {
    assert.equal(lines([given])[1], `Week of Action: ${want} ${STANDING}`);
  });
}

test("a region whose name says so is not called a region twice", () => {
  const [first] = lines([], THREE_OF_FOUR, "west-midlands-region");
  assert.match(first ?? "", /the forces in the West Midlands region\./);
});

test("without a region, lines are of all forces", () => {
  const [first, arrests] = lines([row("arrests", exact(259n, 3))], THREE_OF_FOUR, "");
  assert.match(first ?? "", /, all forces\. As at/);
  assert.match(arrests ?? "", /: 3 forces reported 259 arrests\. As at/);
});

test("every line says coverage, the moment and what may change", () => {
  const provisional = coverage("provisional thames-valley", "final hampshire", "missing sussex", "missing surrey");
  const said = lines([row("arrests", exact(7n)), row("cash-seized", estimate(100n, 0n))], provisional);
  assert.equal(said.length, 3);
  for (const text of said) {
    assert.match(text, /As at 14:03 on 3 March 2023, 2 of the 4 forces expected to report had done so; Sussex and Surrey had not; what Thames Valley reported is provisional and may change\./);
  }
});

test("who reported unasked is named", () => {
  const [first] = lines([], coverage("final hampshire", "unasked surrey"));
  assert.match(first ?? "", /the one force expected to report had done so\. Surrey reported as well\.$/);
});

test("nothing in a line is not in the data", () => {
  const allowed = new Set(
    `Week of Action: forces force in the South East region reported expected to report had done so not As at on
     ${STANDING} of which at least is certain about These are among arrests cash seized phones deal`.split(/[\s:;,.]+/),
  );
  for (const text of lines([row("arrests", exact(259n, 3)), row("cash-seized", estimate(21_159_500n, 14_559_500n, 3))]).slice(1)) {
    for (const word of text.split(/[\s:;,.]+/)) {
      assert.ok(/^[£\d]*$/.test(word) || allowed.has(word), `${word}: ${text}`);
    }
  }
});
