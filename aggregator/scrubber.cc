#include "aggregator/scrubber.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr int kPageEntries = 256;
// Of entries behind the position that is compared at. Only an ingest that outruns the scrubber reaches it.
constexpr int kMaxPagesBehind = 4'000;

// Adds what one entry holds to a cube.
absl::Status Fold(const LoggedEntry& logged, ResultValues* values, ForceCube* cube, const Catalogue& catalogue) {
  values->Clear();
  absl::StatusOr<std::optional<Contribution>> added = ContributionOf(catalogue, logged.entry.result(), values);
  if (!added.ok()) return added.status();
  CubeChange change;
  change.added = *added;
  change.added_retraction = logged.entry.result().result().retracted();
  change.accept_time_us = logged.accept_time_us;
  cube->Apply(change);
  return absl::OkStatus();
}

}  // namespace

// The list is of the newest revisions as they are now, in pages by position. A result that is revised moves behind all
// others, beyond `position`, wherever the pages stand; so it is seen there, and leads back over what it replaced to the
// revision that was the newest at `position`. If that one was on an earlier page it was counted, and is not again. So
// the fold is exact, whatever comes in: every result is on a page before the list ends.
absl::StatusOr<ForceCube> FoldNewest(const Store& store, const Catalogue& catalogue, const std::string& operation,
                                     const std::string& force, LogPosition position,
                                     const std::function<bool()>& pause) {
  ForceCube cube(&catalogue);
  ResultValues values;
  std::vector<LogPosition> counted;     // Ascending.
  std::set<LogPosition> counted_later;  // Of results that were revised behind `position`.
  int64_t first_us = 0;
  int64_t last_us = 0;
  const auto count = [&](const LoggedEntry& logged) {
    first_us = first_us == 0 ? logged.accept_time_us : std::min(first_us, logged.accept_time_us);
    last_us = std::max(last_us, logged.accept_time_us);
    return Fold(logged, &values, &cube, catalogue);
  };

  LogPosition after = 0;
  for (int pages_behind = 0; pages_behind < kMaxPagesBehind;) {
    absl::StatusOr<std::vector<LoggedEntry>> page = store.ListNewest(operation, force, after, kPageEntries);
    if (!page.ok()) return page.status();
    if (page->empty()) {
      cube.SetHeard(first_us, last_us);
      return cube;
    }
    for (LoggedEntry& logged : *page) {
      after = logged.position;
      if (logged.position <= position) {
        counted.push_back(logged.position);
        if (absl::Status folded = count(logged); !folded.ok()) return folded;
        continue;
      }
      LogPosition replaced = logged.entry.result().replaced_position();
      while (replaced > 0) {
        // Also one behind `position` leads further back.
        if (replaced <= position && std::binary_search(counted.begin(), counted.end(), replaced)) break;
        absl::StatusOr<std::vector<LoggedEntry>> before = store.ReadEntries({replaced});
        if (!before.ok()) return before.status();
        if (replaced <= position) {
          // It may be found again, if the result is revised once more before the list ends.
          if (counted_later.insert(replaced).second) {
            if (absl::Status folded = count(before->front()); !folded.ok()) return folded;
          }
          break;
        }
        replaced = before->front().entry.result().replaced_position();
      }
    }
    if (after > position) ++pages_behind;
    // Not behind it: there the scrubber has to catch up with what comes in.
    if (after <= position && pause != nullptr && !pause()) return absl::CancelledError("the scrubber stops");
  }
  return absl::AbortedError(absl::StrCat("results of force \"", force, "\" in operation \"", operation,
                                         "\" come in faster than they can be scrubbed"));
}

Scrubber::Scrubber(const Store& store, Cubes& cubes, ScrubberLimits limits,
                   std::function<void(const ScrubMismatch&)> found, std::function<void(const absl::Status&)> failed)
    : store_(store), cubes_(cubes), limits_(limits), found_(std::move(found)), failed_(std::move(failed)) {
  thread_ = std::thread([this] { Run(); });
}

Scrubber::~Scrubber() { Stop(); }

void Scrubber::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Scrubber::Pause(std::chrono::nanoseconds at_least) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !stop_.wait_for(lock, at_least, [this] { return stopping_; });
}

void Scrubber::Run() {
  while (true) {
    std::vector<std::string> operations;  // By number.
    cubes_.Read([&](const CubesView& view) {
      for (const OperationCubes& one : view.operations) operations.push_back(one.operation->proto.id());
    });
    for (size_t number = 0; number < operations.size(); ++number) {
      for (ForceIndex force = 0; force < cubes_.catalogue().force_count(); ++force) {
        Scrub(operations[number], number, force);
        if (!Pause(limits_.min_pause)) return;
      }
    }
    round_ended_ = std::chrono::steady_clock::now();
    ++round_count_;
    if (!Pause(limits_.round_interval)) return;
  }
}

void Scrubber::Scrub(const std::string& operation, size_t number, ForceIndex force) {
  using Clock = std::chrono::steady_clock;
  const std::string& force_id = cubes_.catalogue().force(force).id();
  Clock::time_point began = Clock::now();
  const auto pause = [&] {
    const std::chrono::nanoseconds rest = (Clock::now() - began) * limits_.pause_factor;
    const bool goes_on = Pause(std::max<std::chrono::nanoseconds>(rest, limits_.min_pause));
    began = Clock::now();
    return goes_on;
  };

  const FrozenCube served = cubes_.FreezeOne(number, force);
  absl::StatusOr<ForceCube> expected =
      FoldNewest(store_, cubes_.catalogue(), operation, force_id, served.position, pause);
  if (!expected.ok()) {
    if (!absl::IsCancelled(expected.status())) failed_(expected.status());
    return;
  }
  const ForceCube nothing(&cubes_.catalogue());
  const ForceCube& cube = served.cube != nullptr ? *served.cube : nothing;
  // The newest revisions do not tell when the first was heard.
  expected->SetHeard(cube.first_heard_us(), expected->last_heard_us());
  std::string difference = cube.DifferenceFrom(*expected);
  if (!difference.empty()) {
    ++mismatch_count_;
    found_({operation, force_id, served.position, std::move(difference)});
  }
  pause();
}

}  // namespace muster
