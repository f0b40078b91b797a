// SPDX-License-Identifier: Apache-2.0
#include <server/routes/idempotency.h>

#include <eventsync/base/digest.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/limits.h>

#include <server/limits.h>
#include <server/logging.h>
#include <server/problem.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace eventsync::server {

namespace {

namespace columns = eventlog::idempotency;
using eventlog::EventStore;
using eventlog::sets::kIdempotency;

// A write that succeeded and changed nothing.
struct Unchanged
{
    DocumentId documentId;
    ServerSeq version;
};

// The result of a request without an event.
using Outcome = std::variant<std::monostate, Unchanged, Error>;

struct Entry
{
    std::string fingerprint; // of the request
    EventId id;              // of its event: if the log has it, the write was done
    Outcome outcome = {};

    std::string toText() const
    {
        json::Object object{{"fingerprint", fingerprint}, {"id", id.toText()}};
        if (const auto *unchanged = std::get_if<Unchanged>(&outcome))
            object["unchanged"] = json::Object{{"documentId", unchanged->documentId.text()},
                                               {"version", unchanged->version.value()}};
        else if (const auto *refusal = std::get_if<Error>(&outcome))
            object["refused"] = json::Object{{"code", std::string(errorName(refusal->code))},
                                             {"message", refusal->message},
                                             {"path", refusal->path}};
        return json::canonical(object);
    }
    static Result<Entry> fromText(std::string_view text)
    {
        EVENTSYNC_TRY(const json::Value value, json::parse(text));
        Entry entry;
        FieldReader read(value);
        entry.fingerprint = read.text("fingerprint");
        entry.id = read.eventId("id");
        if (const auto *unchanged = read.optional("unchanged")) {
            FieldReader part(*unchanged);
            entry.outcome = Unchanged{part.documentId(), ServerSeq(part.integer("version"))};
            EVENTSYNC_CHECK(part.finish(UnknownFields::Ignore));
        } else if (const auto *refused = read.optional("refused")) {
            FieldReader part(*refused);
            const auto code = errorCodeFromName(part.text("code"));
            entry.outcome = Error{code.value_or(ErrorCode::Invalid), part.text("message"), part.text("path")};
            EVENTSYNC_CHECK(part.finish(UnknownFields::Ignore));
        }
        EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
        return entry;
    }
};

// Whether the same request would be refused again, independently of other writes.
bool isFinal(const Error &error)
{
    return errorClass(error.code) == ErrorClass::Permanent;
}

// Truncated between characters, because it is stored as text.
std::string shortened(std::string text)
{
    if (text.size() <= limits::kIdempotencyReasonBytes)
        return text;
    std::size_t end = limits::kIdempotencyReasonBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;
    text.resize(end);
    return text;
}

Outcome outcomeToKeep(const WriteOutcome &outcome)
{
    if (!outcome.written) {
        const Error &error = outcome.written.error();
        return isFinal(error) ? Outcome(Error{error.code, shortened(error.message), shortened(error.path)}) : Outcome();
    }
    if (outcome.written->event)
        return {};
    return Unchanged{outcome.written->record.documentId, outcome.written->record.position.serverSeq};
}

// The document after a write; without its state if the log does not reach back so far.
Result<WriteOutcome> outcomeAt(EventStore &store, const eventlog::DocumentRow &row, ServerSeq version, bool created)
{
    sync::SyncService::Written written{.record = row.record(), .diff = {}, .event = nullptr};
    written.record.position.serverSeq = version;
    written.record.state.reset();
    if (const auto state = store.stateAt(row, version))
        written.record.state = state->jsonState();
    else if (state.error().code != ErrorCode::Compacted)
        return failure(state.error());
    return WriteOutcome{.written = std::move(written), .created = created};
}

// The result of an earlier request with this key; none: no result is known, and the request may be carried out (again).
Result<std::optional<WriteOutcome>> earlierOutcome(storage::ReadView &view, const Entry &entry, WriteMethod method)
{
    if (const auto *refusal = std::get_if<Error>(&entry.outcome))
        return std::optional<WriteOutcome>(WriteOutcome{.written = failure(*refusal)});
    EventStore store(view);
    if (const auto *unchanged = std::get_if<Unchanged>(&entry.outcome)) {
        EVENTSYNC_TRY(const auto row, store.document(unchanged->documentId));
        if (!row)
            return failure(ErrorCode::Corrupt, "the document of a kept answer is not there");
        EVENTSYNC_TRY(WriteOutcome outcome, outcomeAt(store, *row, unchanged->version, false));
        return std::optional<WriteOutcome>(std::move(outcome));
    }
    EVENTSYNC_TRY(const eventlog::KnownEvents known, store.known({entry.id}));
    const auto hit = known.find(entry.id);
    if (hit == known.end())
        return std::nullopt;
    EVENTSYNC_TRY(const auto row, store.documentByNumber(hit->second.document));
    if (!row)
        return failure(ErrorCode::Corrupt, "the document of a logged write is not there");
    EVENTSYNC_TRY(const eventlog::LoggedPtr event, store.eventAt(row->number, hit->second.serverSeq));
    const bool created = event ? event->event->operation == Operation::Create : method == WriteMethod::Create;
    const ServerSeq version = hit->second.serverSeq;
    EVENTSYNC_TRY(WriteOutcome outcome, outcomeAt(store, *row, version, created));
    if (method == WriteMethod::Delete) {
        if (const auto before = store.stateAt(*row, version.previous()))
            outcome.deleted = before->jsonState();
    }
    return std::optional<WriteOutcome>(std::move(outcome));
}

storage::Row rowOf(const std::string &key, const Entry &entry, Timestamp expires)
{
    storage::Row row(columns::ExpiresAt + 1);
    row[columns::Key] = key;
    row[columns::Answer] = entry.toText();
    row[columns::ExpiresAt] = expires.value();
    return row;
}

std::string fingerprintOf(const HttpRequest &request)
{
    Sha256 hash;
    for (const std::string_view part : {std::string_view(request.method), std::string_view(request.target),
                                        request.header("Content-Type"), request.header("If-Match"),
                                        request.header("If-None-Match"), request.header("X-Client-Id")}) {
        hash.add(part);
        hash.add(std::string_view("\0", 1));
    }
    return hash.add(request.body).finish().toHex();
}

void store(RouteContext &context, storage::Batch batch, std::function<void(Result<storage::Committed>)> done)
{
    // The engine thread's executor outlives every commit; from it the answer is posted to this thread.
    context.engine.backend().commit(std::move(batch), context.engine.executor(),
                                    context.engine.toCallerThread<Result<storage::Committed>>(std::move(done)));
}

// One request with its key, until it is answered. It reserves the key: a repetition meanwhile is a Conflict.
class KeyedWrite : public std::enable_shared_from_this<KeyedWrite>
{
public:
    KeyedWrite(RouteContext &context, std::string key, const HttpRequest &request, Responder responder, DocumentWritePtr write,
               RunWrite run)
        : m_context(context), m_keys(context.keysInUse), m_key(std::move(key)), m_responder(std::move(responder)),
          m_write(std::move(write)), m_run(std::move(run))
    {
        m_entry = {.fingerprint = fingerprintOf(request), .id = context.uuids.next()};
        m_keys->insert(m_key);
    }
    ~KeyedWrite() { release(); }

