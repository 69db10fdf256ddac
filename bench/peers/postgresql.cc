// PostgreSQL: an upsert from a copied batch, and a summary table that statement triggers keep.
#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bench/load/asked.h"
#include "bench/load/workload.h"
#include "bench/peers/figure_rows.h"
#include "bench/peers/peer.h"
#include "bench/peers/prepared_rows.h"
#include "bench/processes/bound_process.h"
#include "bench/rate.h"
#include "bench/report/percentile.h"
#include "bench/stopwatch.h"

namespace muster::bench {
namespace {

constexpr int kClients = 4;
constexpr int kPreparedBatches = 4;  // Of each client.
constexpr int kFillBatch = 20'000;
constexpr double kStartSeconds = 30;
constexpr char kUser[] = "postgres";

// How what is named comes to the database.
enum class Names { kAsNumbers, kAsText };

// The columns of FigureRow, in its order; NAME is the type of what is named.
constexpr char kSchema[] = R"sql(
  CREATE TABLE figure (
    operation NAME NOT NULL, force NAME NOT NULL, metric NAME NOT NULL, category NAME NOT NULL,
    qualifier smallint NOT NULL, revision integer NOT NULL, first_day date NOT NULL, last_day date NOT NULL,
    value bigint, result_id text NOT NULL,
    PRIMARY KEY (operation, force, result_id, metric, category));
  -- Rows are updated again and again: room in the page keeps the index out of it.
  CREATE TABLE summary (
    operation NAME NOT NULL, force NAME NOT NULL, metric NAME NOT NULL, category NAME NOT NULL,
    first_day date NOT NULL, last_day date NOT NULL, sum bigint NOT NULL, count bigint NOT NULL,
    PRIMARY KEY (operation, force, metric, category, first_day, last_day)) WITH (fillfactor = 50);
  -- In the order of the key, so that two clients cannot lock each other out.
  CREATE FUNCTION add_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO summary AS kept
      SELECT operation, force, metric, category, first_day, last_day, sum(coalesce(value, 0)), count(*)
      FROM added GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (operation, force, metric, category, first_day, last_day)
      DO UPDATE SET sum = kept.sum + excluded.sum, count = kept.count + excluded.count;
    RETURN NULL; END $$;
  CREATE FUNCTION add_updated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO summary AS kept
      SELECT operation, force, metric, category, first_day, last_day, sum(value), sum(count) FROM (
        SELECT operation, force, metric, category, first_day, last_day, coalesce(value, 0) AS value, 1 AS count
        FROM added UNION ALL
        SELECT operation, force, metric, category, first_day, last_day, -coalesce(value, 0), -1 FROM removed) AS change
      GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (operation, force, metric, category, first_day, last_day)
      DO UPDATE SET sum = kept.sum + excluded.sum, count = kept.count + excluded.count;
    RETURN NULL; END $$;
  CREATE TRIGGER inserted AFTER INSERT ON figure REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_inserted();
  CREATE TRIGGER updated AFTER UPDATE ON figure REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION add_updated();
)sql";

constexpr char kSummariseAll[] = R"sql(
  INSERT INTO summary
    SELECT operation, force, metric, category, first_day, last_day, sum(coalesce(value, 0)), count(*)
    FROM figure GROUP BY 1, 2, 3, 4, 5, 6;
)sql";

// Whether the summary says what the rows say.
constexpr char kSummaryIsRight[] = R"sql(
  SELECT 1 WHERE (SELECT (sum(coalesce(value, 0)), count(*)::numeric) FROM figure) = (SELECT (sum(sum), sum(count)) FROM summary)
)sql";

constexpr char kUpsert[] = R"sql(
  INSERT INTO figure AS kept SELECT * FROM incoming ON CONFLICT (operation, force, result_id, metric, category)
  DO UPDATE SET qualifier = excluded.qualifier, revision = excluded.revision, first_day = excluded.first_day,
                last_day = excluded.last_day, value = excluded.value
  WHERE excluded.revision > kept.revision
)sql";

