// `muster tokens issue|list|revoke`.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/input_file.h"
#include "clients/cli/options.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "domain/token.h"

namespace muster::cli {
namespace {

constexpr char kFile[] =
    "The file is that of the server's --tokens, by default \"tokens.textproto\" in the folder of its store; the server "
    "follows\n"
    "it. It holds no token, only what tells one: whoever loses theirs needs a new one.\n"
    "\n";

struct TokensOptions {
  std::string file;
  std::string caller;
  std::string expires;
  std::vector<std::string> scopes;
  std::string note;
  std::string id;
};

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

absl::Status Failed(const std::string& path, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(Printable(path), ": cannot be ", what, ": ", std::strerror(errno)));
}

// Keeps others out while a file is read, changed and written.
class Lock {
 public:
  explicit Lock(const std::string& path) {
    file_ = open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file_ < 0 || flock(file_, LOCK_EX) != 0) status_ = Failed(path + ".lock", "locked");
  }
  ~Lock() {
    if (file_ >= 0) close(file_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  const absl::Status& status() const { return status_; }

 private:
  int file_ = -1;
  absl::Status status_;
};

// A file that is not there holds no token.
absl::StatusOr<policy::v1::Tokens> Read(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadInput(path);
  if (absl::IsNotFound(text.status())) return policy::v1::Tokens();
  if (!text.ok()) return text.status();
  absl::StatusOr<policy::v1::Tokens> tokens = ReadTokens(*text);
  if (!tokens.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(Printable(path), ": ", tokens.status().message()));
  }
  return tokens;
}

// All or nothing: the server may read at any moment.
absl::Status Write(const std::string& path, const policy::v1::Tokens& tokens) {
  const std::string text = WriteTokens(tokens);
  const std::string beside = absl::StrCat(path, ".new");
  unlink(beside.c_str());
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (file < 0) return Failed(beside, "made");
  absl::Status status;
  size_t done = 0;
  while (done < text.size() && status.ok()) {
    const ssize_t written = write(file, text.data() + done, text.size() - done);
    if (written > 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      status = Failed(beside, "written");
    }
  }
  // Whoever may read the file may go on reading it, whoever writes it now.
  struct stat old {};
  if (status.ok() && stat(path.c_str(), &old) == 0 &&
      (fchown(file, old.st_uid, old.st_gid) != 0 || fchmod(file, old.st_mode & 0777U) != 0)) {
    status = Failed(beside, "given to the owner of the old one");
  }
  if (status.ok() && fsync(file) != 0) status = Failed(beside, "synced");
  close(file);
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) status = Failed(path, "replaced");
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

ExitCode RunIssue(const TokensOptions& options, Session& session) {
  const std::optional<google::protobuf::Timestamp> expires = ParseTime(options.expires);
  if (!expires) {
    session.err() << "muster: --expires must be a day like 2026-11-26, or a time like 2026-11-26T17:00\n";
    return ExitCode::kUsage;
  }
  std::string random(kTokenRandomBytes, '\0');
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return session.Fail("issue a token", absl::UnavailableError("the system gives no random bytes"));
  }
  const std::string text = TokenText(random);
  policy::v1::Token token;
  token.set_sha256(TokenDigest(text));
  constexpr size_t kIdBytes = 12;
  token.set_id(token.sha256().substr(0, kIdBytes));
  token.set_caller(options.caller);
  for (const std::string& scope : options.scopes) token.add_scopes(scope);
  token.set_issue_time(TimeText(absl::Now()));
  token.set_expire_time(TimeText(absl::FromUnixSeconds(expires->seconds())));
  token.set_note(Printable(options.note));
  if (const std::string faults = CheckToken(token); !faults.empty()) {
    session.err() << "muster: " << Printable(faults) << "\n";
    return ExitCode::kUsage;
  }
  const Lock lock(options.file);
  if (!lock.status().ok()) return session.Fail("issue a token", lock.status());
  absl::StatusOr<policy::v1::Tokens> tokens = Read(options.file);
  if (!tokens.ok()) return session.Fail("issue a token", tokens.status());
  *tokens->add_tokens() = token;
  if (absl::Status status = Write(options.file, *tokens); !status.ok()) return session.Fail("issue a token", status);
  session.err() << "Token " << token.id() << " for " << Printable(token.caller()) << ", until " << token.expire_time()
                << ". It is shown once, and kept nowhere:\n";
  session.out() << text << "\n";
  return ExitCode::kDone;
}

