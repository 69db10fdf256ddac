// What a week of action adds up to, live.
import type { JSX } from "preact";
import { Additivity, type Operation } from "../../generated/muster/v1/catalogue_pb";
import {
  type Coverage,
  GroupBy,
  type QueryTotalsResponse,
  type Total,
  type TotalsRow,
} from "../../generated/muster/v1/totals_service_pb";
import { onPage, type View } from "../address";
import { categoryTree } from "../category_tree";
import { coverageCount } from "../coverage_text";
import { type Export, exportAddress } from "../exports";
import { BarKey, largestOf, NumberCell, TotalBar, TotalInline, TotalText, Bar } from "../parts/figures";
import { CoveragePanel } from "../parts/coverage_panel";
import { usePage } from "../parts/context";
import { DayChart } from "../parts/day_chart";
import { Link } from "../parts/link";
import { ProblemNotice } from "../parts/problem_notice";
import { CompareSelect, MetricSelect, OperationSelect, QuestionForm, RegionSelect } from "../parts/question_form";
import { Scrolling, Section, Source } from "../parts/section";
import { Standing } from "../parts/standing";
import { TileMap } from "../parts/tile_map";
import { useLive } from "../parts/use_live";
import { counted, formatQuantity, withThousands } from "../quantity";
import { baseQuery, chosenMetric, type Outcome, outcomeOf, queryTotals, standOf } from "../questions";
import { insideSentence, type Reference } from "../reference";
import { totals, within } from "../service";
import { TOTALS_KEY, totalTiles } from "../tiles";
import { civilDay, daysBetween, period } from "../times";
import { categoryTitle, comparisonTitle, dayTitle, forceTitle, regionTitle, type Subject } from "../titles";

// A caller may see some totals and not others.
type Split = Outcome<QueryTotalsResponse>;

interface ByCategory {
  breakdown: string;
  split: Split;
}

interface Comparison {
  rows: TotalsRow[]; // With their baselines.
  coverage: Coverage; // Of the earlier operation.
}

interface Answer {
  view: View; // What this is the answer to.
  metric: string;
  all: QueryTotalsResponse;
  byRegion: Split;
  byForce: Split;
  byDate: Split;
  byCategory: ByCategory[];
  comparison: Outcome<Comparison> | undefined; // Absent: beside nothing.
}

async function fetchComparison(view: View, signal: AbortSignal): Promise<Comparison> {
  const [beside, before] = await Promise.all([
    queryTotals({ ...baseQuery(view), baselineOperation: view.compare }, signal),
    totals.getCoverage({ operations: [view.compare], regions: baseQuery(view).regions }, within(signal)),
  ]);
  if (before.coverage === undefined) throw new Error("a coverage is missing");
  return { rows: beside.rows, coverage: before.coverage };
}

async function fetchAnswer(view: View, reference: Reference, signal: AbortSignal): Promise<Answer> {
  const query = baseQuery(view);
  const split = (metric: string, groupBy: GroupBy, breakdowns: string[] = []): Promise<Split> =>
    outcomeOf(queryTotals({ ...query, metrics: [metric], groupBy: [groupBy], breakdowns }, signal));
  const splits = async (metric: string) => {
    const breakdowns = reference.metrics.get(metric)?.breakdowns ?? [];
    const [byRegion, byForce, byDate, ...byCategory] = await Promise.all([
      split(metric, GroupBy.REGION),
      split(metric, GroupBy.FORCE),
      split(metric, GroupBy.DATE),
      ...breakdowns.map((breakdown) => split(metric, GroupBy.CATEGORY, [breakdown])),
    ]);
    return {
      metric, byRegion, byForce, byDate,
      byCategory: byCategory.map((one, index) => ({ breakdown: breakdowns[index] ?? "", split: one })),
    };
  };
  const first = queryTotals(query, signal);
  const [all, comparison, ofMetric] = await Promise.all([
    first,
    view.compare === "none" ? undefined : outcomeOf(fetchComparison(view, signal)),
    // Only where no metric is named has the first answer to come before the others.
    view.metric === "" ? first.then(({ rows }) => splits(chosenMetric(view, rows))) : splits(view.metric),
  ]);
  return { view, all, comparison, ...ofMetric };
}

