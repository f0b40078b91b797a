// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenarios.h"

#include <string>
#include <utility>
#include <vector>

namespace bench {

// The rivals that can be had here, each with its results; what cannot be had is named on stderr with the reason.
std::vector<std::pair<std::string, Results>> measureRivals(const std::string &source, const std::string &folder);

} // namespace bench
