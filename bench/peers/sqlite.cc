// SQLite in this process: an upsert for each row, and a summary table that row triggers keep.
#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/load/asked.h"
#include "bench/load/workload.h"
#include "bench/peers/figure_rows.h"
#include "bench/peers/peer.h"
#include "bench/peers/prepared_rows.h"
#include "bench/rate.h"
#include "bench/report/percentile.h"
#include "bench/stopwatch.h"

namespace muster::bench {
namespace {

constexpr int kPreparedBatches = 8;
constexpr int kFillBatch = 20'000;

// Rows in the order of the key: one tree, and no second one for an index. Days are text, as they sort and compare
// right.
constexpr char kSchema[] = R"sql(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -1000000;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 20000;
  CREATE TABLE figure (
    operation INTEGER NOT NULL, force INTEGER NOT NULL, metric INTEGER NOT NULL, category INTEGER NOT NULL,
    qualifier INTEGER NOT NULL, revision INTEGER NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL,
    value INTEGER, result_id TEXT NOT NULL,
    PRIMARY KEY (operation, force, result_id, metric, category)) WITHOUT ROWID;
  CREATE TABLE summary (
    operation INTEGER NOT NULL, force INTEGER NOT NULL, metric INTEGER NOT NULL, category INTEGER NOT NULL,
    first_day TEXT NOT NULL, last_day TEXT NOT NULL, sum INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (operation, force, metric, category, first_day, last_day)) WITHOUT ROWID;
)sql";

constexpr char kTriggers[] = R"sql(
  CREATE TRIGGER inserted AFTER INSERT ON figure BEGIN
    INSERT INTO summary VALUES (new.operation, new.force, new.metric, new.category, new.first_day, new.last_day,
                                coalesce(new.value, 0), 1)
      ON CONFLICT DO UPDATE SET sum = sum + excluded.sum, count = count + 1;
  END;
  CREATE TRIGGER updated AFTER UPDATE ON figure BEGIN
    UPDATE summary SET sum = sum - coalesce(old.value, 0), count = count - 1
      WHERE operation = old.operation AND force = old.force AND metric = old.metric AND category = old.category
        AND first_day = old.first_day AND last_day = old.last_day;
    INSERT INTO summary VALUES (new.operation, new.force, new.metric, new.category, new.first_day, new.last_day,
                                coalesce(new.value, 0), 1)
      ON CONFLICT DO UPDATE SET sum = sum + excluded.sum, count = count + 1;
  END;
)sql";

constexpr char kUpsert[] = R"sql(
  INSERT INTO figure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET
    qualifier = excluded.qualifier, revision = excluded.revision, first_day = excluded.first_day,
    last_day = excluded.last_day, value = excluded.value
  WHERE excluded.revision > revision
)sql";

constexpr char kSummariseAll[] = R"sql(
  INSERT INTO summary SELECT operation, force, metric, category, first_day, last_day, sum(coalesce(value, 0)), count(*)
    FROM figure GROUP BY 1, 2, 3, 4, 5, 6;
)sql";

// Whether the summary says what the rows say.
constexpr char kSummaryIsRight[] = R"sql(
  SELECT 1 WHERE (SELECT sum(coalesce(value, 0)) FROM figure) = (SELECT sum(sum) FROM summary)
             AND (SELECT count(*) FROM figure) = (SELECT sum(count) FROM summary)
)sql";

class Sqlite final : public Peer {
 public:
  Sqlite(const std::string& folder, uint64_t seed)
      : file_(folder + "/figures.sqlite"), seed_(seed), catalogue_(ReadShippedCatalogue()), rows_(catalogue_) {}
  ~Sqlite() override { Close(); }

  std::string name() const override { return absl::StrCat("SQLite ", sqlite3_libversion(), ", 1 client"); }
  std::string terms() const override {
    return "in the process of the client; WAL, synchronous=FULL; an upsert for each row where the revision is higher; "
           "summary table by row triggers";
  }

  double FiguresPerSecond(double warm_up_seconds, double seconds) override {
    OpenEmpty();
    Run(kTriggers);
    Workload workload(catalogue_, seed_);
    std::vector<std::vector<FigureRow>> batches;
    batches.reserve(kPreparedBatches);
    for (int batch = 0; batch < kPreparedBatches; ++batch) batches.push_back(rows_.Make(workload, kResultsPerBatch));
    size_t next = 0;
    const double rate = MeasureRate(1, warm_up_seconds, seconds, [&](int /*thread*/) -> Worker {
      return [&] {
        std::vector<FigureRow>& batch = batches[next++ % batches.size()];
        NameAnew(&batch);
        Upsert(batch);
        return static_cast<int64_t>(batch.size());
      };
    });
    // A correction replaces what it corrects, in rows and summary.
    Upsert(Corrected(batches.front()));
    const std::string corrected = absl::StrCat("SELECT 1 FROM figure WHERE revision = ", kCorrectedRevision);
    if (CountRows(corrected) != static_cast<int>(batches.front().size()) || CountRows(kSummaryIsRight) != 1) {
      throw std::runtime_error("SQLite: a correction is wrong");
    }
    return rate;
  }