export function OperationPage() {
  const { view, reference } = usePage();
  const key = ["operation", view.operation, view.region, view.compare, view.metric].join("\n");
  const live = useLive<Answer>(key, baseQuery(view), (signal) => fetchAnswer(view, reference, signal));
  const { answer } = live;
  const shown = answer?.view ?? view;
  const operation = reference.operation(shown.operation);
  return (
    <>
      <span class="govuk-caption-l">
        {shown.region === "" ? "All forces" : reference.regionName(shown.region)}
        {operation !== undefined && `, ${period(operation.startDate, operation.endDate)}`}
      </span>
      <h1 class="govuk-heading-l" tabIndex={-1}>
        {reference.operationTitle(shown.operation)}
      </h1>
      <Standing live={live} stand={answer && standOf(answer.all)} />
      <QuestionForm>
        <OperationSelect />
        <RegionSelect />
        <CompareSelect />
      </QuestionForm>
      {answer === undefined && live.problem !== undefined && live.problem.kind !== "unreachable" && (
        <ProblemNotice problem={live.problem} what="The totals" />
      )}
      {answer !== undefined && <Totals answer={answer} operation={operation} />}
    </>
  );
}

function Totals(props: { answer: Answer; operation: Operation | undefined }) {
  const { answer, operation } = props;
  const { all } = answer;
  return (
    <>
      <div class="app-summary">
        {all.coverage !== undefined && <CoveragePanel coverage={all.coverage} />}
        <Headlines answer={answer} operation={operation} />
      </div>
      {all.rows.length === 0 ? (
        <p class="govuk-body">No figure has been reported yet. Silence is not zero.</p>
      ) : (
        <>
          <OneMetric answer={answer} operation={operation} />
          <Everything answer={answer} />
        </>
      )}
    </>
  );
}

// What the operation asked for, or what comes first where it asked for nothing.
const MAX_HEADLINES = 8;

