// Entries of the log as the store takes them, made from messages.
#ifndef MUSTER_TESTS_STORAGE_ENCODED_ENTRIES_H_
#define MUSTER_TESTS_STORAGE_ENCODED_ENTRIES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace muster {

// What the entries point to is in this object. May be moved.
class EncodedEntries {
 public:
  explicit EncodedEntries(std::vector<store::v1::LogEntry> messages) : messages_(std::move(messages)) {
    bytes_.reserve(messages_.size());
    entries_.reserve(messages_.size());
    for (const store::v1::LogEntry& message : messages_) {
      bytes_.push_back(message.has_result() ? message.result().SerializeAsString()
                                            : message.operation().SerializeAsString());
      const absl::string_view bytes = bytes_.back();
      GroupEntry& entry = entries_.emplace_back();
      // Where the head ends is of no consequence.
      entry.head = bytes.substr(0, bytes.size() / 2);
      entry.tail = bytes.substr(bytes.size() / 2);
      if (message.has_result()) {
        entry.key = KeyOf(message.result().result());
        entry.replaced_position = message.result().replaced_position();
      }
    }
  }
  EncodedEntries(EncodedEntries&&) = default;
  EncodedEntries(const EncodedEntries&) = delete;

  const std::vector<GroupEntry>& entries() const { return entries_; }

 private:
  std::vector<store::v1::LogEntry> messages_;  // Has the parts of the keys.
  std::vector<std::string> bytes_;
  std::vector<GroupEntry> entries_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_STORAGE_ENCODED_ENTRIES_H_