// The folder of its programs, of the newest version; empty if there is none.
std::string ProgramFolder() {
  const std::filesystem::path root = "/usr/lib/postgresql";
  std::vector<int> versions;
  if (std::filesystem::is_directory(root)) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (std::filesystem::exists(entry.path() / "bin/initdb")) versions.push_back(std::stoi(entry.path().filename()));
    }
  }
  if (versions.empty()) return "";
  return absl::StrCat(root.string(), "/", *std::max_element(versions.begin(), versions.end()), "/bin/");
}

// It refuses to run as root.
std::unique_ptr<ChildProcess> StartAsNobodySpecial(std::vector<std::string> words, const std::string& log_file) {
  return geteuid() == 0 ? StartBoundAs(kUser, std::move(words), log_file) : StartBound(std::move(words), log_file);
}

// One connection. Every failure throws.
class Connection {
 public:
  explicit Connection(const std::string& folder)
      : connection_(PQconnectdb(absl::StrCat("host=", folder, " dbname=postgres user=", kUser).c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) Fail();
    Run("SET client_min_messages = warning");
  }
  ~Connection() { PQfinish(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Run(const std::string& sql) { Take(PQexec(connection_, sql.c_str()), PGRES_COMMAND_OK); }
  void Prepare(const std::string& name, const std::string& sql) {
    Take(PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr), PGRES_COMMAND_OK);
  }
  // Number of rows; all of them are fetched, in binary.
  int Ask(const std::string& prepared) {
    return Take(PQexecPrepared(connection_, prepared.c_str(), 0, nullptr, nullptr, nullptr, 1), PGRES_TUPLES_OK);
  }
  // "15.18"; what Debian adds is left out.
  std::string ServerVersion() {
    const std::string version = PQparameterStatus(connection_, "server_version");
    return version.substr(0, version.find(' '));
  }
  void Copy(const std::string& table, const std::string& text) {
    Take(PQexec(connection_, absl::StrCat("COPY ", table, " FROM STDIN").c_str()), PGRES_COPY_IN);
    if (PQputCopyData(connection_, text.data(), static_cast<int>(text.size())) != 1) Fail();
    if (PQputCopyEnd(connection_, nullptr) != 1) Fail();
    Take(PQgetResult(connection_), PGRES_COMMAND_OK);
    Take(PQgetResult(connection_), PGRES_FATAL_ERROR);  // None: the end.
  }

 private:
  // Consumes a result, which must have that status.
  int Take(PGresult* result, ExecStatusType wanted) {
    const ExecStatusType status = PQresultStatus(result);
    const int rows = PQntuples(result);
    PQclear(result);
    if (status != wanted) Fail();
    return rows;
  }
  [[noreturn]] void Fail() { throw std::runtime_error(absl::StrCat("PostgreSQL: ", PQerrorMessage(connection_))); }

  PGconn* const connection_;
};

class PostgreSql final : public Peer {
 public:
  PostgreSql(const std::string& folder, uint64_t seed, Names names)
      : folder_(folder), seed_(seed), names_(names), catalogue_(ReadShippedCatalogue()), rows_(catalogue_) {
    const std::string programs = ProgramFolder();
    if (programs.empty()) throw PeerMissing("PostgreSQL is not installed");
    if (geteuid() == 0) {
      const passwd* const user = getpwnam(kUser);
      if (user == nullptr) throw PeerMissing("PostgreSQL does not run as root, and there is no user postgres");
      if (chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("cannot give " + folder);
    }
    const std::string data = folder + "/data";
    const auto initdb = StartAsNobodySpecial({programs + "initdb", "--pgdata", data, "--username", kUser, "--auth",
                                              "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"},
                                             folder + "/initdb.log");
    if (initdb->WaitUntilEnded() != 0) throw std::runtime_error("initdb: " + initdb->Log());
    server_ = StartAsNobodySpecial({programs + "postgres",
                                    "-D",
                                    data,
                                    "-k",
                                    folder,
                                    "-c",
                                    "listen_addresses=",
                                    "-c",
                                    "shared_buffers=2GB",
                                    "-c",
                                    "work_mem=64MB",
                                    "-c",
                                    "maintenance_work_mem=512MB",
                                    "-c",
                                    "max_wal_size=8GB",
                                    "-c",
                                    "checkpoint_timeout=15min",
                                    "-c",
                                    "jit=off",
                                    "-c",
                                    "synchronous_commit=on",
                                    "-c",
                                    "fsync=on"},
                                   folder + "/postgres.log");
    const std::string where = "host=" + folder + " dbname=postgres user=" + kUser;
    const Stopwatch stopwatch;
    while (PQping(where.c_str()) != PQPING_OK) {
      if (stopwatch.Seconds() > kStartSeconds) throw std::runtime_error("PostgreSQL does not start: " + server_->Log());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    connection_ = std::make_unique<Connection>(folder);
    connection_->Run(absl::StrReplaceAll(kSchema, {{"NAME", names == Names::kAsText ? "text" : "smallint"}}));
    FigureRow asked;
    asked.operation = rows_.OperationNumber(kAskedOperation);
    asked.force = asked.metric = 1;
    std::vector<std::string> forces;
    for (const int force : rows_.ForcesOf(kAskedRegion)) {
      asked.force = force;
      forces.push_back(IsText() ? Quoted(rows_.NamesOf(asked).force) : absl::StrCat(force));
    }
    const std::string operation = IsText() ? Quoted(kAskedOperation) : absl::StrCat(asked.operation);
    connection_->Prepare("national", absl::StrCat("SELECT metric, sum(sum), sum(count) FROM summary WHERE operation = ",
                                                  operation, " GROUP BY metric"));
    connection_->Prepare(
        "region", absl::StrCat("SELECT force, metric, first_day, last_day, sum(sum), sum(count) FROM summary "
                               "WHERE operation = ",
                               operation, " AND force IN (", absl::StrJoin(forces, ","), ") GROUP BY 1, 2, 3, 4"));
  }

  ~PostgreSql() override {
    connection_.reset();
    if (server_ != nullptr) {
      server_->Signal(SIGINT);  // A fast stop.
      server_->WaitUntilEnded();
    }
  }

  std::string name() const override {
    return absl::StrCat("PostgreSQL ", connection_->ServerVersion(), ", ", kClients, " clients",
                        IsText() ? ", names as text" : "");
  }
  std::string terms() const override {
    return "synchronous_commit and fsync on; COPY and upsert where the revision is higher, in one transaction; summary "
           "table by statement triggers; each client has forces of its own, so that none waits for another's rows";
  }

  double FiguresPerSecond(double warm_up_seconds, double seconds) override {
    connection_->Run("TRUNCATE figure, summary");
    connection_->Run("CHECKPOINT");
    const double rate = MeasureRate(kClients, warm_up_seconds, seconds, [this](int client) -> Worker {
      const auto batches = std::make_shared<std::vector<PreparedText>>(PrepareFor(client));
      const auto connection = std::make_shared<Connection>(folder_);
      PrepareUpserts(*connection);
      const auto next = std::make_shared<size_t>(0);
      return [batches, connection, next] {
        PreparedText& batch = (*batches)[(*next)++ % batches->size()];
        batch.NameAnew();
        Upsert(*connection, batch);
        return batch.row_count();
      };
    });
    CheckCorrection();
    return rate;
  }

  void Fill(int64_t results) override {
    connection_->Run("TRUNCATE figure, summary");
    connection_->Run("ALTER TABLE figure DISABLE TRIGGER USER");
    Workload workload(catalogue_, seed_);
    rows_.MakeStore(workload, results, kFillBatch, [this](const std::vector<FigureRow>& rows) {
      connection_->Copy("figure", TextOf(rows, rows_).text());
    });
    connection_->Run(kSummariseAll);
    connection_->Run("ALTER TABLE figure ENABLE TRIGGER USER");
    connection_->Run("VACUUM ANALYZE");
    connection_->Run("CHECKPOINT");
  }

  AnswerTimes AskNational(double seconds) override { return Ask("national", seconds); }
  AnswerTimes AskRegion(double seconds) override { return Ask("region", seconds); }

 private:
  static std::string Quoted(const std::string& name) { return absl::StrCat("'", name, "'"); }  // Names are plain.

  bool IsText() const { return names_ == Names::kAsText; }

  // `maker` made the rows.
  PreparedText TextOf(const std::vector<FigureRow>& rows, const FigureRows& maker) const {
    return {rows, '\t', "\\N", IsText() ? &maker : nullptr};
  }

  static void PrepareUpserts(Connection& connection) {
    connection.Run("CREATE TEMPORARY TABLE incoming (LIKE figure) ON COMMIT DELETE ROWS");
    connection.Prepare("upsert", kUpsert);
  }

  static void Upsert(Connection& connection, const PreparedText& batch) {
    connection.Run("BEGIN");
    connection.Copy("incoming", batch.text());
    connection.Run("EXECUTE upsert");
    connection.Run("COMMIT");
  }

  // Throws unless a correction replaces what it corrects, in rows and summary.
  void CheckCorrection() {
    Workload workload(catalogue_, seed_);
    const std::vector<FigureRow> rows = rows_.Make(workload, kResultsPerBatch);
    Connection connection(folder_);
    PrepareUpserts(connection);
    connection.Prepare("is_right", kSummaryIsRight);
    Upsert(connection, TextOf(rows, rows_));
    Upsert(connection, TextOf(Corrected(rows), rows_));
    connection.Prepare("corrected", absl::StrCat("SELECT 1 FROM figure WHERE revision = ", kCorrectedRevision));
    const bool all_corrected = connection.Ask("corrected") == static_cast<int>(rows.size());
    const bool is_summary_right = connection.Ask("is_right") == 1;
    if (!all_corrected || !is_summary_right) throw std::runtime_error("PostgreSQL: a correction is wrong");
  }

  // Forces are dealt out to the clients.
  std::vector<PreparedText> PrepareFor(int client) const {
    v1::Catalogue own = catalogue_;
    own.clear_forces();
    for (int force = client; force < catalogue_.forces_size(); force += kClients) {
      *own.add_forces() = catalogue_.forces(force);
    }
    Workload workload(own, seed_ + static_cast<uint64_t>(client));
    FigureRows rows(catalogue_);
    std::vector<PreparedText> batches;
    batches.reserve(kPreparedBatches);
    for (int batch = 0; batch < kPreparedBatches; ++batch) {
      const std::vector<FigureRow> made = rows.Make(workload, kResultsPerBatch);
      batches.push_back(TextOf(made, rows));
    }
    return batches;
  }

  AnswerTimes Ask(const std::string& question, double seconds) {
    std::vector<double> latencies_ms;
    const Stopwatch all;
    while (all.Seconds() < seconds) {
      const Stopwatch one;
      if (connection_->Ask(question) == 0) throw std::runtime_error("PostgreSQL: an empty answer");
      latencies_ms.push_back(one.Seconds() * 1e3);
    }
    return {.p50_ms = Percentile(latencies_ms, 50), .p99_ms = Percentile(latencies_ms, 99)};
  }

  const std::string folder_;
  const uint64_t seed_;
  const Names names_;
  const v1::Catalogue catalogue_;
  FigureRows rows_;
  std::unique_ptr<ChildProcess> server_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Peer> StartPostgreSqlOfNumbers(const std::string& folder, uint64_t seed) {
  return std::make_unique<PostgreSql>(folder, seed, Names::kAsNumbers);
}

std::unique_ptr<Peer> StartPostgreSqlOfNames(const std::string& folder, uint64_t seed) {
  return std::make_unique<PostgreSql>(folder, seed, Names::kAsText);
}

}  // namespace muster::bench