    void begin()
    {
        using Found = std::optional<std::pair<Entry, std::optional<WriteOutcome>>>;
        const std::int64_t now = m_context.seen.now().value();
        m_context.engine.read<Found>(
            [key = m_key, now, method = m_write->method,
             fingerprint = m_entry.fingerprint](storage::ReadView &view) -> Result<Found> {
                EVENTSYNC_TRY(const auto row, view.get(kIdempotency, {key}));
                if (!row || eventlog::integerOf(*row, columns::ExpiresAt).value_or(0) <= now)
                    return std::nullopt;
                EVENTSYNC_TRY(const std::string_view text, eventlog::textOf(*row, columns::Answer));
                EVENTSYNC_TRY(Entry entry, Entry::fromText(text));
                if (entry.fingerprint != fingerprint)
                    return failure(ErrorCode::Invalid, "the Idempotency-Key belongs to another request");
                EVENTSYNC_TRY(auto outcome, earlierOutcome(view, entry, method));
                return Found(std::pair(std::move(entry), std::move(outcome)));
            },
            [self = shared_from_this()](Result<Found> found) {
                if (!found)
                    return self->fail(found.error());
                if (!*found)
                    return self->reserve();
                if ((*found)->second)
                    return self->answer(std::move(*(*found)->second));
                self->m_entry = std::move((*found)->first); // interrupted before its commit: carried out again with the same id
                self->run();
            });
    }

private:
    void reserve()
    {
        keep([self = shared_from_this()](const Result<storage::Committed> &reserved) {
            if (reserved)
                self->run();
            else
                self->fail(reserved.error());
        });
    }
    void run()
    {
        m_run(m_entry.id, [self = shared_from_this()](WriteOutcome outcome) {
            self->m_entry.outcome = outcomeToKeep(outcome);
            if (std::holds_alternative<std::monostate>(self->m_entry.outcome))
                return self->answer(std::move(outcome));
            self->keep([self, outcome = std::move(outcome)](const Result<storage::Committed> &kept) {
                if (!kept) // a repetition is validated again, and nothing was changed
                    qCWarning(lcServer) << "an Idempotency-Key was not kept:" << kept.error().toString().c_str();
                self->answer(outcome);
            });
        });
    }
    void keep(std::function<void(Result<storage::Committed>)> done)
    {
        const Timestamp expires = m_context.seen.now() + std::chrono::milliseconds(limits::kIdempotencyKeep).count();
        store(m_context, storage::Batch().put(kIdempotency, rowOf(m_key, m_entry, expires)), std::move(done));
    }
    // A repetition may arrive as soon as this was answered, and before this object is destroyed.
    void answer(WriteOutcome outcome)
    {
        release();
        respondWithOutcome(m_context, m_responder, *m_write, std::move(outcome));
    }
    void fail(const Error &error)
    {
        release();
        m_responder.fail(error);
    }
    void release()
    {
        if (std::exchange(m_holdsKey, false))
            m_keys->erase(m_key);
    }

