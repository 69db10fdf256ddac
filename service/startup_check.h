// `musterd --check`: whether a server would start here with this configuration, and what to do where it would not.
#ifndef MUSTER_SERVICE_STARTUP_CHECK_H_
#define MUSTER_SERVICE_STARTUP_CHECK_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/configuration.h"

namespace muster {

enum class Verdict {
  kOk,
  kNote,    // It would start; somebody should know this all the same.
  kFailed,  // It would not start, or would lose what it takes.
};

// What was found about one subject.
struct Finding {
  std::string subject;  // "store".
  Verdict verdict = Verdict::kOk;
  std::string found;  // A sentence, or a part of one, without its full stop.
  std::string mend;   // How to mend it: an imperative sentence; empty where `found` says it, or nothing is to be done.
};

// Looks at everything that a start needs, in the order in which a start needs it. Nothing is changed: no folder is
// made, no store is opened for writing. To be run as the user that the server runs as: what another may do says
// nothing.
std::vector<Finding> CheckStart(const ReadConfiguration& read);

bool AnyFailed(const std::vector<Finding>& findings);

// Lines for people, with a last one that says whether it would start.
std::string ToText(const std::vector<Finding>& findings);

}  // namespace muster

#endif  // MUSTER_SERVICE_STARTUP_CHECK_H_
