#include "domain/validation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/quantity.h"
#include "domain/quote.h"
#include "google/protobuf/unknown_field_set.h"

namespace muster {
namespace {

bool HasUnknownFields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

// Collects what is wrong with one result.
class ResultValidator {
 public:
  ResultValidator(const v1::OperationResult& result, const Catalogue& catalogue, const OperationDirectory& operations)
      : result_(result), catalogue_(catalogue), operation_(operations.Get(result.operation())) {
    if (operation_ == nullptr) {
      const std::string hint = DidYouMean(operations.Nearest(result.operation()));
      Add("operation", "UNKNOWN_OPERATION",
          absl::StrCat(Quote(result.operation()), " is no known operation", hint.empty() ? ";" : hint,
                       " CatalogueService.ListOperations lists all"));
    }
  }

  FieldProblems Run(ResultValues* values, ValidatedResult* validated) {
    if (const std::optional<ForceIndex> force = catalogue_.FindForce(result_.force())) {
      validated->force = *force;
    } else {
      Add("force", "UNKNOWN_FORCE",
          absl::StrCat(Quote(result_.force()), " is no known force",
                       DidYouMean(catalogue_.NearestForce(result_.force()))));
    }
    CheckIdentity();
    CheckPeriod(validated);
    CheckReason();
    // The memory stays with the thread: of what is validated most looks alike.
    thread_local std::vector<ResolvedFigure> figures;
    figures.clear();
    CheckFigures(&figures);
    if (HasUnknownFields(result_)) {
      Add("", "UNKNOWN_FIELD",
          "has fields that this server does not know, and would lose; send only fields of its version of the API");
    }
    if (problems_.empty() && !result_.retracted()) WorkOut(figures, values, validated);
    return std::move(problems_);
  }

 private:
  // `field` is relative to the result; empty for the result itself.
  void Add(absl::string_view field, absl::string_view reason, std::string description) {
    problems_.push_back({std::string(field), std::string(reason), std::move(description)});
  }

  void CheckIdentity() {
    if (!IsResultId(result_.result_id())) {
      Add("result_id", "RESULT_ID_MALFORMED",
          absl::StrCat("is ", Quote(result_.result_id()), "; must be 1 to ", kMaxResultIdBytes,
                       " of A-Z a-z 0-9 . _ : -"));
    }
    if (result_.revision() < 1) {
      Add("revision", "REVISION_TOO_LOW", absl::StrCat("is ", result_.revision(), "; must be 1 or more"));
    }
  }

  std::optional<absl::CivilDay> CheckDate(absl::string_view field, const std::string& text) {
    const std::optional<absl::CivilDay> day = ParseCivilDay(text);
    if (text.empty()) {
      Add(field, "DATE_MISSING", "is missing; must be a day like 2021-10-15");
    } else if (!day) {
      Add(field, "DATE_MALFORMED", absl::StrCat("is ", Quote(text), "; must be a day like 2021-10-15"));
    }
    return day;
  }

  void CheckPeriod(ValidatedResult* validated) {
    if (result_.retracted() && result_.start_date().empty() && result_.end_date().empty()) return;
    const std::optional<absl::CivilDay> first = CheckDate("start_date", result_.start_date());
    const std::optional<absl::CivilDay> last = CheckDate("end_date", result_.end_date());
    if (!first || !last) return;
    if (*last < *first) {
      Add("end_date", "PERIOD_REVERSED",
          absl::StrCat("is ", result_.end_date(), ", before start_date, which is ", result_.start_date()));
      return;
    }
    const Period period{*first, *last};
    validated->period = period;
    if (*last - *first >= kMaxPeriodDays) {
      Add("end_date", "PERIOD_TOO_LONG",
          absl::StrCat("makes a period of ", *last - *first + 1, " days; at most ", kMaxPeriodDays));
    }
    if (operation_ == nullptr) return;
    if (!operation_->window.Overlaps(period)) {
      Add("start_date", "PERIOD_OUTSIDE_OPERATION",
          absl::StrCat("the period ", result_.start_date(), " to ", result_.end_date(), " lies outside operation ",
                       Quote(result_.operation()), ", which runs from ", operation_->proto.start_date(), " to ",
                       operation_->proto.end_date()));
    } else if (!operation_->window.Contains(period)) {
      validated->warnings.push_back({v1::WARNING_REASON_PERIOD_MISMATCH, std::nullopt});
    }
  }

  void CheckReason() {
    if (result_.reason().size() > kMaxReasonBytes) {
      Add("reason", "REASON_TOO_LONG",
          absl::StrCat("has ", result_.reason().size(), " bytes; at most ", kMaxReasonBytes));
    }
    if (result_.retracted() && result_.reason().empty()) {
      Add("reason", "REASON_MISSING", "is missing; a retraction must say why");
    }
  }

