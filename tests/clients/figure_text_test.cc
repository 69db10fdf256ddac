#include "clients/cli/figure_text.h"

#include "gtest/gtest.h"
#include "tests/wording_cases.h"

namespace muster::cli {
namespace {

class FigureTextTest : public testing::TestWithParam<WordingCase<v1::Figure>> {};

TEST_P(FigureTextTest, Says) { EXPECT_EQ(FigureText(GetParam().message, GetParam().dimension), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Figures, FigureTextTest,
                         testing::ValuesIn(ReadWordingCases<v1::Figure>("tests/clients/figure_texts.json", "figure")),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
