// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/rows_p.h>

#include <eventsync/base/bytes.h>
#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/heldbytes.h>
#include <eventsync/model/jsonfields.h>

#include <algorithm>

namespace eventsync::client::rows {

using storage::Blob;
using storage::Cell;
using storage::ColumnType;
using storage::Row;

namespace {

tl::unexpected<Error> corrupt(std::string what)
{
    return failure(ErrorCode::Corrupt, "a row of the profile cannot be read: " + std::move(what));
}

// A row that cannot be read is reported as Corrupt, whatever code the reader returned.
template<class T>
Result<T> ours(Result<T> result)
{
    if (!result)
        return corrupt(result.error().toString());
    return result;
}

json::String textOf(std::string_view text)
{
    return json::String(text);
}

constexpr std::string_view kFates[] = {"", "conflict", "dead"};

json::Value errorJson(const Error &error)
{
    return json::Object{{"code", textOf(errorName(error.code))}, {"message", textOf(error.message)}, {"path", textOf(error.path)}};
}

Error errorFrom(const json::Value &value)
{
    FieldReader read(value);
    Error error{ErrorCode::Internal, read.text("message"), read.text("path")};
    if (const auto code = errorCodeFromName(read.text("code")))
        error.code = *code;
    return error;
}

json::Value bytesJson(std::string_view bytes)
{
    return textOf(toBase64Url(bytes));
}

Result<json::Footprint> footprintFrom(std::string_view text)
{
    EVENTSYNC_TRY(const Bytes bytes, fromBase64Url(text));
    return json::Footprint::fromBytes(bytes);
}

json::Object editJson(const QueueEntry &edit)
{
    json::Object object;
    object["id"] = textOf(edit.id.toText());
    if (edit.firstId)
        object["first"] = textOf(edit.firstId->toText());
    object["documentId"] = textOf(edit.documentId.text());
    object["collection"] = textOf(edit.collection.text());
    object["operation"] = textOf(operationName(edit.operation));
    object["diff"] = edit.diff.toJson();
    object["madeAt"] = edit.madeAt.value();
    object["tries"] = edit.tries;
    if (edit.onOverlap)
        object["onOverlap"] = textOf(onOverlapName(*edit.onOverlap));
    object["timestamp"] = textOf(toText(edit.timestamp));
    object["metadata"] = edit.metadata;
    object["footprint"] = bytesJson(edit.footprint.toBytes());
    return object;
}

Result<Operation> operationFromName(std::string_view name)
{
    for (const Operation operation : {Operation::Create, Operation::Update, Operation::Delete}) {
        if (name == operationName(operation))
            return operation;
    }
    return corrupt("an operation");
}

QueueEntry editFrom(FieldReader &read)
{
    QueueEntry edit;
    edit.id = read.eventId("id");
    if (read.has("first"))
        edit.firstId = read.eventId("first");
    edit.documentId = read.documentId();
    edit.collection = read.collection();
    edit.operation = read.take(operationFromName(read.text("operation")), "operation");
    edit.diff = read.take(Diff::fromJson(read.required("diff")), "diff");
    edit.madeAt = ServerSeq(read.integer("madeAt"));
    edit.tries = static_cast<int>(read.integer("tries"));
    if (const auto name = read.optionalText("onOverlap")) {
        for (const OnOverlap value : {OnOverlap::Ours, OnOverlap::Theirs, OnOverlap::Fail}) {
            if (*name == onOverlapName(value))
                edit.onOverlap = value;
        }
    }
    edit.timestamp = read.timestamp("timestamp");
    if (const auto *metadata = read.object("metadata"))
        edit.metadata = *metadata;
    edit.footprint = read.take(footprintFrom(read.text("footprint")), "footprint");
    return edit;
}

Result<json::Value> bodyOf(const Row &row, std::size_t column)
{
    EVENTSYNC_TRY(const std::string body, text(row, column));
    // The client's own rows hold an event and fields around it; the limits for received messages do not apply to them.
    return ours(json::parse(body, {.bytes = SIZE_MAX, .depth = limits::kDepth + limits::kEventDepthExtra + 4}));
}

} // namespace

namespace {

constexpr char kChecksumColumn[] = "checksum";

eventlog::CheckedCells cellsOf(const Row &row)
{
    return {.first = 0, .end = row.size() - 1, .checksum = row.size() - 1};
}

storage::Schema schemaWithoutChecksums()
{
    return {
        .version = 2,
        .sets = {
            {.name = "documents",
             .columns = {{"documentId"}, {"collection"}, {"serverSeq", ColumnType::Integer}, {"chain", ColumnType::Blob},
                         {"historySeq", ColumnType::Integer}, {"historyChain", ColumnType::Blob},
                         {"last", ColumnType::Integer}, {"assigned", ColumnType::Integer}, {"open", ColumnType::Integer}}},
            // The confirmed state as it was at serverSeq; the events in `history` lead from there to the position.
            {.name = "states", .columns = {{"documentId"}, {"serverSeq", ColumnType::Integer}, {"state"}}},
            // For a CRDT document the state is here, and not in `states`.
            {.name = "crdts", .columns = {{"documentId"}, {"state", ColumnType::Blob}}},
            {.name = "history",
             .columns = {{"documentId"}, {"serverSeq", ColumnType::Integer}, {"event"}, {"chain", ColumnType::Blob},
                         {"inverse"}, {"footprint", ColumnType::Blob}, {"ownOrder", ColumnType::Integer}},
             .keyColumns = 2},
            {.name = "queue", .columns = {{"position", ColumnType::Integer}, {"documentId"}, {"body"}}},
            {.name = "acked",
             .columns = {{"documentId"}, {"serverSeq", ColumnType::Integer}, {"id", ColumnType::Blob},
                         {"standIn", ColumnType::Integer}, {"at", ColumnType::Integer}, {"body"}},
             .keyColumns = 3},
            {.name = "ids",
             .columns = {{"documentId"}, {"id", ColumnType::Blob}, {"kind", ColumnType::Integer}},
             .keyColumns = 2},
            {.name = "undo",
             .columns = {{"documentId"}, {"position", ColumnType::Integer}, {"body"}},
             .keyColumns = 2},
            {.name = "staging",
             .columns = {{"documentId"}, {"part", ColumnType::Integer}, {"body"}, {"bytes", ColumnType::Blob}},
             .keyColumns = 2},
            {.name = "clocks",
             .columns = {{"documentId"}, {"clientId"}, {"clientSeq", ColumnType::Integer}},
             .keyColumns = 2},
            // Documents that may only be read, according to the last answer of the server.
            {.name = "rights", .columns = {{"documentId"}, {"permission"}}},
            {.name = "meta", .columns = {{"name"}, {"value"}}},
        },
    };
}

} // namespace

const storage::Schema &schema()
{
    static const storage::Schema kSchema = [] {
        storage::Schema made = schemaWithoutChecksums();
        for (storage::RecordSet &set : made.sets)
            set.columns.push_back({kChecksumColumn, ColumnType::Integer});
        return made;
    }();
    return kSchema;
}

Row withChecksum(Row row)
{
    row.emplace_back();
    eventlog::setChecksum(row, cellsOf(row));
    return row;
}

Result<> checkSound(const Row &row)
{
    if (row.empty() || !eventlog::hasSoundChecksum(row, cellsOf(row)))
        return corrupt("it is not what was stored");
    return {};
}

storage::Key keyOf(const std::string &set, const Row &row)
{
    const auto found = std::ranges::find(schema().sets, set, &storage::RecordSet::name);
    return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(found->keyColumns)};
}

