// Failpoints: named steps at which a test can end the process, as a kill or a power cut would. They are only in
// programs whose sources are compiled with MUSTER_FAILPOINTS, which what ships is not: there they are nothing.
#ifndef MUSTER_STORAGE_FAILPOINT_H_
#define MUSTER_STORAGE_FAILPOINT_H_

#include <algorithm>
#include <array>
#include <string_view>

namespace muster {

// When a server comes past a failpoint.
enum class FailpointPhase {
  kMaking,      // Of a new store.
  kSubmitting,  // Of results.
  kStopping,    // Gracefully; a checkpoint also while it runs.
};

struct Failpoint {
  std::string_view name;
  FailpointPhase phase;
};

// All of them. MUSTER_FAILPOINT takes no other name.
inline constexpr std::array kFailpoints = std::to_array<Failpoint>({
    {"make:after-folder", FailpointPhase::kMaking},
    {"make:before-format-record", FailpointPhase::kMaking},
    {"make:after-format-record", FailpointPhase::kMaking},
    {"make:after-position-mark", FailpointPhase::kMaking},
    {"group:before-sync", FailpointPhase::kSubmitting},
    {"group:after-sync", FailpointPhase::kSubmitting},  // Before the position mark.
    {"group:after-mark", FailpointPhase::kSubmitting},
    {"group:after-index", FailpointPhase::kSubmitting},
    {"group:before-answer", FailpointPhase::kSubmitting},  // The cubes have moved.
    {"group:after-answer", FailpointPhase::kSubmitting},
    {"index-run:before-sync", FailpointPhase::kSubmitting},  // Of the group that it is written with.
    {"index-run:after-sync", FailpointPhase::kSubmitting},
    {"checkpoint:before-write", FailpointPhase::kStopping},
    {"checkpoint:dropped", FailpointPhase::kStopping},   // The old one is gone, and there is no place for a new one.
    {"checkpoint:replaced", FailpointPhase::kStopping},  // There is, and it is empty.
    {"checkpoint:after-write", FailpointPhase::kStopping},
    {"flush:before", FailpointPhase::kStopping},
    {"flush:after-tables", FailpointPhase::kStopping},  // Before the position mark is synced.
    {"flush:after", FailpointPhase::kStopping},
});

constexpr bool IsFailpoint(std::string_view name) {
  return std::any_of(kFailpoints.begin(), kFailpoints.end(),
                     [name](const Failpoint& failpoint) { return failpoint.name == name; });
}

// Ends the process with SIGKILL if this is the hit that MUSTER_FAILPOINT of the environment names, "NAME:N" for the
// N-th, from 1, of this process. Any thread. For MUSTER_FAILPOINT() alone.
void HitFailpoint(std::string_view name);

}  // namespace muster

#ifdef MUSTER_FAILPOINTS
#define MUSTER_FAILPOINT(name)                                           \
  do {                                                                   \
    static_assert(::muster::IsFailpoint(name), "is not in kFailpoints"); \
    ::muster::HitFailpoint(name);                                        \
  } while (false)
#else
#define MUSTER_FAILPOINT(name)                                           \
  do {                                                                   \
    static_assert(::muster::IsFailpoint(name), "is not in kFailpoints"); \
  } while (false)
#endif

#endif  // MUSTER_STORAGE_FAILPOINT_H_
