// What a total is made of, down to each result and what became of it.
import type { StoredResult } from "../../generated/muster/v1/ingest_service_pb";
import { type Figure, Outcome as ReceiptOutcome } from "../../generated/muster/v1/result_pb";
import type { QueryTotalsResponse, Total, TotalsRow } from "../../generated/muster/v1/totals_service_pb";
import type { View } from "../address";
import { carefulText, figureText } from "../careful_writer";
import { usePage } from "../parts/context";
import { BarKey, largestOf, NumberCell, TotalBar, TotalText } from "../parts/figures";
import { Link } from "../parts/link";
import { ProblemNotice } from "../parts/problem_notice";
import { ForceSelect, MetricSelect, OperationSelect, QuestionForm, RegionSelect } from "../parts/question_form";
import { Scrolling, Section, Source } from "../parts/section";
import { Standing } from "../parts/standing";
import { useLive } from "../parts/use_live";
import { counted, withThousands } from "../quantity";
import { baseQuery, chosenMetric, type Outcome, outcomeOf, type Query, queryTotals, standOf } from "../questions";
import { insideSentence, type Reference } from "../reference";
import { exportAddress } from "../exports";
import { listRevisions, totals, within } from "../service";
import { civilDay, londonClock, londonDay, moment, period, toDate } from "../times";

interface Part {
  stored: StoredResult;
  contribution: Total | undefined;
}

interface Explanation {
  row: TotalsRow;
  parts: Part[]; // Those of forces that the caller may not read are left out.
  cut: boolean; // There are more.
  stand: { asOf: Date; position: bigint };
}

interface Answer {
  view: View;
  metric: string;
  all: QueryTotalsResponse; // For the metrics and forces to choose from.
  explanation: Outcome<Explanation | undefined>; // Without one: no result stands behind it.
  history: Outcome<StoredResult[]> | undefined; // Absent: of no result.
}

const PAGE_SIZE = 1_000;
// More results than a person reads; the rest are in the export.
const MAX_PARTS = 5_000;

export function explainQuery(view: View, metric: string): Query {
  return {
    ...baseQuery(view),
    metrics: [metric],
    forces: view.force === "" ? [] : [view.force],
    categories: view.category === "" ? [] : view.category.split("+"),
    startDate: view.date,
    endDate: view.date,
  };
}

async function explain(view: View, metric: string, signal: AbortSignal): Promise<Explanation | undefined> {
  const query = explainQuery(view, metric);
  const { rows } = await queryTotals(query, signal);
  const [row] = rows;
  if (row === undefined) return undefined;
  const parts: Part[] = [];
  let pageToken = "";
  for (;;) {
    const page = await totals.explainTotal({ query, row, pageSize: PAGE_SIZE, pageToken }, within(signal));
    page.results.forEach((stored, index) => parts.push({ stored, contribution: page.contributions[index] }));
    pageToken = page.nextPageToken;
    const cut = pageToken !== "";
    if (!cut || parts.length >= MAX_PARTS) return { row, parts, cut, stand: standOf(page) };
  }
}

// "force/result_id"; a result_id holds no slash, and neither does the id of a force.
function identityOf(view: View): { operation: string; force: string; resultId: string } | undefined {
  const [force, resultId] = view.result.split("/");
  return force && resultId ? { operation: view.operation, force, resultId } : undefined;
}

async function fetchAnswer(view: View, signal: AbortSignal): Promise<Answer> {
  const identity = identityOf(view);
  const explained = async () => {
    const all = await queryTotals({ ...baseQuery(view), forces: view.force === "" ? [] : [view.force] }, signal);
    const metric = chosenMetric(view, all.rows);
    return { all, metric, explanation: await outcomeOf(explain(view, metric, signal)) };
  };
  const [{ all, metric, explanation }, history] = await Promise.all([
    explained(),
    identity && outcomeOf(listRevisions(identity, signal)),
  ]);
  return { view, metric, all, explanation, history };
}