// ---- cells

Result<std::int64_t> integer(const Row &row, std::size_t column)
{
    if (column >= row.size() || !std::holds_alternative<std::int64_t>(row[column]))
        return corrupt("no integer");
    return std::get<std::int64_t>(row[column]);
}

Result<std::string> text(const Row &row, std::size_t column)
{
    if (column >= row.size() || !std::holds_alternative<std::string>(row[column]))
        return corrupt("no text");
    return std::get<std::string>(row[column]);
}

Result<Bytes> blob(const Row &row, std::size_t column)
{
    if (column >= row.size() || !std::holds_alternative<Blob>(row[column]))
        return corrupt("no bytes");
    return std::get<Blob>(row[column]).bytes;
}

Result<DocumentId> documentOf(const Row &row, std::size_t column)
{
    EVENTSYNC_TRY(const std::string id, text(row, column));
    return ours(documentIdFrom(id));
}

// ---- queue

namespace {

json::Value versionJson(const EarlierVersion &version)
{
    json::Object object{{"id", textOf(version.id.toText())},
                        {"sid", static_cast<std::int64_t>(version.first.sid)},
                        {"time", static_cast<std::int64_t>(version.first.time)}};
    if (version.replaces)
        object["replaces"] = *version.replaces;
    return object;
}

Result<EarlierVersion> versionFrom(const json::Value &value)
{
    FieldReader read(value);
    EarlierVersion version;
    version.id = read.eventId("id");
    version.first = {static_cast<std::uint64_t>(read.integer("sid")), static_cast<std::uint64_t>(read.integer("time"))};
    if (const auto *replaces = read.optional("replaces"))
        version.replaces = *replaces;
    EVENTSYNC_CHECK(ours(read.finish(UnknownFields::Ignore)));
    return version;
}

} // namespace

