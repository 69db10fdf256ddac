// How much of the picture is in: it stands beside the numbers, never behind a link.
import type { Coverage } from "../../generated/muster/v1/totals_service_pb";
import { coverageCount, coverageNames, listed } from "../coverage_text";
import { counted, withThousands } from "../quantity";
import { usePage } from "./context";

// More missing forces than this are listed on demand; their number is always there.
const MAX_NAMES = 8;

export function CoveragePanel(props: { coverage: Coverage }) {
  const { reference } = usePage();
  const { coverage } = props;
  const names = coverageNames(coverage, reference);
  const { expectedCount, reportedCount } = coverage;
  const percent = expectedCount === 0 ? 0 : (reportedCount / expectedCount) * 100;
  return (
    <div class="app-coverage" data-test="coverage">
      <p class="app-coverage__count">
        <strong>{coverageCount(coverage)}</strong>
        {expectedCount > 0 && ` ${reportedCount === 1 && expectedCount === 1 ? "has" : "have"} reported`}
      </p>
      <svg class="app-bar app-coverage__bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="app-bar__back" width="100" height="6" />
        <rect class="app-bar__certain" width={percent} height="6" />
      </svg>
      <ul class="govuk-list app-coverage__list">
        {names.reported.length > 0 && names.reported.length <= MAX_NAMES && <li>In: {names.reported.join(", ")}</li>}
        {names.missing.length > 0 && names.missing.length <= MAX_NAMES && (
          <li>
            <strong>Missing: {names.missing.join(", ")}</strong>
          </li>
        )}
        {names.provisional.length > 0 && <li>Provisional, may change: {listed(names.provisional)}</li>}
        {names.late.length > 0 && <li>Late: {counted(names.late.length, "force")}</li>}
        {names.unasked.length > 0 && <li>Also reported, though not expected: {listed(names.unasked)}</li>}
        {names.hidden > 0 && <li>{withThousands(names.hidden)} are of forces not shown to you</li>}
      </ul>
      {names.missing.length > MAX_NAMES && (
        <details class="govuk-details app-coverage__missing">
          <summary class="govuk-details__summary">
            <span class="govuk-details__summary-text">Missing: {counted(names.missing.length, "force")}</span>
          </summary>
          <div class="govuk-details__text">{names.missing.join(", ")}</div>
        </details>
      )}
    </div>
  );
}
