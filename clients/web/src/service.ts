// The calls, through the gateway that serves this page; and what to say when one fails.
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { BadRequestSchema } from "../generated/google/rpc/error_details_pb";
import { CatalogueService } from "../generated/muster/v1/catalogue_service_pb";
import { IngestService } from "../generated/muster/v1/ingest_service_pb";
import type { StoredResult } from "../generated/muster/v1/ingest_service_pb";
import { TotalsService } from "../generated/muster/v1/totals_service_pb";
import type { Operation } from "../generated/muster/v1/catalogue_pb";
import { Reference } from "./reference";
import { token } from "./session";

// Milliseconds. A call that takes longer is of no use to somebody who waits.
const CALL_TIMEOUT = 10_000;
const PAGE_SIZE = 1_000;
// More pages than this no page of ours can show.
const MAX_PAGES = 20;

const withToken: Interceptor = (next) => (request) => {
  const own = token();
  if (own !== "") request.header.set("authorization", `Bearer ${own}`);
  // A stream that is watched has no end; everything else has.
  return next(request);
};

const transport = createGrpcWebTransport({ baseUrl: location.origin, interceptors: [withToken] });

export const totals = createClient(TotalsService, transport);
export const ingest = createClient(IngestService, transport);
const catalogue = createClient(CatalogueService, transport);

// For every call that has an end.
export function within(signal: AbortSignal): { signal: AbortSignal; timeoutMs: number } {
  return { signal, timeoutMs: CALL_TIMEOUT };
}

// All pages of an answer, one after the other. `cut` says that there were more than anybody can read.
async function allPages<Item>(
  page: (pageToken: string) => Promise<{ items: Item[]; nextPageToken: string }>,
): Promise<{ items: Item[]; cut: boolean }> {
  const items: Item[] = [];
  let pageToken = "";
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const answer = await page(pageToken);
    items.push(...answer.items);
    pageToken = answer.nextPageToken;
    if (pageToken === "") return { items, cut: false };
  }
  return { items, cut: true };
}

export async function fetchReference(signal: AbortSignal): Promise<Reference> {
  const [answer, operations] = await Promise.all([
    catalogue.getCatalogue({}, within(signal)),
    allPages<Operation>(async (pageToken) => {
      const page = await catalogue.listOperations({ pageSize: PAGE_SIZE, pageToken }, within(signal));
      return { items: page.operations, nextPageToken: page.nextPageToken };
    }),
  ]);
  if (answer.catalogue === undefined) throw new ConnectError("the server has no catalogue", Code.DataLoss);
  return new Reference(answer.catalogue, operations.items);
}

export async function listResults(operation: string, force: string, signal: AbortSignal): Promise<StoredResult[]> {
  const all = await allPages<StoredResult>(async (pageToken) => {
    const page = await ingest.listResults({ operation, force, pageSize: PAGE_SIZE, pageToken }, within(signal));
    return { items: page.results, nextPageToken: page.nextPageToken };
  });
  return all.items;
}

export async function listRevisions(
  identity: { operation: string; force: string; resultId: string },
  signal: AbortSignal,
): Promise<StoredResult[]> {
  const all = await allPages<StoredResult>(async (pageToken) => {
    const page = await ingest.listRevisions({ ...identity, pageSize: PAGE_SIZE, pageToken }, within(signal));
    return { items: page.revisions, nextPageToken: page.nextPageToken };
  });
  return all.items;
}

// Why something could not be shown.
export interface Problem {
  // What to do about it differs: sign in, wait, nothing, or change the question.
  kind: "signed-out" | "unreachable" | "not-served" | "refused" | "bad-question";
  sentence: string;
  // One for each part of the question that the server complains of.
  violations: string[];
}

export function problemOf(error: unknown): Problem {
  const failure = ConnectError.from(error);
  const violations = failure
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations)
    .map((violation) => `${violation.field}: ${violation.description}`);
  const say = (kind: Problem["kind"], sentence: string): Problem => ({ kind, sentence, violations });
  switch (failure.code) {
    case Code.Unauthenticated:
      return say("signed-out", "The server asks who you are.");
    case Code.PermissionDenied:
      return say("refused", `You may not see this: ${failure.rawMessage}`);
    case Code.Unimplemented:
      return say("not-served", "The server does not serve this yet.");
    case Code.InvalidArgument:
    case Code.NotFound:
    case Code.OutOfRange:
    case Code.FailedPrecondition:
      return say("bad-question", failure.rawMessage);
    case Code.DeadlineExceeded:
      return say("unreachable", "The server takes too long to answer.");
    case Code.ResourceExhausted:
      return say("unreachable", "The server is busy.");
    case Code.Unavailable:
    case Code.Aborted:
    case Code.Canceled:
      return say("unreachable", "The server cannot be reached.");
    default:
      // A browser that cannot reach the gateway says so in words of its own, without a code.
      return error instanceof TypeError || failure.cause instanceof TypeError
        ? say("unreachable", "The server cannot be reached.")
        : say("unreachable", `The server cannot answer: ${failure.rawMessage}`);
  }
}
