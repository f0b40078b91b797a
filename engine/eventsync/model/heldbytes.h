// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/heldbytes.h>
#include <eventsync/model/documentstate.h>

namespace eventsync {

/// Like json::heldBytes(): the memory of these objects, including the objects themselves.
std::size_t heldBytes(const Diff &diff);
std::size_t heldBytes(const Event &event);
/// Of a CRDT document an estimate, made from the size of its encoding.
std::size_t heldBytes(const DocumentState &state);

} // namespace eventsync
