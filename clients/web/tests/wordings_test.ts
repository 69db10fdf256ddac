// The words of the command line, by the tables that hold it to them; and the page's own longer form.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Dimension, DimensionSchema } from "../generated/muster/v1/catalogue_pb";
import { FigureSchema } from "../generated/muster/v1/result_pb";
import { TotalSchema } from "../generated/muster/v1/totals_service_pb";
import { carefulText, figureText, writeAtLength, writeCarefully, writeInSigns } from "../src/careful_writer";
import { formatQuantity, counted } from "../src/quantity";
import figures from "../../../tests/clients/figure_texts.json";
import totals from "../../../tests/domain/careful_totals.json";
import longer from "./totals_at_length.json";

function dimensionOf(name: string): Dimension {
  const value = DimensionSchema.values.find((known) => known.name === name);
  assert.ok(value, name);
  return value.number;
}

for (const row of totals) {
  test(`total ${row.name}`, () => {
    const total = fromJson(TotalSchema, row.total as JsonValue);
    assert.equal(carefulText(total, dimensionOf(row.dimension)), row.text);
  });
}

for (const row of figures) {
  test(`figure ${row.name}`, () => {
    const figure = fromJson(FigureSchema, row.figure as JsonValue);
    assert.equal(figureText(figure, dimensionOf(row.dimension)), row.text);
  });
}

// In prose, what has no caveats reads as in tables.
for (const row of totals) {
  test(`at length ${row.name}`, () => {
    const { headline, caveats } = writeAtLength(fromJson(TotalSchema, row.total as JsonValue), dimensionOf(row.dimension));
    assert.equal(headline + caveats, (longer as Record<string, string>)[row.name] ?? row.text);
  });
}

test("every longer wording is of a total that there is", () => {
  const names = new Set(totals.map(({ name }) => name));
  for (const name of Object.keys(longer)) assert.ok(names.has(name), name);
});

const signs: Record<string, string> = {
  Exact: "230",
  Over: "≥£120,000",
  UpTo: "≤30 kg",
  Mixture: "≈£211,595",
  MixtureAllCertain: "≥500",
  SomeUncounted: "≥£120,000+",
  OnlyUncounted: "+",
  DoesNotAddUp: "…",
};
for (const [name, want] of Object.entries(signs)) {
  test(`in signs ${name}`, () => {
    const row = totals.find((known) => known.name === name);
    assert.ok(row);
    assert.equal(writeInSigns(fromJson(TotalSchema, row.total as JsonValue), dimensionOf(row.dimension)), want);
  });
}

test("a headline never drops its qualifier", () => {
  for (const row of totals) {
    const total = fromJson(TotalSchema, row.total as JsonValue);
    const exact = total.sum !== undefined && total.atLeast === total.sum && total.atMost === total.sum;
    const { headline } = writeCarefully(total, dimensionOf(row.dimension));
    assert.equal(/^[£\d.,]+( (kg|g|mg))?%?$/.test(headline), exact, row.name);
  }
});

test("differences may be negative", () => {
  assert.equal(formatQuantity(-1250n, Dimension.MONEY), "-£12.50");
  assert.equal(formatQuantity(-1n, Dimension.COUNT), "-1");
});

test("values beyond what a float holds are exact", () => {
  assert.equal(formatQuantity(9_007_199_254_740_993n, Dimension.COUNT), "9,007,199,254,740,993");
  assert.equal(formatQuantity(9_223_372_036_854_775_807n, Dimension.MASS), "9,223,372,036,854.775807 kg");
});

test("counted", () => {
  assert.equal(counted(1, "force"), "1 force");
  assert.equal(counted(0, "force"), "0 forces");
  assert.equal(counted(1_200n, "value"), "1,200 values");
});
