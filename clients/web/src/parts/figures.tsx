// Totals in tables: the number lines up on the right, its caveats below it; a bar shows how much of it is certain.
import type { ComponentChildren } from "preact";
import type { Dimension } from "../../generated/muster/v1/catalogue_pb";
import type { Total } from "../../generated/muster/v1/totals_service_pb";
import { writeAtLength, writeCarefully } from "../careful_writer";

// The caveats begin with a comma or a bracket, to follow the headline on one line.
function withoutComma(caveats: string): string {
  return caveats.replace(/^,?\s*/, "");
}

export function TotalText(props: { total: Total | undefined; dimension: Dimension; atLength?: boolean }) {
  const { total, dimension, atLength } = props;
  if (total === undefined) return <span class="app-figure__none">nothing reported</span>;
  const { headline, caveats } = (atLength ? writeAtLength : writeCarefully)(total, dimension);
  return (
    <>
      <span class="app-figure__headline">{headline}</span>
      {caveats !== "" && (
        <>
          {/* Read, copied and searched as one text; shown on two lines. */}
          <span class="govuk-visually-hidden">{caveats.startsWith(",") ? ", " : ""}</span>
          <span class="app-figure__caveats">{withoutComma(caveats)}</span>
        </>
      )}
    </>
  );
}

// In prose, on one line.
export function TotalInline(props: { total: Total | undefined; dimension: Dimension }) {
  const { total, dimension } = props;
  if (total === undefined) return <>nothing reported</>;
  const { headline, caveats } = writeAtLength(total, dimension);
  return <>{headline + caveats}</>;
}

export function NumberCell(props: { children: ComponentChildren }) {
  return <td class="govuk-table__cell govuk-table__cell--numeric app-figure">{props.children}</td>;
}

// The largest of the sums, to draw bars to scale; 0 if there is none.
export function largestOf(totals: (Total | undefined)[]): bigint {
  return totals.reduce((most, total) => (total?.sum !== undefined && total.sum > most ? total.sum : most), 0n);
}

function share(value: bigint, most: bigint): number {
  return most <= 0n || value <= 0n ? 0 : Number((value * 10_000n) / most) / 100;
}

// Solid for what is certain, striped for what is stated and not certain. It says nothing that the number does not, so
// it is hidden from screen readers.
export function Bar(props: { sum: bigint | undefined; certain: bigint; most: bigint }) {
  const { sum = 0n, certain, most } = props;
  const all = share(sum, most);
  const solid = Math.min(share(certain, most), all);
  return (
    <svg class="app-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {/* Even the smallest value is seen. */}
      {sum > 0n && <rect class="app-bar__rest" x="0" y="0" width={Math.max(all, 0.5)} height="10" />}
      {solid > 0 && <rect class="app-bar__certain" x="0" y="0" width={Math.max(solid, 0.5)} height="10" />}
    </svg>
  );
}

export function TotalBar(props: { total: Total | undefined; most: bigint }) {
  return <Bar sum={props.total?.sum} certain={props.total?.atLeast ?? 0n} most={props.most} />;
}

// Below charts whose bars have both parts.
export function BarKey(props: { totals: (Total | undefined)[] }) {
  const some = props.totals.some((total) => total?.sum !== undefined && total.atLeast < total.sum);
  if (!some) return null;
  return (
    <p class="app-key">
      <svg class="app-key__sample" viewBox="0 0 24 10" aria-hidden="true" focusable="false">
        <rect class="app-bar__certain" width="24" height="10" />
      </svg>{" "}
      certain{" "}
      <svg class="app-key__sample" viewBox="0 0 24 10" aria-hidden="true" focusable="false">
        <rect class="app-bar__rest" width="24" height="10" />
      </svg>{" "}
      stated, and not certain
    </p>
  );
}
