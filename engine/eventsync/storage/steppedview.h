// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/storage/backend.h>

namespace eventsync::storage {

/// A view for work that takes long: it shows one snapshot of the store after another. While somebody looks at an old snapshot a
/// database must keep it: SQLite's write-ahead log grows by everything that is committed meanwhile, and is not cut back.
///
/// Reads between two calls of step() or release() are of one moment. Used like a view, on one thread; the backend outlives it.
class SteppedView final : public ReadView
{
public:
    SteppedView(Backend &backend, const Clock &clock) : m_backend(backend), m_clock(clock) {}

    void step();    ///< not within a scan: a snapshot older than limits::kViewTime goes
    void release(); ///< not within a scan, before waiting for somebody: the snapshot goes, the next read takes a new one

    Result<std::optional<Row>> get(const std::string &set, const Key &key) override;
    Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) override;
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) override;

private:
    Result<ReadView *> view();

    Backend &m_backend;
    const Clock &m_clock;
    std::unique_ptr<ReadView> m_view;
    std::chrono::milliseconds m_taken{};
};

/// Visits the rows of a scan, some at a time: no scan is under way while `visit` runs, so it may step or release the view and
/// take as long as it likes. Rows come in the order of the scan; `column` is the one they are ordered by, and no two have the
/// same there. What is committed meanwhile may show.
Result<> scanInSteps(ReadView &view, Scan scan, std::size_t column, const std::function<Result<>(const Row &)> &visit);

} // namespace eventsync::storage
