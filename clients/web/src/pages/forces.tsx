// Who is in, how far each has got, and what looks odd in what they sent.
import type { StoredResult } from "../../generated/muster/v1/ingest_service_pb";
import { WarningReason } from "../../generated/muster/v1/result_pb";
import { type Coverage, CoverageState, type ForceCoverage, type GetCoverageResponse } from "../../generated/muster/v1/totals_service_pb";
import { onPage, type View } from "../address";
import { coverageCount, stateText } from "../coverage_text";
import { usePage } from "../parts/context";
import { CoveragePanel } from "../parts/coverage_panel";
import { NumberCell } from "../parts/figures";
import { Link } from "../parts/link";
import { ProblemNotice } from "../parts/problem_notice";
import { OperationSelect, QuestionForm, RegionSelect } from "../parts/question_form";
import { Scrolling, Section } from "../parts/section";
import { Standing, standsFor } from "../parts/standing";
import { TileMap } from "../parts/tile_map";
import { useLive } from "../parts/use_live";
import { counted, withThousands } from "../quantity";
import { baseQuery, type Outcome, outcomeOf, standOf } from "../questions";
import { listResults, totals, within } from "../service";
import { STATES_KEY, stateTiles } from "../tiles";
import { londonClock, londonDay, toDate } from "../times";

interface ForceResults {
  force: string;
  results: Outcome<StoredResult[]>;
}

interface Answer {
  view: View;
  response: GetCoverageResponse;
  coverage: Coverage;
  results: ForceResults[];
}

// Calls at once: enough to be quick, few enough to leave others room.
const AT_ONCE = 6;

