// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/operation.h>

namespace eventsync::crdt {

// What the operations of a patch of session `sid` refer to, for code that validates patches without applying them.

/// Calls f(span) for all ids that must exist before the operation: its object, its place, the values it puts somewhere.
template<class F>
void forEachReference(const Operation &op, std::uint64_t sid, F &&f)
{
    const auto one = [&](Id id) { f(IdSpan{id.sid, id.time, 1}); };
    switch (op.code) {
    case OpCode::NewCon:
        if (op.isReference)
            one(op.value);
        return;
    case OpCode::InsVal:
        one(op.object), one(op.value);
        return;
    case OpCode::InsObj:
        one(op.object);
        return forEachKey(op, sid, [&](const KeyEntry &entry) { one(entry.value); });
    case OpCode::InsVec:
        one(op.object);
        return forEachIndex(op, sid, [&](const IndexEntry &entry) { one(entry.value); });
    case OpCode::InsArr:
        one(op.object), one(op.ref);
        return forEachElement(op, sid, one);
    case OpCode::InsStr:
    case OpCode::InsBin:
        one(op.object), one(op.ref);
        return;
    case OpCode::UpdArr:
        one(op.object), one(op.ref), one(op.value);
        return;
    case OpCode::Del:
        one(op.object);
        return forEachSpan(op, sid, f);
    default:
        return;
    }
}

/// Calls f(id) for every node the operation puts into a container or register.
template<class F>
void forEachPlaced(const Operation &op, std::uint64_t sid, F &&f)
{
    switch (op.code) {
    case OpCode::InsVal:
    case OpCode::UpdArr:
        return f(op.value);
    case OpCode::InsObj:
        return forEachKey(op, sid, [&](const KeyEntry &entry) { f(entry.value); });
    case OpCode::InsVec:
        return forEachIndex(op, sid, [&](const IndexEntry &entry) { f(entry.value); });
    case OpCode::InsArr:
        return forEachElement(op, sid, f);
    default:
        return;
    }
}

} // namespace eventsync::crdt
