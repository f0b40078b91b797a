// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/operation.h>

#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/utf16_p.h>

namespace eventsync::crdt {

namespace {

inline Id readCheckedId(ByteReader &in, std::uint64_t sid)
{
    const Id id = readId(in, sid);
    if (id.sid > kMaxSessionId || id.time > kMaxTime)
        in.fail();
    return id;
}

// Entries carry no length in bytes, so they are walked, and checked, to find their end.
template<class F>
void readEntries(ByteReader &in, Operation &out, F &&readEntry)
{
    const char *start = in.position();
    if (out.count == 0 || out.count > in.left())
        in.fail();
    for (std::uint64_t i = 0; i < out.count && in.ok(); ++i)
        readEntry();
    if (in.ok())
        out.content = std::string_view(start, static_cast<std::size_t>(in.position() - start));
}

void readText(ByteReader &in, std::uint64_t sid, std::uint64_t length, Operation &out)
{
    out.object = readCheckedId(in, sid);
    out.ref = readCheckedId(in, sid);
    out.content = in.bytes(length);
    const std::int64_t units = out.code == OpCode::InsStr ? utf16Length(out.content) : static_cast<std::int64_t>(length);
    if (units <= 0)
        in.fail();
    out.span = static_cast<std::uint64_t>(units);
}

void readConstant(ByteReader &in, std::uint64_t sid, bool isReference, Operation &out)
{
    out.isReference = isReference;
    if (isReference) {
        out.value = readCheckedId(in, sid);
        return;
    }
    const char *start = in.position();
    skipCbor(in);
    if (in.ok())
        out.content = std::string_view(start, static_cast<std::size_t>(in.position() - start));
}

} // namespace

KeyEntry readKeyEntry(ByteReader &in, std::uint64_t sid)
{
    const std::string_view key = readCborText(in);
    return {key, readId(in, sid)};
}

IndexEntry readIndexEntry(ByteReader &in, std::uint64_t sid)
{
    const CborHeader header = readCborHeader(in);
    if (header.major != 0 || header.value > 255)
        in.fail();
    return {static_cast<std::uint32_t>(header.value), readId(in, sid)};
}

namespace {

template<bool IsChecked>
void read(ByteReader &in, std::uint64_t sid, std::uint64_t time, Operation &out)
{
    const std::uint8_t octet = in.u8();
    out = Operation{};
    out.code = static_cast<OpCode>(octet >> 3);
    out.id = {sid, time};
    const auto length = [&] { return (octet & 7) != 0 ? std::uint64_t(octet & 7) : in.vu57(); };
    switch (out.code) {
    case OpCode::NewCon:
        return readConstant(in, sid, (octet & 7) != 0, out);
    case OpCode::NewVal: case OpCode::NewObj: case OpCode::NewVec:
    case OpCode::NewStr: case OpCode::NewBin: case OpCode::NewArr:
        return;
    case OpCode::InsVal:
        out.object = readCheckedId(in, sid);
        out.value = readCheckedId(in, sid);
        return;
    case OpCode::InsObj:
        out.count = length();
        out.object = readCheckedId(in, sid);
        return readEntries(in, out, [&] {
            const std::string_view key = readCborText(in);
            if (!IsChecked && (key.find('\0') != std::string_view::npos || !isValidUtf8(key)))
                in.fail();
            readCheckedId(in, sid);
        });
    case OpCode::InsVec:
        out.count = length();
        out.object = readCheckedId(in, sid);
        return readEntries(in, out, [&] {
            if (readIndexEntry(in, sid).value.time > kMaxTime)
                in.fail();
        });
    case OpCode::InsStr: case OpCode::InsBin:
        return readText(in, sid, length(), out);
    case OpCode::InsArr:
        out.count = out.span = length();
        out.object = readCheckedId(in, sid);
        out.ref = readCheckedId(in, sid);
        return readEntries(in, out, [&] { readCheckedId(in, sid); });
    case OpCode::UpdArr:
        out.object = readCheckedId(in, sid);
        out.ref = readCheckedId(in, sid);
        out.value = readCheckedId(in, sid);
        return;
    case OpCode::Del:
        out.count = length();
        out.object = readCheckedId(in, sid);
        return readEntries(in, out, [&] {
            const Id first = readCheckedId(in, sid);
            const std::uint64_t span = in.vu57();
            if (span == 0 || span > kMaxTime - first.time + 1)
                in.fail();
        });
    case OpCode::Nop:
        out.span = length();
        if (out.span == 0)
            in.fail();
        return;
    }
    in.fail(); // no such operation
}

} // namespace

void readOperation(ByteReader &in, std::uint64_t sid, std::uint64_t time, Operation &out)
{
    read<false>(in, sid, time, out);
}

void readAgain(ByteReader &in, std::uint64_t sid, std::uint64_t time, Operation &out)
{
    read<true>(in, sid, time, out);
}

} // namespace eventsync::crdt
