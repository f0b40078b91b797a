// SPDX-License-Identifier: Apache-2.0
//
// version, kind, from, to, body. Texts and byte strings are a length and the bytes, numbers are vu57 (crdt/wire.h); a
// replica is written as the difference from the one before plus its sign, so that runs of one replica cost one byte for it.
#include <eventsync/crdtsync/binarycodec.h>

#include <eventsync/crdt/wire.h>
#include <eventsync/crdtsync/limits.h>

namespace eventsync::crdtsync {

namespace {

using crdt::ByteReader;
using crdt::ByteWriter;

enum Kind : std::uint8_t { kPatches = 1, kState, kRequest, kCompare, kSnapshot };
enum Holds : std::uint8_t { kSame, kFingerprint, kRuns, kEndFlag = 0x80 }; // kEndFlag: until the end of all

class Writer
{
public:
    explicit Writer(Bytes &out) : m_out(out) {}

    void number(std::int64_t value) { m_out.vu57(static_cast<std::uint64_t>(value)); }
    void bytes(std::string_view data)
    {
        m_out.vu57(data.size());
        m_out.bytes(data);
    }
    void raw(std::string_view data) { m_out.bytes(data); }
    void byte(std::uint8_t value) { m_out.u8(value); }
    void replica(ReplicaId value)
    {
        const std::int64_t step = value - m_replica;
        m_out.b1vu56(step < 0, static_cast<std::uint64_t>(step < 0 ? -step : step));
        m_replica = value;
    }
    void range(const PatchRange &value)
    {
        replica(value.replica);
        number(value.first.value());
        number(value.last - value.first);
    }

private:
    ByteWriter m_out;
    ReplicaId m_replica;
};

class Reader
{
public:
    explicit Reader(std::string_view data) : m_in(data) {}

