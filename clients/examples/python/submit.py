#!/usr/bin/python3
"""Submits results to Muster from Python, prints the receipts, and asks for the South East's totals.

Needs grpcio and protobuf (Debian: python3-grpcio python3-protobuf) and the stubs, made from the proto files:

    mkdir -p build/python
    protoc -I proto --python_out=build/python --grpc_out=build/python \\
        --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \\
        proto/google/rpc/*.proto proto/muster/v1/*.proto

Then, with a server running:

    clients/examples/python/submit.py --stubs build/python --server 127.0.0.1:7450 \\
        catalogue/examples/returns-2023-02.csv

Without a file it submits one small result that is written below. Running it again is safe: every receipt then says
DUPLICATE, and the totals stay as they are. Exit code 0: all taken; 3: some refused; 1: the call failed.
"""

import argparse
import csv
import decimal
import importlib
import random
import sys
import time

CALL_SECONDS = 30  # No call waits for ever.
ATTEMPTS = 5
MAX_RESULTS_PER_CALL = 1000

# Name in a file -> (name in the API, what the next smaller unit is called, how many of those make one).
UNITS = {
    "count": ("UNIT_COUNT", None, None),
    "kg": ("UNIT_KILOGRAM", "g", 1000),
    "g": ("UNIT_GRAM", "mg", 1000),
    "mg": ("UNIT_MILLIGRAM", None, None),
    "pounds": ("UNIT_POUND", "pence", 100),
    "pence": ("UNIT_PENNY", None, None),
    "l": ("UNIT_LITRE", "ml", 1000),
    "ml": ("UNIT_MILLILITRE", None, None),
    "h": ("UNIT_HOUR", "min", 60),
    "min": ("UNIT_MINUTE", None, None),
}


def load_stubs(folder):
    """Imports what protoc wrote into the folder; each module is an attribute: stubs.result_pb2."""
    sys.path.insert(0, folder)
    names = ("ingest_service_pb2", "ingest_service_pb2_grpc", "result_pb2", "totals_service_pb2",
             "totals_service_pb2_grpc")
    modules = {name: importlib.import_module("muster.v1." + name) for name in names}
    for name in ("status_pb2", "error_details_pb2"):
        modules[name] = importlib.import_module("google.rpc." + name)
    return argparse.Namespace(**modules)


def exact(text, unit):
    """"151.5", "g" -> (151500, "mg"): a value is an integer, so a fraction is said in a smaller unit. No floats."""
    value = decimal.Decimal(text)
    while value != value.to_integral_value():
        _, smaller, factor = UNITS[unit]
        if smaller is None:
            raise ValueError(f"{text} is finer than the smallest unit, {unit}")
        value, unit = value * factor, smaller
    return int(value), unit


def results_of_file(path, stubs):
    """One result for each (operation, force, result_id, revision) of a file with one figure a line."""
    results = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            key = (row["operation"], row["force"], row["result_id"], int(row["revision"]))
            if key not in results:
                results[key] = stubs.result_pb2.OperationResult(
                    operation=key[0], force=key[1], result_id=key[2], revision=key[3], start_date=row["start_date"],
                    end_date=row["end_date"], final=row["final"] == "true", nil=row["nil"] == "true",
                    retracted=row["retracted"] == "true", reason=row["reason"])
            if not row["metric"]:
                continue
            figure = results[key].figures.add(metric=row["metric"])
            figure.categories.extend(name for name in row["categories"].split("+") if name)
            if row["value"]:  # Empty: seized, but not yet counted. Not the same as zero.
                figure.value, unit = exact(row["value"], row["unit"])
                figure.unit = stubs.result_pb2.Unit.Value(UNITS[unit][0])
            figure.qualifier = stubs.result_pb2.Qualifier.Value(
                "QUALIFIER_" + (row["qualifier"] or "exact").upper())
    return list(results.values())


def small_result(stubs):
    """What a records system would fill in: identity, period, and figures with what they mean."""
    words = stubs.result_pb2
    result = words.OperationResult(operation="county-lines-2023-02", force="hampshire", result_id="python-example",
                                   revision=1, start_date="2023-02-27", end_date="2023-02-27")
    result.figures.add(metric="arrests", value=3, unit=words.UNIT_COUNT)
    result.figures.add(metric="cash-seized", value=1250, unit=words.UNIT_POUND, qualifier=words.QUALIFIER_AT_LEAST)
    result.figures.add(metric="drugs-weight", value=151500, unit=words.UNIT_MILLIGRAM, categories=["heroin"])
    return [result]