namespace {

void putSent(json::Object &object, const Entry::Sent &sent)
{
    object["clientSeq"] = sent.clientSeq.value();
    if (sent.answered)
        object["answered"] = sent.answered->value();
    if (sent.fate != PendingFate::None)
        object["doom"] = textOf(kFates[static_cast<std::size_t>(sent.fate)]);
    if (sent.fateCause)
        object["doomedBy"] = textOf(sent.fateCause->toText());
    if (!sent.unseenTrimmed.empty()) {
        json::Array missed;
        for (const json::Footprint &footprint : sent.unseenTrimmed)
            missed.push_back(bytesJson(footprint.toBytes()));
        object["missed"] = std::move(missed);
    }
}

Entry::Sent sentFrom(FieldReader &read)
{
    Entry::Sent sent{.clientSeq = ClientSeq(read.integer("clientSeq", 1))};
    if (const auto seq = read.optionalInteger("answered"))
        sent.answered = ServerSeq(*seq);
    if (const auto fate = read.optionalText("doom"))
        sent.fate = *fate == kFates[1] ? PendingFate::Conflict : PendingFate::DeadLetter;
    if (read.has("doomedBy"))
        sent.fateCause = read.eventId("doomedBy");
    if (const auto *missed = read.optionalArray("missed")) {
        for (const json::Value &value : *missed) {
            if (const auto *bytes = value.if_string())
                sent.unseenTrimmed.push_back(read.take(footprintFrom(std::string_view(bytes->data(), bytes->size())), "missed"));
        }
    }
    return sent;
}

Entry::State stateFrom(FieldReader &read)
{
    const std::string name = read.text("state");
    if (name == stateName(EntryState::Sent))
        return sentFrom(read);
    if (name == stateName(EntryState::Conflict))
        return Entry::Conflict{.wait = ServerSeq(read.optionalInteger("wait").value_or(0))};
    if (name == stateName(EntryState::DeadLetter))
        return Entry::DeadLetter();
    return Entry::Waiting();
}

} // namespace

Row queueRow(const DocumentId &document, const Entry &entry)
{
    json::Object object = editJson(entry.edit);
    object["state"] = textOf(stateName(entry.state()));
    if (!entry.isWaiting())
        object["baseSeq"] = entry.edit.baseSeq.value();
    if (entry.edit.reason)
        object["reason"] = errorJson(*entry.edit.reason);
    if (entry.edit.because)
        object["because"] = textOf(entry.edit.because->toText());
    if (entry.isSent())
        putSent(object, entry.in<Entry::Sent>());
    if (entry.state() == EntryState::Conflict && entry.in<Entry::Conflict>().wait.value() > 0)
        object["wait"] = entry.in<Entry::Conflict>().wait.value();
    if (!entry.versions.empty()) {
        json::Array versions;
        for (const EarlierVersion &version : entry.versions)
            versions.push_back(versionJson(version));
        object["versions"] = std::move(versions);
    }
    return {entry.order, document.text(), json::canonical(object)};
}

