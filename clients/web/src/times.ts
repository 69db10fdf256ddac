// Times as people in the United Kingdom write them. The server keeps UTC; days are civil days in Europe/London.
import type { Timestamp } from "@bufbuild/protobuf/wkt";

const ZONE = "Europe/London";

const PARTS = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

const MONTHS = Array.from({ length: 12 }, (_, month) =>
  new Intl.DateTimeFormat("en-GB", { month: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2000, month, 1))),
);
const WEEKDAYS = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" });

function londonParts(time: Date): Record<string, string> {
  return Object.fromEntries(PARTS.formatToParts(time).map(({ type, value }) => [type, value]));
}

export function toDate(timestamp: Timestamp): Date {
  return new Date(Number(timestamp.seconds) * 1_000 + Math.floor(timestamp.nanos / 1_000_000));
}

// "26 November 2026".
export function londonDay(time: Date): string {
  const { day, month, year } = londonParts(time);
  return `${day} ${month} ${year}`;
}

// "14:03". With seconds: "14:03:12".
export function londonClock(time: Date, withSeconds = false): string {
  const { hour, minute, second } = londonParts(time);
  return withSeconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
}

// "14:03 on 26 November 2026". With seconds where two moments may be close.
export function moment(time: Date, withSeconds = false): string {
  return `${londonClock(time, withSeconds)} on ${londonDay(time)}`;
}

// "15 October 2021" for "2021-10-15"; anything else as it is.
export function civilDay(date: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const month = MONTHS[Number(match?.[2]) - 1];
  return match === null || month === undefined ? date : `${Number(match[3])} ${month} ${match[1]}`;
}

// "Fri 15 Oct", for an axis.
export function shortDay(date: string): string {
  const [, day, month] = /^(\S+) (\S+) /.exec(civilDay(date)) ?? [];
  if (day === undefined || month === undefined) return date;
  return `${WEEKDAYS.format(new Date(`${date}T00:00:00Z`))} ${day} ${month.slice(0, 3)}`;
}

// "27 February to 5 March 2023", "11 to 17 October 2021", "15 October 2021".
export function period(startDate: string, endDate: string): string {
  if (startDate === endDate) return civilDay(startDate);
  const start = civilDay(startDate).split(" ");
  const end = civilDay(endDate).split(" ");
  if (start.length !== 3 || end.length !== 3) return `${startDate} to ${endDate}`;
  const shared = start[2] !== end[2] ? 3 : start[1] !== end[1] ? 2 : 1;
  return `${start.slice(0, shared).join(" ")} to ${end.join(" ")}`;
}

// Every day from the first to the last, inclusive; at most 366 of them.
export function daysBetween(startDate: string, endDate: string): string[] {
  const days: string[] = [];
  const end = Date.parse(`${endDate}T00:00:00Z`);
  for (let day = Date.parse(`${startDate}T00:00:00Z`); day <= end && days.length < 366; day += 86_400_000) {
    days.push(new Date(day).toISOString().slice(0, 10));
  }
  return days;
}

export interface ClockInput {
  day: string;
  month: string;
  year: string;
  time: string;
}

// What a person typed as a day and a time in the United Kingdom. undefined if there is no such moment: an impossible
// date, or the hour that the spring skips. In the hour that comes twice in autumn, the first.
export function fromLondon({ day, month, year, time }: ClockInput): Date | undefined {
  const clock = /^\s*(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*$/.exec(time);
  if (clock === null || ![day, month, year].every((part) => /^\s*\d+\s*$/.test(part))) return undefined;
  const [hours, minutes, seconds] = [Number(clock[1]), Number(clock[2]), Number(clock[3] ?? "0")];
  if (Number(year) < 1970 || Number(year) > 9999) return undefined;
  const asUtc = Date.UTC(Number(year), Number(month) - 1, Number(day), hours, minutes, seconds);
  // The zone is at most an hour ahead of UTC. What the clocks there say at the moment must be what was typed.
  for (const offset of [3_600_000, 0]) {
    const candidate = new Date(asUtc - offset);
    const there = londonParts(candidate);
    const same =
      Number(there["year"]) === Number(year) &&
      MONTHS.indexOf(there["month"] ?? "") + 1 === Number(month) &&
      Number(there["day"]) === Number(day) &&
      Number(there["hour"]) === hours &&
      Number(there["minute"]) === minutes &&
      Number(there["second"]) === seconds;
    if (same) return candidate;
  }
  return undefined;
}

// The other way round, to fill the fields of a form.
export function toLondon(time: Date): ClockInput {
  const parts = londonParts(time);
  return {
    day: parts["day"] ?? "",
    month: String(MONTHS.indexOf(parts["month"] ?? "") + 1),
    year: parts["year"] ?? "",
    time: londonClock(time, true),
  };
}
