#include "clients/gateway/static_files.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "clients/gateway/limits.h"
#include "domain/digest.h"

namespace muster::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndex = "/index.html";
constexpr size_t kEtagDigits = 32;
constexpr size_t kMinHashCharacters = 8;

struct TypeOfExtension {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array<TypeOfExtension, 16> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
}};

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

// "name-1a2B3c4D.js" below /assets/, as bundlers name what they have hashed.
bool CarriesHash(std::string_view path) {
  if (!absl::StartsWith(Abseil(path), "/assets/")) return false;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::string_view stem = name.substr(0, name.find('.'));
  const size_t dash = stem.rfind('-', stem.size() < kMinHashCharacters ? 0 : stem.size() - kMinHashCharacters);
  return dash != std::string_view::npos && dash > 0 && stem.size() - dash - 1 >= kMinHashCharacters;
}

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("Cannot read ", path.string(), "."));
  return std::move(content).str();
}

bool TakesGzip(const std::string& accept_encoding) {
  for (const absl::string_view part : absl::StrSplit(accept_encoding, ',')) {
    const std::pair<absl::string_view, absl::string_view> coding = absl::StrSplit(part, absl::MaxSplits(';', 1));
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(coding.first), "gzip")) continue;
    absl::string_view weight = absl::StripAsciiWhitespace(coding.second);
    double value = 1;
    return !absl::ConsumePrefix(&weight, "q=") || !absl::SimpleAtod(weight, &value) || value > 0;
  }
  return false;
}

}  // namespace

absl::StatusOr<StaticFiles> StaticFiles::Read(const std::string& folder) {
  StaticFiles files;
  std::map<std::string, std::string> contents;
  size_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const bool hidden = absl::StartsWith(entry->path().filename().string(), ".");
    if (hidden || entry->is_symlink()) {
      entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file()) continue;
    absl::StatusOr<std::string> content = ReadFile(entry->path());
    if (!content.ok()) return content.status();
    bytes += content->size();
    contents[absl::StrCat("/", entry->path().lexically_relative(folder).generic_string())] = *std::move(content);
    if (bytes > kMaxStaticBytes || contents.size() > kMaxStaticFiles) {
      return absl::ResourceExhaustedError(absl::StrCat("There are more than ", kMaxStaticFiles, " files or ",
                                                       kMaxStaticBytes, " bytes in ", folder, ". Is it the page?"));
    }
  }
  if (error) return absl::NotFoundError(absl::StrCat("Cannot read ", folder, ": ", error.message(), "."));
  if (contents.find(std::string(kIndex)) == contents.end()) {
    return absl::NotFoundError(absl::StrCat("There is no index.html in ", folder, "."));
  }
  for (const auto& [path, content] : contents) {
    const absl::string_view plain_path = absl::StripSuffix(path, ".gz");
    if (plain_path.size() < path.size() && contents.count(std::string(plain_path)) == 1) continue;  // Beside another.
    File file;
    file.content = std::make_shared<const std::string>(content);
    const auto gzipped = contents.find(absl::StrCat(path, ".gz"));
    if (gzipped != contents.end()) file.gzipped = std::make_shared<const std::string>(gzipped->second);
    file.type = std::string(TypeOfFile(path));
    file.etag = Sha256Hex(content).substr(0, kEtagDigits);
    file.immutable = CarriesHash(path);
    files.files_[path] = std::move(file);
  }
  return files;
}

HttpResponse StaticFiles::Answer(const HttpRequest& request) const {
  if (files_.empty()) {
    return TextResponse(404, "This gateway serves calls and exports, and no page: start it with --web.");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = TextResponse(405, "Files can be read, and nothing else.");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  std::string path;
  if (!PercentDecode(request.path, &path)) return TextResponse(400, "The path has an escape that is none.");
  auto found = files_.find(path);
  const bool is_place = path.find('.', path.rfind('/') + 1) == std::string::npos;
  if (found == files_.end() && is_place) found = files_.find(kIndex);
  if (found == files_.end()) return TextResponse(404, "There is no such file.");

  const File& file = found->second;
  const bool gzip = file.gzipped != nullptr && TakesGzip(request.Header("accept-encoding"));
  const std::string etag = absl::StrCat("\"", file.etag, gzip ? "-gzip" : "", "\"");
  HttpResponse response;
  response.headers.push_back({"ETag", etag});
  response.headers.push_back({"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"});
  if (file.gzipped != nullptr) response.headers.push_back({"Vary", "Accept-Encoding"});
  if (NamesEtag(request.Header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.push_back({"Content-Type", file.type});
  if (gzip) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = gzip ? file.gzipped : file.content;
  return response;
}

std::string_view TypeOfFile(std::string_view path) {
  const std::string lower = absl::AsciiStrToLower(Abseil(path));
  for (const TypeOfExtension& known : kTypes) {
    if (absl::EndsWith(lower, Abseil(known.extension))) return known.type;
  }
  return "application/octet-stream";
}

bool NamesEtag(std::string_view if_none_match, std::string_view etag) {
  const auto strong = [](absl::string_view tag) {
    absl::ConsumePrefix(&tag, "W/");
    return tag;
  };
  for (const absl::string_view part : absl::StrSplit(Abseil(if_none_match), ',')) {
    const absl::string_view tag = absl::StripAsciiWhitespace(part);
    if (tag == "*" || (!tag.empty() && strong(tag) == strong(Abseil(etag)))) return true;
  }
  return false;
}

bool PercentDecode(std::string_view text, std::string* decoded) {
  decoded->clear();
  for (size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      decoded->push_back(text[index]);
      continue;
    }
    int byte = 0;
    const std::string_view digits = text.substr(index + 1, 2);
    if (digits.size() != 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1])) || !absl::SimpleHexAtoi(Abseil(digits), &byte)) {
      return false;
    }
    decoded->push_back(static_cast<char>(byte));
    index += 2;
  }
  return true;
}

}  // namespace muster::gateway
