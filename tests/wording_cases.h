// Wordings that the command line and the dashboard share: the same tables hold both to them (the dashboard's tests are
// in clients/web/tests).
#ifndef MUSTER_TESTS_WORDING_CASES_H_
#define MUSTER_TESTS_WORDING_CASES_H_

#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "muster/v1/catalogue.pb.h"
#include "nlohmann/json.hpp"

namespace muster {

// What is put into words, in which dimension, and the words.
template <typename Message>
struct WordingCase {
  std::string name;
  Message message;
  v1::Dimension dimension = v1::DIMENSION_UNSPECIFIED;
  std::string want;
  friend void PrintTo(const WordingCase& row, std::ostream* out) { *out << row.name; }
};

// Reads a table: an array of objects with "name", "dimension", "text", and the message in JSON under `key`.
// `file` is named from the root of the sources. Throws if it is no such table.
template <typename Message>
std::vector<WordingCase<Message>> ReadWordingCases(const std::string& file, const std::string& key) {
  std::ifstream stream(std::string(MUSTER_SOURCE_DIR) + "/" + file);
  std::vector<WordingCase<Message>> cases;
  for (const nlohmann::json& row : nlohmann::json::parse(stream)) {
    WordingCase<Message>& read = cases.emplace_back();
    read.name = row.at("name").get<std::string>();
    read.want = row.at("text").get<std::string>();
    if (!v1::Dimension_Parse(row.at("dimension").get<std::string>(), &read.dimension) ||
        !google::protobuf::util::JsonStringToMessage(row.at(key).dump(), &read.message).ok()) {
      throw std::invalid_argument(file + ": " + read.name);
    }
  }
  if (cases.empty()) throw std::invalid_argument(file + " is empty");
  return cases;
}

}  // namespace muster

#endif  // MUSTER_TESTS_WORDING_CASES_H_
