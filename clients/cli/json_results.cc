#include "clients/cli/json_results.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cli/text.h"
#include "domain/catalogue.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "muster/v1/ingest_service.pb.h"

namespace muster::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Value;

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A field of one result, and what is wrong with it.
struct Fault {
  std::string path;
  std::string text;
};

// Empty if `text` is JSON of this message; else protobuf's words.
std::string Parse(absl::string_view text, Message* message) {
  message->Clear();
  const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, message);
  return status.ok() ? "" : std::string(status.message().data(), status.message().size());
}

// Results nest six deep. Protobuf itself gives up beyond about thirty, after a time that grows with the square of it.
constexpr int kMaxDepth = 24;

bool IsTooDeep(absl::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t index = 0; index < text.size(); ++index) {
    const char byte = text[index];
    if (in_string) {
      if (byte == '\\') ++index;  // What follows does not end the string.
      if (byte == '"') in_string = false;
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '{' || byte == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (byte == '}' || byte == ']') {
      --depth;
    }
  }
  return false;
}

std::string ToJson(const Message& message) {
  std::string json;
  // What was just read can be written.
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  return status.ok() ? json : "";
}

// Protobuf's words about a text that is no JSON: the sentence, and what it stands near.
std::string SyntaxFault(absl::string_view words) {
  const std::vector<absl::string_view> lines = absl::StrSplit(words, '\n');
  const absl::string_view near = lines.size() > 1 ? absl::StripAsciiWhitespace(lines[1]) : "";
  if (near.empty()) return absl::StrCat("is no JSON: ", lines[0]);
  return absl::StrCat("is no JSON: ", lines[0], " Near: ", CutToColumns(Printable(near), 60));
}

std::string NamesOf(const EnumDescriptor& type) {
  std::vector<absl::string_view> names;
  for (int index = 0; index < type.value_count(); ++index) {
    if (type.value(index)->number() != 0) names.emplace_back(type.value(index)->name());
  }
  return absl::StrJoin(names, ", ");
}

std::string Expected(const FieldDescriptor& field) {
  if (field.is_repeated()) return absl::StrCat("must be a list of strings");
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "must be a string";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "must be true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("must be one of ", NamesOf(*field.enum_type()));
    default:
      return "must be a whole number; say a fraction in the smaller unit";
  }
}

const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  const FieldDescriptor* const field = type.FindFieldByName(name);
  return field != nullptr ? field : type.FindFieldByCamelcaseName(name);
}

