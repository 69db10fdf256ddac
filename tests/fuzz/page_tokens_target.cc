// The page token of somebody's request: it is one that was given out for this list, or refused. The scope of the list
// is what stands before the first line feed, the token what follows.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "domain/check.h"
#include "service/errors.h"
#include "service/page_tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT(google-build-using-namespace)
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == absl::string_view::npos) return -1;
  const absl::string_view scope = input.substr(0, end);
  const absl::string_view token = input.substr(end + 1);

  const absl::StatusOr<std::string> key = ReadPageToken(scope, token);
  if (key.ok()) {
    const absl::StatusOr<std::string> again = ReadPageToken(scope, MakePageToken(scope, *key));
    MUSTER_CHECK(again.ok() && *again == *key);
    // A token is of one list only.
    MUSTER_CHECK(token.empty() || !ReadPageToken(std::string(scope) + "x", token).ok());
  } else {
    MUSTER_CHECK(absl::IsInvalidArgument(key.status()));
    const grpc::Status told = ToGrpcStatus(key.status());
    MUSTER_CHECK(told.error_code() == grpc::StatusCode::INVALID_ARGUMENT && !told.error_details().empty());
  }

  // Whatever the key, its token gives it back.
  const std::string made = MakePageToken(scope, token);
  const absl::StatusOr<std::string> read = ReadPageToken(scope, made);
  MUSTER_CHECK(read.ok() && *read == token);
  const auto asked = static_cast<int>(size) - 64;
  const absl::StatusOr<int> page_size = PageSize(asked, 10, 100);
  MUSTER_CHECK(page_size.ok() == (asked >= 0));
  return 0;
}
