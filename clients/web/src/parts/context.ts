// What every part of a page may need: where it is, and names for ids.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { View } from "../address";
import type { Reference } from "../reference";

export interface Page {
  view: View;
  reference: Reference;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("outside a page");
  return page;
}
