// musterd: the server.
#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "domain/catalogue.h"
#include "domain/quote.h"
#include "service/catalogue_files.h"
#include "service/configuration.h"
#include "service/logging.h"
#include "service/rights.h"
#include "service/server.h"
#include "service/service_manager.h"
#include "service/startup_check.h"
#include "spdlog/spdlog.h"
#include "storage/backup.h"

namespace {

// What a command line asks for, beside settings.
struct CommandLine {
  bool check = false;
  bool rebuild_totals = false;
  muster::RestoreOptions restore;
  muster::ConfigurationSources sources;
};

constexpr char kDescription[] =
    "musterd takes the results of police operations over gRPC, keeps every accepted one in its store, and serves "
    "regional and national totals.\n"
    "Without TLS it listens on loopback only, and everyone there may do everything. With TLS callers are who their "
    "certificates say.\n"
    "It prints one line on standard output when it is ready, \"listening on 127.0.0.1:7450\", and logs on standard "
    "error. SIGTERM or SIGINT stops it gracefully.";

constexpr char kFooter[] =
    "A setting of the file, the environment (MUSTERD_STORE for --store) and the command line counts in this order: the "
    "later goes before the earlier. musterd.toml(5) explains each.\n"
    "Exit codes: 0 stopped well, or would start; 1 could not start, or would not; standard error, or the check, says "
    "why.";

// Adds a flag for every setting: what is given goes to `flags`.
void AddSettingFlags(CLI::App& app, std::map<std::string, std::string>* flags) {
  muster::Configuration defaults;
  for (const muster::Setting& setting : muster::SettingsOf(defaults)) {
    CLI::Option* const option = app.add_option_function<std::string>(
        muster::FlagOf(setting), [flags, key = setting.key](const std::string& value) { (*flags)[key] = value; },
        setting.help);
    option->type_name(muster::ValueNameOf(setting))->group("Settings");
    if (const std::string value = muster::ValueOf(setting); !value.empty()) option->default_str(value);
  }
}

// What was given on the command line and is known to nobody.
std::vector<std::string> UnknownFlags(const CLI::App& app) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(absl::StrCat("--", name));
  }
  const std::vector<absl::string_view> views(known.begin(), known.end());
  const std::vector<std::string> words = app.remaining();
  std::vector<std::string> problems;
  for (const std::string& word : words) {
    // What follows an unknown flag is its value, most likely.
    if (!absl::StartsWith(word, "-") && !problems.empty()) continue;
    const std::string flag = word.substr(0, word.find('='));
    problems.push_back(
        absl::StrCat("no flag is called ", muster::Quote(flag), muster::DidYouMean(muster::NearestName(flag, views))));
  }
  return problems;
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

void StartLog(const muster::Configuration& configuration) {
  muster::LogFormat format = muster::LogFormat::kAuto;
  if (configuration.log_format == "text") format = muster::LogFormat::kText;
  if (configuration.log_format == "json") format = muster::LogFormat::kJson;
  muster::StartLogging(format, spdlog::level::from_str(configuration.log_level));
}

// As many descriptors as this process may have: gRPC never takes a connection again after it had none for one.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Serves until a signal ends it. Returns the exit code.
int Serve(const muster::Configuration& configuration, bool rebuild_totals) {
  RaiseDescriptorLimit();
  // Before any thread is made, so that all of them leave these signals to this one.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  muster::ServerOptions options;
  options.store_directory = configuration.store_directory;
  options.listen_address = configuration.listen_address;
  options.metrics_listen_address = configuration.metrics_listen_address;
  options.policy_file = configuration.policy_file;
  options.token_file = configuration.token_file;
  options.audit_directory = configuration.audit_directory;
  options.tls = configuration.tls;
  options.rebuild_totals = rebuild_totals;
  std::vector<std::string> faults;
  options.catalogue = muster::ReadCatalogue(configuration.catalogue_directory, &faults);
  if (options.catalogue == nullptr) {
    for (const std::string& fault : faults) spdlog::error("{}", fault);
    spdlog::critical("the catalogue has {} faults; mend them and start again", faults.size());
    return 1;
  }
  absl::StatusOr<std::unique_ptr<muster::Server>> server = muster::Server::Start(options);
  if (!server.ok()) {
    spdlog::critical("cannot start: {}", std::string(server.status().message()));
    return 1;
  }
  if (options.tls.enabled()) {
    spdlog::info("TLS: callers are those of {} with a certificate that a CA of {} issued", options.tls.trust_domain,
                 options.tls.ca_file);
  } else {
    spdlog::warn("no TLS: listening on loopback only, and everyone there is the local operator");
  }
  std::cout << "listening on " << (*server)->address() << std::endl;

  muster::TellManagerReady(absl::StrCat("listening on ", (*server)->address()));

  muster::WaitForSignal(stop_signals, [&server] { return (*server)->Answers(); });
  spdlog::info("stopping");
  muster::TellManagerStopping();
  (*server)->Stop();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Debian's Abseil keeps a graph of who waits for whom, for all locks of gRPC, which takes a fiftieth of the
  // processors.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CommandLine line;
  CLI::App app(kDescription);
  app.footer(kFooter);
  app.allow_extras();  // Said together with what else is wrong.
  app.add_option_function<std::string>(
         "--config", [&line](const std::string& file) { line.sources.file = file; },
         "TOML file with settings (also MUSTERD_CONFIG)")
      ->type_name("FILE")
      ->default_str(absl::StrCat(muster::kDefaultConfigurationFile, ", if it is there"));
  app.add_flag("--check", line.check,
               "Say whether it would start here like this, what would hinder it and how to mend that, and end; changes "
               "nothing. Run it as the user of the service");
  app.add_flag_callback(
      "--print-policy",
      [] {
        std::cout << muster::kDefaultPolicy;
        throw CLI::Success();
      },
      "Print the policy that applies without --policy, to begin a file with, and end");
  app.add_flag("--rebuild-totals", line.rebuild_totals,
               "Make all totals anew from the log at this start; takes as long as reading it");
  CLI::Option* const restore =
      app.add_option("--restore", line.restore.backup_directory,
                     "Make the store from the newest backup in this folder, say so, and end; the folder of the store "
                     "must be absent or empty")
          ->type_name("DIR");
  app.add_option("--backup-id", line.restore.backup_id, "With --restore: the number of an earlier backup")
      ->needs(restore)
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  AddSettingFlags(app, &line.sources.flags);
  app.set_version_flag("--version", std::string("musterd ") + MUSTER_VERSION);
  CLI11_PARSE(app, argc, argv);

  line.sources.variables = muster::EnvironmentVariables();
  muster::ReadConfiguration read = muster::ReadConfigurationFrom(line.sources);
  const std::vector<std::string> unknown = UnknownFlags(app);
  read.problems.insert(read.problems.end(), unknown.begin(), unknown.end());
  if (line.check) {
    const std::vector<muster::Finding> findings = muster::CheckStart(read);
    std::cout << muster::ToText(findings);
    return muster::AnyFailed(findings) ? 1 : 0;
  }
  if (!read.problems.empty()) {
    std::cerr << "musterd: this must be mended in the configuration first:\n";
    for (const std::string& problem : read.problems) std::cerr << "  " << problem << "\n";
    return 1;
  }

  StartLog(read.configuration);
  if (!line.restore.backup_directory.empty()) {
    line.restore.store_directory = read.configuration.store_directory;
    return Restore(line.restore);
  }
  return Serve(read.configuration, line.rebuild_totals);
}
