// SPDX-License-Identifier: Apache-2.0
//
// The order of looking at a pushed event is that of rule 5 in docs/protocol.md, and it matters: a repetition must be
// recognised before anything about numbers is said, because a repeated event has the numbers of another life.
#include <eventsync/eventlog/documentcore.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/bytes.h>
#include <eventsync/base/guard.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/overlap.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/heldbytes.h>
#include <eventsync/model/servermetadata.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kSaltBytes = 16;

Bytes randomSalt(Random &random)
{
    Bytes salt;
    while (salt.size() < kSaltBytes) {
        const std::uint64_t bits = random.next();
        salt.append(reinterpret_cast<const char *>(&bits), sizeof bits);
    }
    return salt;
}

// What the server decided by itself stands in the event, like every other decision (docs/merging.md, Resolvers). An edit that
// is too large for a record is left out of it, as in those of clients: with `ours` it is the event itself.
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

// What code says beside its change is held to what every reader of the event asks.
Result<std::optional<json::Object>> readableMetadata(const CodeWrite &write)
{
    if (write.author && !isValidUtf8(*write.author))
        return failure(ErrorCode::InvalidValue, "the author's name is not UTF-8", "/author");
    if (write.metadata.empty())
        return std::nullopt;
    json::Value metadata = write.metadata;
    if (auto fine = json::normalize(metadata); !fine)
        return failure(fine.error().code, fine.error().message, "/metadata" + fine.error().path);
    EVENTSYNC_CHECK(checkReplaces(metadata.get_object()));
    return std::optional(std::move(metadata.get_object()));
}

// A clock with many more authors could not be sent any more. Those that are in it write on, and so does the server's own code.
Result<> checkRoomFor(const ClientId &client, const VectorClock &authors)
{
    if (authors.entries().size() < limits::kClockEntries || authors.entries().contains(client))
        return {};
    return failure(ErrorCode::TooLarge, "the document has had " + std::to_string(authors.entries().size()) + " authors, and takes no more");
}

} // namespace

RulesPtr makeRules(const CollectionName &collection, const Policies &policies, const Validators &validators)
{
    auto made = std::make_shared<Rules>();
    made->policy = policies.of(collection);
    auto check = [&]() -> Result<StateCheck> {
        std::shared_ptr<const Validator> code;
        if (validators) {
            EVENTSYNC_TRY(code, guarded(validators, collection));
        }
        return StateCheck::make(collection, made->policy, std::move(code));
    }();
    if (check)
        made->check = std::move(*check);
    else
        made->check = StateCheck::make(collection, {}, validatorFrom([error = check.error()](const auto &, const auto &) -> Result<> {
                                           return failure(error);
                                       })).value_or(StateCheck());
    return made;
}

DocumentCore::DocumentCore(DocumentId id, std::optional<LoadedDocument> loaded, RulesOf rules, const Clock &clock,
                           Random &random)
    : m_id(std::move(id)), m_rulesOf(std::move(rules)), m_timeSource(clock), m_random(random)
{
    if (!loaded)
        return;
    m_hasRow = true;
    m_number = loaded->row.number;
    m_collection = loaded->row.collection;
    m_rules = m_rulesOf(*m_collection);
    m_kind = loaded->row.kind;
    m_state = std::move(loaded->state);
    m_deleted = !m_state.exists();
    m_clock = std::move(loaded->clock);
    m_head = m_committed = loaded->head;
    m_position = loaded->position;
    m_horizon = loaded->row.horizon;
    m_baseChain = loaded->row.baseChain;
    m_createdAt = loaded->createdAt;
    m_updatedAt = loaded->updatedAt;
    m_flushed = loaded->row.at.serverSeq;
    m_firstUnflushed = loaded->firstUnflushed;
    m_snapshotSeq = loaded->row.snapshotSeq;
    for (LoggedPtr &event : loaded->tail) {
        if (event->serverSeq > m_flushed)
            m_dirtyClocks.insert(event->clientId);
        m_tailBytes += event->canonical->size();
        m_tailHeld += eventlog::heldBytes(*event);
        m_tail.push_back(std::move(event));
    }
    m_stateHeld = eventsync::heldBytes(m_state);
}

// ---- identity and numbers

std::optional<KnownEvent> DocumentCore::find(const EventId &id, const KnownEvents &known) const
{
    if (const auto found = m_preparedIds.find(id); found != m_preparedIds.end())
        return found->second;
    if (const auto found = known.find(id); found != known.end())
        return found->second;
    return std::nullopt;
}

