// Totals in words: what a careful writer would print, so that a qualified number is never read as an exact one.
#ifndef MUSTER_DOMAIN_CAREFUL_WRITER_H_
#define MUSTER_DOMAIN_CAREFUL_WRITER_H_

#include <string>

#include "muster/v1/catalogue.pb.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// A total in two parts, so that a table can line up the numbers. Neither stands alone: a headline without its
// caveats says too much.
struct CarefulTotal {
  std::string headline;  // "230", "at least £120,000", "about £211,595"
  std::string caveats;   // "", ", at least £145,595", ", and 2 values still to be counted"

  std::string Text() const { return headline + caveats; }
};

// Writes `total`, which is in the base unit of `dimension`:
//
//   every part exact             "230"
//   exact and at-least parts     "at least £120,000"
//   exact and at-most parts      "at most 30 kg, at least 10 kg" (what is certain, unless that is nothing)
//   any other mixture            "about £211,595, at least £145,595"
//   values still to be counted   "at least 430 g, and 2 values still to be counted"
//   no sum                       "no total (3 results do not add up)"
CarefulTotal WriteCarefully(const v1::Total& total, v1::Dimension dimension);

}  // namespace muster

#endif  // MUSTER_DOMAIN_CAREFUL_WRITER_H_
