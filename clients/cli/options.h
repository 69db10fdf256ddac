// Options that several commands have, said the same way everywhere. For the sources of commands only.
#ifndef MUSTER_CLIENTS_CLI_OPTIONS_H_
#define MUSTER_CLIENTS_CLI_OPTIONS_H_

#include <string>
#include <vector>

#include "CLI/App.hpp"

namespace muster::cli {

// An option that may be given several times, each with one value or several joined by commas.
inline CLI::Option* AddListOption(CLI::App& command, const std::string& name, std::vector<std::string>* values,
                                  const std::string& help, const std::string& type_name) {
  return command.add_option(name, *values, help)
      ->type_name(type_name)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->take_all();
}

// An option or positional argument of one value.
inline CLI::Option* AddTextOption(CLI::App& command, const std::string& name, std::string* value,
                                  const std::string& help, const std::string& type_name) {
  return command.add_option(name, *value, help)->type_name(type_name);
}

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_OPTIONS_H_
