// A chart or a table with what it needs to stand alone: a title that says what it shows, its source, and its numbers.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { download } from "../exports";
import { token } from "../session";
import { type Stand, standsFor } from "./standing";

// Scrolls sideways where the window is narrow; reached by keyboard too.
export function Scrolling(props: { label: string; children: ComponentChildren }) {
  return (
    <div class="app-scrolling" role="region" aria-label={props.label} tabIndex={0}>
      {props.children}
    </div>
  );
}

export function DownloadLink(props: { address: string; fileName: string; children: ComponentChildren }) {
  const [fault, setFault] = useState("");
  const { address, fileName } = props;
  return (
    <>
      <a
        class="govuk-link"
        href={address}
        download={fileName}
        onClick={(event) => {
          if (token() === "") return;
          event.preventDefault();
          setFault("");
          download(address, fileName).catch((error: unknown) => setFault(String((error as Error).message)));
        }}
      >
        {props.children}
      </a>
      {fault !== "" && (
        <span class="govuk-error-message" role="alert">
          {fault}
        </span>
      )}
    </>
  );
}

export function Source(props: { stand: Stand; download?: { address: string; fileName: string; what: string } }) {
  return (
    <p class="govuk-body-s app-source">
      Source: results that forces submitted to Muster, as at {standsFor(props.stand)}.{" "}
      {props.download !== undefined && (
        <span class="app-no-print">
          <DownloadLink address={props.download.address} fileName={props.download.fileName}>
            Download CSV<span class="govuk-visually-hidden">: {props.download.what}</span>
          </DownloadLink>
        </span>
      )}
    </p>
  );
}

export function Section(props: { id: string; caption: string; title: string; children: ComponentChildren }) {
  const heading = `${props.id}-title`;
  return (
    <section class="app-section" id={props.id} aria-labelledby={heading}>
      <h2 class="govuk-heading-m" id={heading}>
        <span class="govuk-caption-m">{props.caption}</span>
        <span class="govuk-visually-hidden">: </span>
        {props.title}
      </h2>
      {props.children}
    </section>
  );
}
