"""ClickHouse, embedded as chDB, as a peer; peer_script.py says how it is called.

A ReplacingMergeTree keeps the highest revision of each row, once its parts are merged; until then a question must say
FINAL, so that corrections are right at once. Parts are synced before an insert is answered. One client: an embedded
session takes one statement at a time.
"""

import os
import shutil

import chdb
import peer_script
from chdb import session

SCHEMA = """
CREATE TABLE figures.figure (
  operation Int16, force Int16, metric Int16, category Int16, qualifier Int16, revision Int32, first_day Date32,
  last_day Date32, value Nullable(Int64), result_id String)
ENGINE = ReplacingMergeTree(revision) ORDER BY (operation, force, result_id, metric, category)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


def _open(folder, new):
    path = os.path.join(folder, "clickhouse")
    if new:
        shutil.rmtree(path, ignore_errors=True)
    database = session.Session(path)
    if new:
        database.query("CREATE DATABASE figures")
        database.query(SCHEMA)
    return database


def ingest(folder, rows, warm_up_seconds, seconds):
    database = _open(folder, new=True)
    batches = peer_script.batches_of(peer_script.read_rows(rows))

    def make_upsert():
        def upsert(batch):  # The statement finds `batch` by its name.
            database.query("INSERT INTO figures.figure SELECT * FROM Python(batch)")

        return upsert

    rate = peer_script.measure_rate(batches, make_upsert, 1, warm_up_seconds, seconds)

    def sum_and_count():
        answer = str(database.query("SELECT sum(value), count() FROM figures.figure FINAL", "CSV"))
        return tuple(int(number) for number in answer.split(","))

    peer_script.check_correction(batches[0], make_upsert(), sum_and_count)
    return rate


def fill(folder, rows):
    database = _open(folder, new=True)
    batch = peer_script.read_rows(rows)
    database.query("INSERT INTO figures.figure SELECT * FROM Python(batch)")
    database.query("OPTIMIZE TABLE figures.figure FINAL")
    assert int(str(database.query("SELECT count() FROM figures.figure FINAL", "CSV"))) == batch.num_rows


def ask(folder, question, operation, forces, seconds):
    database = _open(folder, new=False)
    sql = peer_script.questions("figures.figure FINAL", operation, forces)[question]
    return peer_script.measure_latency(lambda: len(database.query(sql, "CSV").bytes().splitlines()), seconds)


if __name__ == "__main__":
    peer_script.main(lambda: f"{chdb.engine_version} (chDB {chdb.__version__})", ingest, fill, ask)
