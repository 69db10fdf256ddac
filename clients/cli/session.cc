#include "clients/cli/session.h"

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/text.h"
#include "clients/cpp/error_details.h"
#include "google/protobuf/util/json_util.h"

namespace muster::cli {
namespace {

// Enough for a server that is just starting, too little to keep somebody waiting who mistyped its address.
constexpr int kMaxAttemptsBeforeContact = 4;

struct FieldOption {
  absl::string_view field;
  absl::string_view option;
};

constexpr std::array<FieldOption, 23> kFieldOptions = {{
    {"as_of_position", "--as-at"},
    {"as_of_time", "--as-at"},
    {"baseline_operation", "--compare"},
    {"operations", "--operation"},
    {"regions", "--region"},
    {"forces", "--force"},
    {"metrics", "--metric"},
    {"categories", "--category"},
    {"start_date", "--from"},
    {"end_date", "--to"},
    {"group_by", "--by"},
    {"breakdowns", "--breakdown"},
    {"regions_as_of", "--regions-as-of"},
    {"id", "--id"},
    {"title", "--title"},
    {"due_time", "--due"},
    {"expected_forces", "--expect-force"},
    {"expected_metrics", "--expect-metric"},
    {"operation", "OPERATION"},
    {"force", "FORCE"},
    {"result_id", "RESULT_ID"},
    {"from_position", "--from"},
    {"from_time", "--from"},
}};

}  // namespace

absl::string_view ConnectAdvice(absl::string_view message, bool with_tls) {
  const auto says = [message](absl::string_view words) { return absl::StrContains(message, words); };
  const bool hung_up = says("Socket closed") || says("Connection reset") || says("Broken pipe") || says("EOF");
  if (says("certificate verify failed")) {
    return "The server's certificate was issued by no CA of --tls-ca, or is not valid now.";
  }
  if (says("is not in peer certificate")) {
    return "The server's certificate is for other names: call it by one of those, with --server.";
  }
  if (says("wrong version number")) {
    return "The server there does not speak TLS: leave the --tls options out, or name another with --server.";
  }
  if (hung_up && with_tls) {
    return "It hung up in the handshake: it takes no such certificate. Did one of its CAs issue it, and is it valid by "
           "its clock? The log of the server says why.";
  }
  if (hung_up) {
    return "It hung up: if it speaks TLS, give --tls-certificate, --tls-key and --tls-ca.";
  }
  return "Is musterd running there? Name another server with --server ADDRESS or MUSTER_SERVER.";
}

absl::string_view OptionOfField(absl::string_view path) {
  absl::string_view name = path.substr(path.rfind('.') + 1);  // npos + 1 is 0: the whole.
  name = name.substr(0, name.find('['));
  for (const FieldOption& known : kFieldOptions) {
    if (known.field == name) return known.option;
  }
  return "";
}

MusterClient& Session::client() {
  if (client_ == nullptr) {
    ClientOptions options;
    options.server_address = options_.server_address;
    options.tls = options_.tls;
    options.retry.max_attempts_before_contact = kMaxAttemptsBeforeContact;
    client_ = std::make_unique<MusterClient>(std::move(options));
  }
  return *client_;
}

absl::Time Session::Deadline() const { return absl::Now() + options_.timeout; }

void Session::PrintJson(const google::protobuf::Message& message) { PrintJson(message, false); }

void Session::PrintJsonLine(const google::protobuf::Message& message) { PrintJson(message, true); }

void Session::PrintJson(const google::protobuf::Message& message, bool on_one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !on_one_line;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    err() << "muster: the answer cannot be written as JSON: " << status.ToString() << "\n";
    out().setstate(std::ios::failbit);  // Seen at the end: the program does not say that it is done.
    return;
  }
  out() << json << (on_one_line ? "\n" : "");
}

ExitCode Session::Fail(absl::string_view what, const absl::Status& status) {
  const bool never_reached = client_ != nullptr && !client_->ReachedServer();
  const bool unreachable = absl::IsUnavailable(status) || (absl::IsDeadlineExceeded(status) && never_reached);
  const std::string message = Printable(std::string(status.message()));

  if (unreachable && never_reached) {
    err() << "muster: cannot " << what << ": no server answers at " << options_.server_address << ": " << message
          << "\n"
          << ConnectAdvice(status.message(), options_.tls.enabled()) << "\n";
    return ExitCode::kUnreachable;
  }

  const std::optional<google::rpc::ErrorInfo> info = ErrorInfoOf(status);
  err() << "muster: cannot " << what << ": " << message << " ("
        << (info.has_value() ? Printable(info->reason()) : absl::StatusCodeToString(status.code())) << ")\n";
  for (const google::rpc::BadRequest::FieldViolation& violation : FieldViolationsOf(status)) {
    const absl::string_view option = OptionOfField(violation.field());
    err() << "  " << (option.empty() ? Printable(violation.field()) : std::string(option)) << ": "
          << Printable(violation.description()) << "\n";
  }
  if (absl::IsDeadlineExceeded(status)) {
    err() << "No answer within " << absl::FormatDuration(options_.timeout) << "; give it longer with --timeout.\n";
  } else if (const std::optional<absl::Duration> delay = RetryDelayOf(status); delay.has_value()) {
    err() << "Try again in " << absl::FormatDuration(*delay) << ".\n";
  } else if (absl::IsUnavailable(status)) {
    err() << "Try again; sending the same again is always safe.\n";
  }
  return unreachable ? ExitCode::kUnreachable : ExitCode::kFailed;
}

}  // namespace muster::cli