def call(method, request, grpc):
    """Calls with a deadline; tries again after UNAVAILABLE, which is safe because nothing is counted twice."""
    for attempt in range(ATTEMPTS):
        try:
            return method(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.1 * 2**attempt))


def print_violations(status, stubs, indent):
    """Every wrong field of a google.rpc.Status, with how to mend it."""
    for detail in status.details:
        bad_request = stubs.error_details_pb2.BadRequest()
        if detail.Is(bad_request.DESCRIPTOR):
            detail.Unpack(bad_request)
            for violation in bad_request.field_violations:
                print(f"{indent}{violation.field}: {violation.description}")


def submit(results, channel, stubs, grpc):
    """Submits in calls of at most 1,000 results, prints each receipt, and returns how many were refused."""
    ingest = stubs.ingest_service_pb2_grpc.IngestServiceStub(channel)
    refused = 0
    for first in range(0, len(results), MAX_RESULTS_PER_CALL):
        request = stubs.ingest_service_pb2.SubmitResultsRequest(results=results[first:first + MAX_RESULTS_PER_CALL])
        response = call(ingest.SubmitResults, request, grpc)
        for result, receipt in zip(request.results, response.receipts):
            outcome = stubs.result_pb2.Outcome.Name(receipt.outcome).removeprefix("OUTCOME_")
            print(f"{result.force} {receipt.result_id}, revision {receipt.revision}: {outcome}"
                  + (f" at position {receipt.position}" if receipt.position else ""))
            if receipt.HasField("problem"):
                refused += 1
                print(f"  {receipt.problem.message}")
                print_violations(receipt.problem, stubs, "  ")
            for warning in receipt.warnings:
                print(f"  warning: {warning.description}")
    return refused


def print_totals(operation, region, channel, stubs, grpc):
    """The totals of a region with what they mean, and who is in them. Values are in base units: pence, mg."""
    totals = stubs.totals_service_pb2_grpc.TotalsServiceStub(channel)
    messages = stubs.totals_service_pb2
    request = messages.QueryTotalsRequest(query=messages.TotalsQuery(operations=[operation], regions=[region]))
    coverage = None
    while True:
        response = call(totals.QueryTotals, request, grpc)
        coverage = coverage or response.coverage
        for row in response.rows:
            total = row.total
            unit = stubs.result_pb2.Unit.Name(total.unit).removeprefix("UNIT_").lower()
            qualifier = stubs.result_pb2.Qualifier.Name(total.qualifier).removeprefix("QUALIFIER_").lower()
            print(f"{row.metric}: {total.sum if total.HasField('sum') else 'no total'} {unit} ({qualifier}; "
                  f"certain {total.at_least}; {total.force_count} forces)")
        if not response.next_page_token:
            break
        request.page_token = response.next_page_token
    print(f"{coverage.reported_count} of {coverage.expected_count} forces; "
          f"missing: {', '.join(coverage.missing_forces) or 'none'}; as of position {response.position}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", default="127.0.0.1:7450", help="address of musterd (default: %(default)s)")
    parser.add_argument("--stubs", required=True, help="folder that protoc wrote the stubs into")
    parser.add_argument("file", nargs="?", help="CSV with one figure a line; none: one small result")
    arguments = parser.parse_args()
    stubs = load_stubs(arguments.stubs)
    import grpc  # After the stubs, so that --help works without it.

    results = results_of_file(arguments.file, stubs) if arguments.file else small_result(stubs)
    with grpc.insecure_channel(arguments.server) as channel:
        try:
            refused = submit(results, channel, stubs, grpc)
            for operation in sorted({result.operation for result in results}):
                print(f"\nSouth East, {operation}:")
                print_totals(operation, "south-east", channel, stubs, grpc)
        except grpc.RpcError as error:
            print(f"submit.py: {error.code().name}: {error.details()}", file=sys.stderr)
            for key, value in error.trailing_metadata() or ():
                if key == "grpc-status-details-bin":
                    print_violations(stubs.status_pb2.Status.FromString(value), stubs, "  ")
            return 1
    return 3 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
