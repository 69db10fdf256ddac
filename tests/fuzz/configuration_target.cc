// A configuration file: whatever is in it, it is read or complained about, each time in words that name a place; and
// what was read without complaint says the same where each setting is given by its variable.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "domain/check.h"
#include "service/configuration.h"

namespace {

// A sentence: however long a name or value may be, it is cut.
constexpr size_t kMaxProblemBytes = 1'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  Configuration configuration;
  const std::vector<Setting> settings = SettingsOf(configuration);
  const ReadSettingsReport report = ReadSettings(settings, {.file_name = "m.toml", .file_text = text});
  MUSTER_CHECK(!report.file_is_unreadable || report.problems.size() == 1);
  for (const std::string& problem : report.problems) {
    MUSTER_CHECK(problem.rfind("m.toml:", 0) == 0 && problem.size() <= kMaxProblemBytes);
    // What stands in somebody's file must not move the cursor of who reads the complaint.
    MUSTER_CHECK(std::none_of(problem.begin(), problem.end(), absl::ascii_iscntrl));
  }
  if (!report.problems.empty()) return 0;

  SettingSources variables;
  for (const Setting& setting : settings) variables.variables.emplace_back(VariableOf(setting), ValueOf(setting));
  Configuration again;
  const std::vector<Setting> settings_again = SettingsOf(again);
  MUSTER_CHECK(ReadSettings(settings_again, variables).problems.empty());
  for (size_t index = 0; index < settings.size(); ++index) {
    const std::string value = ValueOf(settings[index]);
    // One that is empty in the environment is as none.
    MUSTER_CHECK(value.empty() || ValueOf(settings_again[index]) == value);
  }
  if (configuration.tls.enabled()) {
    const absl::Status checked = CheckTlsOptions(configuration.tls);
    MUSTER_CHECK(checked.ok() || !checked.message().empty());
  }
  return 0;
}
