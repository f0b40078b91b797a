// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventweight.h>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kEventRoom = 512;      // an event's ids, numbers and names
constexpr std::size_t kOperationRoom = 64;   // an operation's names
constexpr std::size_t kLargestEscape = 6;    // bytes of canonical JSON for one of a text

} // namespace

std::size_t weightOf(const Event &event)
{
    std::size_t bytes = kEventRoom;
    const auto add = [&bytes](const json::Pointer &pointer) {
        for (const std::string &token : pointer.tokens())
            bytes += token.size() + 1;
    };
    if (event.diff.isCrdt()) {
        bytes += event.diff.crdt().size() * 4 / 3;
    } else {
        for (const json::PatchOperation &operation : event.diff.patch().operations()) {
            bytes += kOperationRoom + json::canonicalSize(operation.value);
            add(operation.path);
            add(operation.from);
        }
    }
    if (event.metadata) {
        for (const auto &field : *event.metadata)
            bytes += field.key().size() + json::canonicalSize(field.value());
    }
    return bytes;
}

bool isLargerThan(const Event &event, std::size_t limit)
{
    return weightOf(event) > limit / kLargestEscape && canonicalBytes(event, EventForm::Pushed).size() > limit;
}

} // namespace eventsync::eventlog
