// muster_bench: measures Muster beside its ceilings and peers.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "bench/processes/interruption.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/machine.h"
#include "bench/report/report.h"
#include "bench/suites/settings.h"
#include "bench/suites/suites.h"

namespace {

using muster::bench::Report;
using muster::bench::Settings;

struct Suite {
  std::string name;
  std::string description;
  std::function<void(const Settings&, Report&)> run;
};

std::vector<Suite> AllSuites() {
  return {
      {"ingest", "durable ingest through streams, beside bare RocksDB", muster::bench::RunIngestSuite},
      {"ingest-over", "the same over a full store; its start, memory and disk", muster::bench::RunIngestOverSuite},
      {"unary", "durable ingest of single results, beside a bare gRPC echo", muster::bench::RunUnarySuite},
      {"query", "latency of totals, beside a bare gRPC echo", muster::bench::RunQuerySuite},
      {"as-of", "latency of totals as they stood, beside those of now", muster::bench::RunAsOfSuite},
      {"mixed", "1,000 queries a second while results come in", muster::bench::RunMixedSuite},
      {"watch", "100 watchers of totals: how soon they are told, and what they cost", muster::bench::RunWatchSuite},
      {"overload", "50 clients that try ten times as much, without restraint", muster::bench::RunOverloadSuite},
      {"gate", "what rates, rights and the audit cost a message", muster::bench::RunGateSuite},
      {"peers", "ingest and questions, beside PostgreSQL, SQLite, DuckDB and ClickHouse", muster::bench::RunPeersSuite},
  };
}

std::string Description(const std::vector<Suite>& suites) {
  std::string text =
      "Measures Muster side by side with its ceilings and peers, in rounds that take turns, and prints medians.\n"
      "Suites:\n";
  for (const Suite& suite : suites) absl::StrAppend(&text, "  ", suite.name, ": ", suite.description, "\n");
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // As in musterd.
  const std::vector<Suite> suites = AllSuites();
  std::vector<std::string> names;
  names.reserve(suites.size());
  for (const Suite& suite : suites) names.push_back(suite.name);

  CLI::App app{Description(suites)};
  Settings settings;
  std::vector<std::string> wanted;
  std::string json_file;
  const char* const temporary = std::getenv("TMPDIR");
  std::string parent = temporary != nullptr ? temporary : "/var/tmp";
  app.add_option("suites", wanted, "Suites to run; all if none is named")->check(CLI::IsMember(names));
  app.add_option("--rounds", settings.rounds, "Rounds; medians are taken over them")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", settings.seconds, "Length of each measurement")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 600.0));
  app.add_option("--results", settings.store_results, "Results of the full store, in suites that need one")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{10'000}, int64_t{20'000'000}));
  app.add_option("--seed", settings.seed, "Makes other results")->capture_default_str();
  app.add_option("--folder", parent, "Where stores go, in a folder that is removed afterwards; must be a real disk")
      ->capture_default_str()
      ->check(CLI::ExistingDirectory);
  app.add_option("--json", json_file, "Write the report for machines to a file")->type_name("FILE");
  app.add_option("--perf", settings.perf_file, "Write what `perf record` sees of the server in the last round")
      ->type_name("FILE");
  CLI11_PARSE(app, argc, argv);

  const muster::bench::TemporaryFolder folder(parent);
  muster::bench::CleanUpWhenInterrupted(folder.path());
  settings.folder = folder.path();
  Report report;
  DescribeMachine(settings.folder, report);
  report.AddCondition("rounds", absl::StrCat(settings.rounds, " of ", settings.seconds, " s, seed ", settings.seed));
  for (const Suite& suite : suites) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), suite.name) == wanted.end()) continue;
    try {
      suite.run(settings, report);
    } catch (const std::exception& error) {
      muster::bench::StayIfInterrupted();
      std::cerr << suite.name << ": " << error.what() << "\n";
      report.AddFailure({suite.name, error.what()});
    }
  }
  report.WriteTable(std::cout);
  if (!json_file.empty()) {
    std::ofstream out(json_file);
    report.WriteJson(out);
    if (!out.flush()) {
      std::cerr << "cannot write " << json_file << "\n";
      return 1;
    }
  }
  return report.has_failures() ? 1 : 0;
}
