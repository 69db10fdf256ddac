// The canonical digest of a result: what makes two submissions the same.
#ifndef MUSTER_DOMAIN_DIGEST_H_
#define MUSTER_DOMAIN_DIGEST_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "muster/v1/result.pb.h"

namespace muster {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(absl::string_view bytes);
// The same as 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view bytes);

// SHA-256 over the canonical encoding of `result`. Equal for equal content whatever the order of figures and of the
// categories of a figure, and however protobuf wrote it; an unset qualifier equals an exact one. Anything else that
// differs makes another digest, also the unit (1 kg is not the same statement as 1,000 g). The encoding is kept for
// ever: digests are stored, and a retry must find its own.
//
//   "muster.v1.OperationResult"  the name of the encoding
//   operation, force, result_id  strings
//   revision                     integer
//   start_date, end_date, reason strings
//   flags                        integer: nil 1, final 2, retracted 4
//   figures                      integer: how many; then each, sorted by its bytes:
//     metric                     string
//     value                      integer: 0 if absent, else 1, followed by the value
//     unit, qualifier            integers
//     categories                 integer: how many; then each as a string, sorted by its bytes
//
// An integer is written as protobuf writes an int64: seven bits a byte, lowest first, the high bit set in all but the
// last. A string is its length as an integer, and its bytes.
Sha256Digest DigestOf(const v1::OperationResult& result);

}  // namespace muster

#endif  // MUSTER_DOMAIN_DIGEST_H_