    bool ok() const { return m_in.ok(); }
    bool atEnd() const { return m_in.atEnd(); }
    void fail() { m_in.fail(); }
    std::uint8_t byte() { return m_in.u8(); }
    std::int64_t number() { return static_cast<std::int64_t>(m_in.vu57()); }
    std::string_view bytes() { return m_in.bytes(m_in.vu57()); }
    std::string_view raw(std::size_t size) { return m_in.bytes(size); }
    // How many items follow, each of which takes at least `least` bytes.
    std::uint64_t count(std::size_t least, std::size_t most = SIZE_MAX)
    {
        const std::uint64_t count = m_in.vu57();
        if (count > m_in.left() / least || count > most)
            m_in.fail();
        return m_in.ok() ? count : 0;
    }
    ReplicaId replica()
    {
        const ByteReader::Flagged step = m_in.b1vu56();
        const auto distance = static_cast<std::int64_t>(step.value);
        m_replica = m_replica + (step.flag ? -distance : distance);
        if (m_replica < ReplicaId(0) || m_replica.value() > INT64_MAX / 4)
            m_in.fail(), m_replica = ReplicaId();
        return m_replica;
    }
    PatchRange range()
    {
        const ReplicaId of = replica();
        const PatchNumber first(number());
        return {of, first, first + number()};
    }

private:
    ByteReader m_in;
    ReplicaId m_replica;
};

void write(Writer &out, const PatchesMessage &body)
{
    out.byte(body.more ? 1 : 0);
    out.number(static_cast<std::int64_t>(body.patches.size()));
    for (const NumberedPatch &item : body.patches) {
        out.replica(item.id.replica);
        out.number(item.id.number.value());
        out.bytes(item.patch.bytes());
    }
}

Result<PatchesMessage> readPatches(Reader &in)
{
    PatchesMessage body;
    body.more = in.byte() != 0;
    for (std::uint64_t left = in.count(3); left > 0 && in.ok(); --left) {
        NumberedPatch item;
        item.id.replica = in.replica();
        item.id.number = PatchNumber(in.number());
        const std::string_view bytes = in.bytes();
        if (!in.ok())
            break;
        EVENTSYNC_TRY(item.patch, crdt::Patch::decode(Bytes(bytes)));
        body.patches.push_back(std::move(item));
    }
    return body;
}

void write(Writer &out, const StateMessage &body)
{
    out.number(body.count);
    out.raw(body.fingerprint.view());
    out.byte(body.vector ? 1 : 0);
    if (!body.vector)
        return;
    out.number(static_cast<std::int64_t>(body.vector->size()));
    for (const auto &[replica, number] : body.vector->rows()) {
        out.replica(replica);
        out.number(number.value());
    }
}

Result<StateMessage> readState(Reader &in)
{
    StateMessage body;
    body.count = in.number();
    body.fingerprint = Fingerprint::fromBytes(in.raw(Fingerprint::kBytes));
    if (in.byte() == 0)
        return body;
    body.vector.emplace();
    for (std::uint64_t left = in.count(2); left > 0 && in.ok(); --left) {
        const ReplicaId replica = in.replica();
        body.vector->advance(replica, PatchNumber(in.number()));
    }
    return body;
}

void write(Writer &out, const RequestMessage &body)
{
    out.byte(body.snapshot ? 1 : 0);
    out.number(static_cast<std::int64_t>(body.ranges.size()));
    for (const PatchRange &range : body.ranges)
        out.range(range);
}

Result<RequestMessage> readRequest(Reader &in)
{
    RequestMessage body;
    body.snapshot = in.byte() != 0;
    for (std::uint64_t left = in.count(3); left > 0 && in.ok(); --left)
        body.ranges.push_back(in.range());
    return body;
}

void write(Writer &out, const CompareMessage &body)
{
    out.number(static_cast<std::int64_t>(body.ranges.size()));
    for (const ComparedRange &range : body.ranges) {
        const bool isEnd = range.until == kPastPatches;
        out.byte(static_cast<std::uint8_t>(range.holds.index() | (isEnd ? kEndFlag : 0)));
        if (!isEnd) {
            out.replica(range.until.replica);
            out.number(range.until.number.value());
        }
        if (const auto *fingerprint = std::get_if<Fingerprint>(&range.holds)) {
            out.raw(fingerprint->view());
        } else if (const auto *runs = std::get_if<ComparedRange::Runs>(&range.holds)) {
            out.number(static_cast<std::int64_t>(runs->size()));
            for (const ComparedRange::Run &run : *runs) {
                out.range(run.range);
                out.byte(run.isBlock ? 1 : 0);
                out.raw(run.fingerprint.view());
            }
        }
    }
}

Result<CompareMessage> readCompare(Reader &in)
{
    CompareMessage body;
    for (std::uint64_t left = in.count(1, limits::kCompareRanges); left > 0 && in.ok(); --left) {
        ComparedRange range;
        const std::uint8_t head = in.byte();
        if ((head & kEndFlag) == 0) {
            const ReplicaId replica = in.replica();
            range.until = {replica, PatchNumber(in.number())};
        }
        switch (head & 0x7F) {
        case kSame: break;
        case kFingerprint: range.holds = Fingerprint::fromBytes(in.raw(Fingerprint::kBytes)); break;
        case kRuns: {
            ComparedRange::Runs runs;
            for (std::uint64_t more = in.count(4 + Fingerprint::kBytes); more > 0 && in.ok(); --more) {
                ComparedRange::Run run;
                run.range = in.range();
                run.isBlock = in.byte() != 0;
                run.fingerprint = Fingerprint::fromBytes(in.raw(Fingerprint::kBytes));
                runs.push_back(run);
            }
            range.holds = std::move(runs);
            break;
        }
        default: in.fail();
        }
        body.ranges.push_back(std::move(range));
    }
    return body;
}

void write(Writer &out, const SnapshotMessage &body)
{
    out.number(static_cast<std::int64_t>(body.rows.size()));
    for (const SnapshotMessage::Row &row : body.rows) {
        out.range(row.range);
        out.raw(row.sum.toDigest().view());
        out.number(static_cast<std::int64_t>(row.time));
    }
    out.bytes(body.document);
}

Result<SnapshotMessage> readSnapshot(Reader &in)
{
    SnapshotMessage body;
    for (std::uint64_t left = in.count(4 + sizeof(Digest::bytes)); left > 0 && in.ok(); --left) {
        SnapshotMessage::Row row;
        row.range = in.range();
        if (const auto digest = Digest::fromBytes(in.raw(sizeof(Digest::bytes))))
            row.sum = PatchDigest::fromDigest(*digest);
        row.time = static_cast<std::uint64_t>(in.number());
        body.rows.push_back(row);
    }
    body.document = Bytes(in.bytes());
    return body;
}

} // namespace

Bytes encodeBinaryMessage(const Message &message)
{
    Bytes bytes;
    Writer out(bytes);
    out.byte(static_cast<std::uint8_t>(kBinaryVersion));
    out.byte(static_cast<std::uint8_t>(message.body.index() + 1));
    out.bytes(message.from);
    out.bytes(message.to);
    std::visit([&](const auto &body) { write(out, body); }, message.body);
    return bytes;
}

Result<Message> decodeBinaryMessage(std::string_view bytes)
{
    Reader in(bytes.substr(1));
    const std::uint8_t kind = in.byte();
    Message message;
    message.from = std::string(in.bytes());
    message.to = std::string(in.bytes());
    if (!isValidUtf8(message.from) || !isValidUtf8(message.to))
        in.fail();
    switch (kind) {
    case kPatches: { EVENTSYNC_TRY(message.body, readPatches(in)); break; }
    case kState: { EVENTSYNC_TRY(message.body, readState(in)); break; }
    case kRequest: { EVENTSYNC_TRY(message.body, readRequest(in)); break; }
    case kCompare: { EVENTSYNC_TRY(message.body, readCompare(in)); break; }
    case kSnapshot: { EVENTSYNC_TRY(message.body, readSnapshot(in)); break; }
    default: return failure(ErrorCode::UnknownMessage, "kind " + std::to_string(kind));
    }
    if (!in.ok() || !in.atEnd())
        return failure(ErrorCode::InvalidMessage, in.ok() ? "bytes after the end" : "cut short or not a message");
    return message;
}

} // namespace eventsync::crdtsync
