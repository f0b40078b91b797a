// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/heldbytes.h>

namespace eventsync::json {

namespace {

constexpr std::size_t kBlock = 16;         // beside each allocation: the allocator's header, and rounding
constexpr std::size_t kContainer = 16;     // size and capacity, in front of the elements
constexpr std::size_t kInlineText = 15;    // characters that a std::string holds in itself
constexpr std::size_t kIndexedMembers = 18; // objects of more have an index of 4 bytes a member

std::size_t block(std::size_t bytes)
{
    return bytes == 0 ? 0 : bytes + kBlock;
}

std::size_t textBytes(std::size_t capacity, std::size_t inlineCapacity)
{
    return capacity > inlineCapacity ? block(capacity + 1) : 0;
}

// Adds what the value holds; false, and an unfinished sum, once that is more than `most`.
bool addHeld(const Value &value, std::size_t &bytes, std::size_t most)
{
    if (const String *text = value.if_string()) {
        bytes += textBytes(text->capacity(), String().capacity());
    } else if (const Array *array = value.if_array()) {
        bytes += array->capacity() == 0 ? 0 : block(kContainer + array->capacity() * sizeof(Value));
        for (const Value &element : *array) {
            if (bytes > most || !addHeld(element, bytes, most))
                return false;
        }
    } else if (const Object *object = value.if_object()) {
        const std::size_t slot = sizeof(boost::json::key_value_pair) + (object->capacity() > kIndexedMembers ? 4 : 0);
        bytes += object->capacity() == 0 ? 0 : block(kContainer + object->capacity() * slot);
        for (const auto &member : *object) {
            bytes += block(member.key().size() + 1);
            if (bytes > most || !addHeld(member.value(), bytes, most))
                return false;
        }
    }
    return bytes <= most;
}

} // namespace

std::size_t heldBytes(const Value &value)
{
    std::size_t bytes = 0;
    addHeld(value, bytes, SIZE_MAX);
    return bytes;
}

bool holdsMoreThan(const Value &value, std::size_t bytes)
{
    std::size_t held = 0;
    return !addHeld(value, held, bytes);
}

std::size_t heldBytes(const Pointer &pointer)
{
    std::size_t bytes = block(pointer.tokens().capacity() * sizeof(std::string));
    for (const std::string &token : pointer.tokens())
        bytes += textBytes(token.capacity(), kInlineText);
    return bytes;
}

std::size_t heldBytes(const Patch &patch)
{
    std::size_t bytes = block(patch.operations().capacity() * sizeof(PatchOperation));
    for (const PatchOperation &operation : patch.operations())
        bytes += heldBytes(operation.path) + heldBytes(operation.from) + heldBytes(operation.value);
    return bytes;
}

std::size_t heldBytes(const Footprint &footprint)
{
    std::size_t bytes = block(footprint.entries().capacity() * sizeof(FootprintEntry));
    for (const FootprintEntry &entry : footprint.entries())
        bytes += heldBytes(entry.path);
    return bytes;
}

} // namespace eventsync::json
