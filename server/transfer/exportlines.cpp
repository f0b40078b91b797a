// SPDX-License-Identifier: Apache-2.0
#include <server/transfer/exportlines.h>

#include <eventsync/json/limits.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/model/limits.h>

#include <server/limits.h>

#include <algorithm>

namespace eventsync::server {

namespace {

std::string_view view(const eventlog::PushDigest16 &pushDigest)
{
    return {reinterpret_cast<const char *>(pushDigest.data()), pushDigest.size()};
}

json::Object objectOf(const ExportHeader &header)
{
    return {{"version", header.version}, {"createdAt", toText(header.createdAt)}, {"epoch", header.epoch}};
}

json::Object objectOf(const ExportedClient &client)
{
    json::Object object{{"id", client.id.text()},
                        {"kind", client.kind},
                        {"principal", client.principal},
                        {"createdAt", toText(client.createdAt)},
                        {"lastSeen", toText(client.lastSeen)},
                        {"expired", client.expired}};
    if (client.secret)
        object["secret"] = toHex(*client.secret);
    return object;
}

json::Object objectOf(const Position &position)
{
    return {{"serverSeq", position.serverSeq.value()}, {"chain", position.chain.toHex()}};
}

json::Object objectOf(const ExportedDocument &document)
{
    json::Object object{{"id", document.id.text()},
                        {"collection", document.collection.text()},
                        {"kind", documentKindName(document.kind)},
                        {"base", objectOf(document.base)},
                        {"clock", document.clock.toJson()},
                        {"createdAt", toText(document.createdAt)},
                        {"updatedAt", toText(document.updatedAt)},
                        {"head", objectOf(document.head)}};
    if (document.state)
        object["state"] = *document.state;
    if (!document.crdt.empty())
        object["crdt"] = toBase64Url(document.crdt);
    return object;
}

json::Object objectOf(const ExportedKnown &known)
{
    return {{"id", known.id.toText()},
            {"logged", known.logged.toText()},
            {"serverSeq", known.serverSeq.value()},
            {"pushMark", toHex(view(known.pushDigest16))}};
}

eventlog::PushDigest16 pushDigestFrom(FieldReader &read)
{
    eventlog::PushDigest16 pushDigest{};
    const Bytes bytes = read.take(fromHex(read.text("pushMark")), "pushMark");
    if (bytes.size() == pushDigest.size())
        std::copy(bytes.begin(), bytes.end(), pushDigest.begin());
    else
        read.fail({ErrorCode::InvalidValue, "a push digest has " + std::to_string(pushDigest.size()) + " bytes"}, "pushMark");
    return pushDigest;
}

Result<Position> positionFrom(const json::Value &value)
{
    FieldReader read(value);
    const Position position{ServerSeq(read.integer("serverSeq")), read.digest("chain")};
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return position;
}

Result<ExportLine> headerFrom(const json::Value &value)
{
    FieldReader read(value);
    ExportHeader header{.version = read.integer("version", 1), .createdAt = read.timestamp("createdAt"), .epoch = read.text("epoch")};
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    if (header.version != ExportHeader::kVersion)
        return failure(ErrorCode::UnsupportedProtocol, "an export of version " + std::to_string(header.version) + " cannot be read");
    return header;
}

Result<ExportLine> clientFrom(const json::Value &value)
{
    FieldReader read(value);
    ExportedClient client{.id = read.authorId("id"),
                          .kind = read.text("kind"),
                          .principal = read.text("principal"),
                          .createdAt = read.timestamp("createdAt"),
                          .lastSeen = read.timestamp("lastSeen"),
                          .expired = read.boolean("expired")};
    if (const auto secret = read.optionalText("secret"))
        client.secret = read.take(fromHex(*secret), "secret");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return client;
}

Result<ExportLine> documentFrom(const json::Value &value)
{
    FieldReader read(value);
    ExportedDocument document{.id = read.documentId("id"), .collection = read.collection()};
    document.kind = read.take(documentKindFrom(read.text("kind")), "kind");
    document.base = read.take(positionFrom(read.required("base")), "base");
    document.head = read.take(positionFrom(read.required("head")), "head");
    document.clock = read.take(VectorClock::fromJson(read.required("clock")), "clock");
    document.createdAt = read.timestamp("createdAt");
    document.updatedAt = read.timestamp("updatedAt");
    if (const json::Value *state = read.optional("state"))
        document.state = *state;
    if (read.has("crdt"))
        document.crdt = read.base64("crdt");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    if (document.head.serverSeq < document.base.serverSeq)
        return failure(ErrorCode::InvalidValue, "the log ends before it begins", "/document/head");
    if (document.base.serverSeq == ServerSeq(0) && (document.state || !document.crdt.empty() || !document.clock.isEmpty()))
        return failure(ErrorCode::InvalidValue, "a log that begins at 1 begins with nothing", "/document/state");
    if (document.kind == DocumentKind::Json ? !document.crdt.empty() : document.state.has_value())
        return failure(ErrorCode::InvalidValue, "the state is of another kind than the document", "/document/kind");
    return document;
}

Result<ExportLine> knownFrom(const json::Value &value)
{
    FieldReader read(value);
    ExportedKnown known{.id = read.eventId("id"), .logged = read.eventId("logged"), .serverSeq = ServerSeq(read.integer("serverSeq", 1))};
    known.pushDigest16 = pushDigestFrom(read);
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return known;
}

Result<ExportLine> endFrom(const json::Value &value)
{
    FieldReader read(value);
    const ExportEnd end{read.integer("documents"), read.integer("events")};
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    return end;
}

Result<ExportLine> eventFrom(const json::Value &line)
{
    FieldReader read(line);
    ExportedEvent exported;
    exported.event = read.take(eventFromJson(read.required("event"), EventForm::Logged), "event");
    exported.pushDigest16 = pushDigestFrom(read);
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return exported;
}

} // namespace

std::string eventLine(const Bytes &canonicalEvent, const eventlog::PushDigest16 &pushDigest16)
{
    return R"({"event":)" + canonicalEvent + R"(,"pushMark":")" + toHex(view(pushDigest16)) + R"("})";
}

std::string toLine(const ExportLine &line)
{
    if (const auto *event = std::get_if<ExportedEvent>(&line))
        return eventLine(canonicalBytes(event->event, EventForm::Logged), event->pushDigest16);
    if (const auto *vector = std::get_if<StateVector>(&line))
        return json::canonical(json::Object{{"stateVector", vector->toJson()}});
    if (const auto *end = std::get_if<ExportEnd>(&line))
        return json::canonical(json::Object{{"end", json::Object{{"documents", end->documents}, {"events", end->events}}}});
    if (const auto *header = std::get_if<ExportHeader>(&line))
        return json::canonical(json::Object{{"export", objectOf(*header)}});
    if (const auto *client = std::get_if<ExportedClient>(&line))
        return json::canonical(json::Object{{"client", objectOf(*client)}});
    if (const auto *document = std::get_if<ExportedDocument>(&line))
        return json::canonical(json::Object{{"document", objectOf(*document)}});
    return json::canonical(json::Object{{"known", objectOf(std::get<ExportedKnown>(line))}});
}

Result<ExportLine> exportLineFrom(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value value,
                  json::parse(text, {.bytes = limits::kImportLineBytes,
                                     .depth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra}));
    const json::Object *object = value.if_object();
    if (!object || object->empty())
        return failure(ErrorCode::InvalidMessage, "a line of an export is an object");
    if (object->contains("event"))
        return eventFrom(value);
    if (object->size() != 1)
        return failure(ErrorCode::InvalidMessage, "a line of an export has one member");
    const auto &[name, content] = *object->begin();
    if (name == "export")
        return headerFrom(content);
    if (name == "client")
        return clientFrom(content);
    if (name == "document")
        return documentFrom(content);
    if (name == "known")
        return knownFrom(content);
    if (name == "end")
        return endFrom(content);
    if (name == "stateVector") {
        EVENTSYNC_TRY(StateVector vector, StateVector::fromJson(content));
        return vector;
    }
    return failure(ErrorCode::UnknownMessage, "an export has no lines of this kind");
}

} // namespace eventsync::server
