#include "tests/fuzz/message_mutator.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "tests/fuzz/fuzzed_server.h"

// There if the program is linked with libFuzzer.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace muster::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxRepeated = 40;  // Beyond it nothing is added, so that messages do not only grow.

class Mutator {
 public:
  Mutator(const WordsOf& words_of, std::minstd_rand* random) : words_of_(words_of), random_(*random) {}

  void Change(Message* root) {
    std::vector<Message*> all;
    Gather(root, &all);
    Message* const message = all[Below(all.size())];
    const google::protobuf::Descriptor& type = *message->GetDescriptor();
    const FieldDescriptor* const field = type.field(static_cast<int>(Below(static_cast<size_t>(type.field_count()))));
    if (field->is_repeated()) {
      ChangeRepeated(*field, all, message);
    } else if (OneIn(6)) {
      message->GetReflection()->ClearField(message, field);
    } else {
      ChangeSingle(*field, all, message);
    }
  }

 private:
  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

  static void Gather(Message* message, std::vector<Message*>* all) {
    all->push_back(message);
    std::vector<const FieldDescriptor*> fields;
    message->GetReflection()->ListFields(*message, &fields);
    for (const FieldDescriptor* const field : fields) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        Gather(message->GetReflection()->MutableMessage(message, field), all);
        continue;
      }
      for (int index = 0; index < message->GetReflection()->FieldSize(*message, field); ++index) {
        Gather(message->GetReflection()->MutableRepeatedMessage(message, field, index), all);
      }
    }
  }

  // One of `all` of a type; nullptr if there is none.
  Message* Other(const std::vector<Message*>& all, const google::protobuf::Descriptor* type) {
    std::vector<Message*> others;
    for (Message* const one : all) {
      if (one->GetDescriptor() == type) others.push_back(one);
    }
    return others.empty() ? nullptr : others[Below(others.size())];
  }

  void ChangeRepeated(const FieldDescriptor& field, const std::vector<Message*>& all, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const int size = reflection.FieldSize(*message, &field);
    const bool may_grow = size < kMaxRepeated;
    if (size == 0 || (may_grow && OneIn(3))) {
      Add(field, all, message);
      return;
    }
    const auto index = static_cast<int>(Below(static_cast<size_t>(size)));
    const auto other = static_cast<int>(Below(static_cast<size_t>(size)));
    if (OneIn(3)) {
      reflection.SwapElements(message, &field, index, size - 1);
      reflection.RemoveLast(message, &field);
    } else if (OneIn(3)) {
      reflection.SwapElements(message, &field, index, other);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!may_grow) return;
      const std::unique_ptr<Message> copy(reflection.GetRepeatedMessage(*message, &field, index).New());
      copy->CopyFrom(reflection.GetRepeatedMessage(*message, &field, index));
      reflection.AddMessage(message, &field)->CopyFrom(*copy);
    } else {
      reflection.RemoveLast(message, &field);
      Add(field, all, message);
    }
  }

  void Add(const FieldDescriptor& field, const std::vector<Message*>& all, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const Message* const other = Other(all, field.message_type());
        std::unique_ptr<Message> copy;  // `other` may move when something is added.
        if (other != nullptr && !OneIn(3)) {
          copy.reset(other->New());
          copy->CopyFrom(*other);
        }
        Message* const added = reflection.AddMessage(message, &field);
        if (copy != nullptr) added->CopyFrom(*copy);
        return;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(message, &field, Text(field, ""));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(message, &field, OneIn(2));
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(message, &field, EnumNumber(field));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(message, &field, static_cast<int32_t>(Number(0)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(message, &field, Number(0));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(message, &field, static_cast<uint32_t>(Number(0)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(message, &field, static_cast<uint64_t>(Number(0)));
      default:
        return;
    }
  }

  void ChangeSingle(const FieldDescriptor& field, const std::vector<Message*>& all, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        // Copied first: it may be within what is set, or in the place of a oneof that is set.
        const Message* const other = Other(all, field.message_type());
        std::unique_ptr<Message> copy;
        if (other != nullptr && !OneIn(4)) {
          copy.reset(other->New());
          copy->CopyFrom(*other);
        }
        Message* const ours = reflection.MutableMessage(message, &field);
        if (copy != nullptr) ours->CopyFrom(*copy);
        return;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, &field, Text(field, reflection.GetString(*message, &field)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(message, &field, OneIn(2));
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(message, &field, EnumNumber(field));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(message, &field,
                                   static_cast<int32_t>(Number(reflection.GetInt32(*message, &field))));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, &field, Number(reflection.GetInt64(*message, &field)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(message, &field,
                                    static_cast<uint32_t>(Number(reflection.GetUInt32(*message, &field))));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(
            message, &field,
            static_cast<uint64_t>(Number(static_cast<int64_t>(reflection.GetUInt64(*message, &field)))));
      default:
        return;
    }
  }

  int EnumNumber(const FieldDescriptor& field) {
    if (OneIn(12)) return static_cast<int>(Number(0));  // One that no name stands for.
    return field.enum_type()
        ->value(static_cast<int>(Below(static_cast<size_t>(field.enum_type()->value_count()))))
        ->number();
  }

  int64_t Number(int64_t before) {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    constexpr std::array<int64_t, 14> kEdges = {0,
                                                1,
                                                2,
                                                3,
                                                -1,
                                                1'000,
                                                1'000'000'000'000'000,
                                                1'000'000'000'000'001,
                                                1'000'000'000,
                                                std::numeric_limits<int32_t>::max(),
                                                std::numeric_limits<int32_t>::min(),
                                                kMax,
                                                kMax - 1,
                                                std::numeric_limits<int64_t>::min()};
    switch (Below(4)) {
      case 0:
        return kEdges[Below(kEdges.size())];
      case 1:  // Near what it was.
        return static_cast<int64_t>(static_cast<uint64_t>(before) + Below(5) - 2);
      case 2:
        return static_cast<int64_t>(Below(200));
      default:
        return static_cast<int64_t>((static_cast<uint64_t>(random_()) << 33 ^ static_cast<uint64_t>(random_())) >>
                                    Below(64));
    }
  }

  std::string Text(const FieldDescriptor& field, std::string before) {
    const std::vector<std::string>& words = words_of_(field.name());
    if (!words.empty() && !OneIn(8)) return words[Below(words.size())];
    switch (Below(5)) {
      case 0:
        return "";
      case 1:  // Longer than anything may be.
        return std::string(Below(700), static_cast<char>('a' + Below(26)));
      case 2:
        if (before.empty()) break;
        before.erase(Below(before.size()), 1 + Below(3));
        return before;
      default:
        break;
    }
    for (size_t count = 1 + Below(3); count > 0; --count) {
      const char byte = static_cast<char>(OneIn(3) ? Below(256) : ' ' + Below(95));
      if (before.empty() || OneIn(2)) {
        before.insert(before.begin() + static_cast<std::ptrdiff_t>(Below(before.size() + 1)), byte);
      } else {
        before[Below(before.size())] = byte;
      }
    }
    return before;
  }

  const WordsOf& words_of_;
  std::minstd_rand& random_;
};

class Silence : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, int /*column*/, const std::string& /*message*/) override {}
};

std::map<std::string, std::vector<std::string>> MakeApiWords() {
  const v1::Catalogue& catalogue = SharedCatalogue()->proto();
  std::map<std::string, std::vector<std::string>> words;
  const auto ids_of = [](const auto& messages) {
    std::vector<std::string> ids;
    for (const auto& message : messages) ids.push_back(message.id());
    return ids;
  };
  words["force"] = ids_of(catalogue.forces());
  words["operation"] = ids_of(catalogue.operations());
  words["operation"].emplace_back("week-of-action");  // One that is made.
  words["metric"] = ids_of(catalogue.metrics());
  words["region"] = ids_of(catalogue.regions());
  words["breakdowns"] = ids_of(catalogue.breakdowns());
  for (const v1::Breakdown& breakdown : catalogue.breakdowns()) {
    const std::vector<std::string> ids = ids_of(breakdown.categories());
    words["categories"].insert(words["categories"].end(), ids.begin(), ids.end());
  }
  words["forces"] = words["expected_forces"] = words["covers"] = words["force"];
  words["operations"] = words["baseline_operation"] = words["id"] = words["operation"];
  words["close_operation"] = words["reopen_operation"] = words["operation"];
  words["metrics"] = words["expected_metrics"] = words["subset_of"] = words["nil_metrics"] = words["metric"];
  words["regions"] = words["region"];
  words["parent"] = words["categories"];
  words["result_id"] = {"r1", "r2", "week-1"};
  words["start_date"] = words["end_date"] =
      words["regions_as_of"] = {"2021-10-11", "2021-10-15", "2021-10-17", "2021-10-18", "2023-02-27", "2023-03-05",
                                "2018-08-31", "2018-09-01", "1900-01-01", "2999-12-31", "2024-02-29", "2023-02-29"};
  return words;
}

}  // namespace

