// `muster backup` and `muster restore`.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/options.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

constexpr char kBackupFooter[] =
    "The server writes it, on its own machine; results are taken and totals served meanwhile. Only what no backup in "
    "the\n"
    "folder has yet is copied; then the whole backup is read again and its checksums are compared. The newest 7 are "
    "kept.\n"
    "Give every store a folder of its own, on another disk.\n"
    "\n"
    "Example:\n"
    "  muster backup /mnt/backups/muster --timeout 1h";

constexpr char kRestoreFooter[] =
    "Needs no server: it runs `musterd --restore DIR --store DIR`, of the musterd beside this program or on the PATH. "
    "The\n"
    "backup is checked from end to end before anything is written. Nothing that is there is ever overwritten.\n"
    "\n"
    "Example:\n"
    "  muster restore /mnt/backups/muster --store /var/lib/muster/store";

ExitCode RunBackup(const std::string& directory, Session& session) {
  v1::BackupRequest request;
  // The server listens on loopback only, so its files are those that this program's user sees.
  request.set_directory(directory.empty() ? "" : std::filesystem::absolute(directory).lexically_normal().string());
  const absl::StatusOr<v1::BackupResponse> response = session.client().Backup(request, session.Deadline());
  if (!response.ok()) return session.Fail("back the store up", response.status());
  if (session.output() == OutputFormat::kJson) {
    session.PrintJson(*response);
    return ExitCode::kDone;
  }
  if (session.output() == OutputFormat::kCsv) {
    const std::vector<std::string> cells = {absl::StrCat(response->backup_id()), absl::StrCat(response->position()),
                                            absl::StrCat(response->total_bytes()), absl::StrCat(response->new_bytes()),
                                            absl::StrCat(response->backup_count())};
    session.out() << "backup_id,position,total_bytes,new_bytes,backup_count\n" << CsvLine(cells);
    return ExitCode::kDone;
  }
  session.out() << Coloured(absl::StrCat("Backup ", WithThousands(response->backup_id()), " is made and verified"),
                            Colour::kGreen, session.out_terminal())
                << ": log position " << WithThousands(response->position()) << ", "
                << Counted(response->total_bytes(), "byte") << ", of which " << WithThousands(response->new_bytes())
                << " are new. " << Counted(response->backup_count(), "backup") << " in "
                << Printable(request.directory()) << ".\n";
  return ExitCode::kDone;
}

// The server's program beside this one, or its plain name, to be looked up on the PATH.
std::string MusterdPath() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / "musterd";
  return !error && std::filesystem::exists(beside, error) ? beside.string() : "musterd";
}

struct RestoreOptions {
  std::string backup_directory;
  std::string store_directory;
  int64_t backup_id = 0;
};

ExitCode RunRestore(const RestoreOptions& options, Session& session) {
  std::vector<std::string> words = {MusterdPath(), "--restore", options.backup_directory, "--store",
                                    options.store_directory};
  if (options.backup_id != 0) {
    words.emplace_back("--backup-id");
    words.push_back(absl::StrCat(options.backup_id));
  }
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  session.out().flush();
  pid_t process = 0;
  if (const int error = posix_spawnp(&process, words.front().c_str(), nullptr, nullptr, arguments.data(), environ);
      error != 0) {
    session.err() << "muster: cannot run musterd, which restores: " << std::strerror(error)
                  << "\nInstall it beside muster, or run where it is: musterd --restore DIR --store DIR\n";
    return ExitCode::kFailed;
  }
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

void AddBackupCommands(CLI::App& app, Command* chosen) {
  CLI::App* const backup = app.add_subcommand("backup", "Add a verified backup of the store to a folder");
  backup->footer(kBackupFooter);
  const auto directory = std::make_shared<std::string>();
  AddTextOption(*backup, "DIR", directory.get(), "Folder of backups; made if absent", "")->required();
  backup->callback(
      [chosen, directory] { *chosen = [directory](Session& session) { return RunBackup(*directory, session); }; });

  CLI::App* const restore = app.add_subcommand("restore", "Make a store from a backup, on this machine");
  restore->footer(kRestoreFooter);
  const auto options = std::make_shared<RestoreOptions>();
  AddTextOption(*restore, "DIR", &options->backup_directory, "Folder of backups", "")->required();
  AddTextOption(*restore, "--store", &options->store_directory, "Folder of the store: absent or empty", "DIR")
      ->required();
  restore->add_option("--backup-id", options->backup_id, "Number of an earlier backup; the newest if not given")
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  restore->callback(
      [chosen, options] { *chosen = [options](Session& session) { return RunRestore(*options, session); }; });
}

}  // namespace muster::cli
