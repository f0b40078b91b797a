// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/othernodes_p.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/storeaccess.h>
#include <eventsync/json/value.h>
#include <eventsync/sync/logging_p.h>

#include <utility>
#include <vector>

namespace eventsync::sync {

using eventlog::DocumentPtr;

namespace {

// One topic for all documents: a node also reports heads of documents that have no subscribers on it.
constexpr char kTopic[] = "eventsync.heads";

Bytes toBytes(const OtherNodes::Hint &hint, const std::string &node)
{
    return json::canonical(json::Object{{"collection", hint.collection.text()},
                                        {"documentId", hint.document.text()},
                                        {"node", node},
                                        {"number", hint.number},
                                        {"serverSeq", hint.head.value()}});
}

// A message of another program in the topic is an error, never a hint (G16).
std::optional<OtherNodes::Hint> hintFrom(const Bytes &message, std::string &node)
{
    const auto value = json::parse(message);
    if (!value || !value->is_object())
        return std::nullopt;
    const json::Object &fields = value->as_object();
    const auto text = [&](std::string_view name) {
        const json::Value *field = fields.if_contains(name);
        return field && field->is_string() ? std::string(field->as_string()) : std::string();
    };
    const auto integer = [&](std::string_view name) {
        const json::Value *field = fields.if_contains(name);
        return field && field->is_int64() ? field->as_int64() : std::int64_t(-1);
    };
    const auto document = documentIdFrom(text("documentId"));
    const auto collection = collectionNameFrom(text("collection"));
    if (!document || !collection || integer("serverSeq") < 1 || integer("number") < 1)
        return std::nullopt;
    node = text("node");
    return OtherNodes::Hint{*document, *collection, ServerSeq(integer("serverSeq")), integer("number")};
}

using Wanted = std::vector<std::pair<DocumentId, std::int64_t>>; // with the document's number, or 0
using Heads = std::vector<std::pair<DocumentId, ServerSeq>>;

Result<Heads> headsOf(storage::ReadView &view, const Wanted &wanted)
{
    Heads heads;
    for (auto [id, number] : wanted) {
        if (number == 0) {
            EVENTSYNC_TRY(const auto row, eventlog::EventStore(view).document(id, false));
            number = row ? row->number : 0;
        }
        if (number == 0)
            continue;
        EVENTSYNC_CHECK(view.scan({.set = eventlog::sets::kEvents, .index = "order", .prefix = {number}, .descending = true,
                                   .limit = 1, .columns = {eventlog::event::Seq}},
                                  [&, id = id](const storage::Row &row) {
                                      if (const auto seq = eventlog::integerOf(row, eventlog::event::Seq))
                                          heads.emplace_back(id, ServerSeq(*seq));
                                      return false;
                                  }));
    }
    return heads;
}

} // namespace

// Subscribed before the store is read for the first time, so that every commit is either read or announced.
void OtherNodes::join(pubsub::PubSub &pubsub, std::string node)
{
    m_pubsub = &pubsub;
    m_node = std::move(node);
    m_hints = pubsub.subscribe(kTopic, m_engine.executor(), [this](const std::string &, const Bytes &message) {
        std::string sender;
        const auto hint = hintFrom(message, sender);
        if (!hint)
            qCWarning(lcSync) << "what another node says of its commits cannot be read";
        else if (sender != m_node)
            hinted(*hint);
    });
    m_link = pubsub.watchLink(m_engine.executor(), [this](pubsub::PubSub::Link link) {
        if (link == pubsub::PubSub::Link::Up)
            poll();
    });
}

// If the hint is lost, the others find the events when they poll.
void OtherNodes::announce(const DocumentPtr &document, const eventlog::LoggedPtr &last)
{
    if (m_pubsub)
        m_pubsub->publish(kTopic, toBytes({document->id(), last->event->collection, last->serverSeq, document->core()->log().number()}, m_node),
                          m_engine.executor());
}

void OtherNodes::hinted(const Hint &hint)
{
    m_engine.noteNumber(hint.number);
    if (const DocumentPtr known = m_engine.find(hint.document))
        return refresh(known, hint.head);
    if (!m_calls.isWatched(hint.collection))
        return;
    m_engine.whenLoaded(hint.document, [this](const Result<DocumentPtr> &found) {
        if (found && (*found)->core()->log().exists())
            m_calls.headChanged(*found);
    });
}

void OtherNodes::refresh(const DocumentPtr &document, ServerSeq head)
{
    m_engine.whenIdle(document, [this, document, head](const Result<> &idle) {
        if (!idle || document->core()->log().head().serverSeq >= head)
            return;
        m_engine.reload(document);
        m_engine.whenLoaded(document->id(), [this](const Result<DocumentPtr> &again) {
            if (again && (*again)->core()->log().exists())
                m_calls.headChanged(*again);
        });
    });
}

void OtherNodes::poll()
{
    if (std::exchange(m_polling, true))
        return;
    Wanted wanted;
    m_engine.eachLoaded([&](const DocumentPtr &document) {
        const auto collection = document->collection();
        if (document->core() && (m_calls.isSubscribed(document->id()) || (collection && m_calls.isWatched(*collection))))
            wanted.emplace_back(document->id(), document->core()->log().exists() ? document->core()->log().number() : 0);
    });
    m_engine.store().read<Heads>([wanted = std::move(wanted)](storage::ReadView &view) { return headsOf(view, wanted); },
                                 [this](const Result<Heads> &heads) {
                                     m_polling = false;
                                     if (!heads)
                                         qCWarning(lcSync) << "the heads cannot be read:" << heads.error().toString().c_str();
                                     for (const auto &[id, head] : heads ? *heads : Heads()) {
                                         if (const DocumentPtr known = m_engine.find(id))
                                             refresh(known, head);
                                     }
                                 });
}

} // namespace eventsync::sync
