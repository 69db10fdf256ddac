"""DuckDB as a peer; peer_script.py says how it is called.

Upserts of Arrow tables into one table with a primary key, from four threads; a commit is synced by default. Totals are
scans of that table: DuckDB has no triggers to keep a summary with.
"""

import os

import duckdb
import peer_script

CLIENTS = 4

SCHEMA = """
CREATE TABLE figure (
  operation SMALLINT NOT NULL, force SMALLINT NOT NULL, metric SMALLINT NOT NULL, category SMALLINT NOT NULL,
  qualifier SMALLINT NOT NULL, revision INTEGER NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL,
  value BIGINT, result_id VARCHAR NOT NULL,
  PRIMARY KEY (operation, force, result_id, metric, category))
"""

UPSERT = """
INSERT INTO figure SELECT * FROM batch ON CONFLICT (operation, force, result_id, metric, category)
DO UPDATE SET qualifier = excluded.qualifier, revision = excluded.revision, first_day = excluded.first_day,
              last_day = excluded.last_day, value = excluded.value
WHERE excluded.revision > figure.revision
"""


def _open(folder, new):
    path = os.path.join(folder, "figures.duckdb")
    if new:
        for file in (path, path + ".wal"):
            if os.path.exists(file):
                os.remove(file)
    database = duckdb.connect(path)
    database.execute("SET checkpoint_threshold = '1GB'")
    if new:
        database.execute(SCHEMA)
    return database


def ingest(folder, rows, warm_up_seconds, seconds):
    database = _open(folder, new=True)
    batches = peer_script.batches_of(peer_script.read_rows(rows))

    def make_upsert():
        client = database.cursor()

        def upsert(batch):  # The statement finds `batch` by its name.
            client.execute(UPSERT)

        return upsert

    rate = peer_script.measure_rate(batches, make_upsert, CLIENTS, warm_up_seconds, seconds)

    def sum_and_count():
        return database.execute("SELECT sum(value)::BIGINT, count(*) FROM figure").fetchone()

    peer_script.check_correction(batches[0], make_upsert(), sum_and_count)
    return rate


def fill(folder, rows):
    database = _open(folder, new=True)
    batch = peer_script.read_rows(rows)
    # In the order of the key, which lets a scan of one operation skip the others.
    database.execute("INSERT INTO figure SELECT * FROM batch ORDER BY operation, force, first_day, metric")
    assert database.execute("SELECT count(*) FROM figure").fetchone()[0] == batch.num_rows
    database.execute("CHECKPOINT")


def ask(folder, question, operation, forces, seconds):
    database = _open(folder, new=False)
    sql = peer_script.questions("figure", operation, forces)[question]
    return peer_script.measure_latency(lambda: len(database.execute(sql).fetchall()), seconds)


if __name__ == "__main__":
    peer_script.main(lambda: duckdb.__version__, ingest, fill, ask)
