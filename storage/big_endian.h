// Unsigned integers as the store keeps them: big-endian, so that byte order is numeric order.
#ifndef MUSTER_STORAGE_BIG_ENDIAN_H_
#define MUSTER_STORAGE_BIG_ENDIAN_H_

#include <cstddef>
#include <type_traits>

namespace muster {

// Writes sizeof(Unsigned) bytes at `bytes`.
template <typename Unsigned>
void StoreBigEndian(Unsigned value, char* bytes) {
  static_assert(std::is_unsigned_v<Unsigned>);
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * (sizeof(Unsigned) - 1 - i))));
  }
}

// Reads sizeof(Unsigned) bytes at `bytes`.
template <typename Unsigned>
Unsigned LoadBigEndian(const char* bytes) {
  static_assert(std::is_unsigned_v<Unsigned>);
  Unsigned value = 0;
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>(value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace muster

#endif  // MUSTER_STORAGE_BIG_ENDIAN_H_
