#include "clients/cli/examination.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

// A host that has not taken a connection by then does not take it at all, whatever the time limit of a call.
constexpr absl::Duration kLongestConnect = absl::Seconds(5);

// Half an hour off would put a result of midnight on the wrong day, and certificates have a first minute.
constexpr absl::Duration kClockTolerance = absl::Minutes(1);

constexpr char kNameServer[] = "Name the server with --server ADDRESS or MUSTER_SERVER";

Finding Ok(const std::string& subject, const std::string& found) { return {subject, Verdict::kOk, found, ""}; }
Finding Failed(const std::string& subject, const std::string& found, const std::string& mend) {
  return {subject, Verdict::kFailed, found, mend};
}

// What the server says of a call that it did not answer as asked.
Finding Refused(const std::string& subject, const absl::Status& status) {
  const std::string said =
      absl::StrCat(absl::StatusCodeToString(status.code()), ": ", Printable(std::string(status.message())));
  if (absl::IsUnimplemented(status)) {
    return {subject, Verdict::kNote, "the server does not know the question", "Update the server"};
  }
  if (absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status)) {
    return {subject, Verdict::kNote, absl::StrCat("not told to this caller: ", said), ""};
  }
  return Failed(subject, said, "Look into the log of the server: journalctl -u musterd");
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Connects to one address, without TLS or anything else, and lets go at once. 0, or the error number.
int TryConnect(const addrinfo& address, absl::Duration timeout) {
  const int descriptor =
      socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol);
  if (descriptor < 0) return errno;
  int error = connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd waiting{descriptor, POLLOUT, 0};
    error = ETIMEDOUT;
    if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) == 1) {
      socklen_t size = sizeof error;
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  close(descriptor);
  return error;
}

// Whether the name is known and somebody listens there. Empty where only gRPC can tell.
std::vector<Finding> ExamineAddress(const Session& session) {
  const std::string& address = session.options().server_address;
  const HostAndPort parts = SplitAddress(address);
  if (parts.host.empty()) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int failed = getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &first); failed != 0) {
    return {Failed("address", absl::StrCat(address, " is not known: ", gai_strerror(failed)), kNameServer)};
  }
  const AddressList addresses(first, &freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    error = TryConnect(*one, std::min(session.options().timeout, kLongestConnect));
    if (error == 0) return {Ok("address", absl::StrCat("somebody listens at ", address))};
  }
  const std::string mend = error == ECONNREFUSED ? "Start musterd there (systemctl start musterd; musterd --check says "
                                                   "what hinders it), or name another server "
                                                   "with --server ADDRESS or MUSTER_SERVER"
                                                 : "Look whether the machine is up and a firewall lets you through, or "
                                                   "name another server with --server ADDRESS "
                                                   "or MUSTER_SERVER";
  return {Failed("address", absl::StrCat("nobody can be reached at ", address, ": ", std::strerror(error)), mend)};
}

// What protects the connection.
Finding ExamineIdentity(const Session& session) {
  // The files were read and looked at before the command began.
  if (session.options().tls.enabled()) {
    return Ok("identity", "TLS, with your certificate and its key, which are valid now");
  }
  return Ok("identity", "no TLS: the server takes this only from its own machine, as of its operator");
}

// Whether a Muster server answers, and whether it takes results.
Finding ExamineHealth(Session& session) {
  const absl::StatusOr<bool> serving = session.client().IsServing(session.Deadline());
  if (serving.ok()) {
    if (*serving) return Ok("health", "the server takes results");
    return Failed("health", "the server answers questions, and takes no results: its disk refused a write, or it stops",
                  "Look into its log (journalctl -u musterd), mend its disk, and restart it");
  }
  if (!session.client().ReachedServer()) {
    return Failed("health",
                  absl::StrCat("what listens there does not answer as a Muster server: ",
                               Printable(std::string(serving.status().message()))),
                  std::string(ConnectAdvice(serving.status().message(), session.options().tls.enabled())));
  }
  return Refused("health", serving.status());
}

// Its version and its clock.
std::vector<Finding> ExamineServer(Session& session) {
  const absl::Time before = absl::Now();
  const absl::StatusOr<v1::GetServerInfoResponse> info = session.client().GetServerInfo({}, session.Deadline());
  const absl::Time after = absl::Now();
  if (!info.ok()) return {Refused("version", info.status())};
  const absl::Time theirs = absl::FromUnixSeconds(info->time().seconds()) + absl::Nanoseconds(info->time().nanos());
  // It was read at some moment between the two.
  const absl::Duration uncertainty = (after - before) / 2;
  return {JudgeVersions(info->version(), MUSTER_VERSION), JudgeClock(theirs - (before + uncertainty), uncertainty)};
}

Finding ExamineCatalogue(Session& session) {
  const absl::StatusOr<v1::GetCatalogueResponse> response = session.client().GetCatalogue({}, session.Deadline());
  if (!response.ok()) return Refused("catalogue", response.status());
  const v1::Catalogue& catalogue = response->catalogue();
  return Ok("catalogue",
            absl::StrCat(Counted(catalogue.forces_size(), "force"), ", ", Counted(catalogue.metrics_size(), "metric")));
}

}  // namespace

absl::string_view VerdictWord(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kNote:
      return "note";
    case Verdict::kFailed:
      return "failed";
  }
  return "";
}

HostAndPort SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || absl::StrContains(address, "/") ||
      absl::StartsWith(address, "unix")) {
    return {};
  }
  HostAndPort parts{.host = address.substr(0, colon), .port = address.substr(colon + 1)};
  if (parts.port.empty()) return {};
  if (parts.host.front() == '[' && parts.host.back() == ']') parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

Finding JudgeVersions(const std::string& server, const std::string& program) {
  const std::string both = absl::StrCat("the server is ", Printable(server), ", this program ", program);
  if (server == program) return Ok("version", both);
  return {"version", Verdict::kNote, both, "Update the older of the two"};
}

Finding JudgeClock(absl::Duration difference, absl::Duration uncertainty) {
  const absl::Duration size = absl::AbsDuration(difference);
  const std::string found =
      size <= uncertainty
          ? absl::StrCat("no difference to the server's, to within ",
                         absl::FormatDuration(absl::Ceil(uncertainty, absl::Milliseconds(1))))
          : absl::StrCat("the server's is ", absl::FormatDuration(absl::Floor(size, absl::Milliseconds(1))),
                         difference > absl::ZeroDuration() ? " ahead" : " behind", ", to within ",
                         absl::FormatDuration(absl::Ceil(uncertainty, absl::Milliseconds(1))));
  if (size - uncertainty <= kClockTolerance) return Ok("clock", found);
  return Failed("clock", found, "Find out which of the two is wrong (timedatectl), and let it follow a time server");
}

Examination Examine(Session& session) {
  Examination examination;
  std::vector<Finding>& findings = examination.findings;
  const auto any_failed = [&] {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.verdict == Verdict::kFailed; });
  };
  findings = ExamineAddress(session);
  if (!any_failed()) {
    findings.push_back(ExamineIdentity(session));
    findings.push_back(ExamineHealth(session));
  }
  if (any_failed() && !session.client().ReachedServer()) {
    examination.exit_code = ExitCode::kUnreachable;
    return examination;
  }
  for (Finding& finding : ExamineServer(session)) findings.push_back(std::move(finding));
  findings.push_back(ExamineCatalogue(session));
  if (any_failed()) examination.exit_code = ExitCode::kFailed;
  return examination;
}

}  // namespace muster::cli