std::string UnknownField(const Descriptor& type, const std::string& name) {
  std::vector<absl::string_view> known;
  known.reserve(static_cast<size_t>(type.field_count()));
  for (int index = 0; index < type.field_count(); ++index) known.emplace_back(type.field(index)->name());
  const std::string nearest = NearestName(name, known);
  return absl::StrCat("unknown field \"", CutToColumns(Printable(name), 60), "\"",
                      nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?"));
}

// Whether `value` is of the kind that `field` takes. Protobuf takes more: "yes" for true, and what is no object in a
// list of objects it leaves out.
bool HasShapeOf(const FieldDescriptor& field, const Value& value) {
  if (value.kind_case() == Value::kNullValue) return true;  // The same as leaving the field out.
  if (field.is_repeated()) {
    return value.kind_case() == Value::kListValue &&
           std::all_of(value.list_value().values().begin(), value.list_value().values().end(),
                       [](const Value& element) { return element.kind_case() == Value::kStringValue; });
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return value.kind_case() == Value::kStringValue;
    case FieldDescriptor::CPPTYPE_BOOL:
      return value.kind_case() == Value::kBoolValue;
    default:
      return value.kind_case() == Value::kStringValue || value.kind_case() == Value::kNumberValue;
  }
}

// Every fault of the fields of `object`, which should be a message of the type of `message`. `prefix` is its path.
// `was_read`: protobuf could read the text itself, so that only what it takes too easily is left to be found. What was
// a large number in the text may be out of range in `object`.
void FindFaults(const google::protobuf::Struct& object, const std::string& prefix, bool was_read, Message* message,
                std::vector<Fault>& faults);

// The same for the list of figures.
void FindFaultsOfFigures(const Value& figures, bool was_read, std::vector<Fault>& faults) {
  if (figures.kind_case() == Value::kNullValue) return;
  if (figures.kind_case() != Value::kListValue) {
    faults.push_back({"figures", "must be a list of objects"});
    return;
  }
  for (int index = 0; index < figures.list_value().values_size(); ++index) {
    const Value& value = figures.list_value().values(index);
    const std::string path = absl::StrCat("figures[", index, "]");
    v1::Figure figure;
    if (value.kind_case() != Value::kStructValue) {
      faults.push_back({path, "must be an object"});
    } else {
      FindFaults(value.struct_value(), path, was_read, &figure, faults);
    }
  }
}

void FindFaults(const google::protobuf::Struct& object, const std::string& prefix, bool was_read, Message* message,
                std::vector<Fault>& faults) {
  const auto path_of = [&](absl::string_view name) {
    return prefix.empty() ? std::string(name) : absl::StrCat(prefix, ".", name);
  };
  // By name: the order of a map is another one each time.
  std::vector<std::string> names;
  for (const auto& [name, unused] : object.fields()) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::set<int> seen;
  for (const std::string& name : names) {
    const Value& value = object.fields().at(name);
    const FieldDescriptor* const field = FindField(*message->GetDescriptor(), name);
    if (field == nullptr) {
      faults.push_back({prefix, UnknownField(*message->GetDescriptor(), name)});
    } else if (!seen.insert(field->number()).second) {
      faults.push_back({path_of(field->name()), "is there twice, under both of its names"});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      FindFaultsOfFigures(value, was_read, faults);
    } else {
      // The field alone, so that each has its say.
      google::protobuf::Struct alone;
      (*alone.mutable_fields())[name] = value;
      if (!HasShapeOf(*field, value) || (!was_read && !Parse(ToJson(alone), message).empty())) {
        faults.push_back({path_of(field->name()), Expected(*field)});
      }
    }
  }
}

std::vector<Fault> FaultsOf(const Value& value, bool was_read) {
  if (value.kind_case() != Value::kStructValue) return {{"", "must be an object"}};
  std::vector<Fault> faults;
  v1::OperationResult result;
  FindFaults(value.struct_value(), "", was_read, &result, faults);
  return faults;
}

// Adds one result, or its faults. `exact` is the result read from the text itself; nullptr where that could not be done
// for all of the text: then the value stands for it, whose numbers beyond 2^53 are not exact. Such results are there to
// be checked further; since the file has a problem, they are never submitted.
void AddResult(const Value& value, const v1::OperationResult* exact, int64_t position, ResultsFile& file) {
  std::vector<Fault> faults = FaultsOf(value, exact != nullptr);
  v1::OperationResult result;
  if (faults.empty()) {
    if (exact != nullptr) {
      result = *exact;
    } else if (std::string words = Parse(ToJson(value), &result); !words.empty()) {
      faults.push_back({"", std::move(words)});
    }
  }
  file.sources.push_back({position, {}});
  for (const Fault& fault : faults) {
    file.problems.push_back({file.PlaceOf(file.sources.size() - 1, fault.path), fault.text});
  }
  if (faults.empty()) {
    file.results.push_back(std::move(result));
  } else {
    file.sources.pop_back();
  }
}

// One JSON text: `list` holds its results, and `request` what the text itself gave, if it could be read as a whole.
void AddResults(const Value& list, const v1::SubmitResultsRequest* request, ResultsFile& file) {
  if (list.kind_case() != Value::kListValue) {
    file.problems.push_back({{1, "results"}, "must be a list of objects"});
    return;
  }
  const bool exact = request != nullptr && request->results_size() == list.list_value().values_size();
  for (int index = 0; index < list.list_value().values_size(); ++index) {
    AddResult(list.list_value().values(index), exact ? &request->results(index) : nullptr, index, file);
  }
}

// The Read functions return protobuf's words about a text that it could not read exactly.

std::string ReadRequest(absl::string_view text, const Value& value, ResultsFile& file) {
  v1::SubmitResultsRequest request;
  std::string words = Parse(text, &request);
  const bool exact = words.empty();
  const auto& fields = value.struct_value().fields();
  for (const auto& [name, field_value] : fields) {
    const FieldDescriptor* const field = FindField(*request.GetDescriptor(), name);
    if (field == nullptr) {
      file.problems.push_back({{}, UnknownField(*request.GetDescriptor(), name)});
    } else if (field->name() == "validate_only" && field_value.kind_case() != Value::kBoolValue) {
      file.problems.push_back({{1, "validate_only"}, "must be true or false"});
    }
  }
  file.validate_only = exact && request.validate_only();
  AddResults(fields.at("results"), exact ? &request : nullptr, file);
  return words;
}

std::string ReadList(absl::string_view text, const Value& value, ResultsFile& file) {
  v1::SubmitResultsRequest request;
  std::string words = Parse(absl::StrCat("{\"results\":", text, "}"), &request);
  AddResults(value, words.empty() ? &request : nullptr, file);
  return words;
}

std::string ReadOne(absl::string_view text, const Value& value, int64_t position, ResultsFile& file) {
  v1::OperationResult result;
  std::string words = Parse(text, &result);
  AddResult(value, words.empty() ? &result : nullptr, position, file);
  return words;
}

std::string ReadLines(absl::string_view text, ResultsFile& file) {
  file.layout = ResultsLayout::kJsonLines;
  std::string any_words;
  int64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    Value value;
    if (const std::string words = Parse(line, &value); !words.empty()) {
      file.problems.push_back({{number, absl::StrCat("line ", number)}, SyntaxFault(words)});
      continue;
    }
    if (std::string words = ReadOne(line, value, number, file); !words.empty()) any_words = std::move(words);
  }
  return any_words;
}

