// muster-gateway: the dashboard's server.
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client_tls.h"
#include "clients/gateway/gateway.h"
#include "clients/gateway/gateway_log.h"
#include "spdlog/spdlog.h"

namespace {

constexpr char kDescription[] =
    "muster-gateway serves the dashboard, and carries what it asks from browsers to musterd. It carries calls that "
    "read, "
    "and no others.\n"
    "Without HTTPS it listens on loopback only. Callers are who their tokens say (`muster tokens`); only where neither "
    "musterd nor the gateway has TLS, and no --host is given, are those without a token the local operator.\n"
    "It prints one line on standard output when it is ready, \"dashboard on http://127.0.0.1:7480/\", and logs on "
    "standard error. SIGTERM or SIGINT stops it gracefully.";

constexpr char kFooter[] =
    "Examples:\n"
    "  muster-gateway --web /usr/share/muster/web\n"
    "  muster-gateway --listen 127.0.0.1:0 --server 127.0.0.1:7450\n"
    "  muster-gateway --host muster.example.org        (behind a proxy of that name, which has HTTPS)\n"
    "\n"
    "Exit codes: 0 stopped well; 1 could not start, standard error says why.";

struct CommandLine {
  muster::gateway::GatewayOptions options;
  muster::ClientTlsFiles tls_files;
  std::string https_certificate_file;
  std::string https_key_file;
  std::string log_format = "auto";
  std::string log_level = "info";
};

void AddOptions(CLI::App& app, CommandLine* line) {
  app.add_option("--listen", line->options.listen_address, "Address to listen on; port 0 picks a free one")
      ->envname("MUSTER_GATEWAY_LISTEN")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--web", line->options.web_folder, "Folder with the page; without it there is none")
      ->envname("MUSTER_GATEWAY_WEB")
      ->type_name("DIR");
  app.add_option("--host", line->options.hosts,
                 "Another name by which browsers call it, with the port if that is not the scheme's or its own; may be "
                 "repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--https-certificate", line->https_certificate_file,
                 "HTTPS: its certificate, and those between it and its CA, PEM")
      ->type_name("FILE");
  app.add_option("--https-key", line->https_key_file, "HTTPS: the key of the certificate, PEM")->type_name("FILE");
  app.add_flag("--require-token", line->options.require_token, "Refuse calls without a token everywhere");
  app.add_option("--server", line->options.server_address, "Address of musterd")
      ->envname("MUSTER_SERVER")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--tls-certificate", line->tls_files.certificate_file,
                 "TLS towards musterd: the gateway's certificate, PEM")
      ->envname("MUSTER_TLS_CERTIFICATE")
      ->type_name("FILE");
  app.add_option("--tls-key", line->tls_files.key_file, "TLS towards musterd: its key, PEM")
      ->envname("MUSTER_TLS_KEY")
      ->type_name("FILE");
  app.add_option("--tls-ca", line->tls_files.ca_file, "TLS towards musterd: who issued musterd's certificate, PEM")
      ->envname("MUSTER_TLS_CA")
      ->type_name("FILE");
  app.add_option("--log-format", line->log_format, "text, json, or auto: text on a terminal")
      ->check(CLI::IsMember({"auto", "text", "json"}))
      ->capture_default_str();
  app.add_option("--log-level", line->log_level, "debug logs every answer")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.set_version_flag("--version", std::string("muster-gateway ") + MUSTER_VERSION);
}

void StartLog(const CommandLine& line) {
  using muster::gateway::LogFormat;
  LogFormat format = LogFormat::kAuto;
  if (line.log_format == "text") format = LogFormat::kText;
  if (line.log_format == "json") format = LogFormat::kJson;
  muster::gateway::StartLog(format, spdlog::level::from_str(line.log_level));
}

// False, and said why, if it cannot be read.
bool ReadFile(const std::string& name, std::string* content) {
  std::ifstream file(name, std::ios::binary);
  *content = std::string(std::istreambuf_iterator<char>(file), {});
  if (file && !content->empty()) return true;
  spdlog::critical("cannot start: {} cannot be read, or is empty", name);
  return false;
}

// Reads the files that `line` names into its options. False, and said why, if one of them cannot be used.
bool ReadFiles(CommandLine* line) {
  if (!line->tls_files.empty()) {
    absl::StatusOr<muster::ClientTls> tls = muster::ReadClientTls(line->tls_files, absl::Now());
    if (!tls.ok()) {
      spdlog::critical("cannot start: TLS towards musterd: {}", std::string(tls.status().message()));
      return false;
    }
    line->options.tls = *std::move(tls);
  }
  if (line->https_certificate_file.empty() != line->https_key_file.empty()) {
    spdlog::critical("cannot start: HTTPS needs both --https-certificate and --https-key");
    return false;
  }
  return line->https_certificate_file.empty() ||
         (ReadFile(line->https_certificate_file, &line->options.https_certificate) &&
          ReadFile(line->https_key_file, &line->options.https_key));
}

// Serves until a signal ends it. Returns the exit code.
int Serve(const muster::gateway::GatewayOptions& options) {
  // Before any thread is made, so that all of them leave these signals to this one.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const auto gateway = muster::gateway::Gateway::Start(options);
  if (!gateway.ok()) {
    spdlog::critical("cannot start: {}", std::string(gateway.status().message()));
    return 1;
  }
  if ((*gateway)->requires_token()) {
    spdlog::info("calls need a token");
  } else {
    spdlog::warn(
        "no TLS: everyone on this machine who has no token is musterd's local operator, who may read everything");
  }
  std::cout << "dashboard on " << (*gateway)->url() << std::endl;
  int signal = 0;
  sigwait(&stop_signals, &signal);
  spdlog::info("stopping");
  (*gateway)->Stop();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  CLI::App app(kDescription, "muster-gateway");
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  AddOptions(app, &line);
  CLI11_PARSE(app, argc, argv);
  StartLog(line);
  return ReadFiles(&line) ? Serve(line.options) : 1;
}
