"""What the peers in Python have in common: their arguments, their clock, their report.

    SCRIPT version
    SCRIPT ingest FOLDER ROWS WARM_UP_SECONDS SECONDS    upserts ROWS, 3,000 at a time, into an empty database in FOLDER
    SCRIPT fill FOLDER ROWS                              makes an empty database in FOLDER and fills it
    SCRIPT ask FOLDER QUESTION OPERATION FORCES SECONDS  QUESTION is national or region, FORCES are numbers between commas

ROWS is a CSV file with the columns of FigureRow, in its order, without a heading. What was found is one line of JSON on
standard output; lines before it say only that the script is alive.
"""

import json
import math
import sys
import threading
import time

import pyarrow
import pyarrow.compute
import pyarrow.csv

BATCH_ROWS = 3_000
ALIVE_SECONDS = 10

COLUMNS = {
    "operation": pyarrow.int16(),
    "force": pyarrow.int16(),
    "metric": pyarrow.int16(),
    "category": pyarrow.int16(),
    "qualifier": pyarrow.int16(),
    "revision": pyarrow.int32(),
    "first_day": pyarrow.date32(),
    "last_day": pyarrow.date32(),
    "value": pyarrow.int64(),
    "result_id": pyarrow.string(),
}


def read_rows(path):
    """All rows as one Arrow table."""
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(column_names=list(COLUMNS)),
        convert_options=pyarrow.csv.ConvertOptions(column_types=COLUMNS),
    ).combine_chunks()


def batches_of(rows):
    """Whole batches of the rows, in their order."""
    return [rows.slice(start, BATCH_ROWS) for start in range(0, rows.num_rows - BATCH_ROWS + 1, BATCH_ROWS)]


def measure_rate(batches, make_upsert, clients, warm_up_seconds, seconds):
    """Rows a second that `clients` threads get done. Each calls make_upsert() once and what that returns with a batch."""
    lock = threading.Lock()
    left = iter(batches)
    finished = []  # (time, rows)
    failures = []
    start = time.monotonic()
    end = start + warm_up_seconds + seconds

    def run():
        try:
            upsert = make_upsert()
            while time.monotonic() < end:
                with lock:
                    batch = next(left, None)
                if batch is None:
                    return
                upsert(batch)
                finished.append((time.monotonic(), batch.num_rows))
        except Exception as failure:  # Told by the main thread.
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    # From the end of the warm-up until the time is up, or there was nothing left.
    counted = [(when, rows) for when, rows in finished if start + warm_up_seconds < when <= end]
    if not counted:
        raise RuntimeError("no batch was finished within the time")
    last = end if next(left, None) is not None else max(when for when, _ in counted)
    return sum(rows for _, rows in counted) / (last - start - warm_up_seconds)


def corrected(batch):
    """The same rows under a higher revision, with other values."""
    for name, change in (("revision", 1), ("value", 1_000)):
        index = batch.schema.get_field_index(name)
        values = pyarrow.compute.cast(pyarrow.compute.add(batch.column(index), change), COLUMNS[name])
        batch = batch.set_column(index, name, values)
    return batch


def check_correction(batch, upsert, sum_and_count):
    """Raises unless a correction of a batch that was upserted replaces it. sum_and_count() is over all rows."""
    before_sum, before_count = sum_and_count()
    upsert(corrected(batch))
    stated = batch.num_rows - batch.column("value").null_count
    if sum_and_count() != (before_sum + 1_000 * stated, before_count):
        raise RuntimeError("a correction is wrong")


def percentile(latencies, percent):
    """The smallest that so many per cent do not exceed."""
    return sorted(latencies)[max(0, math.ceil(percent / 100 * len(latencies)) - 1)]


def measure_latency(ask, seconds):
    """p50 and p99 of ask(), which returns a number of rows, in milliseconds."""
    latencies = []
    end = time.monotonic() + seconds
    ask()
    while time.monotonic() < end or not latencies:
        start = time.monotonic()
        if ask() == 0:
            raise RuntimeError("an empty answer")
        latencies.append((time.monotonic() - start) * 1e3)
    return {"p50_ms": percentile(latencies, 50), "p99_ms": percentile(latencies, 99)}


def questions(source, operation, forces):
    """The questions in SQL, over a table or what stands for it."""
    return {
        "national": f"SELECT metric, sum(value), count(*) FROM {source} WHERE operation = {operation} GROUP BY metric",
        "region": f"SELECT force, metric, first_day, last_day, sum(value), count(*) FROM {source} "
        f"WHERE operation = {operation} AND force IN ({forces}) GROUP BY 1, 2, 3, 4",
    }


def _say_alive():
    while True:
        time.sleep(ALIVE_SECONDS)
        print("alive", flush=True)


def main(version, ingest, fill, ask):
    """Runs the command of the arguments and prints what it returns."""
    threading.Thread(target=_say_alive, daemon=True).start()
    command, *arguments = sys.argv[1:]
    if command == "version":
        found = {"version": version()}
    elif command == "ingest":
        folder, rows, warm_up_seconds, seconds = arguments
        found = {"figures_per_second": ingest(folder, rows, float(warm_up_seconds), float(seconds))}
    elif command == "fill":
        fill(*arguments)
        found = {}
    elif command == "ask":
        folder, question, operation, forces, seconds = arguments
        found = ask(folder, question, operation, forces, float(seconds))
    else:
        sys.exit(__doc__)
    print(json.dumps(found), flush=True)
