// A figure in words.
#ifndef MUSTER_CLIENTS_CLI_FIGURE_TEXT_H_
#define MUSTER_CLIENTS_CLI_FIGURE_TEXT_H_

#include <string>

#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster::cli {

// "61", "at least 430 g", "about £66,000", "not yet counted".
std::string FigureText(const v1::Figure& figure, v1::Dimension dimension);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_FIGURE_TEXT_H_
