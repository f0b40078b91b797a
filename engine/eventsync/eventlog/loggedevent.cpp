// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/loggedevent.h>

#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/canonicalwriter.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/heldbytes.h>

#include <algorithm>

namespace eventsync::eventlog {

PushDigest16 pushDigest16Of(const Event &pushed)
{
    const Digest digest = pushDigestOf(pushed);
    PushDigest16 half;
    std::copy_n(digest.bytes.begin(), half.size(), half.begin());
    return half;
}

namespace {

std::string canonicalOf(const Diff &diff)
{
    if (diff.isCrdt())
        return json::canonical(diff.toJson());
    std::string out = R"({"patch":)";
    canonical::appendPatch(out, diff.patch());
    return out += '}';
}

} // namespace

storage::Row LoggedEvent::toRow(std::int64_t document) const
{
    storage::Row row(event::Checksum + 1);
    row[event::Document] = document;
    row[event::Seq] = serverSeq.value();
    row[event::Id] = blobCell(id.view());
    if (firstId != id)
        row[event::FirstId] = blobCell(firstId.view());
    row[event::ClientId] = clientId.text();
    row[event::ClientSeq] = clientSeq.value();
    row[event::Chain] = blobCell(chain.view());
    row[event::PushDigest] = blobCell({reinterpret_cast<const char *>(pushDigest16.data()), pushDigest16.size()});
    if (digest)
        row[event::Digest] = blobCell(digest->view());
    row[event::Footprint] = storage::Blob{footprint.toBytes()};
    row[event::Inverse] = canonicalOf(inverse);
    row[event::Body] = *canonical;
    setChecksum(row, kEventCells);
    return row;
}

namespace {

Result<> readEntry(LogEntry &entry, const storage::Row &row)
{
    if (row.size() != event::Checksum + 1)
        return failure(ErrorCode::Corrupt, "a row of events has another number of columns");
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, event::Seq));
    entry.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(const std::string_view client, textOf(row, event::ClientId));
    entry.clientId = ClientId(std::string(client));
    EVENTSYNC_TRY(const std::int64_t clientSeq, integerOf(row, event::ClientSeq));
    entry.clientSeq = ClientSeq(clientSeq);
    EVENTSYNC_TRY(const std::string_view chain, blobOf(row, event::Chain));
    EVENTSYNC_TRY(entry.chain, Digest::fromBytes(chain));
    if (!isNull(row, event::Digest)) {
        EVENTSYNC_TRY(const std::string_view digest, blobOf(row, event::Digest));
        EVENTSYNC_TRY(entry.digest, Digest::fromBytes(digest));
    }
    EVENTSYNC_TRY(const std::string_view body, textOf(row, event::Body));
    entry.canonical = std::make_shared<const Bytes>(body);
    return {};
}

} // namespace

bool LogEntry::followsFrom(const Digest &before) const
{
    if (!digest)
        return chain == chainNext(before, sha256(*canonical));
    const auto event = eventFromBytes(*canonical, EventForm::Logged);
    return event && chain == chainNext(before, digestOf(*event));
}

bool LogEntry::fitsFrame() const
{
    if (canonical->size() <= limits::kEventBytes / 2) // in every encoding
        return true;
    const auto event = eventFromBytes(*canonical, EventForm::Logged);
    return event && checkEventSize(*event, EventForm::Logged, canonical->size());
}

Result<LogEntryPtr> LogEntry::fromRow(const storage::Row &row)
{
    auto entry = std::make_shared<LogEntry>();
    EVENTSYNC_CHECK(readEntry(*entry, row));
    return LogEntryPtr(std::move(entry));
}

Result<LoggedPtr> LoggedEvent::fromRow(const storage::Row &row)
{
    auto logged = std::make_shared<LoggedEvent>();
    EVENTSYNC_CHECK(readEntry(*logged, row));
    EVENTSYNC_TRY(logged->position, integerOf(row, event::Position));
    EVENTSYNC_TRY(const std::string_view id, blobOf(row, event::Id));
    EVENTSYNC_TRY(logged->id, Uuid::fromBytes(id));
    logged->firstId = logged->id;
    if (!isNull(row, event::FirstId)) {
        EVENTSYNC_TRY(const std::string_view first, blobOf(row, event::FirstId));
        EVENTSYNC_TRY(logged->firstId, Uuid::fromBytes(first));
    }
    EVENTSYNC_TRY(const std::string_view pushDigest, blobOf(row, event::PushDigest));
    if (pushDigest.size() != logged->pushDigest16.size())
        return failure(ErrorCode::Corrupt, "an event's push digest has the wrong length");
    std::copy(pushDigest.begin(), pushDigest.end(), reinterpret_cast<char *>(logged->pushDigest16.data()));
    EVENTSYNC_TRY(const std::string_view footprint, blobOf(row, event::Footprint));
    EVENTSYNC_TRY(logged->footprint, json::Footprint::fromBytes(footprint));
    EVENTSYNC_TRY(const std::string_view inverseText, textOf(row, event::Inverse));
    EVENTSYNC_TRY(const json::Value inverse,
                  json::parse(inverseText, {.bytes = SIZE_MAX, .depth = limits::kDepth + limits::kEventDepthExtra}));
    EVENTSYNC_TRY(logged->inverse, Diff::fromJson(inverse));
    EVENTSYNC_TRY(Event event, eventFromBytes(*logged->canonical, EventForm::Logged));
    logged->event = std::make_shared<const Event>(std::move(event));
    return LoggedPtr(std::move(logged));
}

std::size_t heldBytes(const LoggedEvent &event)
{
    return sizeof(LoggedEvent) + event.canonical->capacity() + json::heldBytes(event.footprint) +
           eventsync::heldBytes(event.inverse) + eventsync::heldBytes(*event.event);
}

} // namespace eventsync::eventlog
