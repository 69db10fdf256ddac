#include "bench/peers/figure_rows.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bench/load/asked.h"
#include "bench/load/workload.h"
#include "bench/peers/prepared_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

using testing::SizeIs;

class FigureRowsTest : public testing::Test {
 protected:
  // The names in the last column of lines.
  static std::vector<std::string> NamesIn(const std::string& text) {
    std::vector<std::string> names;
    for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      names.emplace_back(std::vector<std::string>(absl::StrSplit(line, ',')).back());
    }
    return names;
  }

  const v1::Catalogue catalogue_ = ReadShippedCatalogue();
  Workload workload_{catalogue_, 3};
  FigureRows rows_{catalogue_};
};

TEST_F(FigureRowsTest, AResultIsThreeRowsUnderOneNewName) {
  const std::vector<FigureRow> rows = rows_.Make(workload_, 100);
  ASSERT_THAT(rows, SizeIs(300));
  std::set<std::string> names;
  for (size_t row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(rows[row].result_id, rows[row / 3 * 3].result_id);
    names.insert(rows[row].result_id);
  }
  EXPECT_THAT(names, SizeIs(100));
}

TEST_F(FigureRowsTest, KeysAreDifferentEvenWithinAResult) {
  std::set<std::vector<std::string>> keys;
  const std::vector<FigureRow> rows = rows_.Make(workload_, 2'000);
  for (const FigureRow& row : rows) {
    keys.insert({row.result_id, std::to_string(row.metric), std::to_string(row.category)});
  }
  EXPECT_THAT(keys, SizeIs(rows.size()));
}

TEST_F(FigureRowsTest, ValuesAreInBaseUnits) {
  int pounds = 0;
  Workload same(catalogue_, 3);
  const std::vector<FigureRow> rows = rows_.Make(workload_, 200);
  for (size_t result = 0; result < 200; ++result) {
    const v1::OperationResult stated = same.Make(same.AnySender());
    for (int index = 0; index < stated.figures_size(); ++index) {
      const v1::Figure& figure = stated.figures(index);
      const std::optional<int64_t> value = rows[result * 3 + static_cast<size_t>(index)].value;
      EXPECT_EQ(value.has_value(), figure.has_value());
      if (figure.unit() == v1::UNIT_POUND) {
        EXPECT_EQ(value, figure.value() * 100);
        ++pounds;
      }
    }
  }
  EXPECT_GT(pounds, 0);
}

TEST_F(FigureRowsTest, AStoreHasAsManyResultsAsAskedForAndTheFirstFillEveryRow) {
  size_t rows = 0;
  std::vector<FigureRow> first;
  rows_.MakeStore(workload_, 1'234, 100, [&](const std::vector<FigureRow>& batch) {
    if (first.empty()) first = batch;
    rows += batch.size();
  });
  const std::vector<v1::OperationResult> one_of_each = workload_.MakeOneOfEach(kAskedOperation, kAskedRegion);
  size_t figures_of_first = 0;
  for (const v1::OperationResult& result : one_of_each) figures_of_first += result.figures_size();
  EXPECT_THAT(first, SizeIs(figures_of_first));
  EXPECT_EQ(rows, figures_of_first + (1'234 - one_of_each.size()) * 3);
  EXPECT_THAT(rows_.ForcesOf(kAskedRegion), SizeIs(5));
}

TEST_F(FigureRowsTest, TextHasEveryColumnAndAnAbsentValueAsAskedFor) {
  FigureRow row{.operation = 1,
                .force = 2,
                .metric = 3,
                .category = 4,
                .qualifier = 5,
                .revision = 6,
                .first_day = "2023-02-27",
                .last_day = "2023-02-28",
                .value = std::nullopt,
                .result_id = "a"};
  std::string text;
  AppendText(row, '\t', "\\N", &text);
  row.value = 7;
  AppendText(row, ',', "", &text);
  EXPECT_EQ(text, "1\t2\t3\t4\t5\t6\t2023-02-27\t2023-02-28\t\\N\ta\n1,2,3,4,5,6,2023-02-27,2023-02-28,7,a\n");
}

TEST_F(FigureRowsTest, TextWithNamesSaysWhatTheResultsSaid) {
  const std::vector<FigureRow> rows = rows_.Make(workload_, 20);
  for (const FigureRow& row : rows) {
    const FigureRows::Names names = rows_.NamesOf(row);
    EXPECT_EQ(rows_.OperationNumber(names.operation), row.operation);
    EXPECT_EQ(names.categories.empty(), row.category == 0) << names.categories;
    std::string text;
    AppendText(row, ',', "", &text, &rows_);
    EXPECT_THAT(text, testing::StartsWith(absl::StrCat(names.operation, ",", names.force, ",", names.metric, ",",
                                                       names.categories, ",", row.qualifier, ",")));
  }
}

TEST_F(FigureRowsTest, NamingTextAnewChangesTheNamesAlone) {
  const std::vector<FigureRow> rows = rows_.Make(workload_, 50);
  PreparedText prepared(rows, ',', "");
  const std::string before = prepared.text();
  prepared.NameAnew();
  const std::vector<std::string> old_names = NamesIn(before);
  const std::vector<std::string> new_names = NamesIn(prepared.text());
  ASSERT_THAT(new_names, SizeIs(old_names.size()));
  EXPECT_EQ(prepared.row_count(), 150);
  std::set<std::string> all(old_names.begin(), old_names.end());
  all.insert(new_names.begin(), new_names.end());
  EXPECT_THAT(all, SizeIs(100));
  std::string renamed_back = prepared.text();
  for (size_t row = 0; row < new_names.size(); ++row) {
    renamed_back.replace(renamed_back.find(new_names[row]), new_names[row].size(), old_names[row]);
  }
  EXPECT_EQ(renamed_back, before);
}

TEST_F(FigureRowsTest, ACorrectionHasTheSameKeysAHigherRevisionAndAnotherValue) {
  const std::vector<FigureRow> rows = rows_.Make(workload_, 50);
  const std::vector<FigureRow> corrected = Corrected(rows);
  ASSERT_THAT(corrected, SizeIs(rows.size()));
  for (size_t row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(corrected[row].result_id, rows[row].result_id);
    EXPECT_EQ(corrected[row].category, rows[row].category);
    EXPECT_GT(corrected[row].revision, rows[row].revision);
    EXPECT_NE(corrected[row].value, rows[row].value);
  }
}

}  // namespace
}  // namespace muster::bench
