// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/documentstate.h>

#include <eventsync/base/assert.h>
#include <eventsync/crdt/api.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/crdtstate.h>

namespace eventsync {

namespace {

tl::unexpected<Error> patchFailed(std::string reason)
{
    return failure(ErrorCode::PatchFailed, std::move(reason));
}

json::Patch removeRoot()
{
    return json::Patch({{.kind = json::OperationKind::Remove, .path = {}}});
}

} // namespace

std::string_view documentKindName(DocumentKind kind)
{
    return kind == DocumentKind::Json ? "json" : "crdt";
}

Result<DocumentKind> documentKindFrom(std::string_view name)
{
    for (const DocumentKind kind : {DocumentKind::Json, DocumentKind::Crdt}) {
        if (name == documentKindName(kind))
            return kind;
    }
    return failure(ErrorCode::InvalidMessage, "a document's kind is json or crdt");
}

// ---- values

DocumentState::DocumentState() = default;
DocumentState::DocumentState(DocumentState &&) noexcept = default;
DocumentState &DocumentState::operator=(DocumentState &&) noexcept = default;
DocumentState::~DocumentState() = default;

DocumentState::DocumentState(json::Value value) : m_value(std::move(value)), m_size(json::canonicalSize(*m_value)) {}

DocumentState::DocumentState(const DocumentState &other)
    : m_value(other.m_value), m_stale(other.m_stale), m_size(other.m_size),
      m_crdt(other.m_crdt ? std::make_unique<CrdtState>(*other.m_crdt) : nullptr), m_buried(other.m_buried),
      m_applied(other.m_applied)
{
}

DocumentState &DocumentState::operator=(const DocumentState &other)
{
    if (this != &other)
        *this = DocumentState(other);
    return *this;
}

DocumentState DocumentState::fromJsonState(json::State state)
{
    return state ? DocumentState(std::move(*state)) : DocumentState();
}

Result<DocumentState> DocumentState::fromBytes(DocumentKind kind, std::string_view bytes)
{
    if (bytes.empty())
        return DocumentState();
    if (kind == DocumentKind::Json) {
        auto value = json::parse(bytes, {.bytes = SIZE_MAX, .depth = limits::kDepth});
        if (!value)
            return failure(ErrorCode::Corrupt, "a state: " + value.error().message);
        return DocumentState(std::move(*value));
    }
    EVENTSYNC_TRY(CrdtState crdt, CrdtState::decode(bytes));
    DocumentState state;
    state.m_crdt = std::make_unique<CrdtState>(std::move(crdt));
    state.m_stale = true;
    return state;
}

const json::State &DocumentState::jsonState() const
{
    if (m_stale) {
        m_value = m_crdt->document().view();
        m_stale = false;
    }
    return m_value;
}

std::size_t DocumentState::canonicalSize() const
{
    return m_crdt ? m_crdt->size() : m_size;
}

const crdt::Document &DocumentState::crdt() const
{
    EVENTSYNC_ASSERT(m_crdt != nullptr);
    return m_crdt->document();
}

bool DocumentState::observe(const CrdtObserver &observer)
{
    EVENTSYNC_ASSERT(m_crdt != nullptr);
    return m_crdt->observe(observer);
}

std::uint64_t DocumentState::crdtTime(std::uint64_t session) const
{
    if (!m_crdt)
        return 0;
    const auto found = m_crdt->sessions().find(session);
    return found == m_crdt->sessions().end() ? 0 : found->second;
}

std::uint64_t DocumentState::crdtIncarnation() const
{
    return m_crdt ? m_crdt->incarnation() : 0;
}

bool DocumentState::isSameDocument(const DocumentState &other) const
{
    if (m_crdt && other.m_crdt)
        return m_crdt->incarnation() == other.m_crdt->incarnation() && m_crdt->sessions() == other.m_crdt->sessions()
            && m_crdt->document() == other.m_crdt->document();
    return !m_crdt && !other.m_crdt && m_value == other.m_value;
}

std::string DocumentState::canonical() const
{
    return exists() ? json::canonical(view()) : std::string();
}

Digest DocumentState::digest() const
{
    return sha256(canonical());
}

Bytes DocumentState::toBytes() const
{
    return m_crdt ? m_crdt->encode() : canonical();
}

// ---- events

Result<AppliedEvent> DocumentState::apply(Operation operation, const Diff &diff)
{
    if (operation == Operation::Delete)
        return applyDelete(diff);
    if (!diff.hasChanges())
        return AppliedEvent{};
    if (diff.isCrdt())
        return applyCrdt(operation, diff.crdt());
    return operation == Operation::Create ? applyJsonCreate(diff.patch()) : applyJsonUpdate(diff.patch());
}

// An event whose changes merging removed is logged with an empty patch, for any state of the document: it changes nothing, and
// folding the log must accept it.
Result<AppliedEvent> DocumentState::applyJsonCreate(const json::Patch &patch)
{
    if (patch.isEmpty())
        return AppliedEvent{};
    if (exists())
        return patchFailed("the document exists already");
    json::State created;
    EVENTSYNC_TRY(const json::Applied applied,
                  json::apply(created, patch, {.size = 0, .wantInverse = false, .wantFootprint = false}));
    static_cast<void>(applied);
    if (!created)
        return patchFailed("a create sets the whole document");
    m_value = std::move(created);
    m_size = json::canonicalSize(*m_value);
    ++m_applied;
    return AppliedEvent{Diff(removeRoot()), json::Footprint::everything(), true};
}

Result<AppliedEvent> DocumentState::applyJsonUpdate(const json::Patch &patch)
{
    if (patch.isEmpty())
        return AppliedEvent{};
    if (!exists())
        return patchFailed("there is no document");
    if (m_crdt)
        return patchFailed("a JSON Patch does not fit a document of kind crdt");
    EVENTSYNC_TRY(json::Applied applied, json::apply(*m_value, patch, {.size = m_size}));
    m_size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(m_size) + applied.sizeChange);
    ++m_applied;
    return AppliedEvent{Diff(std::move(applied.inverse)), std::move(applied.footprint), applied.changed};
}