export function WhyPage() {
  const { view, reference } = usePage();
  const key = ["why", view.operation, view.region, view.metric, view.force, view.category, view.date, view.result].join("\n");
  const live = useLive<Answer>(key, baseQuery(view), (signal) => fetchAnswer(view, signal));
  const { answer } = live;
  const shown = answer?.view ?? view;
  const forces = (answer?.all.coverage?.forces ?? []).filter((force) => force.resultCount > 0n).map((force) => force.force);
  const metrics = answer === undefined ? [] : [...new Set([...answer.all.rows.map((row) => row.metric), answer.metric])];
  return (
    <>
      <span class="govuk-caption-l">
        {reference.operationTitle(shown.operation)},{" "}
        {shown.region === "" ? "all forces" : reference.regionName(shown.region)}
      </span>
      <h1 class="govuk-heading-l" tabIndex={-1}>
        {answer === undefined ? "Why a total is what it is" : heading(answer, reference)}
      </h1>
      <Standing live={live} stand={answer && standOf(answer.all)} />
      {answer !== undefined && (
        <QuestionForm change={{ result: "", category: "", date: "" }}>
          <OperationSelect />
          <RegionSelect />
          <MetricSelect metrics={metrics} value={answer.metric} />
          <ForceSelect forces={shown.force === "" ? forces : [...new Set([...forces, shown.force])]} />
        </QuestionForm>
      )}
      {answer === undefined && live.problem !== undefined && live.problem.kind !== "unreachable" && (
        <ProblemNotice problem={live.problem} what="The total" />
      )}
      {answer !== undefined && (
        <>
          <Explained answer={answer} />
          <History answer={answer} />
        </>
      )}
    </>
  );
}

// "Why: Cash seized, Hampshire".
function heading(answer: Answer, reference: Reference): string {
  const { view, metric } = answer;
  const narrowed = [
    view.category !== "" && reference.categoryNames(view.category.split("+")),
    view.force !== "" && reference.forceName(view.force),
    view.date !== "" && civilDay(view.date),
  ].filter(Boolean);
  return `Why: ${[reference.metricName(metric), ...narrowed].join(", ")}`;
}

function Explained(props: { answer: Answer }) {
  const { reference } = usePage();
  const { answer } = props;
  const { explanation, metric, view } = answer;
  if (explanation.problem !== undefined) {
    return <ProblemNotice problem={explanation.problem} what="What this total is made of" />;
  }
  const found = explanation.answer;
  if (found === undefined) return <p class="govuk-body">No result stands behind this: nothing was reported, which is not zero.</p>;
  const dimension = reference.dimensionOf(metric);
  const { row, parts, cut } = found;
  const most = largestOf(parts.map(({ contribution }) => contribution));
  const total = row.total;
  const hidden = (total?.resultCount ?? 0n) - BigInt(parts.length);
  const behind = counted(total?.resultCount ?? 0n, "result");
  const name = reference.metricName(metric);
  const adds = total?.resultCount === 1n ? "adds" : "add";
  const title = total === undefined ? name : `${name}: ${behind} ${adds} up to ${carefulText(total, dimension)}`;
  return (
    <Section id="results" caption="The results behind it" title={title}>
      {cut && <p class="govuk-body">The first {withThousands(parts.length)} are shown.</p>}
      {!cut && hidden > 0n && (
        <p class="govuk-body">
          {counted(hidden, "result")} of forces whose results you may not read: not shown, and in the total.
        </p>
      )}
      <Scrolling label="The results behind the total">
        <table class="govuk-table app-table" data-test="results">
          <caption class="govuk-table__caption govuk-visually-hidden">The results behind the total</caption>
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              <th scope="col" class="govuk-table__header">Force and result</th>
              <th scope="col" class="govuk-table__header">As stated</th>
              <td class="govuk-table__header app-table__bar app-table__bar--small" />
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Adds</th>
              <th scope="col" class="govuk-table__header">Accepted</th>
              <th scope="col" class="govuk-table__header app-no-print">History</th>
            </tr>
          </thead>
          <tbody class="govuk-table__body">
            {parts.map(({ stored, contribution }) => (
              <PartRow key={`${stored.receipt?.position}`} stored={stored} contribution={contribution} most={most} answer={answer} />
            ))}
          </tbody>
          <tfoot>
            <tr class="govuk-table__row">
              <th scope="row" class="govuk-table__header">Together</th>
              <td class="govuk-table__cell" />
              <td class="govuk-table__cell app-table__bar app-table__bar--small" />
              <NumberCell>
                <strong>
                  <TotalText total={total} dimension={dimension} />
                </strong>
              </NumberCell>
              <td class="govuk-table__cell" />
              <td class="govuk-table__cell app-no-print" />
            </tr>
          </tfoot>
        </table>
      </Scrolling>
      <BarKey totals={parts.map(({ contribution }) => contribution)} />
      <Source
        stand={found.stand}
        download={{
          address: exportAddress({ ...view, metric, groupBy: ["force"] }),
          fileName: `${view.operation}-${metric}-by-force.csv`,
          what: `${insideSentence(reference.metricName(metric))} by force`,
        }}
      />
    </Section>
  );
}

// The figures of one metric in one result: "28 (Male, Adult)".
export function statedFigures(figures: Figure[], metric: string, reference: Reference): string[] {
  return figures
    .filter((figure) => figure.metric === metric)
    .map((figure) => {
      const text = figureText(figure, reference.dimensionOf(metric));
      return figure.categories.length === 0 ? text : `${text} (${reference.categoryNames(figure.categories)})`;
    });
}

