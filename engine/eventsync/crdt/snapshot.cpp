// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/snapshot.h>

#include <eventsync/crdt/wire.h>

namespace eventsync::crdt {

namespace {

constexpr std::string_view kMark("ES\x02", 3);

} // namespace

Bytes encodeSnapshot(const Document &document, const SessionTimes &sessions, std::uint64_t incarnation)
{
    Bytes bytes(kMark);
    ByteWriter out(bytes);
    out.vu57(incarnation);
    out.vu57(sessions.size());
    for (const auto &[sid, time] : sessions) {
        out.vu57(sid);
        out.vu57(time);
    }
    out.bytes(encodeBinary(document));
    return bytes;
}

Result<DocumentSnapshot> decodeSnapshot(std::string_view bytes)
{
    const auto invalid = [] { return failure(ErrorCode::InvalidValue, "not a snapshot of a CRDT document"); };
    if (!bytes.starts_with(kMark))
        return invalid();
    ByteReader in(bytes.substr(kMark.size()));
    SessionTimes sessions;
    const std::uint64_t incarnation = in.vu57();
    const std::uint64_t count = in.vu57();
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const Id last{in.vu57(), in.vu57()};
        if (!in.ok() || last.sid <= before || !Document::mayHaveSeen(last))
            return invalid();
        sessions.emplace_hint(sessions.end(), last.sid, last.time);
        before = last.sid;
    }
    if (!in.ok())
        return invalid();
    EVENTSYNC_TRY(Document document, decodeBinary({in.position(), in.left()}));
    if (document.clock().isServer())
        return invalid();
    for (const auto &[sid, time] : sessions)
        document.assumeSeen({sid, time});
    return DocumentSnapshot{std::move(document), std::move(sessions), incarnation};
}

} // namespace eventsync::crdt
