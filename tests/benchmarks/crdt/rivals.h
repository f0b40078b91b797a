// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenarios.h"

#include <string>
#include <vector>

namespace eventsync::bench {

struct Rival
{
    std::string name;
    Results results;
};

// The rivals that can be had here, each with its results; what cannot be had is named on stderr with the reason. What they
// need is installed below `folder`, once.
std::vector<Rival> measureRivals(const std::string &source, const std::string &folder);

} // namespace eventsync::bench
