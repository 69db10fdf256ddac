// The frame of every page: where one is, how to get elsewhere, and what to do when the server asks who one is.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { formatAddress, onPage, type PageName, parseAddress, type View } from "./address";
import { AsAtPage } from "./pages/as_at";
import { ForcesPage } from "./pages/forces";
import { OperationPage } from "./pages/operation";
import { PressLinesPage } from "./pages/press_lines";
import { WhyPage } from "./pages/why";
import { PageContext } from "./parts/context";
import { Link, Navigation } from "./parts/link";
import { SignIn } from "./parts/sign_in";
import { completeView } from "./questions";
import type { Reference } from "./reference";
import { fetchReference, type Problem, problemOf } from "./service";
import { forgetToken, keepToken, token } from "./session";
import { SignedOut } from "./parts/signed_out";

const PAGES: Record<PageName, { name: string; content: () => preact.JSX.Element }> = {
  operation: { name: "Operation", content: OperationPage },
  forces: { name: "Forces", content: ForcesPage },
  why: { name: "Why", content: WhyPage },
  "as-at": { name: "As at", content: AsAtPage },
  "press-lines": { name: "Press lines", content: PressLinesPage },
};

// Milliseconds between two attempts to begin.
const RETRY = 2_000;

type Start = { reference: Reference; problem?: undefined } | { reference?: undefined; problem: Problem } | undefined;

export function App() {
  const [view, setView] = useState<View>(() => parseAddress(location.pathname, location.search));
  const [start, setStart] = useState<Start>(undefined);
  const [signedIn, setSignedIn] = useState(token() !== "");
  const [attempt, setAttempt] = useState(0);
  const movedTo = useRef<PageName | undefined>(undefined);

  // Names for ids, once; again when that failed, and for another token.
  useEffect(() => {
    const stopped = new AbortController();
    let timer: number | undefined;
    fetchReference(stopped.signal)
      .then((reference) => setStart({ reference }))
      .catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        const problem = problemOf(error);
        setStart({ problem });
        if (problem.kind !== "signed-out") timer = window.setTimeout(() => setAttempt((last) => last + 1), RETRY);
      });
    return () => {
      stopped.abort();
      window.clearTimeout(timer);
    };
  }, [attempt]);

  // What an address leaves open is filled in, and then stands in the address too.
  const reference = start?.reference;
  const complete = view.operation !== "" && view.compare !== "";
  useEffect(() => {
    if (reference === undefined || complete) return;
    const stopped = new AbortController();
    completeView(view, reference, stopped.signal)
      .then((whole) => {
        if (stopped.signal.aborted) return;
        history.replaceState(null, "", formatAddress(whole));
        setView(whole);
      })
      .catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        setStart({ problem: problemOf(error) });
        window.setTimeout(() => setAttempt((last) => last + 1), RETRY);
      });
    return () => stopped.abort();
  }, [reference, complete, view]);

  useEffect(() => {
    const back = (): void => setView(parseAddress(location.pathname, location.search));
    window.addEventListener("popstate", back);
    return () => window.removeEventListener("popstate", back);
  }, []);

  const navigate = useCallback(
    (to: View) => {
      history.pushState(null, "", formatAddress(to));
      if (to.page !== view.page) movedTo.current = to.page;
      setView(to);
    },
    [view.page],
  );

  const page = PAGES[view.page];
  const title = reference === undefined || !complete ? "" : `${reference.operationTitle(view.operation)} – `;
  useEffect(() => {
    document.title = `${page.name} – ${title}Muster`;
  }, [page.name, title]);

  // Another page begins at its top, for eyes, keyboards and screen readers alike.
  useEffect(() => {
    if (movedTo.current !== view.page) return;
    movedTo.current = undefined;
    window.scrollTo(0, 0);
    document.querySelector("h1")?.focus({ preventScroll: true });
  }, [view.page]);

  // <details> that are closed on the screen are open on paper.
  useEffect(() => {
    const closed = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll("details:not([open])");
    let opened: HTMLDetailsElement[] = [];
    const before = (): void => {
      opened = [...closed()];
      for (const details of opened) details.open = true;
    };
    const after = (): void => {
      for (const details of opened) details.open = false;
    };
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);

  const signOut = useCallback(() => {
    forgetToken();
    setSignedIn(false);
    setStart(undefined);
    setAttempt((last) => last + 1);
  }, []);
  const askWho = useCallback(
    () => setStart({ problem: { kind: "signed-out", sentence: "The server asks who you are.", violations: [] } }),
    [],
  );

  return (
    <Navigation.Provider value={navigate}>
      <a href="#content" class="govuk-skip-link app-no-print">
        Skip to main content
      </a>
      <header>
        <div class="govuk-generic-header">
          <div class="govuk-generic-header__container govuk-width-container">
            <div class="govuk-generic-header__logo">
              <Link class="govuk-generic-header__homepage-link" to={onPage(view, "operation")}>
                Muster
              </Link>
            </div>
          </div>
        </div>
        <div class="govuk-service-navigation app-no-print">
          <div class="govuk-width-container">
            <div class="govuk-service-navigation__container">
              <nav aria-label="Pages" class="govuk-service-navigation__wrapper">
                <ul class="govuk-service-navigation__list">
                  {(Object.keys(PAGES) as PageName[]).map((name) => {
                    const current = name === view.page;
                    return (
                      <li
                        key={name}
                        class={`govuk-service-navigation__item${current ? " govuk-service-navigation__item--active" : ""}`}
                      >
                        <Link class="govuk-service-navigation__link" to={onPage(view, name)} current={current}>
                          {current ? (
                            <strong class="govuk-service-navigation__active-fallback">{PAGES[name].name}</strong>
                          ) : (
                            PAGES[name].name
                          )}
                        </Link>
                      </li>
                    );
                  })}
                </ul>
              </nav>
              {signedIn && (
                <button type="button" class="app-sign-out" onClick={signOut}>
                  Sign out
                </button>
              )}
            </div>
          </div>
        </div>
      </header>
      <div class="govuk-width-container">
        <main class="govuk-main-wrapper" id="content" tabIndex={-1}>
          {start?.problem?.kind === "signed-out" ? (
            <SignIn
              again={signedIn}
              onToken={(text) => {
                keepToken(text);
                setSignedIn(true);
                setStart(undefined);
                setAttempt((last) => last + 1);
              }}
            />
          ) : start?.problem !== undefined ? (
            <>
              <h1 class="govuk-heading-l" tabIndex={-1}>
                {page.name}
              </h1>
              <div role="status">
                <p class="govuk-body" data-link="lost">
                  {start.problem.sentence} This page tries again by itself.
                </p>
              </div>
            </>
          ) : reference === undefined || !complete ? (
            <>
              <h1 class="govuk-heading-l" tabIndex={-1}>
                {page.name}
              </h1>
              <p class="govuk-body">Loading the totals…</p>
            </>
          ) : (
            <PageContext.Provider value={{ view, reference }}>
              <SignedOut.Provider value={askWho}>
                <page.content key={view.page} />
              </SignedOut.Provider>
            </PageContext.Provider>
          )}
        </main>
      </div>
      <footer class="app-footer">
        <div class="govuk-width-container">
          <p class="govuk-body-s">
            Muster adds up what forces report. A force that is missing is not zero. Times are those of the United Kingdom.
          </p>
          <p class="govuk-body-s app-print-only">{location.href}</p>
        </div>
      </footer>
    </Navigation.Provider>
  );
}
