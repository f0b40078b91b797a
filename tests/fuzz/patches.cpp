// SPDX-License-Identifier: Apache-2.0
//
// {"document": ..., "patches": [[...], [...]]}: two patches on one document. An applied patch must be taken back exactly by
// its inverse; a refused one must have changed nothing; footprints survive their bytes and overlap symmetrically; patches
// that do not overlap commute, or one order ends in an error.
#include <eventsync/base/assert.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/patch.h>

#include <cstdint>

using namespace eventsync;

namespace {

struct Outcome
{
    json::Value state;
    json::Footprint footprint;
};

std::optional<Outcome> applied(const json::Value &document, const json::Patch &patch)
{
    json::Value state = document;
    const std::string before = json::canonical(document);
    const auto result = json::apply(state, patch);
    if (!result) {
        EVENTSYNC_ASSERT(json::canonical(state) == before);
        return std::nullopt;
    }
    const std::string after = json::canonical(state);
    EVENTSYNC_ASSERT(static_cast<std::ptrdiff_t>(after.size()) - static_cast<std::ptrdiff_t>(before.size()) == result->sizeChange);
    EVENTSYNC_ASSERT(result->changed == (before != after));
    json::Value back = state;
    EVENTSYNC_ASSERT(json::apply(back, result->inverse).has_value());
    EVENTSYNC_ASSERT(json::canonical(back) == before);
    const auto footprint = json::Footprint::fromBytes(result->footprint.toBytes());
    EVENTSYNC_ASSERT(footprint && *footprint == result->footprint);
    return Outcome{std::move(state), *footprint};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto input = json::parse({reinterpret_cast<const char *>(data), size}, {.bytes = limits::kEventBytes, .depth = 32});
    const auto *object = input ? input->if_object() : nullptr;
    const auto *document = object ? object->if_contains("document") : nullptr;
    const auto *list = object && object->contains("patches") ? object->at("patches").if_array() : nullptr;
    if (!document || !list || list->size() != 2)
        return 0;
    const auto first = json::Patch::fromJson((*list)[0]), second = json::Patch::fromJson((*list)[1]);
    if (!first || !second)
        return 0;
    EVENTSYNC_ASSERT(json::Patch::fromJson(first->toJson()) == *first);

    const auto one = applied(*document, *first), other = applied(*document, *second);
    if (!one || !other)
        return 0;
    const bool overlapping = json::overlaps(one->footprint, other->footprint);
    EVENTSYNC_ASSERT(overlapping == json::overlaps(other->footprint, one->footprint));
    const auto oneFirst = applied(one->state, *second), otherFirst = applied(other->state, *first);
    if (!overlapping && oneFirst && otherFirst)
        EVENTSYNC_ASSERT(json::canonical(oneFirst->state) == json::canonical(otherFirst->state));
    return 0;
}
