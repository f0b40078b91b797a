// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/pushmerge_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/budget.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/statechecks_p.h>
#include <eventsync/json/overlap.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/servermetadata.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

// A decision of the server stands in the event, like every other one (docs/merging.md, Resolvers). An edit that is too large
// for a record is left out of it, as in those of clients: with `ours` it is the event itself.
void recordDecision(Event &event, OnOverlap decision, ServerSeq head)
{
    json::Object conflict;
    conflict["strategy"] = std::string(onOverlapName(decision));
    conflict["decidedBy"] = "server";
    json::Value ours = event.diff.toJson();
    if (json::canonicalSize(ours) <= limits::kConflictRecordBytes)
        conflict["ours"] = std::move(ours);
    else
        conflict["truncated"] = true;
    conflict["unseen"] = json::Array{event.baseSeq.next().value(), head.value()};
    if (!event.metadata)
        event.metadata.emplace();
    (*event.metadata)["conflict"] = std::move(conflict);
}

// A clock with many more authors could not be sent any more. Those that are in it write on, and so does the server's own code.
Result<> checkRoomFor(const ClientId &client, const VectorClock &authors)
{
    if (authors.entries().size() < limits::kClockEntries || authors.entries().contains(client))
        return {};
    return failure(ErrorCode::TooLarge, "the document has had " + std::to_string(authors.entries().size()) + " authors, and takes no more");
}

PushOutcome rejected(ErrorCode code, std::string message, std::string path = {})
{
    return {.status = AckStatus::Rejected, .reason = Error{code, std::move(message), std::move(path)}, .forks = code == ErrorCode::ClientForked};
}

} // namespace

PushMerge::PushMerge(const DocumentLog &log, DocumentState &state, const EventPtr &event, const PushContext &context)
    : m_log(log), m_state(state), m_event(event), m_context(context)
{
}

// ---- identity and numbers

std::optional<PushOutcome> PushMerge::identify(const KnownEvents &known) const
{
    const auto find = [&](const EventId &id) -> std::optional<KnownEvent> {
        if (auto prepared = m_log.prepared().find(id))
            return prepared;
        const auto found = known.find(id);
        return found == known.end() ? std::nullopt : std::optional(found->second);
    };
    const EventId first = m_event->firstId();
    std::optional<KnownEvent> hit = find(m_event->id);
    if (!hit && first != m_event->id)
        hit = find(first);
    if (!hit)
        return std::nullopt;
    const bool sameId = hit->logged == m_event->id;
    if (sameId && (hit->document != m_log.number() || hit->pushDigest16 != pushDigest16Of(*m_event)))
        return rejected(ErrorCode::ClientForked, "the id is known with another content");
    if (hit->document != m_log.number())
        return rejected(ErrorCode::Invalid, "it replaces an edit of another document", "/metadata/replaces");
    // Two decisions about one edit, under one number: copies of a replica. What stands behind this one was made on a state that
    // the log does not lead to, and would be taken for having seen the other.
    if (!sameId && first != m_event->id && hit->clientId == m_context.client && hit->clientSeq == m_event->clientSeq)
        return rejected(ErrorCode::ClientForked, "the log holds another decision about this edit under its number");
    return PushOutcome{.status = AckStatus::Duplicate, .serverSeq = hit->serverSeq};
}

std::optional<PushOutcome> PushMerge::checkNumbers() const
{
    if (m_event->clientId != m_context.client)
        return rejected(ErrorCode::PermissionDenied, "an event may be written under its author's own client id only", "/clientId");
    const ClientSeq next = m_log.endClock().at(m_context.client).next();
    if (m_event->clientSeq > next)
        return PushOutcome{.status = AckStatus::Skipped};
    if (m_event->clientSeq < next)
        return rejected(ErrorCode::ClientForked, "clientSeq " + std::to_string(m_event->clientSeq.value()) + " is taken by another event");
    if (m_event->baseSeq > m_log.end().serverSeq)
        return rejected(ErrorCode::InvalidValue, "baseSeq lies after the head", "/baseSeq");
    if (m_event->baseSeq < m_log.horizon().previous() || !m_log.recent().reaches(m_event->baseSeq))
        return PushOutcome{.status = AckStatus::Conflict, .head = m_log.end().serverSeq,
                         .reason = Error{ErrorCode::BaseCompacted, "the server cannot look back that far"}};
    return std::nullopt;
}

// ---- merging

bool PushMerge::hasUnseen() const
{
    return std::any_of(m_log.recent().firstAfter(m_event->baseSeq), m_log.recent().events().end(),
                       [&](const LoggedPtr &other) { return other->clientId != m_event->clientId; });
}

Result<bool> PushMerge::overlapsUnseen(const json::Footprint &footprint) const
{
    Budget budget(limits::kOverlapSteps);
    const bool overlap = std::any_of(m_log.recent().firstAfter(m_event->baseSeq), m_log.recent().events().end(), [&](const LoggedPtr &other) {
        return other->clientId != m_event->clientId && json::overlaps(footprint, other->footprint, budget);
    });
    if (budget.isExhausted())
        return failure(ErrorCode::BaseCompacted, "it is too large to be compared with all that its author had not seen");
    return overlap;
}

