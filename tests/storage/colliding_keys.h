// Two results whose first fingerprints meet, in a store whose identity begins with kCollisionSeed. Found by search:
// some 2^32 hashes.
#ifndef MUSTER_TESTS_STORAGE_COLLIDING_KEYS_H_
#define MUSTER_TESTS_STORAGE_COLLIDING_KEYS_H_

#include <array>
#include <cstdint>

#include "storage/store.h"

namespace muster {

inline constexpr uint64_t kCollisionSeed = 0x0102030405060708;
inline constexpr std::array<uint8_t, 16> kCollisionIdentity = {1, 2, 3, 4, 5, 6, 7, 8};
inline const std::array<ResultKey, 2> kCollidingKeys = {ResultKey{"op", "kent", "07c80cd070fa33f2"},
                                                        ResultKey{"op", "kent", "4f8f24063dd564fd"}};

}  // namespace muster

#endif  // MUSTER_TESTS_STORAGE_COLLIDING_KEYS_H_
