// A link within the page: a real one, which opens in a new tab and can be copied, followed without loading anew.
import type { ComponentChildren } from "preact";
import { useContext } from "preact/hooks";
import { createContext } from "preact";
import { formatAddress, type View } from "../address";

export type Navigate = (view: View) => void;
export const Navigation = createContext<Navigate>(() => undefined);

export function Link(props: { to: View; class?: string; current?: boolean; children: ComponentChildren }) {
  const navigate = useContext(Navigation);
  return (
    <a
      class={props.class ?? "govuk-link"}
      href={formatAddress(props.to)}
      {...(props.current ? { "aria-current": "page" as const } : {})}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(props.to);
      }}
    >
      {props.children}
    </a>
  );
}
