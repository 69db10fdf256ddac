// The totals as they stood at an earlier moment, and what has moved them since.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type {
  DiffTotalsResponse,
  QueryTotalsResponse,
  ResultChange,
  Total,
  TotalsChange,
  TotalsRow,
} from "../../generated/muster/v1/totals_service_pb";
import { onPage, type View } from "../address";
import { carefulText } from "../careful_writer";
import { coverageCount } from "../coverage_text";
import { exportAddress } from "../exports";
import { usePage } from "../parts/context";
import { CoveragePanel } from "../parts/coverage_panel";
import { NumberCell, TotalText } from "../parts/figures";
import { Link, Navigation } from "../parts/link";
import { ProblemNotice } from "../parts/problem_notice";
import { OperationSelect, QuestionForm, RegionSelect } from "../parts/question_form";
import { Scrolling, Section, Source } from "../parts/section";
import { Standing, standsFor } from "../parts/standing";
import { useLive } from "../parts/use_live";
import { counted, formatQuantity, withThousands } from "../quantity";
import { baseQuery, type Outcome, outcomeOf, type Query, queryTotals, standOf } from "../questions";
import { insideSentence, type Reference } from "../reference";
import { totals, within } from "../service";
import { type ClockInput, fromLondon, moment, toDate, toLondon } from "../times";

interface Difference {
  from: { asOf: Date; position: bigint };
  to: { asOf: Date; position: bigint };
  changes: TotalsChange[];
  moved: { metric: string; results: ResultChange[] } | undefined; // The results that moved the chosen metric.
}

interface Answer {
  view: View;
  then: Outcome<QueryTotalsResponse> | undefined; // Absent: no moment was chosen.
  difference: Outcome<Difference> | undefined;
  now: QueryTotalsResponse;
}

const PAGE_SIZE = 1_000;
const MAX_PAGES = 5;

type Moment = { asOfPosition: bigint } | { asOfTime: ReturnType<typeof timestampFromDate> };

function momentOf(view: View): Moment | undefined {
  if (/^[1-9]\d{0,17}$/.test(view.position)) return { asOfPosition: BigInt(view.position) };
  const time = Date.parse(view.at);
  return Number.isNaN(time) ? undefined : { asOfTime: timestampFromDate(new Date(time)) };
}

async function diffPages(
  query: Query,
  since: Moment,
  row: TotalsRow | undefined,
  signal: AbortSignal,
): Promise<DiffTotalsResponse> {
  const from = "asOfPosition" in since ? { fromPosition: since.asOfPosition } : { fromTime: since.asOfTime };
  const ask = (pageToken: string): Promise<DiffTotalsResponse> =>
    totals.diffTotals({ query, ...from, ...(row ? { row } : {}), pageSize: PAGE_SIZE, pageToken }, within(signal));
  const first = await ask("");
  let { nextPageToken } = first;
  for (let pages = 1; nextPageToken !== "" && pages < MAX_PAGES; pages += 1) {
    const page = await ask(nextPageToken);
    first.changes.push(...page.changes);
    first.results.push(...page.results);
    nextPageToken = page.nextPageToken;
  }
  return first;
}

async function fetchDifference(view: View, since: Moment, signal: AbortSignal): Promise<Difference> {
  const query = baseQuery(view);
  const diff = await diffPages(query, since, undefined, signal);
  const row = diff.changes.find((change) => change.row?.metric === view.metric)?.row;
  const moved =
    row === undefined ? undefined : { metric: view.metric, results: (await diffPages(query, since, row, signal)).results };
  return {
    from: { asOf: diff.fromTime ? toDate(diff.fromTime) : new Date(0), position: diff.fromPosition },
    to: standOf(diff),
    changes: diff.changes,
    moved,
  };
}

async function fetchAnswer(view: View, signal: AbortSignal): Promise<Answer> {
  const since = momentOf(view);
  const [now, then, difference] = await Promise.all([
    queryTotals(baseQuery(view), signal),
    since && outcomeOf(queryTotals({ ...baseQuery(view), ...since }, signal)),
    since && outcomeOf(fetchDifference(view, since, signal)),
  ]);
  return { view, now, then, difference };
}

