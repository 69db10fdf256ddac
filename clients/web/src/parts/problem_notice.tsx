import type { Problem } from "../service";

// In place of a part of a page that cannot be shown.
export function ProblemNotice(props: { problem: Problem; what: string }) {
  const { problem, what } = props;
  return (
    <div class="govuk-inset-text" data-problem={problem.kind}>
      <p class="govuk-body">
        {what} cannot be shown. {problem.sentence}
      </p>
      {problem.violations.length > 0 && (
        <ul class="govuk-list govuk-list--bullet">
          {problem.violations.map((violation) => (
            <li key={violation}>{violation}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