std::optional<Judgement> DocumentCore::identify(const Event &event, const PushContext &context, const KnownEvents &known) const
{
    const EventId first = event.firstId();
    std::optional<KnownEvent> hit = find(event.id, known);
    if (!hit && first != event.id)
        hit = find(first, known);
    if (!hit)
        return std::nullopt;
    const bool sameId = hit->logged == event.id;
    const bool otherIntent = sameId && (hit->document != m_number || hit->pushMark != pushMarkOf(event));
    if (otherIntent)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::ClientForked, "the id is known with another content"}, .forks = true};
    if (hit->document != m_number)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::Invalid, "it replaces an edit of another document", "/metadata/replaces"}};
    // Two decisions about one edit, under one number: copies of a replica. What stands behind this one was made on a state that
    // the log does not lead to, and would be taken for having seen the other.
    if (!sameId && first != event.id && hit->clientId == context.client && hit->clientSeq == event.clientSeq)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::ClientForked, "the log holds another decision about this edit under its number"}, .forks = true};
    return Judgement{.verdict = Verdict::Duplicate, .serverSeq = hit->serverSeq};
}

std::optional<Judgement> DocumentCore::checkNumbers(const Event &event, const PushContext &context) const
{
    if (event.clientId != context.client)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::PermissionDenied, "nobody writes under another's client id", "/clientId"}};
    const ClientSeq next = m_clock.at(context.client).next();
    if (event.clientSeq > next)
        return Judgement{.verdict = Verdict::Skipped};
    if (event.clientSeq < next)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::ClientForked, "clientSeq " + std::to_string(event.clientSeq.value()) +
                                                                      " is taken by another event"},
                         .forks = true};
    if (event.baseSeq > m_head.serverSeq)
        return Judgement{.verdict = Verdict::Rejected,
                         .reason = Error{ErrorCode::InvalidValue, "baseSeq lies after the head", "/baseSeq"}};
    if (event.baseSeq < m_horizon.previous() || !tailReaches(event.baseSeq))
        return Judgement{.verdict = Verdict::Conflict, .head = m_head.serverSeq,
                         .reason = Error{ErrorCode::BaseCompacted, "the server cannot look back that far"}};
    return std::nullopt;
}

void DocumentCore::rulesChanged()
{
    if (m_collection)
        m_rules = m_rulesOf(*m_collection);
}

RulesPtr DocumentCore::rulesOf(const CollectionName &collection) const
{
    const auto offered = m_offeredRules.find(collection);
    return offered != m_offeredRules.end() ? offered->second : m_rulesOf(collection);
}

Judgement DocumentCore::push(const EventPtr &event, const PushContext &context, const KnownEvents &known)
{
    EVENTSYNC_ASSERT(!m_committing);
    if (auto judged = identify(*event, context, known))
        return *judged;
    if (context.forked || context.stopped)
        return {.verdict = Verdict::Skipped};
    if (auto judged = checkNumbers(*event, context))
        return *judged;
    return merge(event, context);
}

// ---- merging

std::size_t DocumentCore::tailIndex(ServerSeq after) const
{
    if (m_tail.empty())
        return 0;
    const std::int64_t index = after.next() - m_tail.front()->serverSeq;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, static_cast<std::int64_t>(m_tail.size())));
}

bool DocumentCore::hasUnseen(const Event &event) const
{
    return std::any_of(m_tail.begin() + static_cast<std::ptrdiff_t>(tailIndex(event.baseSeq)), m_tail.end(),
                       [&](const LoggedPtr &other) { return other->clientId != event.clientId; });
}

Result<bool> DocumentCore::overlapsUnseen(const json::Footprint &footprint, const Event &event) const
{
    Budget budget(limits::kOverlapSteps);
    const bool overlap = std::any_of(m_tail.begin() + static_cast<std::ptrdiff_t>(tailIndex(event.baseSeq)), m_tail.end(),
                                     [&](const LoggedPtr &other) {
                                         return other->clientId != event.clientId && json::overlaps(footprint, other->footprint, budget);
                                     });
    if (budget.isExhausted())
        return failure(ErrorCode::BaseCompacted, "it is too large to be compared with all that its author had not seen");
    return overlap;
}

// An error that others' changes may have caused is a conflict: a person, or a resolver, decides with the newer state. What a
// CRDT patch refers to may still come (of a log that was restored, others bring it back), so that is never a final refusal;
// what is wrong with the patch itself is.
Judgement DocumentCore::refused(const Error &error, bool unseen) const
{
    if (error.code == ErrorCode::ClientForked)
        return {.verdict = Verdict::Rejected, .reason = error, .forks = true};
    if (error.code == ErrorCode::MissingDependency || (unseen && error.code != ErrorCode::InvalidValue))
        return {.verdict = Verdict::Conflict, .head = m_head.serverSeq, .reason = error};
    return {.verdict = Verdict::Rejected, .reason = error};
}

