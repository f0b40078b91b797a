// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "run.h"

#include <functional>

namespace eventsync::simulation {

struct Hunt
{
    std::uint64_t first = 1;
    std::uint64_t runs = 300;
    int jobs = 2;
    bool stopAtFirst = false;
    std::function<void(std::uint64_t done)> progress = {};
};

// Runs the seeds on `jobs` threads; the failures in the order of their seeds.
std::vector<Failure> hunt(const Hunt &hunt);

// Prints the shortest schedule of a failing seed, step by step, and the command that repeats it.
void explain(const Failure &failure);

} // namespace eventsync::simulation
