// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/constant.h>
#include <eventsync/crdt/wire.h>

#include <string_view>

namespace eventsync::crdt {

/// The operations of JSON CRDT Patch, numbered as on the wire.
enum class OpCode : std::uint8_t {
    NewCon = 0, NewVal = 1, NewObj = 2, NewVec = 3, NewStr = 4, NewBin = 5, NewArr = 6,
    InsVal = 9, InsObj = 10, InsVec = 11, InsStr = 12, InsBin = 13, InsArr = 14, UpdArr = 15, Del = 16, Nop = 17,
};

/// One operation, read in place: `content` points into the patch's bytes.
struct Operation
{
    OpCode code = OpCode::Nop;
    bool isReference = false;   ///< new_con: the constant is the id in `value`
    Id id;                      ///< of the operation, and of the first node or element that it creates
    std::uint64_t span = 1;     ///< ids it takes
    Id object;                  ///< ins_*, upd_arr, del: the node it changes
    Id ref;                     ///< ins_str, ins_bin, ins_arr: what it comes after; upd_arr: the element
    Id value;                   ///< ins_val, upd_arr: the new value
    std::uint64_t count = 0;    ///< entries in `content` of ins_obj, ins_vec, ins_arr, del
    std::string_view content;   ///< new_con: CBOR; ins_str: UTF-8; ins_bin: bytes; else entries for the readers below
};

/// Reads the next operation of a patch of session `sid`, whose id is (sid, time). Invalid bytes fail the reader.
void readOperation(ByteReader &in, std::uint64_t sid, std::uint64_t time, Operation &out);
/// The same for bytes that were checked before.
void readAgain(ByteReader &in, std::uint64_t sid, std::uint64_t time, Operation &out);

inline Id readId(ByteReader &in, std::uint64_t sid)
{
    const ByteReader::Flagged time = in.b1vu56();
    return time.flag ? Id{in.vu57(), time.value} : Id{sid, time.value};
}

/// An entry of ins_obj.
struct KeyEntry
{
    std::string_view key;
    Id value;
};
/// An entry of ins_vec.
struct IndexEntry
{
    std::uint32_t index = 0;
    Id value;
};
KeyEntry readKeyEntry(ByteReader &in, std::uint64_t sid);
IndexEntry readIndexEntry(ByteReader &in, std::uint64_t sid);
/// An entry of del.
inline IdSpan readIdSpan(ByteReader &in, std::uint64_t sid)
{
    const Id first = readId(in, sid);
    return {first.sid, first.time, in.vu57()};
}

/// Calls f(entry) for every entry of an operation's content.
template<class F>
void forEachKey(const Operation &op, std::uint64_t sid, F &&f)
{
    ByteReader in(op.content);
    for (std::uint64_t i = 0; i < op.count; ++i)
        f(readKeyEntry(in, sid));
}
template<class F>
void forEachIndex(const Operation &op, std::uint64_t sid, F &&f)
{
    ByteReader in(op.content);
    for (std::uint64_t i = 0; i < op.count; ++i)
        f(readIndexEntry(in, sid));
}
template<class F>
void forEachElement(const Operation &op, std::uint64_t sid, F &&f)
{
    ByteReader in(op.content);
    for (std::uint64_t i = 0; i < op.count; ++i)
        f(readId(in, sid));
}
template<class F>
void forEachSpan(const Operation &op, std::uint64_t sid, F &&f)
{
    ByteReader in(op.content);
    for (std::uint64_t i = 0; i < op.count; ++i)
        f(readIdSpan(in, sid));
}

} // namespace eventsync::crdt
