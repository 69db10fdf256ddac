// What every command of the program has at hand: the server, the place for its output, and one way to fail.
#ifndef MUSTER_CLIENTS_CLI_SESSION_H_
#define MUSTER_CLIENTS_CLI_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/terminal.h"
#include "clients/cpp/client.h"
#include "google/protobuf/message.h"

namespace muster::cli {

enum class OutputFormat { kTable, kCsv, kJson };

// Options that come before or after any command.
struct GlobalOptions {
  std::string server_address = "127.0.0.1:7450";
  ClientTls tls;                               // As the files held it.
  absl::Duration timeout = absl::Seconds(30);  // Of one call.
  OutputFormat output = OutputFormat::kTable;
};

// Where a program writes, and what is known of it.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  Terminal out_terminal;
  Terminal err_terminal;
};

// Not thread-safe: commands run one after another.
class Session {
 public:
  // `streams` are not owned and must outlive this object.
  Session(GlobalOptions options, Streams streams) : options_(std::move(options)), streams_(streams) {}

  const GlobalOptions& options() const { return options_; }
  OutputFormat output() const { return options_.output; }
  std::ostream& out() { return streams_.out; }
  std::ostream& err() { return streams_.err; }
  const Terminal& out_terminal() const { return streams_.out_terminal; }
  const Terminal& err_terminal() const { return streams_.err_terminal; }

  // Does not connect before the first call.
  MusterClient& client();
  // Of a call that begins now.
  absl::Time Deadline() const;

  // The message as JSON with the field names of the proto files, and a line feed. Fields without presence are there
  // even if empty, so that scripts need not ask.
  void PrintJson(const google::protobuf::Message& message);
  // The same on one line, for one of many.
  void PrintJsonLine(const google::protobuf::Message& message);

  // Says on standard error what could not be done and why, every wrong field with the option that it came from, and
  // how to mend it. Returns what the shell is told.
  ExitCode Fail(absl::string_view what, const absl::Status& status);

 private:
  void PrintJson(const google::protobuf::Message& message, bool on_one_line);

  GlobalOptions options_;
  Streams streams_;
  std::unique_ptr<MusterClient> client_;
};

// What to do about a connection that never came about, of which gRPC says `message`: it tells of a handshake in the
// words of OpenSSL, or only that the other side hung up. `with_tls`: whether this client tried with TLS.
absl::string_view ConnectAdvice(absl::string_view message, bool with_tls);

// The option that gives a field: "query.metrics[0]" is "--metric". Empty if none does.
absl::string_view OptionOfField(absl::string_view path);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_SESSION_H_
