// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "world.h"

#include <optional>
#include <string>
#include <vector>

namespace eventsync::simulation {

struct Failure
{
    std::uint64_t seed = 0;
    std::string kind, text;
};

// The schedule of a seed: each has its own set of hazards and its own weights.
std::vector<Action> schedule(std::uint64_t seed);

// Runs one seed (or a given schedule under that seed's traits), heals and checks. The same seed gives the same run for ever.
std::optional<Failure> run(std::uint64_t seed);
std::optional<Failure> run(std::uint64_t seed, const std::vector<Action> &actions, bool verbose);

// The shortest schedule found that still breaks the same guarantee.
std::vector<Action> minimize(std::uint64_t seed, const std::string &kind);

} // namespace eventsync::simulation