// Would it have passed on what its author knew: the state at its base, the author's own events after that, and itself?
// The rare way, after a failed check; so the state is copied here.
bool DocumentCore::passesAlone(const Event &event, const Rules &rules) const
{
    DocumentState state = m_state;
    const std::size_t from = tailIndex(event.baseSeq);
    for (std::size_t i = m_tail.size(); i > from; --i) {
        if (!state.revert(m_tail[i - 1]->inverse))
            return true; // a CRDT document does not reach back that far: a person decides
    }
    for (std::size_t i = from; i < m_tail.size(); ++i) {
        if (m_tail[i]->clientId == event.clientId && !state.apply(*m_tail[i]->event))
            return false;
    }
    const auto applied = state.apply(event);
    return applied && rules.check.checkApplied(state, applied->inverse);
}

// An id belongs to the collection of its first event for ever, also while its document is deleted: the chain begins with it.
Result<> DocumentCore::checkPlace(const CollectionName &collection) const
{
    if (!m_collection)
        return checkNewDocumentId(m_id);
    if (*m_collection != collection)
        return failure(ErrorCode::WrongCollection, "the id belongs to collection " + m_collection->text(), "/collection");
    return {};
}

Judgement DocumentCore::merge(const EventPtr &event, const PushContext &context)
{
    if (auto fine = checkPlace(event->collection); !fine)
        return refused(fine.error(), false);
    if (auto fine = checkRoomFor(event->clientId, m_clock); !fine)
        return refused(fine.error(), false);
    if (event->metadata) {
        if (const auto fine = checkClientMetadata(*event->metadata); !fine)
            return refused(fine.error(), false);
    }
    const RulesPtr rules = m_rules ? m_rules : rulesOf(event->collection);
    if (auto fine = event->diff.isCrdt() ? checkCrdtPush(*event) : rules->policy.checkEnginePaths(event->diff.patch()); !fine)
        return refused(fine.error(), false);
    const bool otherKind = m_collection && (m_kind == DocumentKind::Crdt) != event->diff.isCrdt();
    if (otherKind && event->operation == Operation::Create && event->diff.hasChanges() && !m_state.exists())
        return refused({ErrorCode::Invalid, "a document keeps its kind: " + std::string(documentKindName(m_kind)), "/diff"}, false);
    return apply(event, context, *rules, rules->policy.merge() == MergeRule::Strict);
}

// A session belongs to a client id; so nobody writes under another's, and no two edits get the same ids.
Result<> DocumentCore::checkCrdtPush(const Event &event) const
{
    if (!event.diff.hasChanges())
        return {};
    const auto patch = crdt::PatchView::decode(event.diff.crdt());
    if (!patch)
        return failure(ErrorCode::InvalidValue, patch.error().message, "/diff/crdt");
    if (patch->id().sid != crdtSessionOf(event.clientId))
        return failure(ErrorCode::PermissionDenied, "nobody writes under another's session", "/diff/crdt");
    return {};
}

// What the state must be after any change; a CRDT document's view is made only if somebody looks at it.
Result<> DocumentCore::checkResult(const Rules &rules, const Diff &inverse) const
{
    if (m_state.kind() == DocumentKind::Crdt) {
        const bool mayBeTooLarge = m_state.canonicalSize() > limits::kDocumentBytes;
        if (mayBeTooLarge && m_state.toBytes().size() > limits::kDocumentBytes)
            return failure(ErrorCode::TooLarge, "the document with its tombstones is too large");
        if (rules.policy.hasEnginePaths())
            EVENTSYNC_CHECK(rules.policy.checkNoEngineFields(m_state.view()));
        if (rules.check.checksNothing())
            return {};
    }
    return rules.check.checkApplied(m_state, inverse);
}

// `latest` values against the server's clock; one that went back is not believed against what was stored already.
void DocumentCore::boundTimes(Diff &diff, const Rules &rules) const
{
    if (diff.isCrdt())
        return;
    const Timestamp now = std::max(m_timeSource.wall(), m_updatedAt);
    const Timestamp latest = now + std::chrono::milliseconds(limits::kLatestAhead).count();
    if (auto bound = rules.policy.withBoundTimes(diff.patch(), now, latest))
        diff = Diff(std::move(*bound));
}