  // Leaves the figures as ComputeValues wants them, if nothing is wrong with them.
  void CheckFigures(std::vector<ResolvedFigure>* figures) {
    const int count = result_.figures_size();
    if (result_.nil() && count != 0) {
      Add("nil", "NIL_WITH_FIGURES",
          absl::StrCat("is set beside ", count,
                       " figures; a nil result has none, and a result with figures is not nil"));
    }
    if (count == 0 && !result_.nil() && !result_.retracted()) {
      Add("figures", "FIGURES_MISSING", "is empty; state figures, or set nil to say that there was nothing");
    }
    if (count > kMaxFigures) {
      Add("figures", "TOO_MANY_FIGURES", absl::StrCat("has ", count, " figures; at most ", kMaxFigures));
      return;
    }
    for (int index = 0; index < count; ++index) {
      const v1::Figure& figure = result_.figures(index);
      // The usual case first: names that resolve are known, and each was looked up once.
      std::optional<ResolvedFigure> resolved;
      if (figure.categories_size() <= kMaxCategoriesOfFigure) resolved = ResolveNames(catalogue_, figure, index);
      const size_t problems_before = problems_.size();
      CheckFigure(figure, index, resolved);
      if (!resolved || problems_.size() != problems_before) continue;
      resolved->amount = AmountOf(figure);
      figures->push_back(*std::move(resolved));
    }
    for (const auto& [index, earlier] : SortAndFindRepeated(figures)) {
      Add(absl::StrCat("figures[", index, "]"), "FIGURE_REPEATED",
          absl::StrCat("states the same metric and categories as figures[", earlier, "]; state each once"));
    }
  }

  void WorkOut(const std::vector<ResolvedFigure>& figures, ResultValues* values, ValidatedResult* validated) const {
    std::vector<ValueOddity> oddities;
    ComputeValues(catalogue_, figures, values, &oddities);
    validated->values.count = values->size() - validated->values.first;
    for (const ValueOddity& oddity : oddities) {
      const ResultWarning warning{oddity.reason, oddity.figure_index};
      if (std::find(validated->warnings.begin(), validated->warnings.end(), warning) == validated->warnings.end()) {
        validated->warnings.push_back(warning);
      }
    }
  }

  // `resolved` are its names, if all of them are known.
  void CheckFigure(const v1::Figure& figure, int index, const std::optional<ResolvedFigure>& resolved) {
    const auto add = [&](absl::string_view field, absl::string_view reason, std::string description) {
      Add(absl::StrCat("figures[", index, "]", field.empty() ? "" : ".", field), reason, std::move(description));
    };
    const std::optional<MetricIndex> metric = resolved ? resolved->metric : catalogue_.FindMetric(figure.metric());
    if (!metric) {
      add("metric", "UNKNOWN_METRIC",
          absl::StrCat(Quote(figure.metric()), " is no known metric",
                       DidYouMean(catalogue_.NearestMetric(figure.metric()))));
    }
    CheckValue(figure, metric, add);
    if (!resolved || figure.categories_size() > 1) CheckCategories(figure, metric, index);
    if (HasUnknownFields(figure)) {
      add("", "UNKNOWN_FIELD",
          "has fields that this server does not know, and would lose; send only fields of its version of the API");
    }
  }

  template <typename AddProblem>
  void CheckValue(const v1::Figure& figure, std::optional<MetricIndex> metric, const AddProblem& add) {
    if (figure.unit() == v1::UNIT_UNSPECIFIED ? figure.has_value() : BaseUnitsIn(figure.unit()) == 0) {
      const v1::Dimension dimension = metric ? catalogue_.metric(*metric).dimension() : v1::DIMENSION_UNSPECIFIED;
      add("unit", figure.unit() == v1::UNIT_UNSPECIFIED ? "UNIT_MISSING" : "UNKNOWN_UNIT",
          absl::StrCat(figure.unit() == v1::UNIT_UNSPECIFIED
                           ? "is missing beside a value"
                           : absl::StrCat("is ", static_cast<int>(figure.unit()), ", which is no unit"),
                       metric ? absl::StrCat("; \"", figure.metric(), "\" takes ", UnitsOf(dimension)) : ""));
    } else if (metric && figure.unit() != v1::UNIT_UNSPECIFIED &&
               !UnitFits(figure.unit(), catalogue_.metric(*metric).dimension())) {
      add("unit", "UNIT_NOT_OF_METRIC",
          absl::StrCat("is ", UnitName(figure.unit()), "; \"", figure.metric(), "\" takes ",
                       UnitsOf(catalogue_.metric(*metric).dimension())));
    }
    if (figure.has_value() && figure.value() < 0) {
      add("value", "VALUE_NEGATIVE",
          absl::StrCat("is ", figure.value(),
                       "; must be 0 or more. To take something back, send the whole result as a higher revision"));
    } else if (figure.value() > kMaxFigureValue) {
      add("value", "VALUE_TOO_LARGE", absl::StrCat("is ", figure.value(), "; at most ", kMaxFigureValue));
    } else if (const int64_t base_units = BaseUnitsIn(figure.unit());
               base_units > 1 && figure.value() > kMaxFigureValue / base_units) {
      add("value", "VALUE_TOO_LARGE",
          absl::StrCat("is ", figure.value(), " ", UnitName(figure.unit()), "; at most ", kMaxFigureValue / base_units,
                       " in that unit"));
    }
    if (!v1::Qualifier_IsValid(figure.qualifier())) {
      add("qualifier", "UNKNOWN_QUALIFIER",
          absl::StrCat("is ", static_cast<int>(figure.qualifier()),
                       "; must be unset, exact, at least, at most or estimate"));
    } else if (!figure.has_value() && figure.qualifier() != v1::QUALIFIER_UNSPECIFIED &&
               figure.qualifier() != v1::QUALIFIER_EXACT) {
      add("qualifier", "QUALIFIER_WITHOUT_VALUE",
          absl::StrCat("is ", QualifierName(figure.qualifier()),
                       " without a value; leave it unset for what is still to be counted"));
    }
  }

