// musterd: the server.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "service/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"
#include "storage/backup.h"

namespace {

// All *.textproto files of a folder, by name.
std::vector<muster::CatalogueFile> ReadCatalogueFiles(const std::string& directory) {
  std::vector<muster::CatalogueFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".textproto") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({entry.path().string(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

// Returns the exit code.
int Restore(const muster::RestoreOptions& options) {
  const absl::StatusOr<muster::RestoreReport> report = muster::RestoreBackup(options);
  if (!report.ok()) {
    std::cerr << "musterd: nothing was restored: " << report.status().message() << "\n";
    return 1;
  }
  std::cout << "restored backup " << report->backup_id << " of "
            << absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixSeconds(report->backup_time_s),
                                absl::UTCTimeZone())
            << " to " << options.store_directory << ", up to position " << report->position << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "musterd takes the results of police operations over gRPC, keeps every accepted one in its store, and serves "
      "regional and national totals.\n"
      "Without TLS it listens on loopback only, and everyone there may do everything.\n"
      "It prints one line on standard output when it is ready, \"listening on 127.0.0.1:7450\", and logs on standard "
      "error. SIGTERM or SIGINT stops it gracefully."};
  muster::ServerOptions options;
  std::string catalogue_directory;
  app.add_option("--store", options.store_directory, "Folder of the store; made if absent (its parent must exist)")
      ->required()
      ->type_name("DIR");
  app.add_option("--listen", options.listen_address, "Loopback address and port; port 0 picks a free one")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--catalogue", catalogue_directory,
                 "Folder of *.textproto files to use instead of the shipped catalogue")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--rebuild-totals", options.rebuild_totals,
               "Make all totals anew from the log at this start; takes as long as reading it");
  muster::RestoreOptions restore;
  CLI::Option* const restore_option =
      app.add_option("--restore", restore.backup_directory,
                     "Make the store from the newest backup in this folder, say so, and end; the folder of the store "
                     "must be absent or empty")
          ->type_name("DIR");
  app.add_option("--backup-id", restore.backup_id, "With --restore: the number of an earlier backup")
      ->needs(restore_option)
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  app.set_version_flag("--version", std::string("musterd ") + MUSTER_VERSION);
  CLI11_PARSE(app, argc, argv);

  spdlog::set_default_logger(spdlog::stderr_color_mt("musterd"));
  if (!restore.backup_directory.empty()) {
    restore.store_directory = options.store_directory;
    return Restore(restore);
  }

  // Before any thread is made, so that all of them leave these signals to this one.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  std::vector<muster::CatalogueFault> faults;
  options.catalogue = muster::Catalogue::Read(
      catalogue_directory.empty() ? muster::ShippedCatalogueFiles() : ReadCatalogueFiles(catalogue_directory), &faults);
  for (const muster::CatalogueFault& fault : faults) std::cerr << fault.ToString() << "\n";
  if (options.catalogue == nullptr) {
    std::cerr << "musterd: the catalogue has " << faults.size() << " faults; mend them and start again.\n";
    return 1;
  }
  absl::StatusOr<std::unique_ptr<muster::Server>> server = muster::Server::Start(options);
  if (!server.ok()) {
    std::cerr << "musterd: " << server.status().message() << "\n";
    return 1;
  }
  spdlog::warn("no TLS: listening on loopback only, and everyone there is the local operator");
  std::cout << "listening on " << (*server)->address() << std::endl;

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  spdlog::info("stopping");
  (*server)->Stop();
  spdlog::info("stopped");
  return 0;
}