Result<Entry> entryFrom(const Row &row)
{
    EVENTSYNC_TRY(const std::int64_t order, integer(row, 0));
    EVENTSYNC_TRY(const json::Value body, bodyOf(row, 2));
    FieldReader read(body);
    QueueEntry edit = editFrom(read);
    edit.baseSeq = ServerSeq(read.optionalInteger("baseSeq").value_or(0));
    if (const auto *reason = read.optional("reason"))
        edit.reason = errorFrom(*reason);
    if (read.has("because"))
        edit.because = read.eventId("because");
    Entry entry(std::move(edit), order, stateFrom(read));
    if (const auto *versions = read.optionalArray("versions")) {
        for (const json::Value &value : *versions) {
            EVENTSYNC_TRY(EarlierVersion version, versionFrom(value));
            entry.versions.push_back(std::move(version));
        }
    }
    EVENTSYNC_CHECK(ours(read.finish(UnknownFields::Ignore)));
    if (entry.edit.diff.isCrdt()) {
        if (const auto patch = crdt::Patch::decode(entry.edit.diff.crdt()); !patch)
            return corrupt(patch.error().toString());
    }
    return entry;
}

namespace {

constexpr char kDamaged[] = "damaged"; // in the metadata: the text of the row as it was found

} // namespace

Entry damagedEntry(const Row &row, const DocumentId &document, const EventId &newId, Timestamp now)
{
    auto read = entryFrom(row);
    QueueEntry edit;
    if (read) {
        edit = std::move(read->edit);
    } else {
        edit.id = newId;
        edit.collection = CollectionName(kDamaged); // not known either; the row must be readable
        edit.diff = Diff(json::Patch());
        edit.timestamp = now;
    }
    const std::string body = text(row, 2).value_or("");
    edit.metadata[kDamaged] = isValidUtf8(body) ? json::Value(textOf(body)) : bytesJson(body);
    edit.documentId = document;
    edit.baseSeq = {};
    edit.onOverlap.reset();
    edit.because.reset();
    edit.reason = Error{ErrorCode::Corrupt, "this edit was damaged on the disk: it is not sent, and cannot be tried again"};
    if (!edit.diff.isCrdt()) // whatever was made behind it may be on top of it
        edit.footprint = json::Footprint::everything();
    return Entry(std::move(edit), integer(row, 0).value_or(0), Entry::DeadLetter());
}

bool isDamaged(const QueueEntry &edit)
{
    return edit.reason && edit.reason->code == ErrorCode::Corrupt && edit.metadata.contains(kDamaged);
}

// ---- kept edits and ids

Row ackedRow(const DocumentId &document, const AckedEdit &acked)
{
    return {document.text(), acked.serverSeq.value(), cell(acked.edit->id.view()), std::int64_t(acked.otherVersionLogged),
            acked.at.value(), json::canonical(editJson(*acked.edit))};
}

storage::Key ackedKey(const DocumentId &document, const AckedEdit &acked)
{
    return {document.text(), acked.serverSeq.value(), cell(acked.edit->id.view())};
}

Result<AckedEdit> ackedFrom(const Row &row)
{
    AckedEdit acked;
    EVENTSYNC_TRY(const std::int64_t seq, integer(row, 1));
    EVENTSYNC_TRY(const std::int64_t otherVersionLogged, integer(row, 3));
    EVENTSYNC_TRY(const std::int64_t at, integer(row, 4));
    EVENTSYNC_TRY(const json::Value body, bodyOf(row, 5));
    FieldReader read(body);
    acked.edit = std::make_shared<const QueueEntry>(editFrom(read));
    EVENTSYNC_CHECK(ours(read.finish(UnknownFields::Ignore)));
    acked.serverSeq = ServerSeq(seq);
    acked.otherVersionLogged = otherVersionLogged != 0;
    EVENTSYNC_TRY(acked.at, ours(timestampFrom(at)));
    return acked;
}

