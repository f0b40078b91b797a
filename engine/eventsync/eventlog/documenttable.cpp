// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documenttable_p.h>

#include <eventsync/eventlog/storestate.h>
#include <eventsync/storage/logging.h>

#include <algorithm>
#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kCursorHeldBytes = 200; // of a client's cursor

} // namespace

DocumentTable::~DocumentTable()
{
    for (const auto &[id, document] : m_documents) { // a task that waits for a document may hold a reference to it
        const auto loading = std::exchange(document->m_whenLoaded, {});
        const auto idle = std::exchange(document->m_whenIdle, {});
        const auto rows = std::exchange(document->m_whenRowsWritten, {});
        const auto answers = std::exchange(document->m_answers, {});
    }
}

DocumentPtr DocumentTable::find(const DocumentId &id) const
{
    const auto found = m_documents.find(id);
    return found == m_documents.end() ? nullptr : found->second;
}

DocumentPtr DocumentTable::get(const DocumentId &id)
{
    DocumentPtr &known = m_documents[id];
    if (!known)
        known = std::make_shared<LiveDocument>(id, m_state.memory);
    touch(known);
    return known;
}

// ---- loading

void DocumentTable::whenLoaded(const DocumentPtr &document, Task task)
{
    if (document->m_core)
        return task({});
    document->m_whenLoaded.push_back(std::move(task));
    load(document);
}

void DocumentTable::load(const DocumentPtr &document)
{
    if (document->m_stage != LiveDocument::Stage::Unloaded)
        return;
    document->m_stage = LiveDocument::Stage::Loading;
    m_state.store.read<Loaded>(
        [id = document->id()](storage::ReadView &view) -> Result<Loaded> {
            Loaded loaded;
            EVENTSYNC_TRY(loaded.document, EventStore(view).load(id));
            if (!loaded.document) { // another process may have assigned document numbers meanwhile
                EVENTSYNC_TRY(loaded.lastNumber, lastDocumentNumber(view));
            }
            return loaded;
        },
        [this, document](Result<Loaded> result) { loaded(document, std::move(result)); });
}

void DocumentTable::reload(const DocumentPtr &document)
{
    document->m_core.reset();
    document->m_stage = LiveDocument::Stage::Unloaded;
    load(document);
}

void DocumentTable::loaded(const DocumentPtr &document, Result<Loaded> result)
{
    if (!result)
        return loadFailed(document, result.error());
    m_state.lastNumber = std::max(m_state.lastNumber, result->lastNumber);
    if (result->document) {
        m_state.lastPosition = std::max(m_state.lastPosition, result->document->position);
        document->m_cursors.load(result->document->cursors);
    }
    document->m_core = std::make_unique<DocumentCore>(
        document->id(), std::move(result->document), [this](const CollectionName &collection) { return m_state.rules.of(collection); },
        m_state.clock, m_state.random);
    document->m_stage = LiveDocument::Stage::Idle;
    document->m_dirtySince = m_state.clock.steady();
    measure(document);
    for (auto &task : std::exchange(document->m_whenLoaded, {}))
        task({});
    // After a commit with an unknown result the log may have events that were not sent to subscribers.
    if (m_state.observer)
        m_state.observer->loaded(document);
    becameIdle(document);
}

void DocumentTable::loadFailed(const DocumentPtr &document, const Error &error)
{
    if (error.code != ErrorCode::Corrupt) // damage is logged once, elsewhere
        qCWarning(lcStorage) << "document" << document->id().text().c_str() << "cannot be loaded:" << error.toString().c_str();
    document->m_stage = LiveDocument::Stage::Unloaded;
    const auto loading = std::exchange(document->m_whenLoaded, {});
    const auto idle = std::exchange(document->m_whenIdle, {});
    const std::deque<JobPtr> jobs = std::exchange(document->m_jobs, {});
    m_hooks.failJobs({jobs.begin(), jobs.end()}, error);
    if (m_state.observer)
        m_state.observer->unavailable(document, error);
    for (const auto &task : idle)
        task(failure(error));
    for (const auto &task : loading)
        task(failure(error));
    // The document is loaded again at its next use. After a temporary failure the next tick tries again; a damaged document is
    // not tried, since it would fail again and stop the position `derived` from rising.
    const bool mayRecover = errorClass(error.code) == ErrorClass::Transient || error.code == ErrorCode::IoError;
    if (!mayRecover && find(document->id()) == document && document->m_stage == LiveDocument::Stage::Unloaded)
        m_documents.erase(document->id());
}

void DocumentTable::loadAgain()
{
    std::vector<DocumentPtr> unread;
    for (const auto &[id, document] : m_documents) {
        if (!document->m_core)
            unread.push_back(document);
    }
    for (const DocumentPtr &document : unread)
        load(document);
}

void DocumentTable::rulesChanged(const std::vector<CollectionName> &collections)
{
    for (const auto &[id, document] : m_documents) {
        if (document->m_away)
            document->m_away->rulesChanged = true;
        const auto collection = document->m_core ? document->m_core->log().collection() : std::nullopt;
        if (collection && std::find(collections.begin(), collections.end(), *collection) != collections.end())
            document->m_core->rulesChanged();
    }
}

