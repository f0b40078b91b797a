// SPDX-License-Identifier: Apache-2.0
//
// {"before": ..., "after": ..., "filter": ...}: what a PUT and a list do with values. A diff leads from the one value to the
// other, and back by its inverse; a filter that is read is written and read to the same, and decides alike.
#include <eventsync/base/assert.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/filter.h>
#include <eventsync/json/limits.h>

#include <cstdint>

using namespace eventsync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto input = json::parse({reinterpret_cast<const char *>(data), size}, {.bytes = limits::kEventBytes, .depth = 32});
    const auto *object = input ? input->if_object() : nullptr;
    const auto *before = object ? object->if_contains("before") : nullptr;
    const auto *after = object ? object->if_contains("after") : nullptr;
    if (!before || !after)
        return 0;
    const json::Patch patch = json::diff(*before, *after);
    json::Value state = *before;
    const auto result = json::apply(state, patch);
    EVENTSYNC_ASSERT(result && json::canonical(state) == json::canonical(*after));
    EVENTSYNC_ASSERT(json::Patch::fromJson(patch.toJson()) == patch);
    EVENTSYNC_ASSERT(json::apply(state, result->inverse).has_value() && json::canonical(state) == json::canonical(*before));

    const auto *text = object->if_contains("filter");
    const auto filter = text ? json::Filter::fromJson(*text) : json::Filter();
    if (!filter)
        return 0;
    const auto again = json::Filter::fromJson(filter->toJson());
    EVENTSYNC_ASSERT(again && json::canonical(again->toJson()) == json::canonical(filter->toJson()));
    for (const json::Value *value : {before, after})
        EVENTSYNC_ASSERT(filter->matches(*value) == again->matches(*value));
    return 0;
}
