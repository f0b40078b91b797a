// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/steppedview.h>

#include <eventsync/storage/limits.h>

#include <utility>
#include <vector>

namespace eventsync::storage {

namespace {

constexpr std::size_t kRowsAtATime = 1'000;

} // namespace

void SteppedView::step()
{
    if (m_view && m_clock.steady() - m_taken >= limits::kViewTime)
        release();
}

void SteppedView::release()
{
    m_view.reset();
}

Result<ReadView *> SteppedView::view()
{
    if (!m_view) {
        EVENTSYNC_TRY(m_view, m_backend.view());
        m_taken = m_clock.steady();
    }
    return m_view.get();
}

Result<std::optional<Row>> SteppedView::get(const std::string &set, const Key &key)
{
    EVENTSYNC_TRY(ReadView *const now, view());
    return now->get(set, key);
}

Result<std::optional<Row>> SteppedView::getBy(const std::string &set, const std::string &index, const Key &cells)
{
    EVENTSYNC_TRY(ReadView *const now, view());
    return now->getBy(set, index, cells);
}

Result<> SteppedView::scan(const Scan &scan, const std::function<bool(const Row &)> &visit)
{
    EVENTSYNC_TRY(ReadView *const now, view());
    return now->scan(scan, visit);
}

Result<> scanInSteps(ReadView &view, Scan scan, std::size_t column, const std::function<Result<>(const Row &)> &visit)
{
    std::optional<Cell> last;
    std::vector<Row> rows;
    for (bool more = true; more;) {
        rows.clear();
        if (last)
            scan.from = *last;
        scan.limit = kRowsAtATime + 1; // the last row of the step before is read again
        EVENTSYNC_CHECK(view.scan(scan, [&](const Row &row) {
            if (!last || row[column] != *last)
                rows.push_back(row);
            return true;
        }));
        more = rows.size() >= kRowsAtATime;
        if (!rows.empty())
            last = rows.back()[column];
        for (const Row &row : rows)
            EVENTSYNC_CHECK(visit(row));
    }
    return {};
}

} // namespace eventsync::storage
