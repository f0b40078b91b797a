// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/metrics.h>

#include <eventsync/base/assert.h>

#include <bit>

namespace eventsync {

void Histogram::observe(std::uint64_t value)
{
    const auto index = value <= 1 ? 0u : static_cast<unsigned>(std::bit_width(value - 1));
    m_buckets[std::min<std::size_t>(index, kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
    m_count.fetch_add(1, std::memory_order_relaxed);
    m_sum.fetch_add(value, std::memory_order_relaxed);
}

Metrics::Family &Metrics::family(std::string_view name, std::string_view help, std::string_view type)
{
    const auto [found, isNew] = m_families.try_emplace(std::string(name));
    if (isNew) {
        found->second.help = help;
        found->second.type = type;
    }
    EVENTSYNC_ASSERT(found->second.type == type);
    return found->second;
}

Counter &Metrics::counter(std::string_view name, std::string_view help, std::string_view labels)
{
    const std::lock_guard lock(m_mutex);
    auto &series = family(name, help, "counter").series[std::string(labels)];
    if (!series.counter)
        series.counter = std::make_unique<Counter>();
    return *series.counter;
}

Gauge &Metrics::gauge(std::string_view name, std::string_view help, std::string_view labels)
{
    const std::lock_guard lock(m_mutex);
    auto &series = family(name, help, "gauge").series[std::string(labels)];
    if (!series.gauge)
        series.gauge = std::make_unique<Gauge>();
    return *series.gauge;
}

Histogram &Metrics::histogram(std::string_view name, std::string_view help, std::string_view labels)
{
    const std::lock_guard lock(m_mutex);
    auto &series = family(name, help, "histogram").series[std::string(labels)];
    if (!series.histogram)
        series.histogram = std::make_unique<Histogram>();
    return *series.histogram;
}

namespace {

void line(std::string &out, const std::string &name, std::string_view suffix, const std::string &labels,
          const std::string &extra, std::uint64_t value)
{
    out += name;
    out += suffix;
    if (!labels.empty() || !extra.empty())
        out += '{' + labels + (labels.empty() || extra.empty() ? "" : ",") + extra + '}';
    out += ' ' + std::to_string(value) + '\n';
}

} // namespace

std::string Metrics::toPrometheus() const
{
    const std::lock_guard lock(m_mutex);
    std::string out;
    for (const auto &[name, family] : m_families) {
        out += "# HELP " + name + ' ' + family.help + "\n# TYPE " + name + ' ' + family.type + '\n';
        for (const auto &[labels, series] : family.series) {
            if (series.counter)
                line(out, name, "", labels, "", series.counter->value());
            if (series.gauge)
                out += name + (labels.empty() ? "" : '{' + labels + '}') + ' ' + std::to_string(series.gauge->value()) + '\n';
            if (series.histogram) {
                std::uint64_t below = 0;
                for (std::size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
                    below += series.histogram->bucket(i);
                    line(out, name, "_bucket", labels, "le=\"" + std::to_string(std::uint64_t(1) << i) + '"', below);
                }
                line(out, name, "_bucket", labels, "le=\"+Inf\"", series.histogram->count());
                line(out, name, "_sum", labels, "", series.histogram->sum());
                line(out, name, "_count", labels, "", series.histogram->count());
            }
        }
    }
    return out;
}

} // namespace eventsync