Judgement DocumentCore::apply(const EventPtr &event, const PushContext &context, const Rules &rules, bool strictly)
{
    const bool unseen = hasUnseen(*event);
    Event logged = *event;
    boundTimes(logged.diff, rules);
    auto applied = m_state.apply(logged);
    if (!applied)
        return refused(applied.error(), unseen);
    logged.onOverlap.reset();
    logged.author = context.author;
    Result<bool> overlap = false;
    if (unseen)
        overlap = strictly ? true : overlapsUnseen(applied->footprint, *event);
    if (!overlap) {
        EVENTSYNC_ASSERT(m_state.revert(applied->inverse).has_value());
        return {.verdict = Verdict::Conflict, .head = m_head.serverSeq, .reason = overlap.error()};
    }
    if (*overlap) {
        const OnOverlap decision = event->onOverlap.value_or(OnOverlap::Fail);
        if (decision != OnOverlap::Ours)
            EVENTSYNC_ASSERT(m_state.revert(applied->inverse).has_value());
        if (decision == OnOverlap::Fail)
            return {.verdict = Verdict::Conflict, .head = m_head.serverSeq,
                    .reason = Error{ErrorCode::Conflict, "it overlaps what its author had not seen"}};
        recordDecision(logged, decision, m_head.serverSeq);
        if (decision == OnOverlap::Theirs) {
            logged.operation = Operation::Update;
            logged.diff = Diff(json::Patch());
            applied = AppliedEvent{};
        }
    } else if (unseen && !applied->changed && !logged.diff.isCrdt() && logged.diff.hasChanges()) {
        EVENTSYNC_ASSERT(m_state.revert(applied->inverse).has_value());
        logged.diff = Diff(json::Patch()); // merging turned it into nothing
        applied = AppliedEvent{};
    }
    if (auto fine = checkResult(rules, applied->inverse); !fine) {
        EVENTSYNC_ASSERT(m_state.revert(applied->inverse).has_value());
        return refused(fine.error(), unseen && passesAlone(*event, rules));
    }
    const auto seq = append(std::move(logged), std::move(*applied), rules, pushMarkOf(*event), event->firstId());
    if (!seq)
        return refused(seq.error(), false);
    return {.verdict = unseen ? Verdict::Merged : Verdict::Applied, .serverSeq = *seq};
}

// The event in its place, in the form in which it is written, sent and read.
Result<std::shared_ptr<LoggedEvent>> DocumentCore::placed(Event event, const Rules &rules) const
{
    event.serverSeq = m_head.serverSeq.next();
    event.storedAt = m_timeSource.wall();
    if (rules.policy.redaction())
        event.salt = randomSalt(m_random);
    auto logged = std::make_shared<LoggedEvent>();
    logged->serverSeq = event.serverSeq;
    logged->clientId = event.clientId;
    logged->clientSeq = event.clientSeq;
    logged->id = event.id;
    logged->canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
    EVENTSYNC_CHECK(checkEventSize(event, EventForm::Logged, logged->canonical->size()));
    if (event.salt)
        logged->digest = digestOf(event);
    const Digest before = m_collection ? m_head.chain : chainStart(event.collection, m_id);
    logged->chain = chainNext(before, logged->digest ? *logged->digest : sha256(*logged->canonical));
    logged->event = std::make_shared<const Event>(std::move(event));
    return logged;
}

// What was applied is taken back if the event cannot be logged.
Result<ServerSeq> DocumentCore::append(Event event, AppliedEvent applied, const Rules &rules, const PushMark &mark,
                                       const EventId &firstId)
{
    auto made = placed(std::move(event), rules);
    if (!made) {
        EVENTSYNC_ASSERT(m_state.revert(applied.inverse).has_value());
        return failure(made.error());
    }
    const std::shared_ptr<LoggedEvent> logged = std::move(*made);
    if (!m_collection) {
        m_collection = logged->event->collection;
        m_kind = logged->event->diff.isCrdt() ? DocumentKind::Crdt : DocumentKind::Json;
        m_rules = rulesOf(*m_collection);
        m_baseChain = chainStart(*m_collection, m_id);
    }
    logged->firstId = firstId;
    logged->pushMark = mark;
    logged->footprint = std::move(applied.footprint);
    logged->inverse = std::move(applied.inverse);

    const KnownEvent known{m_number, logged->serverSeq, logged->id, mark, logged->clientId, logged->clientSeq};
    m_preparedIds.emplace(logged->id, known);
    if (firstId != logged->id)
        m_preparedIds.emplace(firstId, known);
    m_clock.advance(logged->clientId, logged->clientSeq);
    m_dirtyClocks.insert(logged->clientId);
    m_head = {logged->serverSeq, logged->chain};
    m_tailBytes += logged->canonical->size();
    const std::size_t held = eventlog::heldBytes(*logged);
    m_tailHeld += held;
    m_preparedHeld += held;
    m_tail.push_back(logged);
    m_prepared.push_back(logged);
    return logged->serverSeq;
}

