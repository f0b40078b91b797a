// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/operatingtime.h>

#include <eventsync/eventlog/schema.h>

#include <algorithm>
#include <string>

namespace eventsync::eventlog {

namespace {

Result<std::optional<Timestamp>> storedTime(storage::ReadView &view, const char *name)
{
    EVENTSYNC_TRY(const std::optional<storage::Row> row, view.get(sets::kMeta, {std::string(name)}));
    if (!row)
        return std::nullopt;
    EVENTSYNC_TRY(const Timestamp time, timeOf(*row, meta::Value));
    return time;
}

// The time of a client's last connection is stored. None: now.
Result<Timestamp> lastUse(storage::ReadView &view, Timestamp now)
{
    Result<Timestamp> last = now;
    const storage::Scan newest{.set = sets::kClients, .index = "seen", .prefix = {std::int64_t(0)}, .descending = true, .limit = 1};
    EVENTSYNC_CHECK(view.scan(newest, [&](const storage::Row &row) {
        last = timeOf(row, client::LastSeen);
        return false;
    }));
    return last ? Result<Timestamp>(std::min(*last, now)) : last;
}

} // namespace

Result<std::optional<Timestamp>> OperatingTime::stored(storage::ReadView &view)
{
    return storedTime(view, meta::kSeen);
}

Result<OperatingTime> OperatingTime::read(storage::ReadView &view, const Clock &clock)
{
    EVENTSYNC_TRY(const std::optional<Timestamp> left, stored(view));
    if (left)
        return OperatingTime(clock, *left);
    EVENTSYNC_TRY(const Timestamp last, lastUse(view, clock.wall()));
    return OperatingTime(clock, last);
}

storage::Batch OperatingTime::batch() const
{
    return storage::Batch()
        .put(sets::kMeta, {std::string(meta::kSeen), now().value()})
        .put(sets::kMeta, {std::string(meta::kWall), m_clock->wall().value()});
}

Result<std::chrono::milliseconds> OperatingTime::wallMoved(storage::ReadView &view, const Clock &clock)
{
    EVENTSYNC_TRY(const std::optional<Timestamp> stored, storedTime(view, meta::kWall));
    return std::chrono::milliseconds(stored ? clock.wall() - *stored : 0);
}

} // namespace eventsync::eventlog