// An error that others' changes may have caused is a conflict: a person, or a resolver, decides with the newer state. What a
// CRDT patch refers to may still come (of a log that was restored, others bring it back), so that is never a final refusal;
// what is wrong with the patch itself is.
PushOutcome PushMerge::refused(const Error &error, bool unseen) const
{
    if (error.code == ErrorCode::ClientForked)
        return {.status = AckStatus::Rejected, .reason = error, .forks = true};
    if (error.code == ErrorCode::MissingDependency || (unseen && error.code != ErrorCode::InvalidValue))
        return {.status = AckStatus::Conflict, .head = m_log.end().serverSeq, .reason = error};
    return {.status = AckStatus::Rejected, .reason = error};
}

// Would it have passed on what its author knew: the state at its base, the author's own events after that, and itself?
// The state is copied for it: this is asked only after a check that failed, which is rare.
bool PushMerge::passesAlone(const Rules &rules) const
{
    DocumentState state = m_state;
    const auto first = m_log.recent().firstAfter(m_event->baseSeq), end = m_log.recent().events().end();
    for (auto event = end; event != first; --event) {
        if (!state.revert((*std::prev(event))->inverse))
            return true; // a CRDT document does not reach back that far: a person decides
    }
    for (auto event = first; event != end; ++event) {
        if ((*event)->clientId == m_event->clientId && !state.apply(*(*event)->event))
            return false;
    }
    const auto applied = state.apply(*m_event);
    return applied && rules.check.checkApplied(state, applied->inverse);
}

// A session belongs to a client id; so no client writes under another's, and no two edits get the same ids.
Result<> PushMerge::checkCrdtPatch() const
{
    if (!m_event->diff.hasChanges())
        return {};
    const auto patch = crdt::PatchView::decode(m_event->diff.crdt());
    if (!patch)
        return failure(ErrorCode::InvalidValue, patch.error().message, "/diff/crdt");
    if (patch->id().sid != crdtSessionOf(m_event->clientId))
        return failure(ErrorCode::PermissionDenied, "a patch may be written under its author's own session only", "/diff/crdt");
    return {};
}

Result<> PushMerge::checkEvent(const Rules &rules) const
{
    EVENTSYNC_CHECK(checkRoomFor(m_event->clientId, m_log.endClock()));
    if (m_event->metadata)
        EVENTSYNC_CHECK(checkClientMetadata(*m_event->metadata));
    EVENTSYNC_CHECK(m_event->diff.isCrdt() ? checkCrdtPatch() : rules.policy.checkEnginePaths(m_event->diff.patch()));
    const bool otherKind = m_log.hasCollection() && (m_log.kind() == DocumentKind::Crdt) != m_event->diff.isCrdt();
    if (otherKind && m_event->operation == Operation::Create && m_event->diff.hasChanges() && !m_state.exists())
        return failure(ErrorCode::Invalid, "a document keeps its kind: " + std::string(documentKindName(m_log.kind())), "/diff");
    return {};
}

void PushMerge::takeBack(const AppliedEvent &applied)
{
    EVENTSYNC_ASSERT(m_state.revert(applied.inverse).has_value());
}

std::variant<PushOutcome, PushMerge::MergedEvent> PushMerge::merge(const Rules &rules, const Clock &clock)
{
    if (const auto fine = checkEvent(rules); !fine)
        return refused(fine.error(), false);
    return apply(rules, clock);
}

std::variant<PushOutcome, PushMerge::MergedEvent> PushMerge::apply(const Rules &rules, const Clock &clock)
{
    const bool unseen = hasUnseen();
    Event logged = *m_event;
    boundTimes(logged.diff, rules, m_log, clock);
    auto applied = m_state.apply(logged);
    if (!applied)
        return refused(applied.error(), unseen);
    logged.onOverlap.reset();
    logged.author = m_context.author;
    Result<bool> overlap = false;
    if (unseen)
        overlap = rules.policy.merge() == MergeRule::Strict ? true : overlapsUnseen(applied->footprint);
    const ServerSeq head = m_log.end().serverSeq;
    if (!overlap) {
        takeBack(*applied);
        return PushOutcome{.status = AckStatus::Conflict, .head = head, .reason = overlap.error()};
    }
    if (*overlap) {
        const OnOverlap decision = m_event->onOverlap.value_or(OnOverlap::Fail);
        if (decision != OnOverlap::Ours)
            takeBack(*applied);
        if (decision == OnOverlap::Fail)
            return PushOutcome{.status = AckStatus::Conflict, .head = head,
                             .reason = Error{ErrorCode::Conflict, "it overlaps what its author had not seen"}};
        recordDecision(logged, decision, head);
        if (decision == OnOverlap::Theirs) {
            logged.operation = Operation::Update;
            logged.diff = Diff(json::Patch());
            applied = AppliedEvent{};
        }
    } else if (unseen && !applied->changed && !logged.diff.isCrdt() && logged.diff.hasChanges()) {
        takeBack(*applied);
        logged.diff = Diff(json::Patch()); // merging turned it into nothing
        applied = AppliedEvent{};
    }
    if (const auto fine = checkState(m_state, rules, applied->inverse); !fine) {
        takeBack(*applied);
        return refused(fine.error(), unseen && passesAlone(rules));
    }
    return MergedEvent{std::move(logged), std::move(*applied), unseen};
}

} // namespace eventsync::eventlog
