#include "clients/cli/input_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::cli {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;

absl::Status ErrorOf(absl::string_view path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EACCES) return absl::PermissionDeniedError(message);
  return absl::FailedPreconditionError(message);
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& path) {
  struct Closer {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const bool standard_input = path == "-";
  errno = 0;
  const std::unique_ptr<std::FILE, Closer> file(standard_input ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return ErrorOf(path, errno);
  std::string text;
  std::string chunk(kChunkBytes, '\0');
  size_t read = 0;
  while ((read = std::fread(chunk.data(), 1, chunk.size(), file.get())) > 0) text.append(chunk, 0, read);
  if (std::ferror(file.get()) != 0) return ErrorOf(standard_input ? "standard input" : path, errno);
  return text;
}

InputFormat FormatOf(absl::string_view path, absl::string_view text) {
  for (const absl::string_view extension : {".json", ".jsonl", ".ndjson"}) {
    if (absl::EndsWithIgnoreCase(path, extension)) return InputFormat::kJson;
  }
  if (absl::EndsWithIgnoreCase(path, ".csv")) return InputFormat::kCsv;
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  text = absl::StripLeadingAsciiWhitespace(text);
  return absl::StartsWith(text, "{") || absl::StartsWith(text, "[") ? InputFormat::kJson : InputFormat::kCsv;
}

}  // namespace muster::cli
