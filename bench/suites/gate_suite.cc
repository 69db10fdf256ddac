#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aggregator/cubes.h"
#include "bench/load/workload.h"
#include "bench/processes/temporary_folder.h"
#include "bench/stopwatch.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"
#include "domain/operation.h"
#include "service/audit_log.h"
#include "service/audit_objects.h"
#include "service/caller.h"
#include "service/catalogue_files.h"
#include "service/gate.h"
#include "service/limits.h"
#include "service/rate_limiter.h"
#include "service/rights_keeper.h"
#include "service/token_keeper.h"

namespace muster::bench {
namespace {

constexpr int kMessagesAtOnce = 1'000;  // Between two looks at the clock.

template <typename T>
T OrThrow(absl::StatusOr<T> made) {
  if (!made.ok()) throw std::runtime_error(made.status().ToString());
  return *std::move(made);
}

// Everything between a message of results and the applier that asks who sends it, and what is written down of it: with
// the built-in policy and a real audit file.
class GateOfOneForce {
 public:
  GateOfOneForce(const std::string& folder, const Workload::Sender& sender, Workload* workload, int results)
      : catalogue_(ShippedCatalogue()),
        callers_(*catalogue_),
        rates_(Plenty(), Plenty()),
        audit_(OrThrow(AuditLog::Open(AuditIn(absl::StrCat(folder, "/audit"))))),
        rights_(OrThrow(RightsKeeper::Start("", catalogue_, kPolicyCheckInterval, nullptr))),
        tokens_(OrThrow(
            TokenKeeper::Start(absl::StrCat(folder, "/tokens.textproto"), catalogue_, kPolicyCheckInterval, nullptr))),
        cubes_(catalogue_, [] { return int64_t{0}; }) {
    for (int index = 0; index < results; ++index) {
      *results_.Add() = workload->Make(sender);
      bytes_ += static_cast<int64_t>(results_[index].ByteSizeLong());
      v1::Receipt& receipt = *receipts_.Add();
      receipt.set_outcome(v1::OUTCOME_ACCEPTED);
    }
    const std::string force = results_[0].force();
    gate_ = std::make_unique<Gate>(
        callers_,
        [force](const grpc::CallbackServerContext& /*context*/) -> absl::StatusOr<Caller> {
          return Caller{.role = CallerRole::kForce, .name = force, .certificate_serial = "0a1b2c3d4e5f"};
        },
        *rights_, *tokens_, *audit_);
  }

  // One message; what is asked of every message of a stream.
  void PassOne() {
    const Admission admission = OrThrow(gate_->Admit(context_, Call::kStreamResults));
    rates_.Of(admission.caller)->TakeStreamMessage(bytes_ + kBytesOfAnyMessage, std::chrono::steady_clock::now());
    for (const v1::OperationResult& result : results_) {
      if (!admission.rights->MaySubmitFor(result.force())) throw std::runtime_error("refused");
    }
    gate_->RecordResults(admission, AuditObject(results_, *cubes_.operations(), *catalogue_), false, receipts_);
  }
  void FinishWriting() { audit_->Flush(); }

 private:
  static std::shared_ptr<const Catalogue> ShippedCatalogue() {
    std::vector<std::string> faults;
    std::shared_ptr<const Catalogue> catalogue = ReadCatalogue("", &faults);
    if (catalogue == nullptr) throw std::runtime_error("the catalogue that ships cannot be read");
    return catalogue;
  }
  static AuditOptions AuditIn(const std::string& folder) {
    AuditOptions options;
    options.directory = folder;
    return options;
  }
  // Rates that nobody meets: what is measured is asking.
  static RateLimits Plenty() {
    constexpr Rate kPlenty = {.per_second = 1'000'000'000, .burst = 1'000'000'000};
    return {.calls = kPlenty, .bytes = kPlenty};
  }

  const std::shared_ptr<const Catalogue> catalogue_;
  const Callers callers_;
  RateLimiter rates_;
  const std::unique_ptr<AuditLog> audit_;
  const std::unique_ptr<RightsKeeper> rights_;
  const std::unique_ptr<TokenKeeper> tokens_;
  Cubes cubes_;
  std::unique_ptr<Gate> gate_;
  const grpc::CallbackServerContext context_;
  google::protobuf::RepeatedPtrField<v1::OperationResult> results_;
  google::protobuf::RepeatedPtrField<v1::Receipt> receipts_;
  int64_t bytes_ = 0;  // Of the results.
};

}  // namespace

void RunGateSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  for (const int results : {1, kMaxResultsPerRequest}) {
    Series passed = {.name = "one thread"};
    for (int round = 1; round <= settings.rounds; ++round) {
      const TemporaryFolder folder(settings.folder);
      GateOfOneForce gate(folder.path(), workload.AnySender(), &workload, results);
      int64_t messages = 0;
      const Stopwatch stopwatch;
      do {
        for (int message = 0; message < kMessagesAtOnce; ++message) gate.PassOne();
        messages += kMessagesAtOnce;
        gate.FinishWriting();  // What is written later is paid for too.
      } while (stopwatch.Seconds() < settings.seconds);
      passed.samples.push_back(static_cast<double>(messages) / stopwatch.Seconds());
      ReportProgress("gate", round, passed, "messages/s");
    }
    const double microseconds = 1e6 / Median(passed.samples);
    report.Add({.suite = "gate",
                .title = absl::StrCat("rate, rights and audit of a message of ", results,
                                      results == 1 ? " result" : " results"),
                .unit = "messages/s",
                .measured = passed,
                .notes = {absl::StrFormat("%.2f µs a message, %.3f µs a result", microseconds, microseconds / results)},
                .details = {{"microseconds_a_message", microseconds}}});
  }
}

}  // namespace muster::bench
