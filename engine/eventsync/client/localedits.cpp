// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/localedits_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/guard.h>
#include <eventsync/base/limits.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/json/normalizedpatch.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/servermetadata.h>

namespace eventsync::client {

namespace {

constexpr std::size_t kEventRoom = 1 * limits::kKiB; // for the fields that the server adds to an event

Error renamed(Error error, ErrorCode code)
{
    error.code = code;
    return error;
}

// The random part of an id.
std::uint64_t randomPart(const EventId &id)
{
    std::uint64_t number = 0;
    for (const char byte : id.view().substr(id.view().size() - 2))
        number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

} // namespace

// ---- making an edit

Result<> LocalEdits::admit(const EditPlan &plan) const
{
    if (m_doc.isReadOnly)
        return failure(ErrorCode::PermissionDenied, "there is no right to write this document");
    EVENTSYNC_CHECK(checkClientMetadata(plan.metadata));
    if (!plan.replaces && m_doc.context.queueSize >= m_doc.context.options.queueEntries)
        return failure(ErrorCode::QueueFull, "the offline queue is full");
    if (!m_doc.rules.collection())
        return failure(ErrorCode::NotFound, "the document is not known here yet");
    const bool exists = state().exists();
    if (plan.operation == Operation::Create && exists)
        return failure(ErrorCode::DocumentExists, "the document exists already");
    if (plan.operation != Operation::Create && !exists && !plan.evenIfNothing)
        return failure(ErrorCode::NotFound, "there is no document");
    if (plan.operation == Operation::Update && !plan.diff.isCrdt())
        return m_doc.rules.policy().checkEnginePaths(plan.diff.patch());
    return {};
}

// Whether the server can accept the event: its size in each encoding, and that every peer can read its canonical form.
Result<> LocalEdits::checkSize(const Event &largest, Entry &entry) const
{
    const Bytes canonical = canonicalBytes(largest, EventForm::Pushed);
    DocumentParts::keepPushedBytes(entry, largest, canonical.size());
    EVENTSYNC_CHECK(checkEventSize(largest, EventForm::Pushed, canonical.size() + kEventRoom));
    if (canonical.size() + kEventRoom > m_doc.context.eventBytes())
        return failure(ErrorCode::TooLarge, "the edit is larger than this server takes");
    EVENTSYNC_CHECK(eventFromBytes(canonical, EventForm::Pushed));
    return {};
}

Result<LocalEdits::Made> LocalEdits::enqueue(EditPlan plan)
{
    EVENTSYNC_ASSERT(!m_doc.tree.isUnapplied());
    DocumentState &tree = m_doc.tree.state();
    if (auto admitted = admit(plan); !admitted) {
        m_doc.observer.forget(tree);
        return failure(admitted.error());
    }
    const bool deletesCrdt = plan.operation == Operation::Delete && tree.kind() == DocumentKind::Crdt;
    json::State before = deletesCrdt ? tree.jsonState() : json::State();
    EVENTSYNC_TRY(AppliedEvent applied, tree.apply(plan.operation, plan.diff));
    auto takeBack = [&] {
        m_doc.tree.revert(applied.inverse);
        m_doc.observer.forget(tree);
    };
    if (!applied.changed && !plan.evenIfNothing) {
        takeBack();
        return Made{{}, plan.diff};
    }
    if (const auto passed = m_doc.rules.checkApplied(tree, applied.inverse); !passed) {
        takeBack();
        return failure(renamed(passed.error(), ErrorCode::Invalid));
    }
    const ServerSeq base = m_doc.history.serverSeq();
    Entry entry({.id = m_doc.context.uuids.next(),
                 .documentId = m_doc.id,
                 .collection = *m_doc.rules.collection(),
                 .operation = plan.operation,
                 .diff = plan.diff,
                 .baseSeq = base,
                 .madeAt = base,
                 .onOverlap = plan.onOverlap,
                 .timestamp = m_doc.context.clock.wall(),
                 .metadata = std::move(plan.metadata),
                 .footprint = std::move(applied.footprint)},
                m_doc.context.lastOrder + 1);
    QueueEntry &edit = entry.edit;
    edit.metadata["madeAt"] = base.value();
    if (plan.replaces) {
        edit.firstId = plan.replaces->first();
        edit.tries = plan.replaces->tries + 1;
    }
    if (auto fits = checkSize(*m_doc.pushed(entry, ClientSeq(limits::kMaxInteger)), entry); !fits) {
        takeBack();
        return failure(fits.error());
    }
    edit.diff.setVersion(base);
    auto inverse = plan.takesBack ? UndoStep{.edit = edit.id, .edits = std::move(plan.takesBack)}
                                  : inverseStep(edit, applied, std::move(before), tree);
    if (!plan.undoIsRedo)
        m_doc.undo.clearRedo();
    if (plan.operation != Operation::Update)
        m_doc.undo.dropCrdt();
    if (inverse) {
        inverse->redo = plan.undoIsRedo.value_or(false);
        m_doc.undo.push(std::move(*inverse));
    }
    m_doc.changes.contentChanged(edit.footprint);
    m_doc.context.lastOrder = entry.order;
    const Made made{edit.id, edit.diff};
    m_doc.tree.add(m_doc.queue.insert(std::move(entry)), std::move(applied.inverse));
    m_pull.mayAskAgain();
    return made;
}

Result<LocalEdits::Made> LocalEdits::create(DocumentKind kind, const CollectionName &collection, json::Value state, json::Object metadata)
{
    if (this->state().exists())
        return failure(ErrorCode::DocumentExists, "the document exists already");
    const auto before = m_doc.rules.collection();
    if (before && *before != collection && m_doc.history.serverSeq().value() > 0)
        return failure(ErrorCode::WrongCollection, "the document belongs to collection " + before->text());
    EVENTSYNC_CHECK(checkNewDocumentId(m_doc.id));
    m_doc.rules.setCollection(collection);
    auto tryIt = [&]() -> Result<Made> {
        EVENTSYNC_CHECK(json::normalize(state));
        json::Value plain = m_doc.rules.policy().withoutEngineFields(std::move(state));
        EVENTSYNC_TRY(Diff diff, createDiff(kind, std::move(plain)));
        return enqueue({.operation = Operation::Create, .diff = std::move(diff), .metadata = std::move(metadata)});
    };
    auto made = tryIt();
    if (made)
        m_doc.changes.documentRowChanged();
    else
        m_doc.rules.setCollection(before);
    return made;
}

Result<LocalEdits::Made> LocalEdits::update(json::Patch given, json::Object metadata)
{
    EVENTSYNC_TRY(json::Patch patch, json::normalized(given));
    EditPlan plan{.diff = Diff(patch)};
    if (state().kind() == DocumentKind::Crdt) { // the same change as a CRDT patch, which merges
        EVENTSYNC_CHECK(m_doc.rules.policy().checkEnginePaths(patch));
        json::State wanted = state().jsonState();
        EVENTSYNC_CHECK(json::apply(wanted, patch, {.size = json::canonicalSize(*wanted), .wantInverse = false, .wantFootprint = false}));
        if (!wanted)
            return failure(ErrorCode::PatchFailed, "an update cannot remove the document");
        EVENTSYNC_TRY(plan, crdtPlanTo(*wanted));
    }
    plan.metadata = std::move(metadata);
    return enqueue(std::move(plan));
}

Result<LocalEdits::Made> LocalEdits::update(const std::function<Result<>(json::Value &)> &edit, json::Object metadata)
{
    if (!state().exists())
        return failure(ErrorCode::NotFound, "there is no document");
    const CollectionPolicy &policy = m_doc.rules.policy();
    json::Value view = policy.withEngineFields(state().view(), m_doc.history.serverSeq());
    EVENTSYNC_CHECK(guarded(edit, view));
    EVENTSYNC_CHECK(json::normalize(view));
    const json::Value after = policy.withoutEngineFields(std::move(view));
    EditPlan plan;
    if (state().kind() == DocumentKind::Crdt) {
        EVENTSYNC_TRY(plan, crdtPlanTo(after));
    } else {
        json::Patch patch = json::diff(state().view(), after, policy.diffOptions());
        if (patch.isEmpty())
            return Made{};
        plan.diff = Diff(std::move(patch));
        plan.diff.setMergePatch(json::mergePatchFor(state().view(), after));
    }
    plan.metadata = std::move(metadata);
    return enqueue(std::move(plan));
}

Result<LocalEdits::Made> LocalEdits::updateCrdt(const ClientCore::CrdtEdit &edit, json::Object metadata)
{
    EVENTSYNC_TRY(EditPlan plan, crdtPlan(edit));
    plan.metadata = std::move(metadata);
    return enqueue(std::move(plan));
}

Result<LocalEdits::Made> LocalEdits::remove(json::Object metadata)
{
    return enqueue({.operation = Operation::Delete, .diff = Diff(json::Patch()), .metadata = std::move(metadata)});
}

Result<Diff> LocalEdits::createDiff(DocumentKind kind, json::Value state) const
{
    if (kind == DocumentKind::Crdt) {
        EVENTSYNC_TRY(Bytes patch, CrdtState::create(m_doc.session(), state, randomPart(m_doc.context.uuids.next())));
        return Diff(CrdtPatchBytes{std::move(patch)});
    }
    return Diff(json::Patch({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(state)}}));
}

// An update of the optimistic document, with its inverse. If it fails or changes nothing, it is reverted completely.
Result<EditPlan> LocalEdits::crdtPlan(const ClientCore::CrdtEdit &edit)
{
    DocumentState &tree = m_doc.tree.state();
    if (!tree.exists())
        return failure(ErrorCode::NotFound, "there is no document");
    if (tree.kind() != DocumentKind::Crdt)
        return failure(ErrorCode::Invalid, "the document is not of kind crdt");
    EditPlan plan;
    auto diff = tree.edit(m_doc.session(), [&](crdt::Api &api) -> Result<> {
        crdt::UndoStack &stack = api.undoStack();
        EVENTSYNC_CHECK(edit(api));
        plan.takesBack = stack.takeUndo();
        return {};
    });
    if (!diff) {
        m_doc.observer.forget(tree);
        return failure(diff.error());
    }
    plan.diff = std::move(*diff);
    return plan;
}

Result<EditPlan> LocalEdits::crdtPlanTo(const json::Value &wanted)
{
    return crdtPlan([&](crdt::Api &api) { return api.diff(wanted); });
}

// ---- undo

Result<EditPlan> LocalEdits::planOf(const UndoStep &step) const
{
    const bool exists = state().exists();
    const auto changedSince = failure(ErrorCode::Conflict, "another client has changed it since");
    if (step.expected && (!exists || state().digest() != *step.expected))
        return changedSince;
    EditPlan plan{.operation = step.operation};
    switch (step.operation) {
    case Operation::Create: {
        if (exists)
            return changedSince;
        EVENTSYNC_TRY(plan.diff, createDiff(step.kind, *step.state));
        break;
    }
    case Operation::Delete:
        plan.diff = Diff(json::Patch());
        break;
    case Operation::Update:
        if (!exists)
            return changedSince;
        for (const json::Pointer &path : step.absent) {
            if (json::find(state().view(), path))
                return failure(ErrorCode::Conflict, "another client has put a value there since", path.toText());
        }
        if (step.edits && state().kind() != DocumentKind::Crdt)
            return changedSince;
        plan.diff = Diff(step.patch);
        break;
    }
    return plan;
}

Result<LocalEdits::Made> LocalEdits::undo(bool redo)
{
    for (;;) {
        const UndoStep *last = m_doc.undo.last(redo);
        if (!last)
            return failure(ErrorCode::NotFound, redo ? "nothing to redo" : "nothing to undo");
        const UndoStep step = *last;
        EVENTSYNC_TRY(EditPlan plan, planOf(step));
        plan.metadata[redo ? "redoes" : "undoes"] = json::String(step.edit.toText());
        plan.undoIsRedo = !redo;
        auto made = step.edits ? undoCrdt(step, std::move(plan)) : enqueue(std::move(plan));
        if (!made) {
            if (made.error().code == ErrorCode::PatchFailed)
                return failure(renamed(made.error(), ErrorCode::Conflict));
            return made;
        }
        m_doc.undo.drop(step.order);
        if (made->id || !step.edits)
            return made; // otherwise others have already removed all of its effect: the step before it is undone instead
    }
}

// Reverts one step with a new edit; none if nothing of its effect is left.
Result<LocalEdits::Made> LocalEdits::undoCrdt(const UndoStep &step, EditPlan plan)
{
    DocumentState &tree = m_doc.tree.state();
    std::vector<crdt::RecreatedIds> again;
    auto diff = tree.edit(m_doc.session(), [&](crdt::Api &api) -> Result<> {
        crdt::UndoStack &stack = api.undoStack();
        for (const auto &[order, known] : m_doc.undo.recreatedIds())
            stack.giveRecreatedIds(known);
        const std::size_t before = stack.recreatedIds().size();
        stack.giveUndo(*step.edits);
        stack.undo();
        plan.takesBack = stack.takeRedo();
        again.assign(stack.recreatedIds().begin() + static_cast<std::ptrdiff_t>(std::min(before, stack.recreatedIds().size())),
                     stack.recreatedIds().end());
        return {};
    });
    if (!diff) {
        m_doc.observer.forget(tree);
        return failure(diff.error());
    }
    plan.diff = std::move(*diff);
    EVENTSYNC_TRY(Made made, enqueue(std::move(plan)));
    for (crdt::RecreatedIds &one : again)
        m_doc.undo.keepRecreatedIds(std::move(one));
    return made;
}

} // namespace eventsync::client