Row idRow(const DocumentId &document, const EventId &id, IdKind kind)
{
    return {document.text(), cell(id.view()), std::int64_t(kind)};
}

Result<std::pair<EventId, IdKind>> idFrom(const Row &row)
{
    EVENTSYNC_TRY(const Bytes raw, blob(row, 1));
    EVENTSYNC_TRY(const EventId id, ours(Uuid::fromBytes(raw)));
    EVENTSYNC_TRY(const std::int64_t kind, integer(row, 2));
    return std::pair(id, kind == 1 ? IdKind::Acknowledged : IdKind::GivenUp);
}

// ---- undo

Row undoRow(const DocumentId &document, const UndoStep &step)
{
    json::Object object;
    object["redo"] = step.redo;
    object["edit"] = textOf(step.edit.toText());
    object["operation"] = textOf(operationName(step.operation));
    object["patch"] = step.patch.toJson();
    json::Array absent;
    for (const json::Pointer &path : step.absent)
        absent.push_back(textOf(path.toText()));
    object["absent"] = std::move(absent);
    if (step.state)
        object["state"] = *step.state;
    if (step.kind == DocumentKind::Crdt)
        object["kind"] = textOf(documentKindName(step.kind));
    if (step.expected)
        object["expected"] = textOf(step.expected->toHex());
    if (step.edits)
        object["edits"] = crdt::toJson(*step.edits);
    return {document.text(), step.order, json::canonical(object)};
}

Result<UndoStep> undoFrom(const Row &row)
{
    UndoStep step;
    EVENTSYNC_TRY(step.order, integer(row, 1));
    EVENTSYNC_TRY(const json::Value body, bodyOf(row, 2));
    FieldReader read(body);
    step.redo = read.boolean("redo");
    step.edit = read.eventId("edit");
    step.operation = read.take(operationFromName(read.text("operation")), "operation");
    step.patch = read.take(json::Patch::fromJson(read.required("patch")), "patch");
    if (const auto *absent = read.array("absent")) {
        for (const json::Value &value : *absent) {
            if (const auto *path = value.if_string())
                step.absent.push_back(read.take(json::Pointer::parse({path->data(), path->size()}), "absent"));
        }
    }
    if (const auto *state = read.optional("state"))
        step.state = *state;
    if (const auto name = read.optionalText("kind"))
        step.kind = read.take(documentKindFrom(*name), "kind");
    if (read.has("expected"))
        step.expected = read.digest("expected");
    if (const auto *edits = read.optional("edits"))
        step.edits = read.take(crdt::undoStepFrom(*edits), "edits");
    EVENTSYNC_CHECK(ours(read.finish(UnknownFields::Ignore)));
    return step;
}

Row recreatedIdsRow(const DocumentId &document, std::int64_t order, const crdt::RecreatedIds &again)
{
    return {document.text(), order, json::canonical(crdt::toJson(again))};
}

Result<std::pair<std::int64_t, crdt::RecreatedIds>> recreatedIdsFrom(const Row &row)
{
    EVENTSYNC_TRY(const std::int64_t order, integer(row, 1));
    EVENTSYNC_TRY(const json::Value body, bodyOf(row, 2));
    EVENTSYNC_TRY(const crdt::RecreatedIds again, ours(crdt::recreatedIdsFrom(body)));
    return std::pair(order, again);
}

// ---- history

std::size_t historyBytes(const HistoryItem &item, std::size_t canonical)
{
    return std::max(canonical, heldBytes(item.inverse));
}

Row historyRow(const DocumentId &document, const HistoryItem &item, Bytes canonical)
{
    return {document.text(), item.event->serverSeq.value(), std::move(canonical), cell(item.chain.view()),
            json::canonical(item.inverse.toJson()), cell(item.footprint.toBytes()),
            item.ownOrder ? Cell(*item.ownOrder) : Cell()};
}

