import { useEffect, useRef, useState } from "preact/hooks";

// Asks for a token. `again`: one was given, and the server did not take it.
export function SignIn(props: { again: boolean; onToken: (token: string) => void }) {
  const [fault, setFault] = useState(props.again ? "The server does not know this token, or it has ended" : "");
  const heading = useRef<HTMLHeadingElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => (props.again ? field : heading).current?.focus(), [props.again]);
  return (
    <>
      <h1 class="govuk-heading-l" tabIndex={-1} ref={heading}>
        Sign in
      </h1>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
          // What no header may hold, no token holds.
          if (!/^[\x21-\x7e]+$/.test(token)) {
            setFault("Enter your token");
            field.current?.focus();
            return;
          }
          props.onToken(token);
        }}
      >
        <div class={`govuk-form-group${fault === "" ? "" : " govuk-form-group--error"}`}>
          <label class="govuk-label" for="token">
            Token
          </label>
          <div id="token-hint" class="govuk-hint">
            Whoever runs the server gives it to you. It is kept in this tab only, and goes when the tab is closed.
          </div>
          {fault !== "" && (
            <p id="token-error" class="govuk-error-message">
              <span class="govuk-visually-hidden">Error:</span> {fault}
            </p>
          )}
          <input
            class={`govuk-input govuk-!-width-two-thirds${fault === "" ? "" : " govuk-input--error"}`}
            id="token"
            name="token"
            type="password"
            autocomplete="off"
            spellcheck={false}
            aria-describedby={fault === "" ? "token-hint" : "token-hint token-error"}
            ref={field}
          />
        </div>
        <button type="submit" class="govuk-button">
          Sign in
        </button>
      </form>
    </>
  );
}
