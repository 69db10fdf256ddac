// Linked into every fuzz target: what libraries say of bad input, a thousand times a second, helps nobody.
#include "google/protobuf/stubs/logging.h"

namespace {

[[maybe_unused]] const auto kQuiet = google::protobuf::SetLogHandler(nullptr);

}  // namespace
