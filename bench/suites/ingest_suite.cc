#include <string>

#include "absl/strings/str_format.h"
#include "bench/ceilings/rocksdb_writer.h"
#include "bench/load/stream_ingest.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/temporary_folder.h"
#include "bench/suites/ingest_run.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr Goal kGoal = {.bound = Goal::Bound::kAtLeast, .ratio = 1.5};

}  // namespace

void RunIngestSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  Series muster{.name = "Muster"};
  Series rocksdb_1{.name = "RocksDB, 1 thread"};
  Series rocksdb_4{.name = "RocksDB, 4 threads"};
  Series server_us{.name = "musterd"};
  Series client_us{.name = "load client"};
  StreamTotals totals;
  for (int round = 1; round <= settings.rounds; ++round) {
    {
      const TemporaryFolder folder(settings.folder);
      const Musterd musterd(folder.path());
      const IngestRate rate = MeasureIngest(settings, musterd, workload, StreamShape{}, 0,
                                            round == settings.rounds ? settings.perf_file : "");
      muster.samples.push_back(rate.results_per_second);
      server_us.samples.push_back(rate.server_us);
      client_us.samples.push_back(rate.client_us);
      totals.results += rate.totals.results;
      totals.result_bytes += rate.totals.result_bytes;
      totals.warnings += rate.totals.warnings;
      ReportProgress("ingest", round, muster, "results/s");
    }
    for (auto* const series : {&rocksdb_1, &rocksdb_4}) {
      const TemporaryFolder folder(settings.folder);
      series->samples.push_back(RocksDbKeysPerSecond(folder.path() + "/database", series == &rocksdb_1 ? 1 : 4,
                                                     settings.warm_up_seconds, settings.seconds));
      ReportProgress("ingest", round, *series, "keys/s");
    }
  }
  const double bytes = static_cast<double>(totals.result_bytes) / static_cast<double>(totals.results);
  const double warnings = static_cast<double>(totals.warnings) / static_cast<double>(totals.results);
  Line line{.suite = "ingest",
            .title = "4 streams, 1,000 results a message",
            .unit = "results/s",
            .measured = muster,
            .reference = rocksdb_1,
            .goal = kGoal};
  line.notes.push_back(absl::StrFormat("%.0f bytes and %.2f warnings a result", bytes, warnings));
  line.details = {{"bytes_per_result", bytes}, {"warnings_per_result", warnings}};
  report.Add(line);
  line.reference = rocksdb_4;
  line.notes.clear();
  report.Add(line);
  report.Add({.suite = "ingest",
              .title = "processor time of a result",
              .unit = "us",
              .measured = server_us,
              .reference = client_us});
}

}  // namespace muster::bench
