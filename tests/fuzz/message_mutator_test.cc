#include "tests/fuzz/message_mutator.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "muster/fuzz/history.pb.h"
#include "muster/store/v1/checkpoint.pb.h"

namespace muster::fuzz {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The fields of a type and of all types below it.
void GatherFields(const Descriptor& type, std::set<const FieldDescriptor*>* fields) {
  for (int index = 0; index < type.field_count(); ++index) {
    const FieldDescriptor* const field = type.field(index);
    if (!fields->insert(field).second) continue;
    if (field->message_type() != nullptr) GatherFields(*field->message_type(), fields);
  }
}

// Takes away what is set in a message and below it.
void TakeFieldsOf(const Message& message, std::set<const FieldDescriptor*>* fields) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* const field : set) {
    fields->erase(field);
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      TakeFieldsOf(message.GetReflection()->GetMessage(message, field), fields);
      continue;
    }
    for (int index = 0; index < message.GetReflection()->FieldSize(message, field); ++index) {
      TakeFieldsOf(message.GetReflection()->GetRepeatedMessage(message, field, index), fields);
    }
  }
}

// The names of the fields that no mutation has set.
template <typename Type>
std::vector<std::string> NeverSet() {
  std::set<const FieldDescriptor*> left;
  GatherFields(*Type::descriptor(), &left);
  std::minstd_rand random(1);
  Type message;
  for (int mutation = 0; mutation < 20'000 && !left.empty(); ++mutation) {
    Mutate(ApiWords, &random, &message);
    TakeFieldsOf(message, &left);
    if (message.ByteSizeLong() > 10'000) message.Clear();
  }
  std::vector<std::string> names;
  names.reserve(left.size());
  for (const FieldDescriptor* const field : left) names.push_back(field->full_name());
  return names;
}

TEST(MutateTest, ReachesEveryField) {
  EXPECT_THAT(NeverSet<History>(), testing::IsEmpty());
  EXPECT_THAT(NeverSet<store::v1::CheckpointForceCube>(), testing::IsEmpty());
}

TEST(MutateTextTest, LeavesTextOfTheMessageAndWithinItsSize) {
  std::string text = "steps { checkpoint: true }";
  for (unsigned int seed = 0; seed < 2'000; ++seed) {
    constexpr size_t kMaxSize = 3'000;
    std::vector<uint8_t> bytes(text.begin(), text.end());
    bytes.resize(kMaxSize);
    History history;
    const size_t size = MutateText(ApiWords, bytes.data(), text.size(), kMaxSize, seed, &history);
    ASSERT_LE(size, kMaxSize);
    text.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_TRUE(ParseText(bytes.data(), size, &history)) << text;
  }
}

TEST(MutateTextTest, TakesWhatIsNoMessageForAnEmptyOne) {
  std::vector<uint8_t> bytes(1'000, '{');
  History history;
  const size_t size = MutateText(ApiWords, bytes.data(), bytes.size(), bytes.size(), 1, &history);
  EXPECT_TRUE(ParseText(bytes.data(), size, &history));
}

}  // namespace
}  // namespace muster::fuzz