Result<HistoryItem> historyFrom(const Row &row)
{
    HistoryItem item;
    EVENTSYNC_TRY(const std::string canonical, text(row, 2));
    EVENTSYNC_TRY(Event event, ours(eventFromBytes(canonical, EventForm::Logged)));
    item.event = std::make_shared<const Event>(std::move(event));
    EVENTSYNC_TRY(const Bytes chain, blob(row, 3));
    EVENTSYNC_TRY(item.chain, ours(Digest::fromBytes(chain)));
    EVENTSYNC_TRY(const json::Value inverse, bodyOf(row, 4));
    EVENTSYNC_TRY(item.inverse, ours(Diff::fromJson(inverse)));
    item.bytes = historyBytes(item, canonical.size());
    EVENTSYNC_TRY(const Bytes footprint, blob(row, 5));
    EVENTSYNC_TRY(item.footprint, ours(json::Footprint::fromBytes(footprint)));
    if (row.size() > 6 && !std::holds_alternative<std::monostate>(row[6])) {
        EVENTSYNC_TRY(const std::int64_t order, integer(row, 6));
        item.ownOrder = order;
    }
    return item;
}

// ---- snapshots that are being received

Row stagedRow(const DocumentId &document, const protocol::Snapshot &part)
{
    json::Object object;
    if (part.collection)
        object["collection"] = textOf(part.collection->text());
    object["kind"] = textOf(documentKindName(part.kind));
    object["serverSeq"] = part.position.serverSeq.value();
    object["chain"] = textOf(part.position.chain.toHex());
    object["parts"] = part.parts;
    object["sha256"] = textOf(part.sha256.value_or(Digest()).toHex());
    json::Array known;
    for (const protocol::KnownId &id : part.known)
        known.push_back(json::Array{textOf(id.asked.toText()), textOf(id.logged.toText()), id.serverSeq.value()});
    object["known"] = std::move(known);
    object["vectorClock"] = part.vectorClock.toJson();
    return {document.text(), part.part, json::canonical(object), storage::Blob{part.bytes.value_or(Bytes())}};
}

Result<protocol::Snapshot> stagedFrom(const Row &row)
{
    protocol::Snapshot part;
    EVENTSYNC_TRY(part.documentId, documentOf(row));
    EVENTSYNC_TRY(part.part, integer(row, 1));
    EVENTSYNC_TRY(const json::Value body, bodyOf(row, 2));
    EVENTSYNC_TRY(Bytes bytes, blob(row, 3));
    part.bytes = std::move(bytes);
    FieldReader read(body);
    if (read.has("collection"))
        part.collection = read.collection();
    if (const auto name = read.optionalText("kind"))
        part.kind = read.take(documentKindFrom(*name), "kind");
    part.position.serverSeq = ServerSeq(read.integer("serverSeq"));
    part.position.chain = read.digest("chain");
    part.parts = read.integer("parts", 1);
    part.sha256 = read.digest("sha256");
    part.vectorClock = read.take(VectorClock::fromJson(read.required("vectorClock")), "vectorClock");
    if (const auto *known = read.array("known")) {
        for (const json::Value &value : *known) {
            const auto *triple = value.if_array();
            if (!triple || triple->size() != 3 || !(*triple)[0].is_string() || !(*triple)[1].is_string()
                || !(*triple)[2].is_int64())
                return corrupt("a known id");
            const auto &asked = (*triple)[0].get_string(), &logged = (*triple)[1].get_string();
            part.known.push_back({read.take(eventIdFrom({asked.data(), asked.size()}), "known"),
                                  read.take(eventIdFrom({logged.data(), logged.size()}), "known"),
                                  ServerSeq((*triple)[2].get_int64())});
        }
    }
    EVENTSYNC_CHECK(ours(read.finish(UnknownFields::Ignore)));
    return part;
}

Row policyRow(const CollectionName &collection, const CollectionPolicy &policy)
{
    return {"policy:" + collection.text(), json::canonical(policy.toJson())};
}

} // namespace eventsync::client::rows
