#include "service/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "domain/quote.h"
#include "service/limits.h"

namespace muster {
namespace {

// The text of a file; what is wrong with it goes to `problems`.
std::optional<std::string> ReadFile(const std::string& name, std::vector<std::string>& problems) {
  std::error_code failed;
  if (std::filesystem::is_directory(name, failed)) {
    problems.push_back(absl::StrCat("cannot read the configuration file ", Quote(name), ": it is a folder"));
    return std::nullopt;
  }
  errno = 0;
  std::ifstream in(name, std::ios::binary);
  std::string text(kMaxConfigurationBytes + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.eof()) {
    if (in.good()) {
      problems.push_back(absl::StrCat("the configuration file ", Quote(name), " is longer than ",
                                      kMaxConfigurationBytes, " bytes; is it the right one?"));
    } else {
      problems.push_back(absl::StrCat("cannot read the configuration file ", Quote(name), ": ", std::strerror(errno)));
    }
    return std::nullopt;
  }
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

}  // namespace

std::vector<Setting> SettingsOf(Configuration& configuration) {
  return {
      {"store", "DIR", "Folder of the store; made if absent (its parent must exist)",
       Text{&configuration.store_directory}},
      {"listen", "ADDRESS", "Address and port, of loopback unless there is TLS; port 0 picks a free one",
       Text{&configuration.listen_address}},
      {"catalogue", "DIR", "Folder of *.textproto files to use instead of the shipped catalogue",
       Text{&configuration.catalogue_directory}},
      {"policy", "FILE",
       "File that says who may do what, followed when it changes; without it applies what --print-policy prints",
       Text{&configuration.policy_file}},
      {"tokens", "FILE",
       "File of bearer tokens, which `muster tokens` writes, followed when it changes; tokens.textproto in the folder "
       "of "
       "the store if not given",
       Text{&configuration.token_file}},
      {"audit", "DIR", "Folder of the audit log; audit in the folder of the store if not given",
       Text{&configuration.audit_directory}},
      {"trust-domain", "NAME",
       "TLS: callers are spiffe://NAME/force/ID, /unit/ID, /analyst/NAME or /operator/NAME, as their certificates say",
       Text{&configuration.tls.trust_domain}},
      {"tls.certificate", "FILE", "The server's certificate, PEM, and then those between it and its CA",
       Text{&configuration.tls.certificate_file}},
      {"tls.key", "FILE", "The key of that certificate, PEM, without a pass phrase", Text{&configuration.tls.key_file}},
      {"tls.ca", "FILE", "The CAs of callers' certificates, PEM, from the root to those that issue",
       Text{&configuration.tls.ca_file}},
      {"tls.crl", "FILE",
       "The lists of revoked certificates, PEM, one of each CA; these four files are read again when they change",
       Text{&configuration.tls.crl_file}},
      {"metrics.listen", "ADDRESS",
       "Loopback address and port where Prometheus gets metrics, at /metrics; port 0 picks a free one, and the log "
       "says "
       "which; not served if it is empty",
       Text{&configuration.metrics_listen_address}},
      {"log.format", "", "json: one object a line; text: for people; auto: text on a terminal, json elsewhere",
       Choice{&configuration.log_format, {"auto", "text", "json"}}},
      {"log.level", "", "From which on messages are logged; debug logs every call",
       Choice{&configuration.log_level, {"debug", "info", "warning", "error"}}},
  };
}

ReadConfiguration ReadConfigurationFrom(const ConfigurationSources& sources) {
  ReadConfiguration read;
  SettingSources from;
  from.flags = sources.flags;
  std::optional<std::string> named = sources.file;
  for (const auto& [name, value] : sources.variables) {
    if (name != kConfigurationFileVariable) {
      from.variables.emplace_back(name, value);
    } else if (!named.has_value() && !value.empty()) {
      named = value;
    }
  }
  std::error_code failed;
  // One that may not be looked at is there all the same: reading it says why.
  const std::filesystem::file_type found = std::filesystem::status(sources.default_file, failed).type();
  if (!named.has_value() && found != std::filesystem::file_type::not_found) named = sources.default_file;
  if (named.has_value()) {
    from.file_text = ReadFile(*named, read.problems);
    from.file_name = *named;
    if (from.file_text.has_value()) read.file = *named;
  }

  const std::vector<Setting> settings = SettingsOf(read.configuration);
  const ReadSettingsReport report = ReadSettings(settings, from);
  read.problems.insert(read.problems.end(), report.problems.begin(), report.problems.end());
  if (report.problems.empty() && read.configuration.tls.enabled()) {
    if (const absl::Status checked = CheckTlsOptions(read.configuration.tls); !checked.ok()) {
      read.problems.emplace_back(checked.message());
    }
  }
  // A file that cannot be read may well give it.
  const bool file_is_known = !named.has_value() || (from.file_text.has_value() && !report.file_is_unreadable);
  if (read.configuration.store_directory.empty() && file_is_known) {
    read.problems.push_back(
        absl::StrCat("no folder is given for the store: write store = \"DIR\" into the configuration file (",
                     named.value_or(sources.default_file), "), or give --store DIR, or MUSTERD_STORE"));
  }
  return read;
}

std::vector<std::pair<std::string, std::string>> EnvironmentVariables() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace muster
