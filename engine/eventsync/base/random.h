// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace eventsync {

/// The interface for random numbers, so that a test or a simulation can replace them. Owner only, unless a class says otherwise.
class Random
{
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0; ///< 64 uniform bits

    /// Uniform in [0, bound); bound > 0. Multiply-shift (Lemire 2019), its bias below 2^-32 for bounds below 2^32.
    std::uint64_t below(std::uint64_t bound)
    {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; } ///< [0, 1)
};

/// The operating system's generator, fit for secrets. Any thread.
class SystemRandom final : public Random
{
public:
    std::uint64_t next() override;
};

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers on every machine and in every version. Not for
/// secrets.
class SeededRandom final : public Random
{
public:
    explicit SeededRandom(std::uint64_t seed) : m_state(seed) {}
    std::uint64_t next() override
    {
        std::uint64_t z = (m_state += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t m_state;
};

} // namespace eventsync