Result<AppliedEvent> DocumentState::applyCrdt(Operation operation, const Bytes &patch)
{
    if (operation == Operation::Update) {
        if (!m_crdt)
            return patchFailed(exists() ? "a CRDT patch does not fit a document of kind json" : "there is no document");
        EVENTSYNC_TRY(Bytes inverse, m_crdt->apply(patch));
        m_stale = true;
        ++m_applied;
        return AppliedEvent{Diff(CrdtPatchBytes{std::move(inverse)}), json::Footprint(), true};
    }
    if (exists())
        return patchFailed("the document exists already");
    auto created = std::make_unique<CrdtState>();
    EVENTSYNC_CHECK(created->apply(patch));
    if (created->document().isEmpty())
        return patchFailed("a create sets the whole document");
    m_crdt = std::move(created);
    m_stale = true;
    ++m_applied;
    return AppliedEvent{Diff(removeRoot()), json::Footprint::everything(), true};
}

Result<AppliedEvent> DocumentState::applyDelete(const Diff &diff)
{
    if (diff.hasChanges())
        return patchFailed("a delete has an empty patch");
    if (!exists())
        return patchFailed("there is no document");
    ++m_applied;
    Diff inverse(CrdtPatchBytes{});
    if (m_crdt)
        m_buried.push_back({std::shared_ptr<const CrdtState>(std::move(m_crdt)), m_applied});
    else
        inverse = Diff(json::Patch({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(*m_value)}}));
    m_value.reset();
    m_stale = false;
    m_size = 0;
    return AppliedEvent{std::move(inverse), json::Footprint::everything(), true};
}

// ---- revert

Result<> DocumentState::revert(const Diff &inverse)
{
    if (!inverse.isCrdt() && inverse.patch().isEmpty())
        return {};
    EVENTSYNC_CHECK(inverse.isCrdt() ? revertCrdt(inverse.crdt()) : revertJson(inverse.patch()));
    if (m_applied > 0)
        --m_applied;
    return {};
}

Result<> DocumentState::revertCrdt(const Bytes &inverse)
{
    if (inverse.empty()) {
        if (exists() || m_buried.empty())
            return failure(ErrorCode::Corrupt, "there is no deleted CRDT document to bring back");
        m_crdt = std::make_unique<CrdtState>(*m_buried.back().state);
        m_buried.pop_back();
    } else {
        if (!m_crdt)
            return failure(ErrorCode::Corrupt, "the inverse of a CRDT patch on a document of kind json");
        EVENTSYNC_CHECK(m_crdt->revert(inverse));
    }
    m_stale = true;
    return {};
}

Result<> DocumentState::revertJson(const json::Patch &inverse)
{
    if (m_crdt) {
        if (inverse != removeRoot() || !m_crdt->isJustCreated())
            return failure(ErrorCode::Corrupt, "an inverse does not fit a document of kind crdt");
        m_crdt.reset();
        m_value.reset();
        m_stale = false;
        return {};
    }
    const bool existed = exists();
    const auto applied = json::apply(m_value, inverse, {.size = m_size, .wantInverse = false, .wantFootprint = false});
    if (!applied)
        return failure(ErrorCode::Corrupt, "an inverse does not fit: " + applied.error().message, applied.error().path);
    if (existed && exists())
        m_size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(m_size) + applied->sizeChange);
    else
        m_size = exists() ? json::canonicalSize(*m_value) : 0;
    return {};
}

void DocumentState::settle(std::size_t keep)
{
    std::erase_if(m_buried, [&](const Buried &buried) { return buried.at + keep <= m_applied; });
    if (m_crdt)
        m_crdt->settle(keep);
}

// ---- edits of CRDT documents

Result<Diff> DocumentState::edit(std::uint64_t session, const std::function<Result<>(crdt::Api &)> &edit) const
{
    if (exists() && !m_crdt)
        return failure(ErrorCode::Invalid, "a document of kind json");
    EVENTSYNC_TRY(Bytes patch, m_crdt ? m_crdt->edit(session, edit) : CrdtState().edit(session, edit));
    return Diff(CrdtPatchBytes{std::move(patch)});
}

Result<Diff> DocumentState::editTo(std::uint64_t session, const json::Value &wanted) const
{
    return edit(session, [&](crdt::Api &api) { return api.diff(wanted); });
}

} // namespace eventsync
