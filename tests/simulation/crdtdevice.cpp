// SPDX-License-Identifier: Apache-2.0
//
// What a device does with documents of kind crdt, and what is checked of them.
#include "crdtedits.h"
#include "world.h"

namespace eventsync::simulation {

void Device::editCrdt(const DocumentId &document, std::uint64_t randomBits)
{
    const DocumentState *state = m_core->optimistic(document);
    const std::uint64_t kind = randomBits % 16, rest = randomBits / 16;
    Result<client::ClientCore::Edited> edited = failure(ErrorCode::NotFound);
    if (!state || !state->exists()) {
        if (!m_world.mayCreate(document, *this))
            return;
        edited = m_core->createCrdt(document, collectionOf(document), freshCrdt(rest));
    } else if (kind == 0 && !m_world.traits().calmCrdt) {
        edited = m_core->remove(document);
    } else if (kind == 1) {
        edited = m_core->update(document, [rest](json::Value &value) {
            editCrdtValue(value, rest);
            return Result<>();
        });
    } else {
        edited = m_core->updateCrdt(document, randomCrdtEdit(rest));
    }
    if (edited)
        perform(std::move(edited->changes));
}

// A CRDT patch that was only written again with other ids, while it was pending, is the same edit to what was made on top of it.
void Device::noteRenewed(const client::QueueEntry &entry)
{
    const json::Value *replaces = entry.metadata.if_contains("replaces");
    if (!entry.diff.isCrdt() || !replaces)
        return;
    const json::String &before = replaces->get_array().at(1).get_string();
    const auto id = eventIdFrom({before.data(), before.size()});
    if (id && m_memory.pending[entry.documentId].contains(*id))
        m_world.ledger().isSame(entry.id, *id);
}

// A copy of this replica may have written a patch again that waits here as well, and decided to keep it: to what was made on
// top of the one here, that one is the same edit.
void Device::noteTwinsVersion(const Event &event) const
{
    for (const client::QueueEntry &entry : m_core->queue(event.documentId)) {
        if (entry.isPending() && entry.id != event.id && entry.first() == event.firstId() && entry.operation == event.operation &&
            isWrittenAgain(entry.diff, event.diff))
            m_world.ledger().isSame(event.id, entry.id);
    }
}

// After every step: an editor that follows is never apart from the document, and among CRDT patches there are no conflicts.
// (When the server has lost what others made, an edit on top of that has to wait for them: G12.)
void Device::checkCrdt(const client::Changes &changes)
{
    for (const DocumentId &id : m_documents) {
        if (!isCrdt(id))
            continue;
        const crdt::Document *document = m_core->crdtDocument(id);
        auto [text, fresh] = m_editors.try_emplace(id, document);
        for (const client::Notification &notification : changes.notifications) {
            const auto *changed = std::get_if<client::CrdtChanged>(&notification);
            if (changed && changed->documentId == id && !fresh)
                text->second.follow(*changed, document, m_name);
        }
        if (!m_world.traits().calmCrdt || m_world.ledger().restores > 0)
            continue;
        for (const client::QueueEntry &entry : m_core->queue(id)) {
            // A snapshot does not tell which ids the twin gave to an edit that both had, and what stands on it follows it.
            if ((m_copied || m_hasTwin) && entry.reason && entry.reason->message == "it depends on an edit that was not logged as it was made")
                continue;
            if (entry.state == client::EntryState::Conflict || entry.state == client::EntryState::DeadLetter)
                throw Violation("crdt conflict", m_name + ": " + entry.id.toText() + ": " +
                                                     (entry.reason ? entry.reason->toString() : std::string()));
        }
    }
}

// [G14] the same operations everywhere, not only the same view.
void World::checkCrdt(Device &device, const DocumentId &id)
{
    const Ledger::Log *log = m_ledger.log(id);
    const DocumentState *confirmed = device.core().confirmed(id), *optimistic = device.core().optimistic(id);
    if (!log || !confirmed || log->state.kind() != DocumentKind::Crdt)
        return;
    if (confirmed->kind() != DocumentKind::Crdt || !(confirmed->crdt() == log->state.crdt()))
        throw Violation("G14", device.name() + " has other operations of " + id.text() + " than the log");
    if (!(optimistic->crdt() == confirmed->crdt()))
        throw Violation("G14", device.name() + ": nothing of " + id.text() + " waits, and yet it shows something else");
}

// Where nobody deletes, the first device makes the document, once: two creates would be a conflict.
bool World::mayCreate(const DocumentId &id, const Device &device)
{
    return !m_traits.calmCrdt || (device.name() == "A" && m_created.insert(id).second);
}

} // namespace eventsync::simulation
