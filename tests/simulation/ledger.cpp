// SPDX-License-Identifier: Apache-2.0
#include "ledger.h"

#include <algorithm>

namespace eventsync::simulation {

std::string describe(const Event &event)
{
    std::string text = event.id.toText().substr(19) + "[" + event.clientId.text() + "#" + std::to_string(event.clientSeq.value()) +
                       " base " + std::to_string(event.baseSeq.value()) + " " + std::string(operationName(event.operation)) + " " +
                       json::canonical(event.diff.toJson()) + "]";
    if (event.firstId() != event.id)
        text += " replaces " + event.firstId().toText().substr(19);
    return text;
}

std::uint32_t Ledger::number(const EventId &id)
{
    return m_numbers.try_emplace(id, static_cast<std::uint32_t>(m_numbers.size())).first->second;
}

void Ledger::isSame(const EventId &version, const EventId &before)
{
    const std::uint32_t number = this->number(version);
    m_same[number] = meaning(this->number(before));
}

std::uint32_t Ledger::meaning(std::uint32_t number) const
{
    const auto found = m_same.find(number);
    return found == m_same.end() ? number : found->second;
}

// The event, or what was the same to it.
bool Ledger::saw(const EditNote &note, std::uint32_t number) const
{
    const auto direct = [&](std::uint32_t n) { return n < note.saw.size() && note.saw[n]; };
    const std::uint32_t meant = meaning(number);
    return direct(number) || direct(meant) ||
           std::any_of(m_same.begin(), m_same.end(), [&](const auto &same) { return same.second == meant && direct(same.first); });
}

bool Ledger::dependsOn(const EditNote &note, std::uint32_t number) const
{
    return std::any_of(note.deps.begin(), note.deps.end(),
                       [&](std::uint32_t dep) { return meaning(dep) == meaning(number); });
}

void Ledger::pushed(const Event &event, const EditNote &note)
{
    auto &notes = m_pushed[{event.clientId, event.clientSeq, event.id}];
    if (notes.size() < 4) // a copied profile may push the same version with another knowledge
        notes.push_back(note);
    else
        notes.back() = note;
}

const Ledger::Log *Ledger::log(const DocumentId &document) const
{
    const auto found = m_logs.find(document);
    return found == m_logs.end() ? nullptr : &found->second;
}

bool Ledger::hadPosition(const DocumentId &document, const Position &position) const
{
    const auto found = m_positions.find(document);
    return found != m_positions.end() && found->second.contains({position.serverSeq, position.chain});
}

ServerSeq Ledger::head(const DocumentId &document) const
{
    const Log *found = log(document);
    return ServerSeq(found ? static_cast<std::int64_t>(found->events.size()) : 0);
}

void Ledger::load(const Saved &saved)
{
    m_logs = saved.logs;
    lastPosition = saved.lastPosition;
    ++restores;
}

void Ledger::committed(const EventPtr &event)
{
    Log &log = m_logs[event->documentId];
    if (log.chains.empty())
        log.chains.push_back(chainStart(event->collection, event->documentId));
    if (event->serverSeq != head(event->documentId).next())
        throw Violation("G2", describe(*event) + " stands at " + std::to_string(event->serverSeq.value()) + " behind " +
                                  std::to_string(log.events.size()));
    const EventId root = event->firstId();
    for (const Logged &other : log.events) {
        if (other.event->id == event->id || other.root == root)
            throw Violation("G3", describe(*event) + " is in the log already as " + describe(*other.event));
    }
    ClientSeq &last = log.clients[event->clientId];
    if (event->clientSeq != last.next())
        throw Violation("G3", describe(*event) + " is not the next of its client after " + std::to_string(last.value()));
    if (event->baseSeq >= event->serverSeq)
        throw Violation("base", describe(*event) + " has a base that was not there");
    last = event->clientSeq;

    const auto applied = log.state.apply(*event);
    if (!applied)
        throw Violation("G4", describe(*event) + " does not apply: " + applied.error().toString());
    const Logged logged{event, root, applied->footprint, number(event->id)};
    const auto notes = m_pushed.find({event->clientId, event->clientSeq, event->id});
    if (notes != m_pushed.end()) {
        std::optional<Violation> found;
        for (const EditNote &note : notes->second) {
            try {
                checkSilentConflict(log, logged, note);
                checkOrder(log, logged, note);
                found.reset();
                break; // pushed alike by two copies: one whose author knew enough is enough
            } catch (const Violation &violation) {
                found.emplace(violation);
            }
        }
        if (found)
            throw *found;
    }
    log.chains.push_back(chainNext(log.chains.back(), digestOf(*event)));
    log.events.push_back(logged);
    m_positions[event->documentId].emplace(event->serverSeq, log.chains.back());
    everLogged.insert(event->id);
    everLogged.insert(root);
    versions[root].push_back(logged.number);
}

void Ledger::checkSilentConflict(const Log &log, const Logged &logged, const EditNote &note) const
{
    for (auto i = static_cast<std::size_t>(std::max<std::int64_t>(note.made.value(), 0)); i < log.events.size(); ++i) {
        const Logged &other = log.events[i];
        const bool known = saw(note, other.number) || dependsOn(note, other.number);
        if (!known && other.root != logged.root && json::overlaps(other.footprint, logged.footprint))
            throw Violation("silent conflict", describe(*logged.event) + " overlaps " + describe(*other.event) + " and nobody decided");
    }
}

void Ledger::checkOrder(const Log &log, const Logged &logged, const EditNote &note) const
{
    for (const std::uint32_t dep : note.deps) {
        const bool there = std::any_of(log.events.begin(), log.events.end(), [&](const Logged &l) { return meaning(l.number) == meaning(dep); });
        if (!there && restores == 0)
            throw Violation("order", describe(*logged.event) + " was made on top of an edit that is not in the log");
    }
}

} // namespace eventsync::simulation
