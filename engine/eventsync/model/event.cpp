// SPDX-License-Identifier: Apache-2.0
//
// Reading is one pass over the members of an object, writing one pass over the fields in the order of their names: both are
// on the path of every event.
#include <eventsync/model/event.h>

#include <eventsync/base/assert.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/text.h>
#include <eventsync/model/canonicalwriter.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/model/limits.h>

namespace eventsync {

namespace {

constexpr std::size_t kUsualEventBytes = 512;

// The fields of an event in the order of their names, which is the order of canonical JSON.
enum Field : unsigned {
    Author = 1u << 0,
    BaseSeq = 1u << 1,
    ClientIdField = 1u << 2,
    ClientSeqField = 1u << 3,
    Collection = 1u << 4,
    DiffField = 1u << 5,
    DocumentIdField = 1u << 6,
    Id = 1u << 7,
    Metadata = 1u << 8,
    OnOverlapField = 1u << 9,
    OperationField = 1u << 10,
    Salt = 1u << 11,
    ServerSeqField = 1u << 12,
    StoredAt = 1u << 13,
    TimestampField = 1u << 14,
};

constexpr unsigned kCommon = Author | BaseSeq | ClientIdField | ClientSeqField | Collection | DiffField | DocumentIdField | Id |
                             Metadata | OperationField | TimestampField;
constexpr unsigned kPushed = kCommon | OnOverlapField;
constexpr unsigned kLogged = kCommon | Salt | ServerSeqField | StoredAt;
constexpr unsigned kIntent = kPushed & ~(ClientIdField | ClientSeqField | BaseSeq | OnOverlapField);
constexpr unsigned kBody = DiffField | Metadata;
constexpr unsigned kKeptOnRedaction = kLogged & ~(kBody | Salt);

unsigned fieldsOf(EventForm form)
{
    return form == EventForm::Pushed ? kPushed : kLogged;
}

// Writes the chosen fields of one event as one canonical object.
class EventWriter
{
public:
    EventWriter(std::string &out, const Event &event, unsigned fields) : m_out(out), m_event(event), m_fields(fields) {}

    void write()
    {
        m_out += '{';
        if (m_event.author && begin(Author, R"("author":)"))
            json::appendString(m_out, *m_event.author);
        number(BaseSeq, R"("baseSeq":)", m_event.baseSeq.value());
        plain(ClientIdField, R"("clientId":)", m_event.clientId.text());
        number(ClientSeqField, R"("clientSeq":)", m_event.clientSeq.value());
        plain(Collection, R"("collection":)", m_event.collection.text());
        if (begin(DiffField, R"("diff":)"))
            diff();
        plain(DocumentIdField, R"("documentId":)", m_event.documentId.text());
        if (begin(Id, R"("id":)"))
            canonical::appendUuid(m_out, m_event.id);
        if (m_event.metadata && begin(Metadata, R"("metadata":)"))
            canonical::appendObject(m_out, *m_event.metadata);
        if (m_event.onOverlap)
            plain(OnOverlapField, R"("onOverlap":)", onOverlapName(*m_event.onOverlap));
        plain(OperationField, R"("operation":)", operationName(m_event.operation));
        if (m_event.salt && begin(Salt, R"("salt":)"))
            canonical::appendPlain(m_out, toBase64Url(*m_event.salt));
        number(ServerSeqField, R"("serverSeq":)", m_event.serverSeq.value());
        if (begin(StoredAt, R"("storedAt":)"))
            canonical::appendPlain(m_out, toText(m_event.storedAt));
        if (begin(TimestampField, R"("timestamp":)"))
            canonical::appendPlain(m_out, toText(m_event.timestamp));
        m_out += '}';
    }

private:
    bool begin(Field field, std::string_view name)
    {
        if (!(m_fields & field))
            return false;
        if (m_out.back() != '{')
            m_out += ',';
        m_out += name;
        return true;
    }

    void number(Field field, std::string_view name, std::int64_t value)
    {
        if (begin(field, name))
            canonical::appendInteger(m_out, value);
    }

    void plain(Field field, std::string_view name, std::string_view text)
    {
        if (begin(field, name))
            canonical::appendPlain(m_out, text);
    }

    void diff()
    {
        if (m_event.diff.isCrdt()) {
            m_out += R"({"crdt":)";
            canonical::appendPlain(m_out, toBase64Url(m_event.diff.crdt()));
        } else {
            m_out += R"({"patch":)";
            canonical::appendPatch(m_out, m_event.diff.patch());
        }
        m_out += '}';
    }

