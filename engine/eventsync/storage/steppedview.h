// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/storage/backend.h>

namespace eventsync::storage {

/// A view for long work: it shows one read snapshot after another. A database must keep a read snapshot as long as it is used:
/// SQLite's write-ahead log grows with every commit meanwhile, and cannot be truncated.
///
/// Reads between two calls of step() or release() show one moment. Used like a view, on one thread; the backend must outlive
/// it.
class SteppedView final : public ReadView
{
public:
    SteppedView(Backend &backend, const Clock &clock) : m_backend(backend), m_clock(clock) {}

    void step();    ///< not within a scan: replaces a read snapshot that is older than limits::kViewTime
    void release(); ///< not within a scan, before waiting: ends the read snapshot; the next read begins a new one

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

/// Visits the rows of a scan, some at a time: no scan is active while `visit` runs, so `visit` may step or release the view and
/// take any time. Rows are visited in the order of the scan; `column` is the one that orders them, with a different value in
/// each row. Later commits may be visible.
Result<> scanInSteps(ReadView &view, Scan scan, std::size_t column, const std::function<Result<>(const Row &)> &visit);

} // namespace eventsync::storage
