// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/entry_p.h>

#include <algorithm>
#include <array>

namespace eventsync::client {

namespace {

using enum EntryState;

constexpr Transition kTransitions[] = {
    {Waiting, Sent, "it is pushed, and gets its base and its number"},
    {Waiting, Conflict, "it overlaps what came in, no longer applies or passes, or depends on an entry in conflict"},
    {Waiting, DeadLetter, "the subscription is refused, the edit is too large for the server, the document is revoked, or it depends on a dead letter"},
    {Sent, Waiting, "it is certainly not in the log, and overlaps nothing since its base"},
    {Sent, Conflict, "the server says so"},
    {Sent, DeadLetter, "the server refuses it permanently"},
    {Conflict, Waiting, "a CRDT patch: what it depends on is there again"},
    {Conflict, DeadLetter, "the document is revoked"},
};

constexpr std::array<std::string_view, 4> kNames{"waiting", "sent", "conflict", "dead"};

} // namespace

Entry::Entry(QueueEntry content, std::int64_t place, State state) : edit(std::move(content)), order(place), m_state(std::move(state)) {}

void Entry::setDiff(Diff diff)
{
    edit.diff = std::move(diff);
    unnumberedBytes = 0;
}

QueueEntry Entry::content(ServerSeq position) const
{
    QueueEntry content = edit;
    content.state = state();
    content.ready = isReady(position);
    if (isWaiting())
        content.baseSeq = position;
    if (isSent())
        content.clientSeq = in<Sent>().clientSeq;
    return content;
}

std::span<const Transition> transitions()
{
    return kTransitions;
}

bool isLegal(EntryState from, EntryState to)
{
    return std::ranges::any_of(kTransitions, [&](const Transition &one) { return one.from == from && one.to == to; });
}

std::string_view stateName(EntryState state)
{
    return kNames[static_cast<std::size_t>(state)];
}

} // namespace eventsync::client
