// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/collectionwatch_p.h>

#include <eventsync/base/bytes.h>
#include <eventsync/base/digest.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/limits.h>
#include <eventsync/sync/limits.h>
#include <eventsync/sync/session_p.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

using namespace eventlog;

// The next documents of a list that fit one message.
struct HeadPage
{
    std::vector<FoundHead> heads;
    std::vector<Error> damage = {}; // documents that cannot be reported, because their rows are damaged
    bool hasMore = false;
    std::int64_t lastPosition = 0;
    std::string lastId;
};

namespace {

// What a set takes to keep the name.
std::size_t heldBytes(const DocumentId &document)
{
    return 80 + document.text().size();
}

bool needsNoState(const protocol::Watch &parameters)
{
    return !parameters.filter && parameters.fields.empty();
}

// `state` is not used if needsNoState().
FoundHead foundHead(const protocol::Watch &parameters, const CollectionPolicy &policy, protocol::Head head,
                    const json::State &state, const HeadLimits &asMuch, Budget &budget)
{
    FoundHead found{std::move(head)};
    if (found.head.deleted || needsNoState(parameters))
        return found;
    const json::Value view = policy.withEngineFields(*state, found.head.serverSeq);
    found.matches = !parameters.filter || parameters.filter->matches(view, budget);
    if (!found.matches || parameters.fields.empty())
        return found;
    json::Value fields = json::project(view, parameters.fields, budget);
    found.fieldBytes = json::canonicalSize(fields);
    if (found.fieldBytes <= asMuch.fields)
        found.head.fields = std::move(fields);
    else
        found.head.code = ErrorCode::TooLarge;
    return found;
}

Result<HeadPage> headPage(storage::ReadView &view, Budget &budget, const storage::Scan &scan, const protocol::Watch &parameters,
                          const CollectionPolicy &policy, const HeadLimits &asMuch)
{
    HeadPage page;
    std::size_t bytes = 0, rows = 0;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        const auto position = integerOf(cells, document::Position);
        const auto id = textOf(cells, document::Id);
        if (!position || !id) {
            error = position ? id.error() : position.error();
            return false;
        }
        page.lastPosition = *position;
        page.lastId = *id;
        ++rows;
        const auto row = DocumentRow::fromRow(cells, !needsNoState(parameters));
        if (!row)
            page.damage.push_back(row.error());
        if (row && row->at.serverSeq > ServerSeq(0)) {
            protocol::Head head{.documentId = row->documentId, .serverSeq = row->at.serverSeq,
                                .deleted = integerOf(cells, document::Deleted).value_or(1) != 0 ||
                                           (!needsNoState(parameters) && !row->state)};
            page.heads.push_back(foundHead(parameters, policy, std::move(head), row->state, asMuch, budget));
            bytes += page.heads.back().bytes();
        }
        page.hasMore = rows == limits::kPageItems || bytes > asMuch.page;
        return !page.hasMore;
    }));
    if (error)
        return failure(*error);
    return page;
}

struct WatchStart
{
    std::int64_t since = 0;
    LogCheckpoint reached;
};

// A token is used if this log continues from it. Any other text leads to a full list, which is marked as full.
Result<WatchStart> watchStart(storage::ReadView &view, const std::optional<std::string> &token, const std::string &epoch, std::int64_t reached)
{
    WatchStart start;
    const auto since = token ? LogCheckpoint::fromToken(*token) : Result<LogCheckpoint>(LogCheckpoint());
    if (since) {
        EVENTSYNC_TRY(const bool isOurs, since->isIn(view, epoch));
        start.since = isOurs ? since->position : 0;
    }
    EVENTSYNC_TRY(start.reached, LogCheckpoint::upTo(view, epoch, reached));
    return start;
}

} // namespace

CollectionWatch::CollectionWatch(Session &session, SyncContext &context, const protocol::Watch &parameters)
    : m_session(session), m_context(context), m_id(session.id()), m_parameters(std::make_shared<const protocol::Watch>(parameters))
{
}

void CollectionWatch::end()
{
    m_state = State::Ended;
    takeChanged();
    forgetShown();
}

bool CollectionWatch::dependsOnRules() const
{
    return !needsNoState(*m_parameters);
}

// ---- what it keeps

void CollectionWatch::headChanged(const DocumentId &document)
{
    if (m_isBehind || m_state == State::Ended || !m_changed.insert(document).second)
        return;
    WatchMemory &memory = m_session.watchMemory();
    memory.changed += heldBytes(document);
    if (memory.changed > limits::kWatchChangedBytes)
        fallBehind();
}

void CollectionWatch::fallBehind()
{
    takeChanged();
    m_isBehind = true;
    if (m_context.watchesRepeated)
        m_context.watchesRepeated->add();
}