// Whether `text` is one result a line: its first line that is not blank is an object of its own.
bool IsLines(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, absl::MaxSplits('\n', 1));
  Value value;
  return lines.size() == 2 && !absl::StripAsciiWhitespace(lines[1]).empty() && Parse(lines[0], &value).empty() &&
         value.kind_case() == Value::kStructValue;
}

}  // namespace

ResultsFile ReadResultsJson(absl::string_view text) {
  ResultsFile file;
  file.layout = ResultsLayout::kJson;
  absl::ConsumePrefix(&text, kByteOrderMark);
  if (absl::StripAsciiWhitespace(text).empty()) {
    file.problems.push_back({{}, "the file is empty"});
    return file;
  }
  if (IsTooDeep(text)) {
    file.problems.push_back({{}, absl::StrCat("nests more than ", kMaxDepth, " lists or objects; results nest six")});
    return file;
  }
  Value value;
  std::string inexact;
  if (const std::string words = Parse(text, &value); !words.empty()) {
    // Lines are counted from the start of the file, blank ones too.
    if (IsLines(absl::StripLeadingAsciiWhitespace(text))) {
      inexact = ReadLines(text, file);
    } else {
      file.problems.push_back({{}, SyntaxFault(words)});
    }
  } else if (value.kind_case() == Value::kListValue) {
    inexact = ReadList(text, value, file);
  } else if (value.kind_case() == Value::kStructValue && value.struct_value().fields().contains("results")) {
    inexact = ReadRequest(text, value, file);
  } else if (value.kind_case() == Value::kStructValue) {
    inexact = ReadOne(text, value, 0, file);
  } else {
    file.problems.push_back({{}, "must be an object with results, a list of results, or one result a line"});
  }
  // Whatever was not found above must not make a file pass that could not be read exactly.
  if (!inexact.empty() && file.problems.empty()) file.problems.push_back({{}, SyntaxFault(inexact)});
  SortByPlace(file.problems);
  return file;
}

}  // namespace muster::cli
