// Settings, which may be given in a TOML file, in the environment and on the command line; where several give one, the
// later in this order counts. A setting is one row of a table: its names everywhere follow from its key.
#ifndef MUSTER_SERVICE_SETTINGS_H_
#define MUSTER_SERVICE_SETTINGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/types/span.h"

namespace muster {

// Where values go. Not owned; they hold the defaults until a value is read.
struct Text {
  std::string* value;
};
// One of some words.
struct Choice {
  std::string* value;
  std::vector<std::string> words;
};
// A whole number from `least` to `most`.
struct Number {
  int64_t* value;
  int64_t least;
  int64_t most;
};
// true or false.
struct Switch {
  bool* value;
};

struct Setting {
  // Its name in the file: lower-case words joined by hyphens, behind the table that it is in: "tls.trust-domain". That
  // is
  // --tls-trust-domain on the command line and MUSTERD_TLS_TRUST_DOMAIN in the environment. Flags of two settings
  // differ.
  std::string key;
  std::string value_name;  // What help calls the value: "DIR".
  std::string help;        // One sentence, without its full stop.
  std::variant<Text, Choice, Number, Switch> target;
};

// "--tls-trust-domain".
std::string FlagOf(const Setting& setting);
// "MUSTERD_TLS_TRUST_DOMAIN".
std::string VariableOf(const Setting& setting);
// "DIR", "NUMBER", "json|text": the value name, or what the target says of itself.
std::string ValueNameOf(const Setting& setting);
// What the target holds, as text: the default before anything is read.
std::string ValueOf(const Setting& setting);

// Variables of the environment that begin like this are settings, all of them.
inline constexpr char kVariablePrefix[] = "MUSTERD_";

// What there is to read.
struct SettingSources {
  std::string file_name = {};                 // For messages.
  std::optional<std::string> file_text = {};  // TOML; absent if there is no file.
  // Of the whole process: those without the prefix are nobody's business here. An empty one is as none.
  std::vector<std::pair<std::string, std::string>> variables = {};
  std::map<std::string, std::string> flags = {};  // By key; known keys only.
};

struct ReadSettingsReport {
  // Everything that is wrong, one sentence each with the place that it is at ("musterd.toml:3:9: …"), in the order of
  // sources.
  std::vector<std::string> problems;
  // Whether there is a file, and it is no TOML: then nothing in it is known.
  bool file_is_unreadable = false;
};

// Puts into the target of each setting what the last source says that gives it. If there are problems, what the targets
// hold is not to be used.
ReadSettingsReport ReadSettings(absl::Span<const Setting> settings, const SettingSources& sources);

}  // namespace muster

#endif  // MUSTER_SERVICE_SETTINGS_H_
