// Keeps an answer up to date while it is looked at: WatchTotals says when the totals have moved, and the answer is then
// asked for again. Every number on a page is the server's own; nothing is added up here.
import { Code, ConnectError } from "@connectrpc/connect";
import type { TotalsQuery } from "../generated/muster/v1/totals_service_pb";
import { type Problem, problemOf, totals } from "./service";

// Milliseconds.
// An answer also says "as at": asked for again this often, so that it stands for now even when nothing moves.
const REFRESH_EVERY = 15_000;
// Between two answers while the totals move all the time.
const LEAST_PAUSE = 250;
// Before a call is tried again: doubled each time, up to the longest.
const FIRST_RETRY = 500;
const LONGEST_RETRY = 4_000;

export interface LiveState<Answer> {
  answer?: Answer; // The newest there is; kept when the server is lost.
  // live: told of every change. slow: asked again from time to time. lost: what is shown may be out of date.
  link: "connecting" | "live" | "slow" | "lost";
  problem?: Problem; // Why there is no answer, or no newer one.
}

export type Question = Pick<TotalsQuery, "operations" | "regions">;

// Calls `show` with every new state until stop() is called. `load` asks for the answer; it may be called at any time and
// any number of times, never twice at once.
export class Live<Answer> {
  readonly #stopped = new AbortController();
  #state: LiveState<Answer> = { link: "connecting" };
  #loading = false;
  #loadAgain = false;
  #lastLoad = 0;
  #loadTimer: number | undefined;
  #retry = FIRST_RETRY;
  #watchLost = false;

  constructor(
    private readonly question: Question,
    private readonly load: (signal: AbortSignal) => Promise<Answer>,
    private readonly show: (state: LiveState<Answer>) => void,
  ) {}

  start(): void {
    window.addEventListener("online", this.#soon);
    document.addEventListener("visibilitychange", this.#soon);
    void this.#loadNow();
    void this.#watch();
  }

  stop(): void {
    this.#stopped.abort();
    window.removeEventListener("online", this.#soon);
    document.removeEventListener("visibilitychange", this.#soon);
    window.clearTimeout(this.#loadTimer);
  }

  readonly #soon = (): void => this.#loadIn(0);

  #set(change: Partial<LiveState<Answer>>): void {
    if (this.#stopped.signal.aborted) return;
    this.#state = { ...this.#state, ...change };
    this.show(this.#state);
  }

  #loadIn(milliseconds: number): void {
    if (this.#stopped.signal.aborted) return;
    window.clearTimeout(this.#loadTimer);
    const earliest = this.#lastLoad + LEAST_PAUSE - performance.now();
    this.#loadTimer = window.setTimeout(() => void this.#loadNow(), Math.max(milliseconds, earliest, 0));
  }

  async #loadNow(): Promise<void> {
    if (this.#loading) {
      this.#loadAgain = true;
      return;
    }
    this.#loading = true;
    this.#loadAgain = false;
    this.#lastLoad = performance.now();
    try {
      const answer = await this.load(this.#stopped.signal);
      this.#retry = FIRST_RETRY;
      const { problem: _, ...rest } = this.#state;
      this.#state = rest;
      this.#set({ answer, link: this.#watchLost ? "slow" : "live" });
      this.#loadIn(REFRESH_EVERY);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.kind === "unreachable") {
        this.#set({ problem, link: "lost" });
        this.#loadIn(this.#nextRetry());
      } else {
        // Asking again would not help; whoever changes the question or signs in starts anew.
        const { answer: _, ...rest } = this.#state;
        this.#state = rest;
        this.#set({ problem, link: "lost" });
        window.clearTimeout(this.#loadTimer);
      }
    } finally {
      this.#loading = false;
      if (this.#loadAgain) this.#loadIn(0);
    }
  }

  #nextRetry(): number {
    const pause = this.#retry;
    this.#retry = Math.min(this.#retry * 2, LONGEST_RETRY);
    return pause;
  }

  async #watch(): Promise<void> {
    let resumeToken = "";
    let pause = FIRST_RETRY;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        for await (const change of totals.watchTotals({ query: this.question, resumeToken }, { signal })) {
          pause = FIRST_RETRY;
          // Where a moment takes several messages, the last one has the token.
          if (change.resumeToken === "") continue;
          resumeToken = change.resumeToken;
          this.#watchLost = false;
          this.#loadIn(0);
        }
      } catch (error) {
        // A token that the server no longer knows: begin again without one.
        if (ConnectError.from(error).code !== Code.Unavailable) resumeToken = "";
      }
      if (signal.aborted) return;
      // Lost at once, not at the next refresh: whether the server is still there, the answer will say.
      this.#watchLost = true;
      this.#loadIn(0);
      await new Promise((resolve) => window.setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST_RETRY);
    }
  }
}
