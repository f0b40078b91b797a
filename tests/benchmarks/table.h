// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What every benchmark here prints: one Markdown table of work, what EventSync takes, what the baseline takes that ran
// beside it, and their ratio beside its target.
namespace eventsync::bench {

inline double median(std::vector<double> values)
{
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

inline std::string text(double value, const char *unit)
{
    char buffer[64];
    std::snprintf(buffer, sizeof buffer,
                  value < 0.095   ? "%.2g"
                  : value < 10    ? "%.2f"
                  : value < 1'000 ? "%.1f"
                                  : "%.0f",
                  value);
    return std::string(buffer) + (*unit ? " " : "") + unit;
}

struct Target
{
    enum class Kind { AtMost, AtLeast };
    Kind kind = Kind::AtMost;
    double value = 0;
};

// Several runs of one piece of work, each beside its baseline. The ratio is the median of the runs' ratios, so that a
// disturbance that met one run, or both halves of it, does not count.
struct Series
{
    std::vector<double> ours, baseline;

    void add(double oursTook, double baselineTook)
    {
        ours.push_back(oursTook);
        baseline.push_back(baselineTook);
    }
    std::vector<double> ratios() const
    {
        std::vector<double> all;
        for (std::size_t i = 0; i < ours.size(); ++i)
            all.push_back(ours[i] / baseline[i]);
        return all;
    }
};

class Table
{
public:
    void add(std::string work, const Series &series, const char *unit, std::optional<Target> target)
    {
        const double ratio = median(series.ratios());
        std::string wanted = "-", met = "-";
        if (target) {
            const bool atMost = target->kind == Target::Kind::AtMost;
            wanted = (atMost ? "<= " : ">= ") + text(target->value, "");
            met = (atMost ? ratio <= target->value : ratio >= target->value) ? "yes" : "no";
        }
        m_lines.push_back("| " + std::move(work) + " | " + text(median(series.ours), unit) + " | " +
                          text(median(series.baseline), unit) + " | " + text(ratio, "") + " | " + wanted + " | " + met +
                          " |");
    }
    void print() const
    {
        std::puts("| work | EventSync | baseline | ratio | target | met |\n|---|---|---|---|---|---|");
        for (const std::string &line : m_lines)
            std::puts(line.c_str());
        std::fflush(stdout);
    }

private:
    std::vector<std::string> m_lines;
};

} // namespace eventsync::bench
