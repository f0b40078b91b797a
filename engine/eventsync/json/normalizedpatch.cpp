// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/normalizedpatch.h>

#include <eventsync/json/limits.h>

namespace eventsync::json {

Result<Patch> normalized(const Patch &patch)
{
    Value value = patch.toJson();
    EVENTSYNC_CHECK(normalize(value, limits::kDepth + limits::kEventDepthExtra));
    return Patch::fromJson(std::move(value));
}

} // namespace eventsync::json
