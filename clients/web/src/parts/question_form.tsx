// Which operation, which region, and beside what. Nothing changes before the button is pressed.
import type { ComponentChildren } from "preact";
import { useContext } from "preact/hooks";
import type { View } from "../address";
import { usePage } from "./context";
import { Navigation } from "./link";

export function Select(props: {
  name: string;
  label: string;
  value: string;
  options: { value: string; text: string }[];
}) {
  const id = `choose-${props.name}`;
  return (
    <div class={`govuk-form-group app-question__field app-question__field--${props.name}`}>
      <label class="govuk-label" for={id}>
        {props.label}
      </label>
      <select class="govuk-select" id={id} name={props.name} key={props.value}>
        {props.options.map(({ value, text }) => (
          <option key={value} value={value} selected={value === props.value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

// `label` tells several forms of one page apart.
export function QuestionForm(props: { label?: string; change?: Partial<View>; children?: ComponentChildren }) {
  const { view } = usePage();
  const navigate = useContext(Navigation);
  return (
    <form
      class="app-question app-no-print"
      aria-label={props.label ?? "What is shown"}
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget);
        const chosen: Partial<View> = {};
        for (const [name, value] of given) chosen[name as Exclude<keyof View, "page">] = String(value);
        // What an earlier operation is beside is found anew for another one.
        const moved = chosen.operation !== undefined && chosen.operation !== view.operation;
        navigate({ ...view, ...props.change, ...chosen, ...(moved ? { compare: "" } : {}) });
      }}
    >
      {props.children}
      <button class="govuk-button app-question__button" type="submit">
        Show
      </button>
    </form>
  );
}

export function OperationSelect() {
  const { view, reference } = usePage();
  const options = reference.operations.map(({ id, title, closed }) => ({
    value: id,
    text: `${title || id}${closed ? " (closed)" : ""}`,
  }));
  return <Select name="operation" label="Operation" value={view.operation} options={options.reverse()} />;
}

export function RegionSelect() {
  const { view, reference } = usePage();
  const regions = reference.catalogue.regions.map(({ id, name, unitName }) => ({
    value: id,
    text: unitName === "" ? name : `${name} (${unitName})`,
  }));
  return (
    <Select name="region" label="Region" value={view.region} options={[{ value: "", text: "All forces" }, ...regions]} />
  );
}

export function CompareSelect() {
  const { view, reference } = usePage();
  const others = reference.operations.filter(({ id }) => id !== view.operation);
  const options = others.map(({ id, title }) => ({ value: id, text: title || id })).reverse();
  return (
    <Select
      name="compare"
      label="Compare with"
      value={view.compare}
      options={[{ value: "none", text: "Nothing" }, ...options]}
    />
  );
}

// `metrics` are the ids to choose from.
export function MetricSelect(props: { metrics: string[]; value: string; label?: string }) {
  const { reference } = usePage();
  const options = props.metrics.map((id) => ({ value: id, text: reference.metricName(id) }));
  return <Select name="metric" label={props.label ?? "Figure"} value={props.value} options={options} />;
}

export function ForceSelect(props: { forces: string[] }) {
  const { view, reference } = usePage();
  const options = props.forces.map((id) => ({ value: id, text: reference.forceName(id) }));
  return <Select name="force" label="Force" value={view.force} options={[{ value: "", text: "All forces" }, ...options]} />;
}