function Headlines(props: { answer: Answer; operation: Operation | undefined }) {
  const { reference } = usePage();
  const { answer, operation } = props;
  const rows = new Map(answer.all.rows.map((row) => [row.metric, row.total]));
  const wanted = operation?.expectedMetrics ?? [];
  const metrics = wanted.length > 0 ? wanted : answer.all.rows.slice(0, MAX_HEADLINES).map(({ metric }) => metric);
  return (
    <dl class="app-headlines" data-test="headlines">
      {metrics.map((metric) => {
        const total = rows.get(metric);
        return (
          <div class="app-headlines__item" key={metric} data-metric={metric}>
            <dt class="app-headlines__name">{reference.metricName(metric)}</dt>
            <dd class="app-headlines__value">
              <TotalText total={total} dimension={reference.dimensionOf(metric)} atLength />
              {total !== undefined && (
                <span class="app-headlines__behind">
                  <span class="govuk-visually-hidden">, </span>from {counted(total.forceCount, "force")}
                </span>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

// One figure, split every way.
function OneMetric(props: { answer: Answer; operation: Operation | undefined }) {
  const { reference } = usePage();
  const { answer, operation } = props;
  const { metric, view } = answer;
  const subject: Subject = { metric: reference.metricName(metric), dimension: reference.dimensionOf(metric) };
  const total = answer.all.rows.find((row) => row.metric === metric)?.total;
  const metrics = [...new Set([...answer.all.rows.map((row) => row.metric), metric])];
  const note = reference.metrics.get(metric)?.note ?? "";
  return (
    <>
      <div class="app-metric">
        <QuestionForm label="Figure in the charts">
          <MetricSelect metrics={metrics} value={metric} label="Figure in the charts below" />
        </QuestionForm>
        <p class="govuk-body">
          <strong>{subject.metric}:</strong> <TotalInline total={total} dimension={subject.dimension} />.{" "}
          <span class="app-no-print">
            <Link to={onPage(view, "why", { metric })}>
              Why<span class="govuk-visually-hidden"> is the total for {insideSentence(subject.metric)} what it is</span>
            </Link>
          </span>
        </p>
        {note !== "" && <p class="govuk-body-s">Note: {note}.</p>}
      </div>
      <Shown id="by-force" what={`${subject.metric} by force`} split={answer.byForce}>
        {(response) => <ByForce answer={answer} response={response} subject={subject} />}
      </Shown>
      {view.region === "" && (
        <Shown id="by-region" what={`${subject.metric} by region`} split={answer.byRegion}>
          {(response) => <ByRegion answer={answer} response={response} subject={subject} />}
        </Shown>
      )}
      <Shown id="by-day" what={`${subject.metric} by day`} split={answer.byDate}>
        {(response) => <ByDay answer={answer} response={response} subject={subject} operation={operation} />}
      </Shown>
      {answer.byCategory.map(({ breakdown, split }) => (
        <Shown
          key={breakdown}
          id={`by-${breakdown}`}
          what={`${subject.metric} by ${insideSentence(reference.breakdown(breakdown)?.name ?? breakdown)}`}
          split={split}
        >
          {(response) => <CategorySection answer={answer} breakdownId={breakdown} response={response} subject={subject} />}
        </Shown>
      ))}
      <Beside answer={answer} subject={subject} />
    </>
  );
}

// One way of splitting, or why it cannot be shown.
function Shown(props: {
  id: string;
  what: string;
  split: Split;
  children: (response: QueryTotalsResponse) => JSX.Element;
}) {
  const { id, what, split } = props;
  if (split.answer !== undefined) return props.children(split.answer);
  return (
    <section class="app-section" id={id}>
      <h2 class="govuk-heading-m">{what}</h2>
      <ProblemNotice problem={split.problem} what={what} />
    </section>
  );
}

function exportOf(answer: Answer, change: Partial<Export> = {}): Export {
  const { operation, region } = answer.view;
  return { operation, region, metric: answer.metric, ...change };
}

function csv(answer: Answer, name: string, what: string, change: Partial<Export> = {}) {
  const address = exportAddress(exportOf(answer, change));
  return { address, fileName: `${answer.view.operation}-${name}.csv`, what };
}

// Highest first; what has no value last.
function bySum(rows: TotalsRow[]): TotalsRow[] {
  const order = (row: TotalsRow): bigint => row.total?.sum ?? -1n;
  return [...rows].sort((left, right) => (order(left) < order(right) ? 1 : order(left) > order(right) ? -1 : 0));
}

function ByForce(props: { answer: Answer; response: QueryTotalsResponse; subject: Subject }) {
  const { reference } = usePage();
  const { answer, response, subject } = props;
  const { rows } = response;
  const named = rows.flatMap(({ force, total }) => (total ? [{ name: reference.forceName(force), total }] : []));
  const title = forceTitle(subject, named);
  const sums = new Map(rows.flatMap(({ force, total }) => (total ? [[force, total] as [string, Total]] : [])));
  const most = largestOf([...sums.values()]);
  const name = insideSentence(subject.metric);
  return (
    <Section id="by-force" caption="By force" title={title}>
      <div class="app-beside">
        {answer.all.coverage !== undefined && (
          <TileMap
            title={title}
            contentOf={totalTiles(sums, most, answer.all.coverage, subject.dimension)}
            tileKey={TOTALS_KEY}
          />
        )}
        <div>
          {rows.length > 0 && (
            <Scrolling label={`${subject.metric} by force`}>
              <table class="govuk-table app-table">
                <caption class="govuk-table__caption govuk-visually-hidden">{subject.metric} by force</caption>
                <thead class="govuk-table__head">
                  <tr class="govuk-table__row">
                    <th scope="col" class="govuk-table__header">Force</th>
                    <td class="govuk-table__header app-table__bar" />
                    <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total</th>
                    <th scope="col" class="govuk-table__header app-no-print">Why</th>
                  </tr>
                </thead>
                <tbody class="govuk-table__body">
                  {bySum(rows).map(({ force, total }) => (
                    <tr class="govuk-table__row" key={force}>
                      <th scope="row" class="govuk-table__header app-table__name">{reference.forceName(force)}</th>
                      <td class="govuk-table__cell app-table__bar">
                        <TotalBar total={total} most={most} />
                      </td>
                      <NumberCell>
                        <TotalText total={total} dimension={subject.dimension} />
                      </NumberCell>
                      <td class="govuk-table__cell app-no-print">
                        <Link to={onPage(answer.view, "why", { metric: answer.metric, force })}>
                          Why
                          <span class="govuk-visually-hidden">
                            {" "}
                            {name}, {reference.forceName(force)}
                          </span>
                        </Link>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolling>
          )}
          <BarKey totals={[...sums.values()]} />
        </div>
      </div>
      <Source
        stand={standOf(response)}
        download={csv(answer, "by-force", `${name} by force`, { groupBy: ["force"] })}
      />
    </Section>
  );
}

function ByRegion(props: { answer: Answer; response: QueryTotalsResponse; subject: Subject }) {
  const { reference } = usePage();
  const { answer, response, subject } = props;
  const { rows } = response;
  const regions = rows.filter((row) => row.region !== "");
  const named = regions.flatMap(({ region, total }) => (total ? [{ name: reference.regionName(region), total }] : []));
  const most = largestOf(rows.map(({ total }) => total));
  return (
    <Section id="by-region" caption="By region" title={regionTitle(subject, named)}>
      {rows.length > 0 && (
        <Scrolling label={`${subject.metric} by region`}>
          <table class="govuk-table app-table">
            <caption class="govuk-table__caption govuk-visually-hidden">{subject.metric} by region</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Region</th>
                <td class="govuk-table__header app-table__bar" />
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Forces behind it</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {bySum(rows).map(({ region, total }) => (
                <tr class="govuk-table__row" key={region}>
                  <th scope="row" class="govuk-table__header app-table__name">
                    {region === "" ? (
                      "In no region"
                    ) : (
                      <Link to={{ ...answer.view, region }}>{reference.regionName(region)}</Link>
                    )}
                  </th>
                  <td class="govuk-table__cell app-table__bar">
                    <TotalBar total={total} most={most} />
                  </td>
                  <NumberCell>
                    <TotalText total={total} dimension={subject.dimension} />
                  </NumberCell>
                  <NumberCell>{withThousands(total?.forceCount ?? 0)}</NumberCell>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      <BarKey totals={rows.map(({ total }) => total)} />
      <Source
        stand={standOf(response)}
        download={csv(answer, "by-region", `${insideSentence(subject.metric)} by region`, { groupBy: ["region"] })}
      />
    </Section>
  );
}

function ByDay(props: {
  answer: Answer;
  response: QueryTotalsResponse;
  subject: Subject;
  operation: Operation | undefined;
}) {
  const { answer, response, subject, operation } = props;
  const { rows } = response;
  const title = dayTitle(subject, rows);
  const undated = rows.find((row) => row.date === "");
  const byDate = new Map(rows.filter((row) => row.date !== "").map((row) => [row.date, row.total]));
  // Every day of the window, and those outside it that something was reported for.
  const window = operation === undefined ? [] : daysBetween(operation.startDate, operation.endDate);
  const dates = [...new Set([...window, ...byDate.keys()])].sort();
  const days = dates.map((date) => ({ date, total: byDate.get(date) }));
  return (
    <Section id="by-day" caption="By day" title={title}>
      {byDate.size > 0 && <DayChart title={title} days={days} dimension={subject.dimension} />}
      <BarKey totals={byDate.size > 0 ? [...byDate.values()] : []} />
      {rows.length > 0 && (
        <Scrolling label={`${subject.metric} by day`}>
          <table class="govuk-table app-table app-table--narrow">
            <caption class="govuk-table__caption govuk-visually-hidden">{subject.metric} by day</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Day</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {byDate.size > 0 &&
                days.map(({ date, total }) => (
                  <tr class="govuk-table__row" key={date}>
                    <th scope="row" class="govuk-table__header app-table__name">{civilDay(date)}</th>
                    <NumberCell>
                      <TotalText total={total} dimension={subject.dimension} />
                    </NumberCell>
                  </tr>
                ))}
              {undated !== undefined && (
                <tr class="govuk-table__row">
                  <th scope="row" class="govuk-table__header app-table__name">In returns of several days</th>
                  <NumberCell>
                    <TotalText total={undated.total} dimension={subject.dimension} />
                  </NumberCell>
                </tr>
              )}
            </tbody>
          </table>
        </Scrolling>
      )}
      <Source
        stand={standOf(response)}
        download={csv(answer, "by-day", `${insideSentence(subject.metric)} by day`, { groupBy: ["date"] })}
      />
    </Section>
  );
}

function CategorySection(props: {
  answer: Answer;
  breakdownId: string;
  response: QueryTotalsResponse;
  subject: Subject;
}) {
  const { reference } = usePage();
  const { answer, breakdownId, response, subject } = props;
  const breakdown = reference.breakdown(breakdownId)?.name ?? breakdownId;
  const by = insideSentence(breakdown);
  const overlap = reference.metrics.get(answer.metric)?.additivity === Additivity.PARTS_OVERLAP;
  const { rows } = response;
  const whole = rows.find((row) => row.categories.length === 0)?.total;
  const most = largestOf(rows.map(({ total }) => total));
  const tree = categoryTree(rows, reference);
  return (
    <Section
      id={`by-${breakdownId}`}
      caption={`By ${by}`}
      title={categoryTitle(subject, breakdown, whole, overlap)}
    >
      {tree.length > 0 && (
        <Scrolling label={`${subject.metric} by ${by}`}>
          <table class="govuk-table app-table">
            <caption class="govuk-table__caption govuk-visually-hidden">
              {subject.metric} by {by}
            </caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">{breakdown}</th>
                <td class="govuk-table__header app-table__bar" />
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {tree.map((row) => (
                <tr
                  class={`govuk-table__row${row.rest ? " app-table__rest" : ""}`}
                  key={`${row.category} ${String(row.rest)}`}
                >
                  <th scope="row" class={`govuk-table__header app-table__name app-indent-${Math.min(row.depth, 5)}`}>
                    {row.rest ? (
                      <>
                        Not broken down
                        {row.category !== "" && (
                          <span class="govuk-visually-hidden">, {reference.categoryName(row.category)}</span>
                        )}
                      </>
                    ) : row.category === "" ? (
                      "All"
                    ) : (
                      reference.categoryName(row.category)
                    )}
                  </th>
                  <td class="govuk-table__cell app-table__bar">
                    {row.rest ? (
                      <Bar sum={row.total.notBrokenDown} certain={0n} most={most} />
                    ) : (
                      <TotalBar total={row.total} most={most} />
                    )}
                  </td>
                  <NumberCell>
                    {row.rest ? (
                      formatQuantity(row.total.notBrokenDown, subject.dimension)
                    ) : (
                      <TotalText total={row.total} dimension={subject.dimension} />
                    )}
                  </NumberCell>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      {overlap && <p class="govuk-body-s">Parts may overlap: they are not to be added up.</p>}
      <Source
        stand={standOf(response)}
        download={csv(answer, `by-${breakdownId}`, `${insideSentence(subject.metric)} by ${by}`, {
          groupBy: ["category"],
          breakdown: breakdownId,
        })}
      />
    </Section>
  );
}

function Beside(props: { answer: Answer; subject: Subject }) {
  const { reference } = usePage();
  const { answer, subject } = props;
  const { comparison, view, all } = answer;
  if (comparison === undefined) return null;
  const before = reference.operationTitle(view.compare);
  if (comparison.problem !== undefined) {
    return (
      <section class="app-section" id="beside">
        <h2 class="govuk-heading-m">Beside an earlier operation</h2>
        <ProblemNotice problem={comparison.problem} what={`The comparison with ${before}`} />
      </section>
    );
  }
  const { rows, coverage } = comparison.answer;
  const chosen = rows.find((row) => row.metric === answer.metric);
  const countNow = all.coverage === undefined ? "" : coverageCount(all.coverage);
  const countThen = coverageCount(coverage);
  return (
    <Section
      id="beside"
      caption={`Beside ${before}`}
      title={comparisonTitle(subject, chosen?.total, chosen?.baseline, countNow, countThen)}
    >
      <p class="govuk-body-s">
        Different forces may stand behind the two: {countNow} now, {countThen} then. A difference is not a trend.
      </p>
      <Scrolling label={`All figures beside ${before}`}>
        <table class="govuk-table app-table">
          <caption class="govuk-table__caption govuk-visually-hidden">All figures beside {before}</caption>
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              <th scope="col" class="govuk-table__header">Figure</th>
              <td class="govuk-table__header app-table__bar" />
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">
                Now<span class="app-table__under">{countNow}</span>
              </th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">
                Then<span class="app-table__under">{countThen}</span>
              </th>
            </tr>
          </thead>
          <tbody class="govuk-table__body">
            {rows.map(({ metric, total, baseline }) => {
              const most = largestOf([total, baseline]);
              const dimension = reference.dimensionOf(metric);
              return (
                <tr class="govuk-table__row" key={metric}>
                  <th scope="row" class="govuk-table__header app-table__name">{reference.metricName(metric)}</th>
                  <td class="govuk-table__cell app-table__bar app-table__bar--two">
                    <TotalBar total={total} most={most} />
                    <TotalBar total={baseline} most={most} />
                  </td>
                  <NumberCell>
                    <TotalText total={total} dimension={dimension} />
                  </NumberCell>
                  <NumberCell>
                    <TotalText total={baseline} dimension={dimension} />
                  </NumberCell>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolling>
      <p class="app-key">Upper bar now, lower bar then; each figure to a scale of its own.</p>
      <Source
        stand={standOf(all)}
        download={{
          address: exportAddress({ operation: view.operation, region: view.region, baseline: view.compare }),
          fileName: `${view.operation}-beside-${view.compare}.csv`,
          what: `all figures beside ${before}`,
        }}
      />
    </Section>
  );
}

function Everything(props: { answer: Answer }) {
  const { reference } = usePage();
  const { answer } = props;
  const { rows, cutByPeriodCount } = answer.all;
  return (
    <Section id="all-figures" caption="All figures" title={`${counted(rows.length, "figure")} reported so far`}>
      <Scrolling label="All figures">
        <table class="govuk-table app-table">
          <caption class="govuk-table__caption govuk-visually-hidden">All figures</caption>
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              <th scope="col" class="govuk-table__header">Figure</th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Total</th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Results</th>
              <th scope="col" class="govuk-table__header govuk-table__header--numeric">Forces</th>
              <th scope="col" class="govuk-table__header app-no-print">Why</th>
            </tr>
          </thead>
          <tbody class="govuk-table__body">
            {rows.map(({ metric, total }) => (
              <tr class="govuk-table__row" key={metric} data-metric={metric}>
                <th scope="row" class="govuk-table__header app-table__name">
                  <Link to={{ ...answer.view, metric }}>{reference.metricName(metric)}</Link>
                </th>
                <NumberCell>
                  <TotalText total={total} dimension={reference.dimensionOf(metric)} />
                </NumberCell>
                <NumberCell>{withThousands(total?.resultCount ?? 0n)}</NumberCell>
                <NumberCell>{withThousands(total?.forceCount ?? 0)}</NumberCell>
                <td class="govuk-table__cell app-no-print">
                  <Link to={onPage(answer.view, "why", { metric })}>
                    Why<span class="govuk-visually-hidden"> {insideSentence(reference.metricName(metric))}</span>
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      {cutByPeriodCount > 0n && (
        <p class="govuk-body-s">Left out: {counted(cutByPeriodCount, "result")} partly outside the days asked for.</p>
      )}
      <Source
        stand={standOf(answer.all)}
        download={{
          address: exportAddress({ operation: answer.view.operation, region: answer.view.region }),
          fileName: `${answer.view.operation}.csv`,
          what: "all figures",
        }}
      />
    </Section>
  );
}
