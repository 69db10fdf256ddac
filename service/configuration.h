// What an operator sets of musterd: one file, the environment and the command line, in that order.
#ifndef MUSTER_SERVICE_CONFIGURATION_H_
#define MUSTER_SERVICE_CONFIGURATION_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/settings.h"
#include "service/tls.h"

namespace muster {

struct Configuration {
  std::string store_directory;
  std::string listen_address = "127.0.0.1:7450";
  std::string catalogue_directory;  // Empty: the shipped catalogue.
  std::string policy_file;          // Empty: the default policy.
  std::string token_file;           // Empty: in the folder of the store.
  std::string audit_directory;      // Empty: in the folder of the store.
  TlsOptions tls;
  std::string metrics_listen_address;  // Empty: metrics are not served.
  std::string log_format = "auto";     // auto, text or json.
  std::string log_level = "info";      // debug, info, warning or error.
};

// The table of all settings. Values go into `configuration`, which must outlive it.
std::vector<Setting> SettingsOf(Configuration& configuration);

// Read if it is there, and no other file is named.
inline constexpr char kDefaultConfigurationFile[] = "/etc/muster/musterd.toml";
// Names another file; on the command line that is --config.
inline constexpr char kConfigurationFileVariable[] = "MUSTERD_CONFIG";

struct ConfigurationSources {
  std::optional<std::string> file;           // Of --config.
  std::map<std::string, std::string> flags;  // By key.
  std::vector<std::pair<std::string, std::string>> variables;
  std::string default_file = kDefaultConfigurationFile;
};

struct ReadConfiguration {
  Configuration configuration;
  std::string file;                   // The one that was read; empty if none was.
  std::vector<std::string> problems;  // All that is wrong. Empty: the configuration may be used.
};

ReadConfiguration ReadConfigurationFrom(const ConfigurationSources& sources);

// The variables of this process.
std::vector<std::pair<std::string, std::string>> EnvironmentVariables();

}  // namespace muster

#endif  // MUSTER_SERVICE_CONFIGURATION_H_
