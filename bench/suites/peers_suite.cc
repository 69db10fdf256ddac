#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/filled_store.h"
#include "bench/load/queries.h"
#include "bench/load/workload.h"
#include "bench/peers/peer.h"
#include "bench/processes/interruption.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/suites/ingest_run.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

// Beyond that, filling the peers takes longer than it teaches.
constexpr int64_t kMaxStoreResults = 1'000'000;
constexpr Goal kGoalAhead = {.bound = Goal::Bound::kAtLeast, .ratio = 1};
constexpr Goal kGoalFarAhead = {.bound = Goal::Bound::kAtLeast, .ratio = 10};
constexpr Goal kGoalQuicker = {.bound = Goal::Bound::kAtMost, .ratio = 1};

struct Candidate {
  std::string name;
  std::function<std::unique_ptr<Peer>(const std::string& folder, uint64_t seed)> open;
  Goal ingest_goal;
};

std::vector<Candidate> AllCandidates() {
  return {{"PostgreSQL, names as text", StartPostgreSqlOfNames, kGoalFarAhead},
          {"PostgreSQL", StartPostgreSqlOfNumbers, kGoalFarAhead},
          {"SQLite", OpenSqlite, kGoalAhead},
          {"DuckDB", OpenDuckDb, kGoalAhead},
          {"ClickHouse", OpenClickHouse, kGoalAhead}};
}

// Both sides of each line, by round.
struct Pair {
  Series muster{.name = "Muster"};
  Series peer;
};

class Match {
 public:
  Match(const Settings& settings, Peer& peer) : settings_(settings), peer_(peer) {
    for (Pair* const pair : {&ingest_, &national_p50_, &national_p99_, &region_p50_, &region_p99_}) {
      pair->peer.name = peer.name();
    }
  }

  void IngestRound(int round) {
    const TemporaryFolder folder(settings_.folder);
    const Musterd musterd(folder.path());
    Workload workload(ReadShippedCatalogue(), settings_.seed);
    const IngestRate rate = MeasureIngest(settings_, musterd, workload, StreamShape{}, 0, "");
    ingest_.muster.samples.push_back(rate.results_per_second * Workload::kFiguresPerResult);
    ReportProgress("peers", round, ingest_.muster, "figures/s");
    ingest_.peer.samples.push_back(peer_.FiguresPerSecond(settings_.warm_up_seconds, settings_.seconds));
    ReportProgress("peers", round, ingest_.peer, "figures/s");
  }

  // `musterd` and the peer hold equally many results.
  void QuestionRound(int round, const Musterd& musterd) {
    AskMuster(musterd, NationalByMetric(), &national_p50_, &national_p99_);
    AskMuster(musterd, RegionByForceMetricAndDay(), &region_p50_, &region_p99_);
    const AnswerTimes national = peer_.AskNational(settings_.seconds);
    national_p50_.peer.samples.push_back(national.p50_ms);
    national_p99_.peer.samples.push_back(national.p99_ms);
    ReportProgress("peers", round, national_p50_.peer, "ms, national by metric");
    const AnswerTimes region = peer_.AskRegion(settings_.seconds);
    region_p50_.peer.samples.push_back(region.p50_ms);
    region_p99_.peer.samples.push_back(region.p99_ms);
    ReportProgress("peers", round, region_p50_.peer, "ms, South East");
  }

  void AddLines(const Goal& ingest_goal, int64_t results, Report& report) const {
    report.Add({.suite = "peers",
                .title = "ingest",
                .unit = "figures/s",
                .measured = ingest_.muster,
                .reference = ingest_.peer,
                .goal = ingest_goal,
                .notes = {absl::StrCat(peer_.name(), ": ", peer_.terms())}});
    const auto add = [&](const std::string& title, const Pair& pair, std::optional<Goal> goal) {
      report.Add({.suite = "peers",
                  .title = absl::StrFormat("%s, %d results", title, results),
                  .unit = "ms",
                  .measured = pair.muster,
                  .reference = pair.peer,
                  .goal = goal});
    };
    add("national by metric, p50", national_p50_, kGoalQuicker);
    add("national by metric, p99", national_p99_, std::nullopt);
    add("South East by force x metric x day, p50", region_p50_, kGoalQuicker);
    add("South East by force x metric x day, p99", region_p99_, std::nullopt);
  }

 private:
  void AskMuster(const Musterd& musterd, const v1::QueryTotalsRequest& question, Pair* p50, Pair* p99) const {
    Questioner questioner(musterd.address(), question);
    questioner.AskAnew(settings_.warm_up_seconds);  // A peer has no answer from before either.
    const std::vector<double> latencies = questioner.AskAnew(settings_.seconds);
    p50->muster.samples.push_back(Percentile(latencies, 50));
    p99->muster.samples.push_back(Percentile(latencies, 99));
  }

  const Settings& settings_;
  Peer& peer_;
  Pair ingest_;
  Pair national_p50_;
  Pair national_p99_;
  Pair region_p50_;
  Pair region_p99_;
};

// One peer after the other, each only while it is measured: none takes memory or disk from another.
void RunMatch(const Settings& settings, const Candidate& candidate, const Musterd& filled, int64_t results,
              Report& report) {
  const TemporaryFolder folder(settings.folder);
  std::unique_ptr<Peer> peer;
  try {
    peer = candidate.open(folder.path(), settings.seed);
  } catch (const PeerMissing& missing) {
    report.AddAbsence({"peers", absl::StrCat("no figures of ", candidate.name, ": ", missing.what())});
    return;
  }
  Match match(settings, *peer);
  for (int round = 1; round <= settings.rounds; ++round) match.IngestRound(round);
  peer->Fill(results);
  for (int round = 1; round <= settings.rounds; ++round) match.QuestionRound(round, filled);
  match.AddLines(candidate.ingest_goal, results, report);
}

}  // namespace

void RunPeersSuite(const Settings& settings, Report& report) {
  const int64_t results = std::min(settings.store_results, kMaxStoreResults);
  const TemporaryFolder folder(settings.folder);
  const Musterd filled(folder.path());
  Workload workload(ReadShippedCatalogue(), settings.seed);
  FillStore(filled.address(), workload, results);
  WaitUntilIdle(filled.id());
  for (const Candidate& candidate : AllCandidates()) {
    try {
      RunMatch(settings, candidate, filled, results, report);
    } catch (const std::runtime_error& failure) {  // The others are measured nevertheless.
      StayIfInterrupted();
      report.AddFailure({"peers", absl::StrCat(candidate.name, ": ", failure.what())});
    }
  }
}

}  // namespace muster::bench