void Mutate(const WordsOf& words_of, std::minstd_rand* random, Message* message) {
  Mutator mutator(words_of, random);
  for (size_t changes = 1 + (*random)() % 4; changes > 0; --changes) mutator.Change(message);
}

size_t MutateText(const WordsOf& words_of, uint8_t* data, size_t size, size_t max_size, unsigned int seed,
                  Message* message) {
  std::minstd_rand random(seed);
  random.discard(3);  // Neighbouring seeds begin alike.
  if (random() % 16 == 0 && LLVMFuzzerMutate != nullptr) return LLVMFuzzerMutate(data, size, max_size);
  if (!ParseText(data, size, message)) message->Clear();
  Mutate(words_of, &random, message);
  std::string text;
  google::protobuf::TextFormat::PrintToString(*message, &text);
  if (text.size() > max_size) return size;
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

bool ParseText(const uint8_t* data, size_t size, Message* message) {
  Silence silence;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silence);
  return parser.ParseFromString(std::string(reinterpret_cast<const char*>(data), size), message);
}

const std::vector<std::string>& ApiWords(const std::string& field) {
  static const std::map<std::string, std::vector<std::string>> words = MakeApiWords();
  static const std::vector<std::string> none;
  const auto found = words.find(field);
  return found == words.end() ? none : found->second;
}

}  // namespace muster::fuzz
