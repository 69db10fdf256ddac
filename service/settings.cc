#include "service/settings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "domain/catalogue.h"
#include "domain/quote.h"
#include "toml++/toml.h"

namespace muster {
namespace {

// What a source gave. Variables and flags are text, whatever the setting is; a file knows types.
struct Given {
  std::variant<std::string, bool, int64_t> value;
  bool is_typed = false;
};

// What must stand there: "must be text in quotation marks".
struct Expected {
  bool is_typed;
  std::string operator()(const Text& /*target*/) const { return "must be text in quotation marks"; }
  std::string operator()(const Choice& target) const {
    const absl::string_view quote = is_typed ? "\"" : "";
    return absl::StrCat("must be one of ", quote, absl::StrJoin(target.words, absl::StrCat(quote, ", ", quote)), quote);
  }
  std::string operator()(const Number& target) const {
    return absl::StrCat("must be a whole number from ", target.least, " to ", target.most);
  }
  std::string operator()(const Switch& /*target*/) const { return "must be true or false"; }
};

// Takes a value, or says that it does not fit.
struct Take {
  const Given& given;
  bool operator()(const Text& target) const {
    const auto* text = std::get_if<std::string>(&given.value);
    if (text != nullptr) *target.value = *text;
    return text != nullptr;
  }
  bool operator()(const Choice& target) const {
    const auto* text = std::get_if<std::string>(&given.value);
    if (text == nullptr || std::find(target.words.begin(), target.words.end(), *text) == target.words.end()) {
      return false;
    }
    *target.value = *text;
    return true;
  }
  bool operator()(const Number& target) const {
    int64_t number = 0;
    if (const auto* text = std::get_if<std::string>(&given.value); text != nullptr && !given.is_typed) {
      if (!absl::SimpleAtoi(*text, &number)) return false;
    } else if (const auto* whole = std::get_if<int64_t>(&given.value); whole != nullptr) {
      number = *whole;
    } else {
      return false;
    }
    if (number < target.least || number > target.most) return false;
    *target.value = number;
    return true;
  }
  bool operator()(const Switch& target) const {
    if (const auto* text = std::get_if<std::string>(&given.value); text != nullptr && !given.is_typed) {
      if (*text != "true" && *text != "false") return false;
      *target.value = *text == "true";
      return true;
    }
    const auto* truth = std::get_if<bool>(&given.value);
    if (truth != nullptr) *target.value = *truth;
    return truth != nullptr;
  }
};

// "is 7", "is "xml"".
std::string Described(const Given& given) {
  if (const auto* text = std::get_if<std::string>(&given.value)) return absl::StrCat("is ", Quote(*text));
  if (const auto* truth = std::get_if<bool>(&given.value)) return *truth ? "is true" : "is false";
  return absl::StrCat("is ", std::get<int64_t>(given.value));
}

// Reads one value; adds to `problems` what is wrong with it, as of `name`.
void TakeValue(const Setting& setting, const std::string& name, const Given& given,
               std::vector<std::string>& problems) {
  if (std::visit(Take{given}, setting.target)) return;
  problems.push_back(
      absl::StrCat(name, " ", Described(given), "; ", std::visit(Expected{given.is_typed}, setting.target)));
}

std::string NearestOf(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<absl::string_view> views(known.begin(), known.end());
  return NearestName(word, views);
}

// Walks through a file, and reads what it knows on its way.
class FileReader {
 public:
  FileReader(absl::Span<const Setting> settings, const std::string& file_name, std::vector<std::string>& problems)
      : settings_(settings), file_name_(file_name), problems_(problems) {}

  // False if `text` is no TOML.
  bool Read(const std::string& text) {
    const toml::parse_result parsed = toml::parse(text, file_name_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      problems_.push_back(absl::StrCat(At(error.source()), "is no TOML: ", std::string(error.description())));
      return false;
    }
    ReadTable(parsed.table(), "");
    // Tables are in the order of their names; people mend a file from top to bottom.
    std::stable_sort(found_.begin(), found_.end(), [](const Problem& one, const Problem& other) {
      return std::pair(one.at.line, one.at.column) < std::pair(other.at.line, other.at.column);
    });
    for (Problem& problem : found_) problems_.push_back(std::move(problem.sentence));
    return true;
  }

 private:
  struct Problem {
    toml::source_position at;
    std::string sentence;
  };

  void Add(const toml::source_region& source, const std::string& sentence) {
    found_.push_back({source.begin, absl::StrCat(At(source), sentence)});
  }

  // "musterd.toml:3:9: ".
  std::string At(const toml::source_region& source) const {
    return absl::StrCat(file_name_, ":", source.begin.line, ":", source.begin.column, ": ");
  }

  // `path` is of the table, with a dot behind it unless it is the whole file.
  void ReadTable(const toml::table& table, const std::string& path) {
    for (const auto& [name, node] : table) {
      const std::string key = absl::StrCat(path, std::string(name.str()));
      const auto known =
          std::find_if(settings_.begin(), settings_.end(), [&](const Setting& setting) { return setting.key == key; });
      if (known != settings_.end()) {
        ReadNode(*known, node);
      } else if (!IsTable(key)) {
        Add(name.source(),
            absl::StrCat("no setting is called ", Quote(key), DidYouMean(Nearest(key, std::string(name.str())))));
      } else if (const toml::table* inner = node.as_table(); inner != nullptr) {
        ReadTable(*inner, absl::StrCat(key, "."));
      } else {
        Add(node.source(), absl::StrCat(key, " must be a table: [", key, "]"));
      }
    }
  }