std::set<DocumentId> CollectionWatch::takeChanged()
{
    for (const DocumentId &document : m_changed)
        m_session.watchMemory().changed -= heldBytes(document);
    return std::exchange(m_changed, {});
}

// If it does not know any more what it has shown, a document that leaves the filter is told without being sure that the peer knew it.
void CollectionWatch::wasShown(const DocumentId &document)
{
    if (!m_knowsShown || !m_shown.insert(document).second)
        return;
    WatchMemory &memory = m_session.watchMemory();
    memory.shown += heldBytes(document);
    if (memory.shown > limits::kWatchShownBytes) {
        forgetShown();
        m_knowsShown = false;
    }
}

void CollectionWatch::forgetShown()
{
    for (const DocumentId &document : m_shown)
        m_session.watchMemory().shown -= heldBytes(document);
    m_shown.clear();
}

// ---- the list

// A token of a watch that depends on rules names them: under other rules other documents may fit the filter, changed or not.
std::string CollectionWatch::rulesMark() const
{
    constexpr std::size_t kBytes = 9;
    if (!dependsOnRules())
        return {};
    const Digest digest = sha256(json::canonical(m_context.engine.rules(collection())->policy.toJson()));
    return '.' + toBase64Url(digest.view().substr(0, kBytes));
}

std::optional<std::string> CollectionWatch::usableToken() const
{
    if (!m_parameters->since)
        return std::nullopt;
    const std::string &token = *m_parameters->since;
    const std::size_t mark = std::min(token.find('.'), token.size());
    return !dependsOnRules() || token.substr(mark) == rulesMark() ? std::optional(token.substr(0, mark)) : std::nullopt;
}

// Another node's event may arrive here after later ones of this node, so with other nodes everything is listed.
void CollectionWatch::listAgain()
{
    m_isBehind = m_full = false;
    m_isRepeated = true;
    m_since = m_context.options.pubsub ? 0 : m_told;
    m_state = State::Starting;
    start();
}

void CollectionWatch::start()
{
    m_context.clients.whenStarted([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->m_state == State::Ended)
            return;
        self->m_context.engine.writeRows(self->collection(), [weak, reached = self->m_context.engine.position()](const Result<> &written) {
            const auto watch = weak.lock();
            if (!watch || watch->m_state == State::Ended)
                return;
            if (written)
                watch->readStart(reached);
            else
                watch->fail({ErrorCode::Unavailable, written.error().message});
        });
    });
}

void CollectionWatch::readStart(std::int64_t reached)
{
    m_told = reached;
    if (m_isRepeated)
        return readPage();
    m_context.store().read<WatchStart>(
        [token = usableToken(), epoch = m_context.options.epoch, reached](storage::ReadView &view) {
            return watchStart(view, token, epoch, reached);
        },
        [weak = weak_from_this()](const Result<WatchStart> &start) {
            const auto watch = weak.lock();
            if (!watch || watch->m_state == State::Ended)
                return;
            if (!start)
                return watch->fail({ErrorCode::Unavailable, start.error().message});
            watch->m_since = start->since;
            watch->m_full = watch->m_knowsShown = start->since == 0;
            watch->m_reached = start->reached;
            watch->readPage();
        });
}

void CollectionWatch::readPage()
{
    m_state = State::Listing;
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {collection().text()}, .limit = limits::kPageItems};
    if (changesOnly()) {
        scan.index = "changes";
        scan.from = storage::Cell(m_since + 1);
    } else if (m_listAfter) {
        scan.from = storage::Cell(*m_listAfter + '\0');
    }
    m_context.answers.ask<HeadPage>(
        m_session.requester(),
        [scan, parameters = m_parameters, its = m_context.engine.rules(collection()), asMuch = headLimits()](storage::ReadView &view, Budget &budget) {
            return headPage(view, budget, scan, *parameters, its->policy, asMuch);
        },
        [weak = weak_from_this()](const Result<HeadPage> &page) {
            const auto watch = weak.lock();
            if (!watch || watch->m_state == State::Ended)
                return;
            if (page)
                watch->pageRead(*page);
            else
                watch->fail(page.error());
        });
}

