#include "domain/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "domain/check.h"

namespace muster {
namespace {

constexpr absl::string_view kEncodingName = "muster.v1.OperationResult";

// Writes an encoding into memory that it keeps. For one thread.
class Encoder {
 public:
  void Clear() { size_ = 0; }
  size_t size() const { return size_; }
  absl::string_view bytes() const { return absl::string_view(bytes_.data(), size_); }

  void Integer(int64_t integer) {
    auto value = static_cast<uint64_t>(integer);
    for (; value >= 0x80; value >>= 7) Byte(static_cast<uint8_t>(value | 0x80));
    Byte(static_cast<uint8_t>(value));
  }
  void Bytes(absl::string_view text) { std::copy(text.begin(), text.end(), MakeRoom(text.size())); }
  void String(absl::string_view text) {
    Integer(static_cast<int64_t>(text.size()));
    Bytes(text);
  }

 private:
  void Byte(uint8_t byte) { *MakeRoom(1) = static_cast<char>(byte); }

  char* MakeRoom(size_t bytes) {
    if (bytes_.size() < size_ + bytes) bytes_.resize(2 * (size_ + bytes));
    char* const end = bytes_.data() + size_;
    size_ += bytes;
    return end;
  }

  std::vector<char> bytes_;
  size_t size_ = 0;
};

void Encode(const v1::Figure& figure, Encoder* encoder) {
  encoder->String(figure.metric());
  encoder->Integer(figure.has_value() ? 1 : 0);
  if (figure.has_value()) encoder->Integer(figure.value());
  encoder->Integer(figure.unit());
  const bool exact = figure.qualifier() == v1::QUALIFIER_UNSPECIFIED;
  encoder->Integer(exact ? v1::QUALIFIER_EXACT : figure.qualifier());
  encoder->Integer(figure.categories_size());
  if (figure.categories_size() == 1) {
    encoder->String(figure.categories(0));
  } else if (figure.categories_size() > 1) {
    std::vector<absl::string_view> categories(figure.categories().begin(), figure.categories().end());
    std::sort(categories.begin(), categories.end());
    for (const absl::string_view category : categories) encoder->String(category);
  }
}

}  // namespace

Sha256Digest Sha256(absl::string_view bytes) {
  // Looked up once, and a context kept by each thread: OpenSSL 3 takes as long for either as to hash a result.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Sha256Digest digest;
  unsigned int size = 0;
  MUSTER_CHECK(EVP_DigestInit_ex2(context.get(), kSha256, nullptr) == 1);
  MUSTER_CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  MUSTER_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1);
  MUSTER_CHECK(size == digest.size());
  return digest;
}

std::string Sha256Hex(absl::string_view bytes) {
  const Sha256Digest digest = Sha256(bytes);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Sha256Digest DigestOf(const v1::OperationResult& result) {
  // Their memory stays with the thread.
  thread_local Encoder encoder;
  thread_local Encoder figures;
  thread_local std::vector<std::pair<size_t, size_t>> extents;  // Offset and size of each in `figures`.
  encoder.Clear();
  figures.Clear();
  extents.clear();
  encoder.String(kEncodingName);
  encoder.String(result.operation());
  encoder.String(result.force());
  encoder.String(result.result_id());
  encoder.Integer(result.revision());
  encoder.String(result.start_date());
  encoder.String(result.end_date());
  encoder.String(result.reason());
  encoder.Integer((result.nil() ? 1 : 0) | (result.final() ? 2 : 0) | (result.retracted() ? 4 : 0));
  encoder.Integer(result.figures_size());

  // Figures are written behind each other once and then taken in the order of their bytes.
  for (const v1::Figure& figure : result.figures()) {
    const size_t offset = figures.size();
    Encode(figure, &figures);
    extents.emplace_back(offset, figures.size() - offset);
  }
  const auto bytes_of = [](const std::pair<size_t, size_t>& extent) {
    return figures.bytes().substr(extent.first, extent.second);
  };
  std::sort(extents.begin(), extents.end(),
            [&bytes_of](const auto& a, const auto& b) { return bytes_of(a) < bytes_of(b); });
  for (const auto& extent : extents) encoder.Bytes(bytes_of(extent));
  return Sha256(encoder.bytes());
}

}  // namespace muster
