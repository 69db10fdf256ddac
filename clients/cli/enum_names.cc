#include "clients/cli/enum_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace muster::cli {

std::string ShortEnumName(absl::string_view full_name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(full_name, prefix));
}

}  // namespace muster::cli
