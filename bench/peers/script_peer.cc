// DuckDB and ClickHouse: engines that come as Python packages and run inside the script that asks them.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/load/asked.h"
#include "bench/load/workload.h"
#include "bench/peers/figure_rows.h"
#include "bench/peers/peer.h"
#include "bench/peers/prepared_rows.h"
#include "bench/processes/bound_process.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

// `./dev bench peers` makes this environment.
constexpr char kPython[] = MUSTER_SOURCE_DIR "/build/tools/peers/bin/python";
constexpr char kScripts[] = MUSTER_SOURCE_DIR "/bench/peers/";

// Rows are made beforehand: more than any of these engines takes in that time, but no more than fit memory well.
constexpr double kRowsPerSecond = 200'000;
constexpr int64_t kMaxRows = 2'000'000;
constexpr int kFillBatch = 20'000;

struct Engine {
  std::string name;
  std::string script;
  std::string clients;
  std::string terms;
};

class ScriptPeer final : public Peer {
 public:
  ScriptPeer(Engine engine, std::string folder, uint64_t seed)
      : engine_(std::move(engine)),
        folder_(std::move(folder)),
        seed_(seed),
        catalogue_(ReadShippedCatalogue()),
        rows_(catalogue_) {
    if (access(kPython, X_OK) != 0) {
      throw PeerMissing(absl::StrCat(engine_.name, " is not installed; `./dev bench peers` installs it"));
    }
    version_ = Run({"version"}).at("version");
  }

  std::string name() const override { return absl::StrCat(engine_.name, " ", version_, ", ", engine_.clients); }
  std::string terms() const override { return engine_.terms; }

  double FiguresPerSecond(double warm_up_seconds, double seconds) override {
    const auto wanted = static_cast<int64_t>((warm_up_seconds + seconds) * kRowsPerSecond);
    const auto batches =
        static_cast<int>(std::min(wanted, kMaxRows) / (kResultsPerBatch * Workload::kFiguresPerResult));
    const std::string file = WriteRows([&](const auto& take) {
      Workload workload(catalogue_, seed_);
      for (int batch = 0; batch <= batches; ++batch) take(rows_.Make(workload, kResultsPerBatch));
    });
    return Run({"ingest", folder_, file, absl::StrCat(warm_up_seconds), absl::StrCat(seconds)})
        .at("figures_per_second");
  }

  void Fill(int64_t results) override {
    const std::string file = WriteRows([&](const auto& take) {
      Workload workload(catalogue_, seed_);
      rows_.MakeStore(workload, results, kFillBatch, take);
    });
    Run({"fill", folder_, file});
  }

  AnswerTimes AskNational(double seconds) override { return Ask("national", seconds); }
  AnswerTimes AskRegion(double seconds) override { return Ask("region", seconds); }

 private:
  // Writes what `make` hands to its argument; returns the name of the file.
  template <typename Make>
  std::string WriteRows(const Make& make) {
    std::string file = folder_ + "/rows.csv";
    std::ofstream out(file, std::ios::binary);
    make([&](const std::vector<FigureRow>& rows) {
      std::string text;
      for (const FigureRow& row : rows) AppendText(row, ',', "", &text);
      out << text;
    });
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file);
    return file;
  }

  nlohmann::json Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {kPython, "-B", kScripts + engine_.script};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const std::unique_ptr<ChildProcess> process = StartBound(words, folder_ + "/script.log");
    std::optional<std::string> line = process->ReadLine();
    while (line && line->rfind('{', 0) != 0) line = process->ReadLine();  // It says that it is alive.
    if (!line) throw std::runtime_error(absl::StrCat(engine_.name, ": ", process->Log()));
    process->WaitUntilEnded();
    return nlohmann::json::parse(*line);
  }

  AnswerTimes Ask(const std::string& question, double seconds) {
    const nlohmann::json found = Run({"ask", folder_, question, absl::StrCat(rows_.OperationNumber(kAskedOperation)),
                                      absl::StrJoin(rows_.ForcesOf(kAskedRegion), ","), absl::StrCat(seconds)});
    return {.p50_ms = found.at("p50_ms"), .p99_ms = found.at("p99_ms")};
  }

  const Engine engine_;
  const std::string folder_;
  const uint64_t seed_;
  const v1::Catalogue catalogue_;
  FigureRows rows_;
  std::string version_;
};

}  // namespace

std::unique_ptr<Peer> OpenDuckDb(const std::string& folder, uint64_t seed) {
  return std::make_unique<ScriptPeer>(
      Engine{.name = "DuckDB",
             .script = "duckdb_peer.py",
             .clients = "4 clients",
             .terms =
                 "in the process of the client; synced commits; upsert of Arrow tables where the revision is higher; "
                 "totals are scans of the rows, for want of triggers"},
      folder, seed);
}

std::unique_ptr<Peer> OpenClickHouse(const std::string& folder, uint64_t seed) {
  return std::make_unique<ScriptPeer>(
      Engine{.name = "ClickHouse",
             .script = "clickhouse_peer.py",
             .clients = "1 client",
             .terms =
                 "in the process of the client; parts synced before the answer; ReplacingMergeTree by revision; totals "
                 "are scans with FINAL, so that corrections are right at once"},
      folder, seed);
}

}  // namespace muster::bench
