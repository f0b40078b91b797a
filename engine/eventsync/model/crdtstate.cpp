// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/crdtstate.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/digest.h>
#include <eventsync/base/guard.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/references.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/limits.h>

#include <algorithm>
#include <set>

namespace eventsync {

namespace {

constexpr std::size_t kEntryBytes = 96; // estimated memory of a patch apart from its bytes

// Between edits the document has a session that is reserved, and under which nothing is written.
constexpr std::uint64_t kReservedSession = crdt::kFirstFreeSession;

tl::unexpected<Error> invalid(const char *why)
{
    return failure(ErrorCode::InvalidValue, why);
}

// Nodes in several places could double the view with every level. Nodes in no place can never get one later; no snapshot has
// them, so no limit of a document applies to them, but they use memory.
Result<> checkPlaces(const crdt::PatchView &patch)
{
    const crdt::IdSpan own = patch.idSpan();
    std::set<std::uint64_t> placed;
    std::size_t made = 0;
    bool fine = true;
    patch.forEach([&](const crdt::Operation &op) {
        made += op.code <= crdt::OpCode::NewArr ? 1 : 0;
        crdt::forEachPlaced(op, own.sid, [&](crdt::Id id) {
            fine = fine && id.sid == own.sid && id.time >= own.time && id.time < op.id.time && placed.insert(id.time).second;
        });
    });
    if (!fine)
        return invalid("a patch puts in place what it made itself, each node once");
    if (made > placed.size() + limits::kCrdtUnplaced)
        return invalid("a patch makes nodes that it puts nowhere");
    return {};
}

// Deleting visits every run of the named ids, including deleted ones, so naming them repeatedly would take a long time. An
// editor names visible elements, each once, and a document cannot have more of them than its largest size.
Result<> checkDeletes(const crdt::PatchView &patch)
{
    constexpr std::uint64_t most = limits::kDocumentBytes + limits::kEventBytes;
    std::uint64_t deleted = 0;
    patch.forEach([&](const crdt::Operation &op) {
        if (op.code == crdt::OpCode::Del)
            crdt::forEachSpan(op, patch.id().sid, [&](crdt::IdSpan span) { deleted = std::min(most + 1, deleted + std::min(span.length, most + 1)); });
    });
    if (deleted > most)
        return invalid("a patch deletes more than a document can hold");
    return {};
}

// 53 bits of the digest of some bytes.
std::uint64_t numberOf(std::string_view bytes)
{
    const Digest digest = sha256(bytes);
    std::uint64_t number = 0;
    for (const char byte : digest.view().substr(0, 8))
        number = number << 8 | static_cast<unsigned char>(byte);
    return number & crdt::kMaxSessionId; // 2^53 - 1
}

} // namespace

std::uint64_t crdtSessionOf(const ClientId &client)
{
    static constexpr char kTag[] = "eventsync.crdt.session";
    const std::uint64_t number = numberOf(std::string(kTag, sizeof kTag) + client.text());
    return number > kReservedSession ? number : number + kReservedSession + 1;
}

// A time of three bytes: more random bits would make every later patch longer.
Result<Bytes> CrdtState::create(std::uint64_t session, const json::Value &view, std::uint64_t random)
{
    EVENTSYNC_TRY(const Bytes made, CrdtState().edit(session, [&](crdt::Api &api) { return api.root(view); }));
    EVENTSYNC_TRY(const crdt::Patch patch, crdt::Patch::decode(made));
    constexpr std::uint64_t first = 0x1'0000;
    return patch.rebased(first + random % first).bytes();
}

CrdtState::CrdtState() = default;

CrdtState::CrdtState(const CrdtState &other)
    : m_base(other.m_base), m_baseSize(other.m_baseSize), m_baseIncarnation(other.m_baseIncarnation), m_patches(other.m_patches), m_patchBytes(other.m_patchBytes),
      m_sessions(other.m_sessions), m_time(other.m_time)
{
}

CrdtState &CrdtState::operator=(const CrdtState &other)
{
    if (this != &other)
        *this = CrdtState(other);
    return *this;
}

Result<CrdtState> CrdtState::decode(std::string_view snapshot)
{
    auto decoded = crdt::decodeSnapshot(snapshot);
    if (!decoded)
        return failure(ErrorCode::Corrupt, "a snapshot: " + decoded.error().message);
    CrdtState state;
    state.m_base = std::make_shared<const Bytes>(snapshot);
    state.m_baseSize = snapshot.size();
    state.m_baseIncarnation = decoded->incarnation;
    state.m_sessions = std::move(decoded->sessions);
    for (const auto &[sid, time] : state.m_sessions)
        state.m_time = std::max(state.m_time, time);
    state.m_document = std::move(decoded->document);
    return state;
}

Bytes CrdtState::encode() const
{
    return crdt::encodeSnapshot(document(), m_sessions, incarnation());
}

std::uint64_t CrdtState::incarnation() const
{
    if (m_base || m_patches.empty())
        return m_baseIncarnation;
    return incarnationOf(m_patches.front().patch->bytes());
}

std::uint64_t CrdtState::incarnationOf(const Bytes &patch)
{
    return numberOf(patch);
}

std::uint64_t CrdtState::lastOf(std::uint64_t sid) const
{
    const auto it = m_sessions.find(sid);
    return it == m_sessions.end() ? 0 : it->second;
}

// ---- the document

void CrdtState::drop() const
{
    m_document.reset();
    m_isObserved = false;
    m_unwanted.clear();
    m_unwantedBytes = 0;
}

// A tried edit, or a reverted patch: it may be applied again.
void CrdtState::keepUnwanted(std::shared_ptr<const crdt::Patch> patch) const
{
    m_unwantedBytes += patch->bytes().size();
    m_unwanted.push_back(std::move(patch));
    if (m_unwanted.size() > limits::kCrdtUnwanted || m_unwantedBytes > limits::kDocumentBytes)
        drop();
}

Result<crdt::Document> CrdtState::makeDocument(std::size_t patches) const
{
    crdt::Document document;
    if (m_base) {
        EVENTSYNC_TRY(crdt::DocumentSnapshot snapshot, crdt::decodeSnapshot(*m_base));
        document = std::move(snapshot.document);
    }
    for (std::size_t i = 0; i < patches; ++i) {
        const crdt::PatchView patch = m_patches[i].patch->view();
        EVENTSYNC_CHECK(document.apply(patch));
        document.assumeSeen({patch.id().sid, patch.idSpan().end() - 1});
    }
    return document;
}

const crdt::Document &CrdtState::document() const
{
    if (!m_document || !m_unwanted.empty()) {
        drop();
        auto made = makeDocument(m_patches.size());
        EVENTSYNC_ASSERT(made.has_value()); // all of it was applied before
        m_document = std::move(*made);
    }
    return *m_document;
}

bool CrdtState::observe(const std::function<void(const crdt::Document &, const crdt::Change &)> &observer)
{
    document();
    if (std::exchange(m_isObserved, true))
        return false;
    m_document->setObserver([observer, document = &*m_document](const crdt::Change &change) { observer(*document, change); });
    return true;
}

// ---- patches

Result<> CrdtState::check(const crdt::PatchView &patch) const
{
    const crdt::IdSpan own = patch.idSpan();
    if (patch.operationCount() == 0)
        return invalid("a patch without operations");
    if (own.sid <= kReservedSession)
        return invalid("a reserved session");
    const std::uint64_t last = lastOf(own.sid);
    if (own.time <= last)
        return failure(ErrorCode::ClientForked, "session " + std::to_string(own.sid) + " has used the times up to " +
                                                    std::to_string(last) + " already");
    if (!crdt::Document::mayHaveSeen({own.sid, own.end() - 1})) // otherwise a snapshot could not be read again
        return invalid("a time at the end of all times");
    if (own.end() - 1 > m_time && own.end() - 1 - m_time > limits::kCrdtClockJump)
        return invalid("a time too far ahead");
    EVENTSYNC_CHECK(checkPlaces(patch));
    EVENTSYNC_CHECK(checkDeletes(patch));
    std::optional<crdt::Id> missing;
    patch.forEach([&](const crdt::Operation &op) {
        crdt::forEachReference(op, own.sid, [&](crdt::IdSpan span) {
            if (span.sid == own.sid && span.end() > own.time && span.end() <= op.id.time) // the patch's own, so far
                span.length = span.time < own.time ? own.time - span.time : 0;
            const bool system = span.sid == crdt::kSystemSession && span.end() <= 2;
            if (!missing && !system && span.length > 0 && span.end() - 1 > lastOf(span.sid))
                missing = crdt::Id{span.sid, span.end() - 1};
        });
    });
    if (missing)
        return failure(ErrorCode::MissingDependency, "id " + std::to_string(missing->sid) + "." +
                                                         std::to_string(missing->time) + " has not been seen");
    return {};
}

Result<Bytes> CrdtState::apply(const Bytes &bytes)
{
    EVENTSYNC_TRY(crdt::Patch decoded, crdt::Patch::decode(bytes));
    const crdt::PatchView view = decoded.view();
    const crdt::IdSpan ids = view.idSpan();
    EVENTSYNC_CHECK(check(view));
    // The patch that was reverted last is usually applied again first.
    const auto there = std::find_if(m_unwanted.rbegin(), m_unwanted.rend(), [&](const auto &patch) { return *patch == decoded; });
    std::shared_ptr<const crdt::Patch> patch;
    if (there != m_unwanted.rend()) {
        patch = *there;
        m_unwantedBytes -= patch->bytes().size();
        m_unwanted.erase(std::next(there).base());
    } else {
        // An unwanted patch in the document has the ids of this one, or later ids of its session: then the document lacks the
        // content of this patch, to which later ones may refer.
        const bool contradicts = std::any_of(m_unwanted.begin(), m_unwanted.end(), [&](const auto &other) {
            const crdt::IdSpan span = other->idSpan();
            return span.sid == ids.sid && ids.time < span.end();
        });
        if (contradicts || !m_document)
            document();
        auto applied = m_document->apply(view);
        if (!applied && !m_unwanted.empty()) { // unwanted patches may have filled a sequence
            document();
            applied = m_document->apply(view);
        }
        EVENTSYNC_CHECK(applied);
        m_document->assumeSeen({ids.sid, ids.end() - 1});
        patch = std::make_shared<const crdt::Patch>(std::move(decoded));
    }
    m_patches.push_back({patch, lastOf(ids.sid), m_time});
    m_patchBytes += patch->bytes().size();
    m_sessions[ids.sid] = ids.end() - 1;
    m_time = std::max(m_time, ids.end() - 1);
    crdt::PatchBuilder inverse(ids.first());
    inverse.nop(ids.length);
    return inverse.flush().bytes();
}

Result<> CrdtState::revert(const Bytes &inverse)
{
    EVENTSYNC_TRY(const crdt::PatchView view, crdt::PatchView::decode(inverse));
    if (m_patches.empty() || m_patches.back().patch->idSpan() != view.idSpan())
        return failure(ErrorCode::Corrupt, "not the patch that was applied last");
    const Entry last = m_patches.back();
    m_patches.pop_back();
    m_patchBytes -= last.patch->bytes().size();
    m_time = last.timeBefore;
    if (last.lastBefore > 0)
        m_sessions[view.id().sid] = last.lastBefore;
    else
        m_sessions.erase(view.id().sid);
    if (m_document)
        keepUnwanted(last.patch);
    return {};
}

Result<Bytes> CrdtState::edit(std::uint64_t session, const std::function<Result<>(crdt::Api &)> &edit) const
{
    document();
    m_document->setSid(session);
    const std::uint64_t time = m_document->clock().time();
    crdt::Api api(*m_document);
    const Result<> edited = guarded(edit, api); // its changes before an exception are reverted like those of an edit that fails
    const auto patch = std::make_shared<const crdt::Patch>(api.flush());
    const std::uint64_t begin = patch->isEmpty() ? m_document->clock().time() : patch->id().time;
    m_document->setSid(kReservedSession);
    if (begin != time) { // it kept a part of its patch for itself
        drop();
        return failure(ErrorCode::Invalid, "an edit leaves flush() to its caller");
    }
    if (!patch->isEmpty())
        keepUnwanted(patch);
    EVENTSYNC_CHECK(edited);
    return patch->bytes();
}

// Moving the base costs time proportional to the document's size, so it is done after as many bytes of patches.
void CrdtState::settle(std::size_t keep)
{
    if (m_patches.size() <= keep)
        return;
    const std::size_t count = m_patches.size() - keep;
    const std::size_t held = m_patchBytes + m_patches.size() * kEntryBytes;
    if (held < std::max(limits::kCrdtSettleBytes, m_baseSize))
        return;
    const auto begin = m_patches.begin(), end = begin + static_cast<std::ptrdiff_t>(count);
    crdt::SessionTimes sessions = m_sessions;
    for (auto entry = m_patches.rbegin(); entry.base() != end; ++entry) {
        const std::uint64_t sid = entry->patch->id().sid;
        if (entry->lastBefore > 0)
            sessions[sid] = entry->lastBefore;
        else
            sessions.erase(sid);
    }
    auto older = makeDocument(count);
    EVENTSYNC_ASSERT(older.has_value());
    auto base = std::make_shared<const Bytes>(crdt::encodeSnapshot(*older, sessions, incarnation()));
    const auto decoded = crdt::decodeSnapshot(*base);
    if (!decoded) // cannot happen; then the patches are kept
        return;
    m_baseIncarnation = decoded->incarnation;
    m_base = std::move(base);
    m_baseSize = m_base->size();
    for (auto entry = begin; entry != end; ++entry)
        m_patchBytes -= entry->patch->bytes().size();
    m_patches.erase(begin, end);
    // Nodes without a place are not in the base; if there are many, they are removed from memory too. No patch makes more nodes
    // than it has bytes.
    if (m_document && m_document->nodes().count() > 2 * decoded->document.nodes().count() + m_patchBytes + limits::kCrdtUnplaced)
        drop();
}

} // namespace eventsync
