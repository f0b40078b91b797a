// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/documentcore.h>

#include <optional>
#include <variant>

namespace eventsync::eventlog {

// One pushed event on its way to its place in the log: rule 5 of docs/protocol.md, in its order. A repetition must be recognised
// before anything about numbers is said, because a repeated event has the numbers of its first copy.
//
// Used for one event and dropped. It changes the state only, and only if it answers MergedEvent: then the event was applied.
class PushMerge
{
public:
    // What is to be logged, and what applying it did.
    struct MergedEvent
    {
        Event event;
        AppliedEvent applied;
        bool hadUnseen = false; // events of others after its base
    };

    PushMerge(const DocumentLog &log, DocumentState &state, const EventPtr &event, const PushContext &context);

    // ---- before the rules of its collection are needed
    std::optional<PushOutcome> identify(const KnownEvents &known) const; // a repetition, or a fork
    std::optional<PushOutcome> checkNumbers() const;

    std::variant<PushOutcome, MergedEvent> merge(const Rules &rules, const Clock &clock);
    PushOutcome refused(const Error &error, bool unseen) const;

private:
    Result<> checkEvent(const Rules &rules) const;
    Result<> checkCrdtPatch() const;
    std::variant<PushOutcome, MergedEvent> apply(const Rules &rules, const Clock &clock);
    bool hasUnseen() const;
    Result<bool> overlapsUnseen(const json::Footprint &footprint) const;
    bool passesAlone(const Rules &rules) const;
    void takeBack(const AppliedEvent &applied);

    const DocumentLog &m_log;
    DocumentState &m_state;
    const EventPtr &m_event;
    const PushContext &m_context;
};

} // namespace eventsync::eventlog