export function AsAtPage() {
  const { view, reference } = usePage();
  const key = ["as-at", view.operation, view.region, view.at, view.position, view.metric].join("\n");
  const live = useLive<Answer>(key, baseQuery(view), (signal) => fetchAnswer(view, signal));
  const { answer } = live;
  const shown = answer?.view ?? view;
  const chosen = momentOf(shown) !== undefined;
  return (
    <>
      <span class="govuk-caption-l">
        {reference.operationTitle(shown.operation)},{" "}
        {shown.region === "" ? "all forces" : reference.regionName(shown.region)}
      </span>
      <h1 class="govuk-heading-l" tabIndex={-1}>
        {chosen ? `As at ${momentText(shown)}` : "As at an earlier moment"}
      </h1>
      <Standing live={live} stand={answer && standOf(answer.now)} what="Now stands" />
      <QuestionForm>
        <OperationSelect />
        <RegionSelect />
      </QuestionForm>
      <MomentForm />
      {answer === undefined && live.problem !== undefined && live.problem.kind !== "unreachable" && (
        <ProblemNotice problem={live.problem} what="The totals" />
      )}
      {answer?.then?.problem !== undefined && (
        <ProblemNotice problem={answer.then.problem} what="The totals as they stood" />
      )}
      {answer?.then?.answer !== undefined && <Then then={answer.then.answer} view={shown} />}
      {answer?.difference !== undefined && answer.then?.answer !== undefined && (
        <Since difference={answer.difference} view={shown} />
      )}
    </>
  );
}

function momentText(view: View): string {
  return view.position !== "" ? `log position ${withThousands(BigInt(view.position))}` : moment(new Date(view.at), true);
}

interface Fault {
  field: string;
  text: string;
}

