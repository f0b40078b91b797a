// SPDX-License-Identifier: Apache-2.0
#include <server/routes/idempotency.h>

#include <eventsync/base/digest.h>
#include <eventsync/base/limits.h>
#include <eventsync/base/logging.h>
#include <eventsync/eventlog/schema.h>

#include <server/problem.h>

namespace eventsync::server {

namespace {

namespace columns = eventlog::idempotency;
using eventlog::sets::kIdempotency;

struct Entry
{
    std::string fingerprint;            // of the request
    EventId id;
    std::optional<HttpResponse> answer = {};

    std::string toText() const
    {
        json::Object object{{"fingerprint", fingerprint}, {"id", id.toText()}};
        if (answer) {
            json::Object headers;
            for (const auto &[name, value] : answer->headers.fields())
                headers.insert_or_assign(name, value);
            object["answer"] = json::Object{{"status", answer->status}, {"headers", headers}, {"body", answer->body}};
        }
        return json::canonical(object);
    }
    static Result<Entry> fromText(std::string_view text)
    {
        EVENTSYNC_TRY(const json::Value value, json::parse(text, {.bytes = SIZE_MAX}));
        Entry entry;
        FieldReader read(value);
        entry.fingerprint = read.text("fingerprint");
        entry.id = read.eventId("id");
        if (const auto *answer = read.optional("answer")) {
            FieldReader part(*answer);
            HttpResponse response{.status = static_cast<int>(part.integer("status")), .body = part.text("body")};
            if (const json::Object *headers = part.object("headers")) {
                for (const auto &[name, header] : *headers) {
                    if (header.is_string())
                        response.headers.add(std::string(name), std::string(header.get_string()));
                }
            }
            EVENTSYNC_CHECK(part.finish(UnknownFields::Ignore));
            entry.answer = std::move(response);
        }
        EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
        return entry;
    }
};

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

struct Pending
{
    std::string key;
    Entry entry;
    Timestamp expires;
};

void store(RouteContext &context, storage::Batch batch, std::function<void(Result<storage::Committed>)> done)
{
    // The engine thread's executor outlives every commit; from there the answer comes home.
    context.engine.backend().commit(std::move(batch), context.engine.executor(),
                                    context.engine.homeward<Result<storage::Committed>>(std::move(done)));
}

void runAndKeep(RouteContext &context, const Pending &pending, const Responder &responder,
                const std::function<void(std::optional<EventId>, Answer)> &run)
{
    run(pending.entry.id, [&context, pending, responder](HttpResponse response) {
        if (response.status >= 500 || response.status == 429) {
            responder.respond(std::move(response));
            return;
        }
        Pending done = pending;
        done.entry.answer = response;
        store(context, storage::Batch().put(kIdempotency, rowOf(done.key, done.entry, done.expires)),
              [responder, response = std::move(response)](Result<storage::Committed> stored) {
                  if (!stored) // the write stands; a repetition finds it by its id
                      qCWarning(lcServer) << "an Idempotency-Key was not kept:" << stored.error().toString().c_str();
                  responder.respond(response);
              });
    });
}

} // namespace

void withIdempotency(RouteContext &context, const HttpRequest &request, const Responder &responder,
                     std::function<void(std::optional<EventId>, Answer)> run)
{
    const std::string given(request.header("Idempotency-Key"));
    if (given.empty()) {
        run(std::nullopt, [responder](HttpResponse response) { responder.respond(std::move(response)); });
        return;
    }
    if (given.size() > limits::kIdempotencyKeyBytes) {
        responder.fail({ErrorCode::InvalidMessage, "an Idempotency-Key is at most "
                                                       + std::to_string(limits::kIdempotencyKeyBytes) + " bytes long"});
        return;
    }
    // Everybody is one principal as long as there are no tokens; the empty name stands for it.
    const Pending fresh{.key = ":" + given,
                        .entry = {.fingerprint = fingerprintOf(request), .id = context.uuids.next()},
                        .expires = context.clock.wall() + std::chrono::milliseconds(limits::kIdempotencyKeep).count()};
    const std::int64_t now = context.clock.wall().value();
    context.engine.read<std::optional<storage::Row>>(
        [key = fresh.key](storage::ReadView &view) { return view.get(kIdempotency, {key}); },
        [&context, fresh, now, responder, run = std::move(run)](Result<std::optional<storage::Row>> found) {
            if (!found)
                return responder.fail(found.error());
            const bool valid = *found && eventlog::integerOf(**found, columns::ExpiresAt).value_or(0) > now;
            if (valid) {
                const auto text = eventlog::textOf(**found, columns::Answer);
                const auto entry = text ? Entry::fromText(*text) : Result<Entry>(failure(text.error()));
                if (!entry)
                    return responder.fail({ErrorCode::Corrupt, "a kept answer is not readable: " + entry.error().message});
                if (entry->fingerprint != fresh.entry.fingerprint)
                    return responder.fail({ErrorCode::Invalid, "the Idempotency-Key belongs to another request"});
                if (entry->answer)
                    return responder.respond(*entry->answer);
                return runAndKeep(context, {fresh.key, *entry, fresh.expires}, responder, run);
            }
            storage::Batch reserve;
            if (*found)
                reserve.put(kIdempotency, rowOf(fresh.key, fresh.entry, fresh.expires));
            else
                reserve.insert(kIdempotency, rowOf(fresh.key, fresh.entry, fresh.expires));
            store(context, std::move(reserve), [&context, fresh, responder, run](Result<storage::Committed> reserved) {
                if (!reserved && reserved.error().code == ErrorCode::Conflict)
                    return responder.fail({ErrorCode::Conflict, "a request with this Idempotency-Key is being carried out"});
                if (!reserved)
                    return responder.fail(reserved.error());
                runAndKeep(context, fresh, responder, run);
            });
        });
}

void purgeIdempotency(RouteContext &context)
{
    const std::int64_t now = context.clock.wall().value();
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
            store(context, std::move(batch), [](Result<storage::Committed> erased) {
                if (!erased)
                    qCWarning(lcServer) << "expired Idempotency-Keys stay:" << erased.error().toString().c_str();
            });
        });
}

} // namespace eventsync::server
