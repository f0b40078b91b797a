// SPDX-License-Identifier: Apache-2.0
//
// A document of kind crdt will be held beside m_value, its view rendered into it; everything that tells the two kinds apart
// is in apply() and revert(), so nothing outside needs to change for it.
#include <eventsync/model/documentstate.h>

#include <eventsync/base/assert.h>

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

DocumentState::DocumentState(json::Value value) : m_value(std::move(value)), m_size(json::canonicalSize(*m_value)) {}

DocumentState DocumentState::fromJsonState(json::State state)
{
    return state ? DocumentState(std::move(*state)) : DocumentState();
}

Result<AppliedEvent> DocumentState::apply(Operation operation, const Diff &diff)
{
    if (diff.isCrdt()) {
        if (operation == Operation::Create && !exists())
            return failure(ErrorCode::Invalid, "documents of kind crdt are not supported here");
        return patchFailed(exists() ? "a CRDT patch does not fit a document of kind json" : "there is no document");
    }
    switch (operation) {
    case Operation::Create:
        return applyCreate(diff.patch());
    case Operation::Update:
        return applyUpdate(diff.patch());
    case Operation::Delete:
        return applyDelete(diff.patch());
    }
    EVENTSYNC_ASSERT(!"an Operation");
    return patchFailed({});
}

// What merging turned into nothing is logged with an empty patch, whatever stands there: it changes nothing, and the fold
// of the log must not stumble over it.
Result<AppliedEvent> DocumentState::applyCreate(const json::Patch &patch)
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
    return AppliedEvent{Diff(removeRoot()), json::Footprint::everything(), true};
}

Result<AppliedEvent> DocumentState::applyUpdate(const json::Patch &patch)
{
    if (patch.isEmpty())
        return AppliedEvent{};
    if (!exists())
        return patchFailed("there is no document");
    EVENTSYNC_TRY(json::Applied applied, json::apply(*m_value, patch, {.size = m_size}));
    m_size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(m_size) + applied.sizeChange);
    return AppliedEvent{Diff(std::move(applied.inverse)), std::move(applied.footprint), applied.changed};
}

Result<AppliedEvent> DocumentState::applyDelete(const json::Patch &patch)
{
    if (!patch.isEmpty())
        return patchFailed("a delete has an empty patch");
    if (!exists())
        return patchFailed("there is no document");
    json::Patch inverse({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(*m_value)}});
    m_value.reset();
    m_size = 0;
    return AppliedEvent{Diff(std::move(inverse)), json::Footprint::everything(), true};
}

Result<> DocumentState::revert(const Diff &inverse)
{
    if (inverse.isCrdt())
        return failure(ErrorCode::Corrupt, "a CRDT patch is no inverse on a document of kind json");
    if (inverse.patch().isEmpty())
        return {};
    const bool existed = exists();
    const auto applied =
        json::apply(m_value, inverse.patch(), {.size = m_size, .wantInverse = false, .wantFootprint = false});
    if (!applied)
        return failure(ErrorCode::Corrupt, "an inverse does not fit: " + applied.error().message, applied.error().path);
    if (existed && exists())
        m_size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(m_size) + applied->sizeChange);
    else
        m_size = exists() ? json::canonicalSize(*m_value) : 0;
    return {};
}

std::string DocumentState::canonical() const
{
    return m_value ? json::canonical(*m_value) : std::string();
}

Digest DocumentState::digest() const
{
    return sha256(canonical());
}

} // namespace eventsync