function MomentForm() {
  const { view } = usePage();
  const navigate = useContext(Navigation);
  const [faults, setFaults] = useState<Fault[]>([]);
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (faults.length > 0) summary.current?.focus();
  }, [faults]);
  const known = Date.parse(view.at);
  const filled: ClockInput = toLondon(Number.isNaN(known) ? new Date() : new Date(known));
  const fault = (field: string): string => faults.find((found) => found.field === field)?.text ?? "";
  const timeFault = fault("at-day");
  const positionFault = fault("at-position");
  return (
    <form
      class="app-moment app-no-print"
      noValidate
      aria-label="The moment"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget);
        const text = (name: string): string => String(given.get(name) ?? "").trim();
        const position = text("position").replace(/,/g, "");
        if (position !== "") {
          if (!/^[1-9]\d{0,17}$/.test(position)) {
            setFaults([{ field: "at-position", text: "Log position must be a whole number, 1 or more" }]);
            return;
          }
          setFaults([]);
          navigate({ ...view, position, at: "" });
          return;
        }
        const time = fromLondon({ day: text("day"), month: text("month"), year: text("year"), time: text("time") });
        if (time === undefined) {
          setFaults([{ field: "at-day", text: "Enter a real date and a time, such as 31 3 2026 and 17:30" }]);
        } else if (time.getTime() > Date.now()) {
          setFaults([{ field: "at-day", text: "The moment must be in the past" }]);
        } else {
          setFaults([]);
          navigate({ ...view, at: time.toISOString(), position: "" });
        }
      }}
    >
      {faults.length > 0 && (
        <div class="govuk-error-summary" ref={summary} tabIndex={-1}>
          <div role="alert">
            <h2 class="govuk-error-summary__title">There is a problem</h2>
            <div class="govuk-error-summary__body">
              <ul class="govuk-list govuk-error-summary__list">
                {faults.map(({ field, text }) => (
                  <li key={field}>
                    <a
                      href={`#${field}`}
                      onClick={(event) => {
                        event.preventDefault();
                        document.getElementById(field)?.focus();
                      }}
                    >
                      {text}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          </div>
        </div>
      )}
      <div class={`govuk-form-group${timeFault === "" ? "" : " govuk-form-group--error"}`}>
        <fieldset class="govuk-fieldset" aria-describedby={timeFault === "" ? "at-hint" : "at-hint at-error"}>
          <legend class="govuk-fieldset__legend govuk-fieldset__legend--s">As the totals stood at</legend>
          <div class="govuk-hint" id="at-hint">
            United Kingdom time, for example 31 3 2026 and 17:30
          </div>
          {timeFault !== "" && (
            <p class="govuk-error-message" id="at-error">
              <span class="govuk-visually-hidden">Error:</span> {timeFault}
            </p>
          )}
          <div class="govuk-date-input" key={view.at}>
            <Part name="day" label="Day" value={filled.day} width={2} fault={timeFault} />
            <Part name="month" label="Month" value={filled.month} width={2} fault={timeFault} />
            <Part name="year" label="Year" value={filled.year} width={4} fault={timeFault} />
            <Part name="time" label="Time" value={filled.time} width={5} fault={timeFault} />
          </div>
        </fieldset>
      </div>
      <div class={`govuk-form-group${positionFault === "" ? "" : " govuk-form-group--error"}`}>
        <label class="govuk-label" for="at-position">
          Or at a log position (optional)
        </label>
        {positionFault !== "" && (
          <p class="govuk-error-message" id="at-position-error">
            <span class="govuk-visually-hidden">Error:</span> {positionFault}
          </p>
        )}
        <input
          class={`govuk-input govuk-input--width-10${positionFault === "" ? "" : " govuk-input--error"}`}
          id="at-position"
          name="position"
          type="text"
          inputMode="numeric"
          key={view.position}
          defaultValue={view.position}
          {...(positionFault === "" ? {} : { "aria-describedby": "at-position-error" })}
        />
      </div>
      <button class="govuk-button" type="submit">
        Show the totals then
      </button>
    </form>
  );
}

function Part(props: { name: string; label: string; value: string; width: number; fault: string }) {
  const { name, label, value, width, fault } = props;
  return (
    <div class="govuk-date-input__item">
      <div class="govuk-form-group">
        <label class="govuk-label govuk-date-input__label" for={`at-${name}`}>
          {label}
        </label>
        <input
          class={`govuk-input govuk-date-input__input govuk-input--width-${width}${fault === "" ? "" : " govuk-input--error"}`}
          id={`at-${name}`}
          name={name}
          type="text"
          {...(name === "time" ? {} : { inputMode: "numeric" as const })}
          defaultValue={value}
        />
      </div>
    </div>
  );
}

function Then(props: { then: QueryTotalsResponse; view: View }) {
  const { reference } = usePage();
  const { then, view } = props;
  const count = then.coverage === undefined ? "" : `, from ${coverageCount(then.coverage)}`;
  return (
    <Section id="then" caption="As it stood" title={`${counted(then.rows.length, "figure")}${count}`}>
      {then.coverage !== undefined && <CoveragePanel coverage={then.coverage} />}
      {then.rows.length === 0 ? (
        <p class="govuk-body">Nothing had been reported. Silence is not zero.</p>
      ) : (
        <Scrolling label="All figures as they stood">
          <table class="govuk-table app-table" data-test="then">
            <caption class="govuk-table__caption govuk-visually-hidden">All figures as they stood</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Figure</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total then</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Results</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Forces</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {then.rows.map(({ metric, total }) => (
                <tr class="govuk-table__row" key={metric} data-metric={metric}>
                  <th scope="row" class="govuk-table__header app-table__name">{reference.metricName(metric)}</th>
                  <NumberCell>
                    <TotalText total={total} dimension={reference.dimensionOf(metric)} />
                  </NumberCell>
                  <NumberCell>{withThousands(total?.resultCount ?? 0n)}</NumberCell>
                  <NumberCell>{withThousands(total?.forceCount ?? 0)}</NumberCell>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      <Source
        stand={standOf(then)}
        download={{
          address: exportAddress({
            operation: view.operation,
            region: view.region,
            ...(view.position !== "" ? { asOfPosition: view.position } : { asOfTime: view.at }),
          }),
          fileName: `${view.operation}-as-at.csv`,
          what: "all figures as they stood",
        }}
      />
    </Section>
  );
}

// "+12", "−£1,250", "no change": of the stated sums.
function differenceText(before: Total | undefined, after: Total | undefined, metric: string, reference: Reference): string {
  const difference = (after?.sum ?? 0n) - (before?.sum ?? 0n);
  if (difference === 0n) return "stated the same";
  const size = formatQuantity(difference < 0n ? -difference : difference, reference.dimensionOf(metric));
  return `${difference < 0n ? "−" : "+"}${size}`;
}

function Since(props: { difference: Outcome<Difference>; view: View }) {
  const { reference } = usePage();
  const { difference, view } = props;
  if (difference.problem !== undefined) {
    return (
      <section class="app-section" id="since">
        <h2 class="govuk-heading-m">Since then</h2>
        <ProblemNotice problem={difference.problem} what="What has changed since" />
      </section>
    );
  }
  const { changes, from, to, moved } = difference.answer;
  const title =
    changes.length === 0 ? "Nothing has changed since" : `${counted(changes.length, "figure")} changed since`;
  return (
    <Section id="since" caption="Then and now" title={title}>
      {changes.length > 0 && (
        <Scrolling label="What changed since then">
          <table class="govuk-table app-table" data-test="changes">
            <caption class="govuk-table__caption govuk-visually-hidden">What changed since then</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Figure</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Then</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Now</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Stated difference</th>
                <th scope="col" class="govuk-table__header app-no-print">Moved by</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {changes.map(({ row, before }) => {
                const metric = row?.metric ?? "";
                const dimension = reference.dimensionOf(metric);
                return (
                  <tr class="govuk-table__row" key={metric} data-metric={metric}>
                    <th scope="row" class="govuk-table__header app-table__name">{reference.metricName(metric)}</th>
                    <NumberCell>
                      <TotalText total={before} dimension={dimension} />
                    </NumberCell>
                    <NumberCell>
                      <TotalText total={row?.total} dimension={dimension} />
                    </NumberCell>
                    <NumberCell>{differenceText(before, row?.total, metric, reference)}</NumberCell>
                    <td class="govuk-table__cell app-no-print">
                      <Link to={{ ...view, metric }}>
                        Results
                        <span class="govuk-visually-hidden"> that moved {insideSentence(reference.metricName(metric))}</span>
                      </Link>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scrolling>
      )}
      {moved !== undefined && <Moved view={view} metric={moved.metric} results={moved.results} />}
      <p class="govuk-body-s app-source">
        Source: results that forces submitted to Muster. Then: {standsFor(from)}. Now: {standsFor(to)}.
      </p>
    </Section>
  );
}

function Moved(props: { view: View; metric: string; results: ResultChange[] }) {
  const { reference } = usePage();
  const { view, metric, results } = props;
  const dimension = reference.dimensionOf(metric);
  const say = (total: Total | undefined): string => (total === undefined ? "nothing" : carefulText(total, dimension));
  return (
    <>
      <h3 class="govuk-heading-s" id="moved-title">
        {counted(results.length, "result")} moved {insideSentence(reference.metricName(metric))}
      </h3>
      <Scrolling label="Results that moved it">
        <table class="govuk-table app-table" data-test="moved" aria-labelledby="moved-title">
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              <th scope="col" class="govuk-table__header">Force and result</th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Added then</th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Adds now</th>
              <th scope="col" class="govuk-table__header">Reason</th>
            </tr>
          </thead>
          <tbody class="govuk-table__body">
            {results.map(({ before, after, contributionBefore, contributionAfter }, index) => {
              const result = after?.result ?? before?.result;
              if (result === undefined) return null;
              const identity = `${result.force}/${result.resultId}`;
              return (
                <tr class="govuk-table__row" key={index}>
                  <th scope="row" class="govuk-table__header app-table__name">
                    {reference.forceName(result.force)},{" "}
                    <Link to={onPage(view, "why", { metric, result: identity })}>{result.resultId}</Link>
                    <span class="app-table__under">
                      {before === undefined ? "new, " : `from revision ${withThousands(before.result?.revision ?? 0n)} to `}revision{" "}
                      {withThousands(result.revision)}
                      {result.retracted && ", retracted"}
                    </span>
                  </th>
                  <NumberCell>{say(contributionBefore)}</NumberCell>
                  <NumberCell>{say(contributionAfter)}</NumberCell>
                  <td class="govuk-table__cell">{result.reason}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolling>
    </>
  );
}