// ---- idle

void DocumentTable::whenIdle(const DocumentPtr &document, Task task)
{
    if (document->isIdle() && document->m_whenIdle.empty())
        return task({});
    document->m_whenIdle.push_back(std::move(task));
    load(document);
}

void DocumentTable::runIdleTasks(const DocumentPtr &document)
{
    while (document->isIdle() && !document->m_whenIdle.empty()) {
        const Task task = std::move(document->m_whenIdle.front());
        document->m_whenIdle.erase(document->m_whenIdle.begin());
        task({});
    }
}

void DocumentTable::becameIdle(const DocumentPtr &document)
{
    runIdleTasks(document);
    if (document->isIdle())
        m_hooks.idle(document);
}

// ---- away

std::unique_ptr<DocumentCore> DocumentTable::takeCore(const DocumentPtr &document)
{
    AwayCore away{.collection = document->m_core->log().collection()};
    if (document->m_core->isDirty())
        away.firstUnflushed = document->m_core->rows().firstUnwritten;
    document->m_away = std::move(away);
    document->m_stage = LiveDocument::Stage::Away;
    return std::move(document->m_core);
}

// Tasks that waited as for a loading document run now; the document is still being validated.
void DocumentTable::returnCore(const DocumentPtr &document, std::unique_ptr<DocumentCore> core)
{
    document->m_core = std::move(core);
    document->m_stage = LiveDocument::Stage::LookingUp;
    if (std::exchange(document->m_away, std::nullopt)->rulesChanged)
        document->m_core->rulesChanged();
    for (const auto &task : std::exchange(document->m_whenLoaded, {}))
        task({});
}

// ---- memory

void DocumentTable::measure(const DocumentPtr &document)
{
    std::size_t bytes = sizeof(LiveDocument) + document->m_cursors.all().size() * kCursorHeldBytes;
    if (document->m_core)
        bytes += sizeof(DocumentCore) + document->m_core->heldBytes();
    if (document->m_stored)
        bytes += document->m_stored->snapshot->state.capacity();
    document->m_held.set(bytes);
}

// Whether nothing uses it. A document whose derived rows lag counts as used, because lists are completed from its state in
// memory.
bool DocumentTable::isUnused(const DocumentPtr &document) const
{
    const auto holders = static_cast<std::size_t>(document.use_count());
    return holders == 1 + document->m_pins && document->isIdle() && document->m_jobs.empty() && document->m_whenIdle.empty() &&
           !document->m_writingRows && !document->m_core->isDirty() && !document->m_cursors.isDirty();
}

bool DocumentTable::isOverfull() const
{
    const std::size_t most = m_state.options.loadedDocuments;
    return m_documents.size() > most + most / 8 || m_state.memory->isOver();
}

void DocumentTable::unload()
{
    using Used = std::pair<std::uint64_t, DocumentPtr>;
    std::vector<Used> unused;
    std::vector<DocumentPtr> pinned;
    for (const auto &[id, document] : m_documents) {
        if (!isUnused(document))
            continue;
        if (document->isPinned())
            pinned.push_back(document);
        else
            unused.emplace_back(document->m_used, document);
    }
    const auto isTooMuch = [&](std::size_t left) {
        return left > m_state.options.loadedDocuments || (left > 0 && m_state.memory->isOver());
    };
    if (isTooMuch(unused.size()))
        std::sort(unused.begin(), unused.end(), [](const Used &a, const Used &b) { return a.first < b.first; });
    for (auto next = unused.begin(); isTooMuch(static_cast<std::size_t>(unused.end() - next)); ++next) {
        m_state.memory->dropped(MemoryOwner::Documents);
        m_documents.erase(next->second->id());
        next->second.reset();
    }
    if (m_state.memory->isOver())
        shorten(std::move(pinned));
    const bool isShort = m_state.memory->isOver();
    if (isShort && !m_memoryIsShort)
        qCWarning(lcStorage) << "documents in use take" << m_state.memory->bytes() << "bytes of memory, more than the"
                             << m_state.memory->total() << "that are allowed";
    m_memoryIsShort = isShort;
}

// Documents that are pinned give up their last events and the snapshot that was sent last: both are in the store.
void DocumentTable::shorten(std::vector<DocumentPtr> pinned)
{
    std::erase_if(pinned, [](const DocumentPtr &document) { return document->m_core->log().recent().isEmpty() && !document->m_stored; });
    std::sort(pinned.begin(), pinned.end(), [](const DocumentPtr &a, const DocumentPtr &b) { return a->m_used < b->m_used; });
    for (auto document = pinned.begin(); document != pinned.end() && m_state.memory->isOver(); ++document) {
        m_state.memory->dropped(MemoryOwner::Documents);
        (*document)->m_core->dropRecent();
        (*document)->m_stored.reset();
        measure(*document);
    }
}

} // namespace eventsync::eventlog