    std::string &m_out;
    const Event &m_event;
    unsigned m_fields;
};

std::string written(const Event &event, unsigned fields)
{
    std::string out;
    out.reserve(kUsualEventBytes);
    EventWriter(out, event, fields).write();
    return out;
}

Result<Operation> operationFrom(std::string_view name)
{
    for (const Operation operation : {Operation::Create, Operation::Update, Operation::Delete}) {
        if (name == operationName(operation))
            return operation;
    }
    return failure(ErrorCode::InvalidMessage, "an operation is create, update or delete");
}

Result<OnOverlap> onOverlapFrom(std::string_view name)
{
    for (const OnOverlap choice : {OnOverlap::Ours, OnOverlap::Theirs, OnOverlap::Fail}) {
        if (name == onOverlapName(choice))
            return choice;
    }
    return failure(ErrorCode::InvalidMessage, "onOverlap is ours, theirs or fail");
}

} // namespace

std::string_view operationName(Operation operation)
{
    switch (operation) {
    case Operation::Create:
        return "create";
    case Operation::Update:
        return "update";
    case Operation::Delete:
        return "delete";
    }
    EVENTSYNC_ASSERT(!"an Operation");
    return {};
}

std::string_view onOverlapName(OnOverlap onOverlap)
{
    switch (onOverlap) {
    case OnOverlap::Ours:
        return "ours";
    case OnOverlap::Theirs:
        return "theirs";
    case OnOverlap::Fail:
        return "fail";
    }
    EVENTSYNC_ASSERT(!"an OnOverlap");
    return {};
}

EventId Event::firstId() const
{
    if (metadata) {
        const auto *replaces = metadata->if_contains("replaces");
        const auto *ids = replaces ? replaces->if_array() : nullptr;
        const auto *first = ids && !ids->empty() ? ids->front().if_string() : nullptr;
        if (first) {
            if (auto read = eventIdFrom({first->data(), first->size()}))
                return *read;
        }
    }
    return id;
}

Result<Event> eventFromJson(const json::Value &value, EventForm form)
{
    FieldReader read(value);
    Event event;
    event.id = read.eventId("id");
    event.documentId = read.documentId();
    event.collection = read.collection();
    event.operation = read.take(operationFrom(read.text("operation")), "operation");
    event.clientId = read.authorId();
    event.clientSeq = ClientSeq(read.integer("clientSeq", 1));
    event.baseSeq = ServerSeq(read.integer("baseSeq"));
    event.author = read.optionalText("author");
    event.timestamp = read.timestamp("timestamp");
    event.diff = read.take(Diff::fromJson(read.required("diff")), "diff");
    if (const auto *metadata = read.optionalObject("metadata")) {
        event.metadata = *metadata;
        if (auto checked = checkReplaces(*metadata); !checked)
            read.fail(checked.error(), "metadata");
    }
    if (form == EventForm::Logged) {
        event.serverSeq = ServerSeq(read.integer("serverSeq", 1));
        event.storedAt = read.timestamp("storedAt");
        if (read.has("salt"))
            event.salt = read.base64("salt");
    } else if (read.has("onOverlap")) {
        event.onOverlap = read.take(onOverlapFrom(read.text("onOverlap")), "onOverlap");
    }
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return event;
}

json::Value toJson(const Event &event, EventForm form)
{
    json::Object object;
    if (event.author)
        object.emplace("author", *event.author);
    object.emplace("baseSeq", event.baseSeq.value());
    object.emplace("clientId", event.clientId.text());
    object.emplace("clientSeq", event.clientSeq.value());
    object.emplace("collection", event.collection.text());
    object.emplace("diff", event.diff.toJson());
    object.emplace("documentId", event.documentId.text());
    object.emplace("id", event.id.toText());
    if (event.metadata)
        object.emplace("metadata", *event.metadata);
    if (event.onOverlap && form == EventForm::Pushed)
        object.emplace("onOverlap", onOverlapName(*event.onOverlap));
    object.emplace("operation", operationName(event.operation));
    if (form == EventForm::Logged) {
        if (event.salt)
            object.emplace("salt", toBase64Url(*event.salt));
        object.emplace("serverSeq", event.serverSeq.value());
        object.emplace("storedAt", toText(event.storedAt));
    }
    object.emplace("timestamp", toText(event.timestamp));
    return object;
}

Bytes canonicalBytes(const Event &event, EventForm form)
{
    return written(event, fieldsOf(form));
}

Result<Event> eventFromBytes(std::string_view canonicalJson, EventForm form)
{
    json::ParseLimits most{.bytes = limits::kEventBytes, .depth = limits::kDepth + limits::kEventDepthExtra};
    if (form == EventForm::Logged)
        most = {.bytes = SIZE_MAX, .depth = most.depth + limits::kFrameDepthExtra};
    EVENTSYNC_TRY(const json::Value value, json::parse(canonicalJson, most));
    return eventFromJson(value, form);
}

Digest digestOf(const Event &event)
{
    if (!event.salt)
        return sha256(written(event, kLogged));
    const Digest body = Sha256().add(*event.salt).add(written(event, kBody)).finish();
    return Sha256()
        .add(written(event, kKeptOnRedaction))
        .add(std::string_view("\0", 1))
        .add(body.view())
        .finish();
}

Digest pushDigestOf(const Event &event)
{
    return sha256(written(event, kIntent));
}

} // namespace eventsync
