#include "domain/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "domain/check.h"

namespace muster {
namespace {

constexpr absl::string_view kEncodingName = "muster.v1.OperationResult";

void AppendInteger(int64_t integer, std::string* bytes) {
  const auto unsigned_integer = static_cast<uint64_t>(integer);
  for (int shift = 56; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(unsigned_integer >> shift & 0xFFU));
}

void AppendString(absl::string_view text, std::string* bytes) {
  AppendInteger(static_cast<int64_t>(text.size()), bytes);
  bytes->append(text.data(), text.size());
}

void AppendFigure(const v1::Figure& figure, std::string* bytes) {
  AppendString(figure.metric(), bytes);
  AppendInteger(figure.has_value() ? 1 : 0, bytes);
  if (figure.has_value()) AppendInteger(figure.value(), bytes);
  AppendInteger(figure.unit(), bytes);
  const bool exact = figure.qualifier() == v1::QUALIFIER_UNSPECIFIED;
  AppendInteger(exact ? v1::QUALIFIER_EXACT : figure.qualifier(), bytes);
  AppendInteger(figure.categories_size(), bytes);
  if (figure.categories_size() == 1) {
    AppendString(figure.categories(0), bytes);
  } else if (figure.categories_size() > 1) {
    std::vector<absl::string_view> categories(figure.categories().begin(), figure.categories().end());
    std::sort(categories.begin(), categories.end());
    for (const absl::string_view category : categories) AppendString(category, bytes);
  }
}

}  // namespace

Sha256Digest Sha256(absl::string_view bytes) {
  // Looked up once: OpenSSL 3 takes longer to find an algorithm than to hash a result.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256Digest digest;
  unsigned int size = 0;
  MUSTER_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, kSha256, nullptr) == 1);
  MUSTER_CHECK(size == digest.size());
  return digest;
}

Sha256Digest DigestOf(const v1::OperationResult& result) {
  std::string bytes;
  bytes.reserve(256 + static_cast<size_t>(result.figures_size()) * 96);
  AppendString(kEncodingName, &bytes);
  AppendString(result.operation(), &bytes);
  AppendString(result.force(), &bytes);
  AppendString(result.result_id(), &bytes);
  AppendInteger(result.revision(), &bytes);
  AppendString(result.start_date(), &bytes);
  AppendString(result.end_date(), &bytes);
  AppendString(result.reason(), &bytes);
  AppendInteger((result.nil() ? 1 : 0) | (result.final() ? 2 : 0) | (result.retracted() ? 4 : 0), &bytes);
  AppendInteger(result.figures_size(), &bytes);

  // Figures are written behind each other once and then hashed in the order of their bytes.
  std::string figures;
  figures.reserve(static_cast<size_t>(result.figures_size()) * 96);
  std::vector<std::pair<size_t, size_t>> extents;  // Offset and size of each in `figures`.
  extents.reserve(static_cast<size_t>(result.figures_size()));
  for (const v1::Figure& figure : result.figures()) {
    const size_t offset = figures.size();
    AppendFigure(figure, &figures);
    extents.emplace_back(offset, figures.size() - offset);
  }
  const auto bytes_of = [&figures](const std::pair<size_t, size_t>& extent) {
    return absl::string_view(figures).substr(extent.first, extent.second);
  };
  std::sort(extents.begin(), extents.end(),
            [&bytes_of](const auto& a, const auto& b) { return bytes_of(a) < bytes_of(b); });
  for (const auto& extent : extents) {
    const absl::string_view figure = bytes_of(extent);
    bytes.append(figure.data(), figure.size());
  }
  return Sha256(bytes);
}

}  // namespace muster