async function fetchAnswer(view: View, signal: AbortSignal): Promise<Answer> {
  const response = await totals.getCoverage(baseQuery(view), within(signal));
  const coverage = response.coverage;
  if (coverage === undefined) throw new Error("a coverage is missing");
  const heard = coverage.forces.filter((force) => force.lastHeardTime !== undefined).map((force) => force.force);
  const results: ForceResults[] = [];
  const work = async (): Promise<void> => {
    for (let force = heard.shift(); force !== undefined; force = heard.shift()) {
      results.push({ force, results: await outcomeOf(listResults(view.operation, force, signal)) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { view, response, coverage, results };
}

const WARNING_NAMES: Record<WarningReason, string> = {
  [WarningReason.UNSPECIFIED]: "Unusual",
  [WarningReason.BREAKDOWN_SUM_MISMATCH]: "Parts exceed their total",
  [WarningReason.BREAKDOWNS_DISAGREE]: "Breakdowns disagree",
  [WarningReason.PERIOD_MISMATCH]: "Partly outside the window",
  [WarningReason.OVERLAPPING_PERIOD]: "Days stated twice",
  [WarningReason.COVERED_BY_JOINT_RETURN]: "Also in a joint return",
  [WarningReason.UNUSUAL_VALUE]: "Unusual value",
  [WarningReason.LATE]: "Late",
};

export function ForcesPage() {
  const { view, reference } = usePage();
  const live = useLive<Answer>(`forces\n${view.operation}\n${view.region}`, baseQuery(view), (signal) =>
    fetchAnswer(view, signal),
  );
  const { answer } = live;
  const shown = answer?.view ?? view;
  return (
    <>
      <span class="govuk-caption-l">
        {reference.operationTitle(shown.operation)}, {shown.region === "" ? "all forces" : reference.regionName(shown.region)}
      </span>
      <h1 class="govuk-heading-l" tabIndex={-1}>
        Forces
      </h1>
      <Standing live={live} stand={answer && standOf(answer.response)} />
      <QuestionForm>
        <OperationSelect />
        <RegionSelect />
      </QuestionForm>
      {answer === undefined && live.problem !== undefined && live.problem.kind !== "unreachable" && (
        <ProblemNotice problem={live.problem} what="The forces" />
      )}
      {answer !== undefined && (
        <>
          <CoveragePanel coverage={answer.coverage} />
          <States answer={answer} />
          <Warnings answer={answer} />
        </>
      )}
    </>
  );
}

// How many of the expected forces are in each state: "3 final, 1 missing".
function statesTitle(coverage: Coverage): string {
  const words: [CoverageState, string][] = [
    [CoverageState.FINAL, "final"],
    [CoverageState.PROVISIONAL, "provisional"],
    [CoverageState.NIL, "nil"],
    [CoverageState.COVERED, "covered by a joint return"],
    [CoverageState.RETRACTED, "retracted"],
    [CoverageState.MISSING, "missing"],
  ];
  const expected = coverage.forces.filter((force) => force.expected);
  const parts = words.flatMap(([state, word]) => {
    const count = expected.filter((force) => force.state === state).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${coverageCount(coverage)}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`;
}

function States(props: { answer: Answer }) {
  const { reference } = usePage();
  const { answer } = props;
  const { coverage, response, view } = answer;
  const title = statesTitle(coverage);
  const warnings = new Map(
    answer.results.map(({ force, results }) => [
      force,
      results.answer?.reduce((sum, { receipt }) => sum + (receipt?.warnings.length ?? 0), 0),
    ]),
  );
  const warningsOf = (force: ForceCoverage): string => {
    if (!warnings.has(force.force)) return "";
    const count = warnings.get(force.force);
    return count === undefined ? "not shown to you" : withThousands(count);
  };
  return (
    <Section id="states" caption="Who is in" title={title}>
      <div class="app-beside">
        <TileMap title={title} contentOf={stateTiles(coverage, reference)} tileKey={STATES_KEY} />
        <Scrolling label="Forces and how far each has got">
          <table class="govuk-table app-table" data-test="forces">
            <caption class="govuk-table__caption govuk-visually-hidden">Forces and how far each has got</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Force</th>
                <th scope="col" class="govuk-table__header">Return</th>
                <th scope="col" class="govuk-table__header">Last heard</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Results</th>
                <th scope="col" class="govuk-table__header govuk-table__header--numeric">Warnings</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {coverage.forces.map((force) => {
                const { text, colour } = stateText(force, reference);
                return (
                  <tr class="govuk-table__row" key={force.force} data-force={force.force}>
                    <th scope="row" class="govuk-table__header app-table__name">
                      {force.resultCount > 0n ? (
                        <Link to={onPage(view, "why", { force: force.force })}>{reference.forceName(force.force)}</Link>
                      ) : (
                        reference.forceName(force.force)
                      )}
                      {force.region !== "" && view.region === "" && (
                        <span class="app-table__under">{reference.regionName(force.region)}</span>
                      )}
                      {!force.expected && <span class="app-table__under">not expected to report</span>}
                    </th>
                    <td class="govuk-table__cell">
                      <strong class={`govuk-tag govuk-tag--${colour}`}>{text}</strong>
                      {force.late && (
                        <>
                          {" "}
                          <strong class="govuk-tag govuk-tag--orange">Late</strong>
                        </>
                      )}
                    </td>
                    <td class="govuk-table__cell">
                      {force.lastHeardTime === undefined ? (
                        "never"
                      ) : (
                        <>
                          {londonClock(toDate(force.lastHeardTime))}
                          <span class="app-table__under"> {londonDay(toDate(force.lastHeardTime))}</span>
                        </>
                      )}
                    </td>
                    <NumberCell>{withThousands(force.resultCount)}</NumberCell>
                    <NumberCell>{warningsOf(force)}</NumberCell>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scrolling>
      </div>
      <p class="govuk-body-s app-source">Source: Muster, as at {standsFor(standOf(response))}.</p>
    </Section>
  );
}

function Warnings(props: { answer: Answer }) {
  const { reference } = usePage();
  const { answer } = props;
  const order = new Map(answer.coverage.forces.map((force, index) => [force.force, index]));
  const warnings = answer.results
    .flatMap(({ force, results }) =>
      (results.answer ?? []).flatMap(({ result, receipt }) =>
        (receipt?.warnings ?? []).map((warning) => ({ force, warning, resultId: result?.resultId ?? "" })),
      ),
    )
    .sort((left, right) => (order.get(left.force) ?? 0) - (order.get(right.force) ?? 0));
  const hidden = answer.results.filter(({ results }) => results.problem !== undefined).length;
  return (
    <Section
      id="warnings"
      caption="Worth a second look"
      title={warnings.length === 0 ? "No result carries a warning" : `${counted(warnings.length, "warning")} on accepted results`}
    >
      {warnings.length > 0 && (
        <Scrolling label="Warnings">
          <table class="govuk-table app-table">
            <caption class="govuk-table__caption govuk-visually-hidden">Warnings on accepted results</caption>
            <thead class="govuk-table__head">
              <tr class="govuk-table__row">
                <th scope="col" class="govuk-table__header">Force and result</th>
                <th scope="col" class="govuk-table__header">Warning</th>
                <th scope="col" class="govuk-table__header">What was found</th>
              </tr>
            </thead>
            <tbody class="govuk-table__body">
              {warnings.map(({ force, warning, resultId }, index) => (
                <tr class="govuk-table__row" key={index}>
                  <th scope="row" class="govuk-table__header app-table__name">
                    {reference.forceName(force)}{" "}
                    <Link to={onPage(answer.view, "why", { force, result: `${force}/${resultId}` })}>{resultId}</Link>
                  </th>
                  <td class="govuk-table__cell">{WARNING_NAMES[warning.reason] ?? "Unusual"}</td>
                  <td class="govuk-table__cell">{warning.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      {hidden > 0 && (
        <p class="govuk-body-s">The results of {counted(hidden, "force")} are not shown to you, nor are their warnings.</p>
      )}
    </Section>
  );
}
