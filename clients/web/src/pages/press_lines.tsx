// Sentences to hand out. What is copied is what is seen.
import { useState } from "preact/hooks";
import type { QueryTotalsResponse } from "../../generated/muster/v1/totals_service_pb";
import type { View } from "../address";
import { usePage } from "../parts/context";
import { CoveragePanel } from "../parts/coverage_panel";
import { ProblemNotice } from "../parts/problem_notice";
import { OperationSelect, QuestionForm, RegionSelect } from "../parts/question_form";
import { Source } from "../parts/section";
import { Standing } from "../parts/standing";
import { useLive } from "../parts/use_live";
import { pressLines } from "../press_lines";
import { baseQuery, queryTotals, standOf } from "../questions";
import { exportAddress } from "../exports";

interface Answer {
  view: View;
  all: QueryTotalsResponse;
}

// The clipboard is for pages that came over HTTPS or from this machine; elsewhere the text is selected instead, for
// the reader to copy.
async function copy(text: string, element: Element | null): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    if (element !== null) getSelection()?.selectAllChildren(element);
    return "Selected: press Ctrl+C to copy";
  }
}

export function PressLinesPage() {
  const { view, reference } = usePage();
  const live = useLive<Answer>(`press\n${view.operation}\n${view.region}`, baseQuery(view), async (signal) => ({
    view,
    all: await queryTotals(baseQuery(view), signal),
  }));
  const { answer } = live;
  const shown = answer?.view ?? view;
  return (
    <>
      <span class="govuk-caption-l">
        {reference.operationTitle(shown.operation)},{" "}
        {shown.region === "" ? "all forces" : reference.regionName(shown.region)}
      </span>
      <h1 class="govuk-heading-l" tabIndex={-1}>
        Press lines
      </h1>
      <Standing live={live} stand={answer && standOf(answer.all)} />
      <QuestionForm>
        <OperationSelect />
        <RegionSelect />
      </QuestionForm>
      {answer === undefined && live.problem !== undefined && live.problem.kind !== "unreachable" && (
        <ProblemNotice problem={live.problem} what="The press lines" />
      )}
      {answer !== undefined && <Lines answer={answer} />}
    </>
  );
}

function Lines(props: { answer: Answer }) {
  const { reference } = usePage();
  const [said, setSaid] = useState("");
  const { view, all } = props.answer;
  if (all.coverage === undefined) return null;
  const stand = standOf(all);
  const lines = pressLines(view, all.rows, all.coverage, stand.asOf, reference);
  const copyOne = async (id: string, text: string): Promise<void> => {
    const outcome = await copy(text, document.getElementById(`line-${id}`));
    setSaid(`${outcome}${id === "coverage" ? "" : `: ${reference.metricName(id)}`}`);
  };
  return (
    <>
      <CoveragePanel coverage={all.coverage} />
      <p class="govuk-body">
        Every line stands alone: it says how certain its number is, who is in it and when it stood. Leave none of that out.
      </p>
      <p class="app-no-print">
        <button
          type="button"
          class="govuk-button govuk-button--secondary"
          onClick={() => {
            const text = lines.map((line) => line.text).join("\n\n");
            void copy(text, document.getElementById("lines")).then((outcome) => setSaid(`${outcome}: all lines`));
          }}
        >
          Copy all lines
        </button>
      </p>
      <div role="status" class="app-said app-no-print">
        {said}
      </div>
      <ul class="govuk-list app-lines" id="lines">
        {lines.map(({ id, text }) => (
          <li class="app-lines__item" key={id} data-line={id}>
            <p class="govuk-body app-lines__text" id={`line-${id}`}>
              {text}
            </p>
            <button
              type="button"
              class="govuk-button govuk-button--secondary app-lines__copy app-no-print"
              onClick={() => void copyOne(id, text)}
            >
              Copy
              <span class="govuk-visually-hidden">
                {" "}
                the line on {id === "coverage" ? "coverage" : reference.metricName(id)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Source
        stand={stand}
        download={{
          address: exportAddress({ operation: view.operation, region: view.region }),
          fileName: `${view.operation}.csv`,
          what: "all figures",
        }}
      />
    </>
  );
}