ExitCode RunList(const TokensOptions& options, Session& session) {
  const absl::StatusOr<policy::v1::Tokens> tokens = Read(options.file);
  if (!tokens.ok()) return session.Fail("list the tokens", tokens.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*tokens);
    return ExitCode::kDone;
  }
  Table table({{.title = "Id"},
               {.title = "Caller"},
               {.title = "May read"},
               {.title = "Issued"},
               {.title = "Expires"},
               {.title = "State"},
               {.title = "Note", .hide_if_empty = true}});
  if (session.output() == OutputFormat::kCsv) session.out() << "id,caller,scopes,issue_time,expire_time,state,note\n";
  for (const policy::v1::Token& token : tokens->tokens()) {
    absl::Time expires;
    std::string error;
    absl::ParseTime(absl::RFC3339_full, token.expire_time(), &expires, &error);
    const bool has_expired = expires <= absl::Now();
    const std::vector<std::string> cells = {
        token.id(),         token.caller(),      token.scopes().empty() ? "all" : absl::StrJoin(token.scopes(), " "),
        token.issue_time(), token.expire_time(), has_expired ? "expired" : "valid",
        token.note()};
    if (session.output() == OutputFormat::kCsv) {
      session.out() << CsvLine(cells);
      continue;
    }
    std::vector<Cell> row;
    row.reserve(cells.size());
    for (const std::string& cell : cells) row.emplace_back(Printable(cell));
    constexpr size_t kState = 5;
    if (has_expired) row[kState].colour = Colour::kRed;
    table.AddRow(std::move(row));
  }
  if (session.output() == OutputFormat::kTable) {
    session.out() << (table.empty() ? "No token is there.\n" : table.Render(session.out_terminal()));
  }
  return ExitCode::kDone;
}

ExitCode RunRevoke(const TokensOptions& options, Session& session) {
  const Lock lock(options.file);
  if (!lock.status().ok()) return session.Fail("revoke a token", lock.status());
  const absl::StatusOr<policy::v1::Tokens> tokens = Read(options.file);
  if (!tokens.ok()) return session.Fail("revoke a token", tokens.status());
  policy::v1::Tokens left;
  for (const policy::v1::Token& token : tokens->tokens()) {
    if (token.id() != options.id) *left.add_tokens() = token;
  }
  if (left.tokens_size() == tokens->tokens_size()) {
    return session.Fail("revoke a token", absl::NotFoundError("there is no token of this id; `muster tokens list` "
                                                              "names all"));
  }
  if (absl::Status status = Write(options.file, left); !status.ok()) return session.Fail("revoke a token", status);
  session.out() << "Token " << options.id << " is revoked; the server refuses it within a second or two.\n";
  return ExitCode::kDone;
}

CLI::App* AddTokensCommand(CLI::App& group, const std::string& name, const std::string& description,
                           const std::string& examples, const std::shared_ptr<TokensOptions>& options) {
  CLI::App* const command = group.add_subcommand(name, description);
  command->footer(absl::StrCat(kFile, examples));
  AddTextOption(*command, "--file", &options->file, "File of tokens", "FILE")->required()->envname("MUSTER_TOKENS");
  return command;
}

}  // namespace

void AddTokensCommands(CLI::App& app, Command* chosen) {
  CLI::App* const group = app.add_subcommand("tokens", "Bearer tokens for people's tools, which read only");
  group->require_subcommand(1);
  const auto options = std::make_shared<TokensOptions>();

  CLI::App* const issue = AddTokensCommand(
      *group, "issue", "Make a token, and show it once",
      "Example:\n  muster tokens issue analyst/ann --expires 2027-03-31 --scope national-totals --file "
      "/var/lib/muster/store/tokens.textproto",
      options);
  AddTextOption(*issue, "CALLER", &options->caller, "Whose rights to read it has: force/ID, unit/ID or analyst/NAME",
                "")
      ->required();
  AddTextOption(*issue, "--expires", &options->expires, "Last day, or time, within 366 days", "TIME")->required();
  AddListOption(*issue, "--scope", &options->scopes, "Only this of what the caller may read; all of it if not given",
                "SCOPE")
      ->check(CLI::IsMember(std::vector<std::string>(kTokenScopes.begin(), kTokenScopes.end())));
  AddTextOption(*issue, "--note", &options->note, "For people: what it is for", "TEXT");
  issue->callback([chosen, options] { *chosen = [options](Session& session) { return RunIssue(*options, session); }; });

  CLI::App* const list =
      AddTokensCommand(*group, "list", "All tokens: whose, for what, until when",
                       "Example:\n  muster tokens list --file /var/lib/muster/store/tokens.textproto", options);
  list->callback([chosen, options] { *chosen = [options](Session& session) { return RunList(*options, session); }; });

  CLI::App* const revoke = AddTokensCommand(
      *group, "revoke", "End a token at once",
      "Example:\n  muster tokens revoke 3f09ac51b2d7 --file /var/lib/muster/store/tokens.textproto", options);
  AddTextOption(*revoke, "ID", &options->id, "Of the list", "")->required();
  revoke->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunRevoke(*options, session); }; });
}

}  // namespace muster::cli
