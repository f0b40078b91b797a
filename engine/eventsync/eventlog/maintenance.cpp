// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/maintenance.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/logging.h>

#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kPageDocuments = 500;
constexpr std::int64_t kSpareParts = 10; // one such part of what a log keeps may be superfluous before a compaction is worth while

Result<CompactionSchedule::Page> readSteps(storage::ReadView &view, const CollectionName &collection, std::int64_t keep,
                                           const std::optional<DocumentId> &from)
{
    CompactionSchedule::Page page;
    Result<> good;
    std::size_t looked = 0;
    const auto add = [&](const storage::Row &cells) -> Result<> {
        EVENTSYNC_TRY(const DocumentRow row, DocumentRow::fromRow(cells, false));
        EVENTSYNC_TRY(const ServerSeq horizon, keptFrom(view, row, keep));
        if (horizon - row.horizon > keep / kSpareParts)
            page.steps.push_back({row.documentId, row.horizon, horizon});
        return {};
    };
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {collection.text()}, .limit = kPageDocuments + 1};
    if (from)
        scan.from = storage::Cell(from->text());
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        const DocumentId id(std::string(textOf(cells, document::Id).value_or("")));
        if (++looked > kPageDocuments) {
            page.next = id;
            return false;
        }
        if (const auto added = add(cells); !added && added.error().code == ErrorCode::Corrupt)
            page.unreadable.push_back({id, added.error()});
        else
            good = added;
        return good.has_value();
    }));
    EVENTSYNC_CHECK(good);
    return page;
}

void notCompacted(const DocumentId &id, const Error &error)
{
    qCWarning(lcStorage) << "the log of" << id.text().c_str() << "was not compacted:" << error.toString().c_str();
}

} // namespace

void CompactionSchedule::tick()
{
    if (m_running)
        return;
    const auto now = m_clock.steady();
    for (const auto &[collection, rule] : m_rules) {
        const auto last = m_last.find(collection);
        if (!rule.keep || (last != m_last.end() && now - last->second < rule.every))
            continue;
        m_last[collection] = now;
        m_running = collection;
        m_removed = false;
        return readPage({});
    }
}

void CompactionSchedule::readPage(std::optional<DocumentId> from)
{
    const auto rule = m_rules.find(*m_running);
    if (rule == m_rules.end() || !rule->second.keep) // the rule was removed meanwhile
        return endRound();
    m_calls.read([collection = *m_running, keep = *rule->second.keep, from](
                     storage::ReadView &view) { return readSteps(view, collection, keep, from); },
                 [this](Result<Page> page) {
                     if (!page) {
                         qCWarning(lcStorage) << "the logs of" << m_running->text().c_str()
                                              << "were not looked through:" << page.error().toString().c_str();
                         return endRound();
                     }
                     for (const UnreadableDocument &one : page->unreadable)
                         notCompacted(one.documentId, one.error);
                     m_steps.assign(page->steps.begin(), page->steps.end());
                     m_nextPage = page->next;
                     next();
                 });
}

void CompactionSchedule::next()
{
    if (m_steps.empty()) {
        if (m_nextPage)
            return readPage(std::exchange(m_nextPage, {}));
        return endRound();
    }
    const CompactStep step = std::move(m_steps.front());
    m_steps.pop_front();
    m_calls.compact(step, [this, id = step.documentId](const Result<> &result) {
        m_removed = m_removed || result;
        if (!result)
            notCompacted(id, result.error());
        next();
    });
}

void CompactionSchedule::endRound()
{
    m_running.reset();
    if (std::exchange(m_removed, false))
        m_calls.shortened();
    tick(); // another collection may be due
}

} // namespace eventsync::eventlog
