import { createContext } from "preact";

// What to call when the server asks who one is, from anywhere in a page.
export const SignedOut = createContext<() => void>(() => undefined);
