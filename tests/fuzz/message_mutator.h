// Changes protocol buffers at random, so that they stay messages: what a fuzzer that knows only bytes rarely manages.
#ifndef MUSTER_TESTS_FUZZ_MESSAGE_MUTATOR_H_
#define MUSTER_TESTS_FUZZ_MESSAGE_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace muster::fuzz {

// Words that a string field of this name may well hold.
using WordsOf = std::function<const std::vector<std::string>&(const std::string& field)>;

// Changes one to four things in `message` or below: sets, clears, adds, removes, repeats, swaps, and copies from
// elsewhere in it. Any value of any field can come out. `message` must have a field.
void Mutate(const WordsOf& words_of, std::minstd_rand* random, google::protobuf::Message* message);

// The same for a message in text format, as libFuzzer's LLVMFuzzerCustomMutator wants it: rewrites the `size` bytes at
// `data`, of which there may be `max_size`, and returns how many there are then. What is no such message counts as an
// empty one. One time in sixteen the text itself is changed.
size_t MutateText(const WordsOf& words_of, uint8_t* data, size_t size, size_t max_size, unsigned int seed,
                  google::protobuf::Message* message);

// Parses text format, without a word where it is none.
bool ParseText(const uint8_t* data, size_t size, google::protobuf::Message* message);

// Words of the catalogue that ships, dates and result ids, by the names that the API gives its fields.
const std::vector<std::string>& ApiWords(const std::string& field);

}  // namespace muster::fuzz

#endif  // MUSTER_TESTS_FUZZ_MESSAGE_MUTATOR_H_