    RouteContext &m_context;
    std::shared_ptr<std::set<std::string>> m_keys; // this object may outlive the context
    std::string m_key;
    bool m_holdsKey = true;
    Responder m_responder;
    DocumentWritePtr m_write;
    RunWrite m_run;
    Entry m_entry;
};

bool isIdempotencyKey(std::string_view text)
{
    return !text.empty() && text.size() <= limits::kIdempotencyKeyBytes
           && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

} // namespace

void withIdempotency(RouteContext &context, const HttpRequest &request, const Responder &responder, const DocumentWritePtr &write,
                     RunWrite run)
{
    if (!request.headers.has("Idempotency-Key")) {
        run(std::nullopt, [&context, responder, write](WriteOutcome outcome) {
            respondWithOutcome(context, responder, *write, std::move(outcome));
        });
        return;
    }
    const std::string given(request.header("Idempotency-Key"));
    if (!isIdempotencyKey(given)) {
        responder.fail({ErrorCode::InvalidMessage, "an Idempotency-Key is 1 to " + std::to_string(limits::kIdempotencyKeyBytes)
                                                       + " printable ASCII characters without spaces"});
        return;
    }
    // Without tokens there is one principal for all requests; its name is empty.
    const std::string key = ":" + given;
    if (context.keysInUse->contains(key)) {
        responder.respond(problem({ErrorCode::Conflict, "a request with this Idempotency-Key is being carried out"},
                                  {.retryAfter = limits::kRetryFirst}));
        return;
    }
    std::make_shared<KeyedWrite>(context, key, request, responder, write, std::move(run))->begin();
}

// Removes pages as long as there are any, so that many keys of the same time are removed quickly.
void purgeIdempotency(RouteContext &context)
{
    const std::int64_t now = context.seen.now().value();
    context.engine.read<std::vector<std::string>>(
        [now](storage::ReadView &view) -> Result<std::vector<std::string>> {
            std::vector<std::string> keys;
            EVENTSYNC_CHECK(view.scan({.set = kIdempotency, .index = "expires", .from = storage::Cell(), .until = storage::Cell(now),
                                       .limit = limits::kPageItems},
                                      [&](const storage::Row &row) {
                                          if (const auto key = eventlog::textOf(row, columns::Key))
                                              keys.emplace_back(*key);
                                          return true;
                                      }));
            return keys;
        },
        [&context](Result<std::vector<std::string>> keys) {
            if (!keys || keys->empty())
                return;
            storage::Batch batch;
            for (const std::string &key : *keys)
                batch.erase(kIdempotency, {key});
            const bool more = keys->size() == limits::kPageItems;
            store(context, std::move(batch), [&context, more](Result<storage::Committed> erased) {
                if (!erased)
                    qCWarning(lcServer) << "expired Idempotency-Keys stay:" << erased.error().toString().c_str();
                else if (more)
                    purgeIdempotency(context);
            });
        });
}

} // namespace eventsync::server
