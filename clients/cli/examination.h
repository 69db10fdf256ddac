// What `muster doctor` finds out about a server, one subject after another, from where the client is.
#ifndef MUSTER_CLIENTS_CLI_EXAMINATION_H_
#define MUSTER_CLIENTS_CLI_EXAMINATION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/session.h"

namespace muster::cli {

enum class Verdict { kOk, kNote, kFailed };

// "ok", "note", "failed".
absl::string_view VerdictWord(Verdict verdict);

// What was found about one subject.
struct Finding {
  std::string subject;  // "clock".
  Verdict verdict = Verdict::kOk;
  std::string found;  // A part of a sentence, without its full stop.
  std::string mend;   // How to mend it: an imperative sentence; empty where there is nothing to mend.
};

struct Examination {
  std::vector<Finding> findings;  // In the order in which they were looked at; the first failure may be the last one.
  ExitCode exit_code = ExitCode::kDone;
};

// Looks whether the server's name is known, somebody listens there, it answers as a Muster server, takes results, is of
// this version, has the same time and shows its catalogue.
Examination Examine(Session& session);

// What to say of a clock that differs by this much from ours, known to within `uncertainty` either way.
Finding JudgeClock(absl::Duration difference, absl::Duration uncertainty);

// What to say of two versions, "0.1.0".
Finding JudgeVersions(const std::string& server, const std::string& program);

// The host and the port of "host:port" and "[::1]:port"; both empty for what only gRPC understands ("unix:/path").
struct HostAndPort {
  std::string host;
  std::string port;
};
HostAndPort SplitAddress(const std::string& address);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_EXAMINATION_H_
