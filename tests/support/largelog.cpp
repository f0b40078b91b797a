// SPDX-License-Identifier: Apache-2.0
#include "largelog.h"

#include "fakeclock.h"

#include <eventsync/base/assert.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/chain.h>

namespace eventsync::test {

using namespace eventlog;

namespace {

json::Patch patchTo(const std::string &path, json::Value value)
{
    return json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer::parse(path).value(), .value = std::move(value)}});
}

} // namespace

storage::Batch logWithALargeEvent(const DocumentId &id, const CollectionName &collection, std::int64_t number, std::size_t bytes)
{
    const FakeClock clock;
    SeededRandom random(static_cast<std::uint64_t>(number));
    UuidGenerator uuids(clock, random);
    const Timestamp at = clock.wall();
    const Digest start = chainStart(collection, id);
    const DocumentRow row{.documentId = id, .number = number, .collection = collection, .at = {ServerSeq(0), start},
                          .baseChain = start, .createdAt = at, .updatedAt = at};
    storage::Batch batch;
    batch.insert(sets::kDocuments, row.toRow({}));
    DocumentState state;
    Position head = row.at;
    std::vector<json::Patch> patches{patchTo("", json::Object()), patchTo("/text", json::Value(std::string(bytes, 'x'))), patchTo("/n", 1)};
    for (json::Patch &patch : patches) {
        const ServerSeq seq = head.serverSeq.next();
        Event event{.id = uuids.next(), .documentId = id, .collection = collection,
                    .operation = seq == ServerSeq(1) ? Operation::Create : Operation::Update, .serverSeq = seq,
                    .clientId = ClientId("rest:server"), .clientSeq = ClientSeq(seq.value()), .baseSeq = head.serverSeq,
                    .timestamp = at, .storedAt = at, .diff = Diff(std::move(patch))};
        auto applied = state.apply(event);
        EVENTSYNC_ASSERT(applied.has_value());
        LoggedEvent logged;
        logged.serverSeq = seq;
        logged.clientId = event.clientId;
        logged.clientSeq = event.clientSeq;
        logged.id = logged.firstId = event.id;
        logged.canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
        logged.chain = chainNext(head.chain, digestOf(event));
        logged.pushDigest16 = pushDigest16Of(event);
        logged.footprint = std::move(applied->footprint);
        logged.inverse = std::move(applied->inverse);
        batch.insert(sets::kEvents, logged.toRow(number));
        head = {seq, logged.chain};
    }
    return batch;
}

} // namespace eventsync::test