// ---- writes by code

Result<LoggedPtr> DocumentCore::write(const CodeWrite &write)
{
    EVENTSYNC_ASSERT(!m_committing);
    EVENTSYNC_CHECK(checkPlace(write.collection));
    if (write.ifVersion && *write.ifVersion != m_head.serverSeq)
        return failure(ErrorCode::VersionConflict, "the document stands at " + std::to_string(m_head.serverSeq.value()));
    const RulesPtr rules = m_rules ? m_rules : rulesOf(write.collection);
    Operation operation = m_state.exists() ? Operation::Update : Operation::Create;
    EVENTSYNC_TRY(Diff diff, wantedDiff(write, *rules, operation));
    if (operation != Operation::Delete && !diff.hasChanges())
        return LoggedPtr();
    return writePatch(write, *rules, operation, std::move(diff));
}

// From the state as it stands to the one wanted; `operation` is what leads there.
Result<Diff> DocumentCore::wantedDiff(const CodeWrite &write, const Rules &rules, Operation &operation) const
{
    const DocumentKind kind = m_collection ? m_kind : write.kind;
    if (write.patch)
        EVENTSYNC_CHECK(rules.policy.checkEnginePaths(*write.patch));
    if (write.patch && kind == DocumentKind::Json)
        return Diff(*write.patch);
    EVENTSYNC_TRY(json::State wanted, wantedState(write, rules));
    if (!wanted) {
        if (m_state.exists())
            operation = Operation::Delete;
        return Diff();
    }
    if (kind == DocumentKind::Crdt && !m_state.exists()) {
        EVENTSYNC_TRY(Bytes patch, CrdtState::create(crdtSessionOf(write.clientId), *wanted, m_random.next()));
        return Diff(CrdtPatchBytes{std::move(patch)});
    }
    if (kind == DocumentKind::Crdt)
        return m_state.editTo(crdtSessionOf(write.clientId), *wanted);
    if (!m_state.exists()) {
        json::PatchOperation add{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(*wanted)};
        return Diff(json::Patch({std::move(add)}));
    }
    return Diff(json::diff(m_state.view(), *wanted, rules.policy.diffOptions()));
}

Result<json::State> DocumentCore::wantedState(const CodeWrite &write, const Rules &rules) const
{
    json::State wanted = m_state.jsonState();
    if (write.patch) {
        EVENTSYNC_CHECK(json::apply(wanted, *write.patch, {.size = json::canonicalSize(wanted.value_or(json::Value())),
                                                           .wantInverse = false, .wantFootprint = false}));
        return wanted;
    }
    if (wanted)
        wanted = rules.policy.withEngineFields(std::move(*wanted), m_head.serverSeq);
    EVENTSYNC_CHECK(guarded(write.edit, wanted));
    if (wanted) {
        EVENTSYNC_CHECK(json::normalize(*wanted));
        *wanted = rules.policy.withoutEngineFields(std::move(*wanted));
    }
    return wanted;
}

Result<LoggedPtr> DocumentCore::writePatch(const CodeWrite &write, const Rules &rules, Operation operation, Diff diff)
{
    boundTimes(diff, rules);
    EVENTSYNC_TRY(std::optional<json::Object> metadata, readableMetadata(write));
    EVENTSYNC_TRY(AppliedEvent applied, m_state.apply(operation, diff));
    if (!applied.changed)
        return LoggedPtr();
    if (auto fine = checkResult(rules, applied.inverse); !fine) {
        EVENTSYNC_ASSERT(m_state.revert(applied.inverse).has_value());
        return failure(fine.error());
    }
    Event event{.id = write.id, .documentId = m_id, .collection = write.collection, .operation = operation, .serverSeq = {},
                .clientId = write.clientId, .clientSeq = m_clock.at(write.clientId).next(), .baseSeq = m_head.serverSeq,
                .author = write.author, .timestamp = m_timeSource.wall(), .storedAt = {}, .diff = std::move(diff),
                .metadata = std::move(metadata)};
    const PushMark mark = pushMarkOf(event);
    const EventId firstId = event.firstId();
    EVENTSYNC_CHECK(append(std::move(event), std::move(applied), rules, mark, firstId));
    return LoggedPtr(m_prepared.back());
}

} // namespace eventsync::eventlog
