// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <cstdio>

namespace eventsync::simulation {

namespace {

using Kind = Action::Kind;

struct Weight
{
    Kind kind;
    double weight;
};

// Hazards that a run has, or has not.
constexpr Weight kHazards[] = {
    {Kind::Cut, 3},     {Kind::Resolve, 3},   {Kind::DeviceCrash, 1}, {Kind::ServerCrash, 1}, {Kind::Backup, 1},
    {Kind::Restore, 1}, {Kind::Compact, 1.5}, {Kind::Copy, 0.6},      {Kind::Expire, 0.3},    {Kind::CodeWrite, 2},
    {Kind::Undo, 1.5},  {Kind::StoreFault, 0.7},  {Kind::Repeat, 2},
};

} // namespace

std::vector<Action> schedule(std::uint64_t seed)
{
    SeededRandom random(seed * 7919 + 1);
    static constexpr double kEdit[] = {3, 6, 12}, kFlow[] = {6, 12, 24}, kFactor[] = {0.5, 1, 2};
    std::vector<Weight> weights = {{Kind::Edit, kEdit[random.below(3)]}, {Kind::Up, 4},     {Kind::Down, 4},
                                   {Kind::Work, 3},                      {Kind::Disk, 3},   {Kind::Flow, kFlow[random.below(3)]},
                                   {Kind::Connect, 5},                   {Kind::Notice, 3}, {Kind::Tick, 2}};
    bool restores = false;
    for (const Weight &hazard : kHazards) {
        const bool common = hazard.kind == Kind::Cut || hazard.kind == Kind::Resolve;
        if (random.unit() >= (common ? 0.85 : 0.5))
            continue;
        weights.push_back({hazard.kind, hazard.weight * kFactor[random.below(3)]});
        restores |= hazard.kind == Kind::Restore;
    }
    if (restores)
        weights.push_back({Kind::Backup, 1.5});
    // Drawn apart: without this hazard a seed has the schedule that it had before there was one.
    if (SeededRandom apart(seed * 7919 + 2); apart.unit() < 0.4)
        weights.push_back({Kind::OpenClose, 2 * kFactor[apart.below(3)]});
    double total = 0;
    for (const Weight &weight : weights)
        total += weight.weight;
    static constexpr std::size_t kLengths[] = {60, 120, 200, 300};
    std::vector<Action> actions(kLengths[random.below(4)]);
    for (Action &action : actions) {
        double at = random.unit() * total;
        std::size_t i = 0;
        while (i + 1 < weights.size() && at >= weights[i].weight)
            at -= weights[i++].weight;
        action = {weights[i].kind, random.next() & 0xFFFFFFFF};
    }
    return actions;
}

std::optional<Failure> run(std::uint64_t seed, const std::vector<Action> &actions, bool verbose)
{
    try {
        World world(Traits::ofSeed(seed), verbose);
        int number = 0;
        for (const Action &action : actions) {
            ++number;
            if (verbose)
                std::printf("%3d ", number);
            world.step(action);
        }
        world.heal();
        world.check();
    } catch (const Violation &violation) {
        if (verbose)
            std::printf("*** %s\n", violation.what());
        return Failure{seed, violation.kind(), violation.what()};
    }
    return std::nullopt;
}

std::optional<Failure> run(std::uint64_t seed)
{
    return run(seed, schedule(seed), false);
}

std::vector<Action> minimize(std::uint64_t seed, const std::string &kind)
{
    std::vector<Action> actions = schedule(seed);
    const auto fails = [&](const std::vector<Action> &candidate) {
        const auto failure = run(seed, candidate, false);
        return failure && failure->kind == kind;
    };
    for (std::size_t size = std::max<std::size_t>(1, actions.size() / 2);; size = std::max<std::size_t>(1, size / 2)) {
        bool shrunk = false;
        for (std::size_t i = 0; i < actions.size();) {
            std::vector<Action> candidate(actions.begin(), actions.begin() + static_cast<std::ptrdiff_t>(i));
            candidate.insert(candidate.end(), actions.begin() + static_cast<std::ptrdiff_t>(std::min(i + size, actions.size())), actions.end());
            if (fails(candidate)) {
                actions = std::move(candidate);
                shrunk = true;
            } else {
                i += size;
            }
        }
        if (size == 1 && !shrunk)
            return actions;
    }
}

} // namespace eventsync::simulation
