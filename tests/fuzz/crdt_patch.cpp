// SPDX-License-Identifier: Apache-2.0
// Patches in each encoding: what decodes can be written in every encoding and read back, and applies or is refused whole.
#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>

using namespace eventsync;
using namespace eventsync::crdt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view input(reinterpret_cast<const char *>(data) + 1, size - 1);
    auto patch = data[0] % 3 == 0 ? Patch::decode(Bytes(input))
        : data[0] % 3 == 1        ? Patch::fromCompact(input)
                                  : Patch::fromVerbose(input);
    if (!patch || patch->isEmpty())
        return 0;
    EVENTSYNC_ASSERT(Patch::decode(patch->bytes()).has_value());
    static_cast<void>(Patch::fromCompact(patch->toCompact()));
    static_cast<void>(Patch::fromVerbose(patch->toVerbose()));
    EVENTSYNC_ASSERT(patch->compacted().span() == patch->span());
    if (patch->id().time < 1'000'000)
        EVENTSYNC_ASSERT(patch->rebased(patch->id().time + 7).span() == patch->span());

    Document document(patch->id().sid == kServerSession ? LogicalClock(kServerSession) : LogicalClock(70000));
    const Bytes before = encodeBinary(document);
    if (!document.apply(*patch)) {
        EVENTSYNC_ASSERT(encodeBinary(document) == before);
        return 0;
    }
    const std::string view = document.canonicalView();
    EVENTSYNC_ASSERT(document.apply(*patch) == Applied::Known);
    EVENTSYNC_ASSERT(document.canonicalView() == view);
    static_cast<void>(decodeBinary(encodeBinary(document)));
    return 0;
}