  void Fill(int64_t results) override {
    OpenEmpty();
    Workload workload(catalogue_, seed_);
    rows_.MakeStore(workload, results, kFillBatch, [this](const std::vector<FigureRow>& rows) { Upsert(rows); });
    Run(kSummariseAll);
    Run("ANALYZE");
    Run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  AnswerTimes AskNational(double seconds) override {
    return Ask(absl::StrCat("SELECT metric, sum(sum), sum(count) FROM summary WHERE operation = ",
                            rows_.OperationNumber(kAskedOperation), " GROUP BY metric"),
               seconds);
  }
  AnswerTimes AskRegion(double seconds) override {
    return Ask(absl::StrCat("SELECT force, metric, first_day, last_day, sum(sum), sum(count) FROM summary "
                            "WHERE operation = ",
                            rows_.OperationNumber(kAskedOperation), " AND force IN (",
                            absl::StrJoin(rows_.ForcesOf(kAskedRegion), ","), ") GROUP BY 1, 2, 3, 4"),
               seconds);
  }

 private:
  [[noreturn]] void Fail() { throw std::runtime_error(absl::StrCat("SQLite: ", sqlite3_errmsg(database_))); }

  void Run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) Fail();
  }

  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) Fail();
    return statement;
  }

  int CountRows(const std::string& sql) {
    sqlite3_stmt* const statement = Prepare(sql.c_str());
    int rows = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) ++rows;
    if (sqlite3_finalize(statement) != SQLITE_OK) Fail();
    return rows;
  }

  void Close() {
    sqlite3_finalize(upsert_);
    sqlite3_close(database_);
    upsert_ = nullptr;
    database_ = nullptr;
  }

  void OpenEmpty() {
    Close();
    for (const char* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file_ + suffix);
    if (sqlite3_open(file_.c_str(), &database_) != SQLITE_OK) Fail();
    Run(kSchema);
    upsert_ = Prepare(kUpsert);
  }

  // One transaction.
  void Upsert(const std::vector<FigureRow>& rows) {
    Run("BEGIN IMMEDIATE");
    for (const FigureRow& row : rows) {
      int column = 0;
      for (const int64_t number : {int64_t{row.operation}, int64_t{row.force}, int64_t{row.metric},
                                   int64_t{row.category}, int64_t{row.qualifier}, row.revision}) {
        sqlite3_bind_int64(upsert_, ++column, number);
      }
      BindText(++column, row.first_day);
      BindText(++column, row.last_day);
      if (row.value) {
        sqlite3_bind_int64(upsert_, ++column, *row.value);
      } else {
        sqlite3_bind_null(upsert_, ++column);
      }
      BindText(++column, row.result_id);
      if (sqlite3_step(upsert_) != SQLITE_DONE || sqlite3_reset(upsert_) != SQLITE_OK) Fail();
    }
    Run("COMMIT");
  }

  // `text` must stay until the statement has run.
  void BindText(int column, const std::string& text) {
    sqlite3_bind_text(upsert_, column, text.data(), static_cast<int>(text.size()), nullptr);
  }

  AnswerTimes Ask(const std::string& sql, double seconds) {
    sqlite3_stmt* const statement = Prepare(sql.c_str());
    std::vector<double> latencies_ms;
    const Stopwatch all;
    while (all.Seconds() < seconds) {
      const Stopwatch one;
      int rows = 0;
      while (sqlite3_step(statement) == SQLITE_ROW) ++rows;
      if (sqlite3_reset(statement) != SQLITE_OK) Fail();
      if (rows == 0) throw std::runtime_error("SQLite: an empty answer");
      latencies_ms.push_back(one.Seconds() * 1e3);
    }
    sqlite3_finalize(statement);
    return {.p50_ms = Percentile(latencies_ms, 50), .p99_ms = Percentile(latencies_ms, 99)};
  }

  const std::string file_;
  const uint64_t seed_;
  const v1::Catalogue catalogue_;
  FigureRows rows_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* upsert_ = nullptr;
};

}  // namespace

std::unique_ptr<Peer> OpenSqlite(const std::string& folder, uint64_t seed) {
  return std::make_unique<Sqlite>(folder, seed);
}

}  // namespace muster::bench
