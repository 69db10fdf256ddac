// Addresses of the gateway's exports. They take the same question as the page, so that a file says what the page says.
import { token } from "./session";

export interface Export {
  operation: string;
  region?: string;
  metric?: string;
  force?: string;
  category?: string; // Several joined by "+".
  groupBy?: string[]; // "region", "force", "date", "category".
  breakdown?: string;
  date?: string; // One day.
  baseline?: string;
  asOfTime?: string;
  asOfPosition?: string;
}

export function exportAddress(wanted: Export, format: "csv" | "json" | "xlsx" = "csv"): string {
  const given = new URLSearchParams();
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") given.append(name, value);
  };
  add("operation", wanted.operation);
  add("region", wanted.region);
  add("force", wanted.force);
  add("metric", wanted.metric);
  for (const category of wanted.category?.split("+") ?? []) add("category", category);
  for (const group of wanted.groupBy ?? []) add("group_by", group);
  add("breakdown", wanted.breakdown);
  add("start_date", wanted.date);
  add("end_date", wanted.date);
  add("baseline_operation", wanted.baseline);
  add("as_of_time", wanted.asOfTime);
  add("as_of_position", wanted.asOfPosition);
  return `/export/totals.${format}?${given.toString()}`;
}

// A link cannot carry a token, so with one the file is fetched here and handed to the browser. Throws if that fails.
export async function download(address: string, fileName: string): Promise<void> {
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token()}` } });
  if (!answer.ok) throw new Error(`The file could not be fetched (HTTP ${answer.status}).`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}