void CollectionWatch::pageRead(const HeadPage &page)
{
    for (const Error &damaged : page.damage)
        m_context.store().noteDamage(damaged);
    protocol::Heads heads{collection(), {}};
    for (const FoundHead &one : page.heads) {
        if (!changesOnly() && one.head.deleted)
            continue;
        if (auto head = headFor(one))
            heads.heads.push_back(std::move(*head));
    }
    if (!heads.heads.empty())
        m_session.peer().send(std::move(heads));
    if (page.hasMore) {
        if (changesOnly())
            m_since = page.lastPosition;
        else
            m_listAfter = page.lastId;
        m_state = State::Waiting;
        return m_session.sendPending();
    }
    m_state = State::Live;
    if (!m_isRepeated)
        m_session.peer().send(protocol::Watching{collection(), m_reached.toToken() + rulesMark(), m_full});
    if (!m_changed.empty() || m_isBehind) {
        m_context.watches.schedule(shared_from_this());
        m_context.watches.send();
    }
}

void CollectionWatch::resume()
{
    if (m_state == State::Waiting)
        readPage();
    if (m_state != State::Ended && (!m_changed.empty() || m_isBehind))
        m_context.watches.schedule(shared_from_this());
}

// A filter that takes too much work would do so again: the watch ends. After any other error the connection is closed, and the
// peer connects again.
void CollectionWatch::fail(const Error &error)
{
    if (error.code != ErrorCode::TooLarge)
        return m_session.close({ErrorCode::Unavailable, error.message}, limits::kRetryFirst);
    m_session.unwatch(collection());
    m_session.peer().sendError(error, protocol::ErrorScope::Document);
}

// ---- heads

HeadLimits CollectionWatch::headLimits() const
{
    // A number of three characters can take nine bytes of CBOR.
    return {.page = m_context.options.catchUpChunkBytes, .fields = static_cast<std::size_t>(m_context.options.limits.frameBytes) / 3};
}

// The head that this watch has to report for one document, if any.
std::optional<protocol::Head> CollectionWatch::headFor(const FoundHead &found)
{
    protocol::Head head = found.head;
    if (m_context.options.access->access(m_session.principal(), collection(), head.documentId) == Access::None)
        return std::nullopt;
    if (!m_parameters->filter)
        return head;
    if (!head.deleted && found.matches) {
        wasShown(head.documentId);
        return head;
    }
    const bool known = m_shown.erase(head.documentId) > 0;
    if (known)
        m_session.watchMemory().shown -= heldBytes(head.documentId);
    if (!known && m_knowsShown)
        return std::nullopt;
    head.deleted = true; // or gone from what is watched
    return head;
}

// None if the filter takes too much work: then the watch has ended.
std::optional<FoundHead> CollectionWatch::changedHead(const DocumentPtr &document)
{
    const DocumentCore &core = *document->core();
    Budget budget(limits::kHeadSteps);
    FoundHead found = foundHead(*m_parameters, m_context.engine.rules(collection())->policy,
                                {.documentId = document->id(), .serverSeq = core.log().head().serverSeq, .deleted = core.isDeleted()},
                                needsNoState(*m_parameters) ? json::State() : core.record().state, headLimits(), budget);
    if (!budget.isExhausted())
        return found;
    fail(budget.error("the filter of the watch"));
    return std::nullopt;
}

// Watches without a filter and with all rights share one encoded message. If all heads do not fit one message, as many messages
// are sent as the peer's unsent bytes permit, and the rest when it has drained.
void CollectionWatch::sendChanged()
{
    Outbox &peer = m_session.peer();
    if (m_state != State::Live || peer.isOverHighWater())
        return;
    if (m_isBehind)
        return listAgain();
    const std::int64_t position = m_context.engine.position();
    const bool plain = needsNoState(*m_parameters);
    protocol::Heads heads{collection(), {}};
    std::set<DocumentId> later;
    std::size_t bytes = 0;
    bool shareable = plain;
    const std::set<DocumentId> changed = takeChanged();
    for (const DocumentId &id : changed) {
        const DocumentPtr document = m_context.engine.find(id);
        if (!document || !document->core() || (!plain && !document->isIdle()) || peer.isOverHighWater()) {
            if (!document)
                m_context.engine.whenLoaded(id, [](const Result<DocumentPtr> &) {});
            later.insert(id); // with its next change, at the next tick, or when the peer has drained
            continue;
        }
        const auto found = changedHead(document);
        if (!found)
            return;
        auto head = headFor(*found);
        shareable = shareable && head;
        if (!head)
            continue;
        heads.heads.push_back(std::move(*head));
        bytes += found->bytes();
        if (bytes > headLimits().page) {
            peer.send(std::exchange(heads, {collection(), {}}));
            bytes = 0;
            shareable = false;
        }
    }
    shareable = shareable && later.empty();
    for (const DocumentId &id : later)
        headChanged(id);
    if (m_changed.empty() && !m_isBehind)
        m_told = position;
    if (heads.heads.empty())
        return;
    if (shareable)
        peer.send(m_context.watches.shared(std::move(heads), changed));
    else
        peer.send(std::move(heads));
}

} // namespace eventsync::sync