  void CheckCategories(const v1::Figure& figure, std::optional<MetricIndex> metric, int figure_index) {
    const auto path_of = [figure_index](int index) {
      return absl::StrCat("figures[", figure_index, "].categories[", index, "]");
    };
    if (figure.categories_size() > kMaxCategoriesOfFigure) {
      Add(absl::StrCat("figures[", figure_index, "].categories"), "TOO_MANY_CATEGORIES",
          absl::StrCat("has ", figure.categories_size(), "; at most ", kMaxCategoriesOfFigure));
      return;
    }
    for (int index = 0; index < figure.categories_size(); ++index) {
      const std::string& id = figure.categories(index);
      const std::optional<CategoryIndex> category = catalogue_.FindCategory(id);
      if (!category) {
        Add(path_of(index), "UNKNOWN_CATEGORY",
            absl::StrCat(Quote(id), " is no known category", DidYouMean(catalogue_.NearestCategory(id))));
      } else if (metric && !catalogue_.PlaceOf(*metric, *category)) {
        const auto& breakdowns = catalogue_.metric(*metric).breakdowns();
        Add(path_of(index), "CATEGORY_NOT_OF_METRIC",
            absl::StrCat("\"", id, "\" is of the breakdown \"",
                         catalogue_.proto().breakdowns(catalogue_.BreakdownOf(*category)).id(), "\"; \"",
                         figure.metric(), "\" has ",
                         breakdowns.empty() ? "none" : absl::StrCat("only ", absl::StrJoin(breakdowns, " and "))));
      } else if (std::find(figure.categories().begin(), figure.categories().begin() + index, id) !=
                 figure.categories().begin() + index) {
        Add(path_of(index), "CATEGORY_REPEATED", absl::StrCat("\"", id, "\" is named twice; name it once"));
      }
    }
  }

  const v1::OperationResult& result_;
  const Catalogue& catalogue_;
  const Operation* const operation_;
  FieldProblems problems_;
};

}  // namespace

bool IsResultId(absl::string_view result_id) {
  return !result_id.empty() && result_id.size() <= kMaxResultIdBytes &&
         std::all_of(result_id.begin(), result_id.end(), [](char character) {
           return absl::ascii_isalnum(static_cast<unsigned char>(character)) || character == '.' || character == '_' ||
                  character == ':' || character == '-';
         });
}

FieldProblems ValidateResult(const v1::OperationResult& result, const Catalogue& catalogue,
                             const OperationDirectory& operations, ResultValues* values, ValidatedResult* validated) {
  validated->period.reset();
  validated->values = {values, values->size(), 0};
  validated->warnings.clear();
  FieldProblems problems = ResultValidator(result, catalogue, operations).Run(values, validated);
  if (problems.empty()) validated->digest = DigestOf(result);
  return problems;
}

std::string DescribeWarning(const ResultWarning& warning, const v1::OperationResult& result) {
  std::string metric;
  if (warning.figure_index && *warning.figure_index >= 0 && *warning.figure_index < result.figures_size()) {
    metric = result.figures(*warning.figure_index).metric();
  }
  switch (warning.reason) {
    case v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH:
      return absl::StrCat("the parts of \"", metric,
                          "\" add up to more than their stated total; the stated total counts. Check which is right");
    case v1::WARNING_REASON_BREAKDOWNS_DISAGREE:
      return absl::StrCat("two breakdowns of \"", metric,
                          "\" add up to different values; the larger counts. State the total itself");
    case v1::WARNING_REASON_PERIOD_MISMATCH:
      return absl::StrCat("the period ", result.start_date(), " to ", result.end_date(),
                          " lies partly outside the operation's window. Check the dates");
    case v1::WARNING_REASON_OVERLAPPING_PERIOD:
      return absl::StrCat("another result of this force states \"", metric, "\" for some of the days from ",
                          result.start_date(), " to ", result.end_date(), "; both count. Check for a double count");
    case v1::WARNING_REASON_COVERED_BY_JOINT_RETURN:
      return absl::StrCat("a joint return and a return of a force that it covers both state \"", metric,
                          "\" for some of the same days; both count. Check for a double count");
    case v1::WARNING_REASON_UNUSUAL_VALUE:
      return absl::StrCat("\"", metric,
                          "\" is more than ten times what this force usually states. Check the value and its unit");
    case v1::WARNING_REASON_LATE:
      return "accepted after the operation's due time";
    default:
      return "";
  }
}

}  // namespace muster