function PartRow(props: { stored: StoredResult; contribution: Total | undefined; most: bigint; answer: Answer }) {
  const { reference } = usePage();
  const { stored, contribution, most, answer } = props;
  const { result, receipt } = stored;
  if (result === undefined || receipt === undefined) return null;
  const stated = statedFigures(result.figures, answer.metric, reference);
  const identity = `${result.force}/${result.resultId}`;
  return (
    <tr class="govuk-table__row">
      <th scope="row" class="govuk-table__header app-table__name">
        {reference.forceName(result.force)}, {result.resultId}
        <span class="app-table__under">
          {period(result.startDate, result.endDate)}; revision {withThousands(result.revision)},{" "}
          {result.final ? "final" : "provisional"}
        </span>
        {receipt.warnings.map((warning, index) => (
          <span class="app-table__under app-table__warning" key={index}>
            Warning: {warning.description}
          </span>
        ))}
      </th>
      <td class="govuk-table__cell">
        {result.nil ? (
          "nil: looked, and there was none"
        ) : (
          <ul class="app-plain-list">
            {stated.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
      </td>
      <td class="govuk-table__cell app-table__bar app-table__bar--small">
        <TotalBar total={contribution} most={most} />
      </td>
      <NumberCell>
        <TotalText total={contribution} dimension={reference.dimensionOf(answer.metric)} />
      </NumberCell>
      <td class="govuk-table__cell">
        {receipt.acceptTime !== undefined && (
          <>
            {londonClock(toDate(receipt.acceptTime))}{" "}
            <span class="app-table__under">{londonDay(toDate(receipt.acceptTime))}</span>
          </>
        )}
        <span class="app-table__under">position {withThousands(receipt.position)}</span>
      </td>
      <td class="govuk-table__cell app-no-print">
        <Link to={{ ...answer.view, metric: answer.metric, result: identity }}>
          History<span class="govuk-visually-hidden"> of {identity}</span>
        </Link>
      </td>
    </tr>
  );
}

const OUTCOME_NAMES: Partial<Record<ReceiptOutcome, string>> = {
  [ReceiptOutcome.ACCEPTED]: "Accepted",
  [ReceiptOutcome.REVISED]: "Revised",
  [ReceiptOutcome.RETRACTED]: "Retracted",
};

function History(props: { answer: Answer }) {
  const { reference } = usePage();
  const { answer } = props;
  const { history, metric, view } = answer;
  const identity = identityOf(view);
  if (history === undefined || identity === undefined) return null;
  const name = `${reference.forceName(identity.force)}, ${identity.resultId}`;
  if (history.problem !== undefined) {
    return (
      <section class="app-section" id="history">
        <h2 class="govuk-heading-m">History of {name}</h2>
        <ProblemNotice problem={history.problem} what="The history of this result" />
      </section>
    );
  }
  const revisions = history.answer;
  return (
    <Section id="history" caption={`History of ${name}`} title={`${counted(revisions.length, "revision")}, oldest first`}>
      <Scrolling label={`History of ${name}`}>
        <table class="govuk-table app-table" data-test="history">
          <caption class="govuk-table__caption govuk-visually-hidden">History of {name}</caption>
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              <th scope="col" class="govuk-table__header">Revision</th>
              <th scope="col" class="govuk-table__header">Accepted</th>
              <th scope="col" class="govuk-table__header">{reference.metricName(metric)}, as stated</th>
              <th scope="col" class="govuk-table__header">Reason</th>
            </tr>
          </thead>
          <tbody class="govuk-table__body">
            {revisions.map(({ result, receipt }) => {
              if (result === undefined || receipt === undefined) return null;
              const stated = statedFigures(result.figures, metric, reference);
              return (
                <tr class="govuk-table__row" key={`${receipt.position}`}>
                  <th scope="row" class="govuk-table__header app-table__name">
                    {withThousands(result.revision)} {OUTCOME_NAMES[receipt.outcome] ?? ""}
                    <span class="app-table__under">{result.final ? "final" : "provisional"}</span>
                  </th>
                  <td class="govuk-table__cell">
                    {receipt.acceptTime === undefined ? "" : moment(toDate(receipt.acceptTime), true)}
                    <span class="app-table__under">position {withThousands(receipt.position)}</span>
                  </td>
                  <td class="govuk-table__cell">
                    {result.retracted ? (
                      "no longer counts"
                    ) : result.nil ? (
                      "nil: looked, and there was none"
                    ) : stated.length === 0 ? (
                      "not stated"
                    ) : (
                      <ul class="app-plain-list">
                        {stated.map((text) => (
                          <li key={text}>{text}</li>
                        ))}
                      </ul>
                    )}
                  </td>
                  <td class="govuk-table__cell">{result.reason}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolling>
    </Section>
  );
}
