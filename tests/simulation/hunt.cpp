// SPDX-License-Identifier: Apache-2.0
#include "hunt.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

namespace eventsync::simulation {

std::vector<Failure> hunt(const Hunt &hunt)
{
    std::atomic<std::uint64_t> next{hunt.first}, done{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::vector<Failure> failures;
    const auto worker = [&] {
        for (std::uint64_t seed = next++; seed < hunt.first + hunt.runs && !stop; seed = next++) {
            auto failure = run(seed);
            const std::lock_guard lock(mutex);
            if (failure) {
                failures.push_back(std::move(*failure));
                stop = stop || hunt.stopAtFirst;
            }
            if (hunt.progress)
                hunt.progress(++done);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < hunt.jobs; ++i)
        threads.emplace_back(worker);
    worker();
    for (std::thread &thread : threads)
        thread.join();
    std::sort(failures.begin(), failures.end(), [](const Failure &a, const Failure &b) { return a.seed < b.seed; });
    return failures;
}

void explain(const Failure &failure)
{
    std::printf("\n=== seed %llu: %s\n", static_cast<unsigned long long>(failure.seed), failure.text.c_str());
    run(failure.seed, minimize(failure.seed, failure.kind), true);
    std::printf("=== again: ./dev simulate --replay %llu\n", static_cast<unsigned long long>(failure.seed));
}

} // namespace eventsync::simulation
