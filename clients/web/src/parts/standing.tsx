// What the numbers of a page stand for, and whether they still do.
import { useEffect, useState } from "preact/hooks";
import type { LiveState } from "../live";
import { withThousands } from "../quantity";
import { moment } from "../times";

// Older than this, in milliseconds, and numbers are shown as old, whatever the connection says: twice what it takes to
// ask again.
const STALE_AFTER = 40_000;

export interface Stand {
  asOf: Date;
  position: bigint;
}

function useNow(everyMilliseconds: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(performance.now()), everyMilliseconds);
    return () => window.clearInterval(timer);
  }, [everyMilliseconds]);
  return now;
}

// By the clock of this machine from when the answer came: the server's clock may differ.
function useStale(answer: unknown): boolean {
  const now = useNow(5_000);
  const [came, setCame] = useState(now);
  useEffect(() => setCame(performance.now()), [answer]);
  return now - came > STALE_AFTER;
}

export function standsFor({ asOf, position }: Stand): string {
  return `${moment(asOf, true)}, log position ${withThousands(position)}`;
}

// Above everything that moves. Screen readers hear when the connection is lost and found, not every second.
// `what` stands for the moment: "These figures stand".
export function Standing<Answer>(props: { live: LiveState<Answer>; stand: Stand | undefined; what?: string }) {
  const { live, stand, what = "These figures stand" } = props;
  const stale = useStale(live.answer);
  // A question that is refused is answered where its answer would be.
  if (live.problem !== undefined && live.problem.kind !== "unreachable") return null;
  const lost = live.link === "lost" || (stale && stand !== undefined);
  const tag = lost
    ? { text: "Out of date", colour: "red" }
    : live.link === "live"
      ? { text: "Live", colour: "green" }
      : live.link === "slow"
        ? { text: "Not live", colour: "yellow" }
        : { text: "Loading", colour: "grey" };
  return (
    <div class={`app-standing${lost ? " app-standing--lost" : ""}`} data-link={lost ? "lost" : live.link}>
      <p class="govuk-body app-standing__line">
        <strong class={`govuk-tag govuk-tag--${tag.colour} app-no-print`}>{tag.text}</strong>{" "}
        {stand !== undefined && (
          <>
            {what} for {standsFor(stand)}.
          </>
        )}
        {live.link === "slow" && !lost && <span class="app-no-print"> Updates come every few seconds.</span>}
      </p>
      <div role="status">
        {lost && (
          <p class="govuk-body app-standing__warning">
            <strong>
              {live.problem?.sentence ?? "No answer has come for a while."}{" "}
              {stand === undefined ? "" : "What is shown may be out of date. "}
              This page tries again by itself.
            </strong>
          </p>
        )}
      </div>
    </div>
  );
}
