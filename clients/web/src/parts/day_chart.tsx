// Days side by side. The numbers are in the table below it.
import type { Dimension } from "../../generated/muster/v1/catalogue_pb";
import type { Total } from "../../generated/muster/v1/totals_service_pb";
import { carefulText } from "../careful_writer";
import { civilDay, shortDay } from "../times";
import { largestOf } from "./figures";

const WIDTH = 640;
const HEIGHT = 200;
const FOOT = 28;

export function DayChart(props: { title: string; days: { date: string; total: Total | undefined }[]; dimension: Dimension }) {
  const { days, dimension } = props;
  const most = largestOf(days.map(({ total }) => total));
  const step = WIDTH / Math.max(days.length, 1);
  const heightOf = (value: bigint): number =>
    most <= 0n || value <= 0n ? 0 : Math.max(1, Number((value * BigInt((HEIGHT - FOOT - 20) * 100)) / most) / 100);
  const label = (index: number): boolean => days.length <= 10 || index % Math.ceil(days.length / 10) === 0;
  return (
    <svg class="app-days" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={props.title}>
      {days.map(({ date, total }, index) => {
        const all = heightOf(total?.sum ?? 0n);
        const certain = Math.min(all, heightOf(total?.atLeast ?? 0n));
        const x = index * step + step * 0.15;
        return (
          <g key={date}>
            <title>{`${civilDay(date)}: ${total ? carefulText(total, dimension) : "nothing reported"}`}</title>
            <rect class="app-bar__rest" x={x} y={HEIGHT - FOOT - all} width={step * 0.7} height={all} />
            <rect class="app-bar__certain" x={x} y={HEIGHT - FOOT - certain} width={step * 0.7} height={certain} />
            {label(index) && (
              <text class="app-days__label" x={index * step + step / 2} y={HEIGHT - 8} text-anchor="middle">
                {shortDay(date)}
              </text>
            )}
          </g>
        );
      })}
      <line class="app-days__base" x1="0" x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
    </svg>
  );
}
