// SPDX-License-Identifier: Apache-2.0
//
// What is committed goes through the broker: here, to those who follow live; to the other nodes as a hint. And what other
// nodes committed comes in: the document is read again, which sends its followers on from where they stand.
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>

namespace eventsync::sync {

bool SyncService::Private::mayRead(const Session &session, const DocumentPtr &document) const
{
    std::optional<CollectionName> collection = document->core ? document->core->collection() : std::nullopt;
    if (const auto found = session.subscriptions.find(document->id); !collection && found != session.subscriptions.end())
        collection = found->second.collection;
    return options.access->access(session.principal, collection, document->id) != Access::None;
}

// Whoever reads too slowly is left where it stands and catches up when it has drained; so it delays nobody.
void SyncService::Private::publish(const DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events)
{
    if (events.empty())
        return;
    const ServerSeq before = events.front()->serverSeq.previous();
    std::vector<SessionId> revoked, behind;
    const auto take = [&](SessionId id) {
        const Session *reader = session(id);
        const auto found = reader ? reader->subscriptions.find(document->id) : decltype(reader->subscriptions.end()){};
        if (!reader || found == reader->subscriptions.end() || found->second.stage != Subscription::Stage::Live)
            return EventBroker::Take::Nothing;
        if (!mayRead(*reader, document)) {
            revoked.push_back(id);
            return EventBroker::Take::Nothing;
        }
        // What is long because of clocks goes out in steps, as catch-up does.
        const std::size_t clockBytes = reader->vectorClocks ? document->core->clock().canonicalSize() * events.size() : 0;
        if (found->second.sent != before || isOverHighWater(*reader) || clockBytes > options.catchUpChunkBytes) {
            behind.push_back(id);
            return EventBroker::Take::Nothing;
        }
        return reader->vectorClocks ? EventBroker::Take::EventsWithClocks : EventBroker::Take::Events;
    };
    const auto deliver = [&](SessionId id, const EventBroker::Frames &frames) {
        Session &reader = *session(id);
        for (const auto &[last, frame] : frames)
            reader.sink->send(frame);
        Subscription &subscription = reader.subscriptions.at(document->id);
        subscription.sent = frames.back().last;
        subscription.clock.reset();
    };
    broker.publish(document->id, events,
                   {.take = take, .clockBefore = [&] { return document->core->clockAt(before); }, .deliver = deliver});
    for (const SessionId id : behind) {
        if (Session *reader = session(id))
            beginCatchUp(*reader, document->id);
    }
    for (const SessionId id : revoked) {
        if (Session *reader = session(id))
            revoke(*reader, document->id, "access was withdrawn");
    }
    if (broker.hasOthers())
        broker.announce({document->id, *document->core->collection(), events.back()->serverSeq, document->core->number()});
}

// ---- other nodes

// Before the store is read for the first time: what is committed after that is either read or heard of.
void SyncService::Private::joinNodes()
{
    if (!options.pubsub)
        return;
    broker.join(
        *options.pubsub, executor, uuids.next().toText(), [this](const EventBroker::Hint &hint) { hinted(hint); },
        [this] { pollHeads(); });
}

void SyncService::Private::hinted(const EventBroker::Hint &hint)
{
    lastNumber = std::max(lastNumber, hint.number);
    if (const DocumentPtr known = inUse(hint.document))
        refresh(known, hint.head);
    else if (watchers.contains(hint.collection))
        withDocument(hint.document, [this](const Result<DocumentPtr> &found) {
            if (found && (*found)->core->exists())
                headChanged(*found);
        });
}

void SyncService::Private::refresh(const DocumentPtr &document, ServerSeq head)
{
    whenIdle(document, [this, document, head] {
        if (!document->core || document->core->head().serverSeq >= head)
            return;
        document->core.reset();
        document->whenLoaded.push_back([this, document](const Result<> &result) {
            if (result && document->core->exists())
                headChanged(document);
        });
        load(document);
    });
}

// The heads of all documents that somebody follows here, as they stand in the log; hints are for speed only.
void SyncService::Private::pollHeads()
{
    lastPoll = clock.steady();
    if (!started || startError || std::exchange(polling, true))
        return;
    using Asked = std::vector<std::pair<DocumentId, std::int64_t>>;
    using Heads = std::vector<std::pair<DocumentId, ServerSeq>>;
    Asked asked;
    for (const auto &[id, document] : documents) {
        const auto collection = document->core ? document->core->collection() : std::nullopt;
        if (document->core && (broker.isFollowed(id) || (collection && watchers.contains(*collection))))
            asked.emplace_back(id, document->core->exists() ? document->core->number() : 0);
    }
    read<Heads>(
        [asked = std::move(asked)](storage::ReadView &view) -> Result<Heads> {
            Heads heads;
            for (auto [id, number] : asked) {
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
        },
        [this](const Result<Heads> &heads) {
            polling = false;
            if (!heads)
                qCWarning(lcSync) << "the heads cannot be read:" << heads.error().toString().c_str();
            for (const auto &[id, head] : heads ? *heads : Heads()) {
                if (const DocumentPtr known = inUse(id))
                    refresh(known, head);
            }
        });
}

} // namespace eventsync::sync