  void ReadNode(const Setting& setting, const toml::node& node) {
    Given given;
    given.is_typed = true;
    if (const auto* text = node.as_string()) {
      given.value = text->get();
    } else if (const auto* truth = node.as_boolean()) {
      given.value = truth->get();
    } else if (const auto* number = node.as_integer()) {
      given.value = number->get();
    } else {
      Add(node.source(),
          absl::StrCat(setting.key, " is ", TypeName(node), "; ", std::visit(Expected{true}, setting.target)));
      return;
    }
    std::vector<std::string> wrong;
    TakeValue(setting, setting.key, given, wrong);
    for (const std::string& sentence : wrong) Add(node.source(), sentence);
  }

  static absl::string_view TypeName(const toml::node& node) {
    if (node.is_table()) return "a table";
    if (node.is_array()) return "a list";
    if (node.is_floating_point()) return "a number with a fraction";
    return "a date or time";
  }

  // Whether settings are in a table of this name.
  bool IsTable(const std::string& key) const {
    return std::any_of(settings_.begin(), settings_.end(),
                       [&](const Setting& setting) { return absl::StartsWith(setting.key, absl::StrCat(key, ".")); });
  }

  std::string Nearest(const std::string& key, const std::string& name) const {
    std::vector<std::string> known;
    for (const Setting& setting : settings_) {
      // The right name in the wrong table.
      if (absl::EndsWith(absl::StrCat(".", setting.key), absl::StrCat(".", name))) return setting.key;
      known.push_back(setting.key);
      for (size_t dot = setting.key.find('.'); dot != std::string::npos; dot = setting.key.find('.', dot + 1)) {
        known.push_back(setting.key.substr(0, dot));
      }
    }
    return NearestOf(key, known);
  }

  const absl::Span<const Setting> settings_;
  const std::string& file_name_;
  std::vector<std::string>& problems_;
  std::vector<Problem> found_;
};

void ReadVariables(absl::Span<const Setting> settings,
                   const std::vector<std::pair<std::string, std::string>>& variables,
                   std::vector<std::string>& problems) {
  for (const auto& [name, value] : variables) {
    if (!absl::StartsWith(name, kVariablePrefix) || value.empty()) continue;
    const auto known = std::find_if(settings.begin(), settings.end(),
                                    [&, wanted = name](const Setting& one) { return VariableOf(one) == wanted; });
    if (known != settings.end()) {
      TakeValue(*known, absl::StrCat("in the environment, ", name), {.value = value}, problems);
      continue;
    }
    // Nearest without the prefix, which all have; and NearestName compares lower-case letters.
    std::vector<std::string> known_names;
    known_names.reserve(settings.size());
    for (const Setting& setting : settings) {
      known_names.push_back(absl::AsciiStrToLower(absl::StripPrefix(VariableOf(setting), kVariablePrefix)));
    }
    const std::string nearest = NearestOf(std::string(absl::StripPrefix(name, kVariablePrefix)), known_names);
    problems.push_back(
        absl::StrCat("in the environment, no setting is called ", Quote(name),
                     DidYouMean(nearest.empty() ? "" : absl::StrCat(kVariablePrefix, absl::AsciiStrToUpper(nearest)))));
  }
}

}  // namespace

std::string FlagOf(const Setting& setting) {
  return absl::StrCat("--", absl::StrReplaceAll(setting.key, {{".", "-"}}));
}

std::string VariableOf(const Setting& setting) {
  return absl::StrCat(kVariablePrefix,
                      absl::AsciiStrToUpper(absl::StrReplaceAll(setting.key, {{".", "_"}, {"-", "_"}})));
}

std::string ValueNameOf(const Setting& setting) {
  if (const auto* choice = std::get_if<Choice>(&setting.target)) return absl::StrJoin(choice->words, "|");
  if (std::holds_alternative<Switch>(setting.target)) return "true|false";
  if (setting.value_name.empty()) return std::holds_alternative<Number>(setting.target) ? "NUMBER" : "TEXT";
  return setting.value_name;
}

std::string ValueOf(const Setting& setting) {
  struct ToText {
    std::string operator()(const Text& target) const { return *target.value; }
    std::string operator()(const Choice& target) const { return *target.value; }
    std::string operator()(const Number& target) const { return absl::StrCat(*target.value); }
    std::string operator()(const Switch& target) const { return *target.value ? "true" : "false"; }
  };
  return std::visit(ToText{}, setting.target);
}

ReadSettingsReport ReadSettings(absl::Span<const Setting> settings, const SettingSources& sources) {
  ReadSettingsReport report;
  if (sources.file_text.has_value()) {
    report.file_is_unreadable = !FileReader(settings, sources.file_name, report.problems).Read(*sources.file_text);
  }
  ReadVariables(settings, sources.variables, report.problems);
  for (const Setting& setting : settings) {
    if (const auto given = sources.flags.find(setting.key); given != sources.flags.end()) {
      TakeValue(setting, FlagOf(setting), {.value = given->second}, report.problems);
    }
  }
  return report;
}

}  // namespace muster
