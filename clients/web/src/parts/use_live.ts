import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { Live, type LiveState, type Question } from "../live";
import { SignedOut } from "./signed_out";

// Keeps the answer of `load` up to date for as long as `key` stays the same. What was there is shown until the first
// answer to a new question.
export function useLive<Answer>(
  key: string,
  question: Question,
  load: (signal: AbortSignal) => Promise<Answer>,
): LiveState<Answer> {
  const [state, setState] = useState<LiveState<Answer>>({ link: "connecting" });
  const newest = useRef(load);
  newest.current = load;
  useEffect(() => {
    const live = new Live<Answer>(question, (signal) => newest.current(signal), setState);
    live.start();
    return () => live.stop();
    // The key says all that the question and the loader depend on.
  }, [key]);
  const askWho = useContext(SignedOut);
  const signedOut = state.problem?.kind === "signed-out";
  useEffect(() => {
    if (signedOut) askWho();
  }, [signedOut, askWho]);
  return state;
}
