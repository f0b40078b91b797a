// SPDX-License-Identifier: Apache-2.0
// Documents in each encoding that is one piece: what decodes shows a view, and encodes to what decodes to the same.
#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>

using namespace eventsync;
using namespace eventsync::crdt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view input(reinterpret_cast<const char *>(data) + 1, size - 1);
    auto document = data[0] % 3 == 0 ? decodeBinary(input) : data[0] % 3 == 1 ? decodeCompact(input) : decodeVerbose(input);
    if (!document)
        return 0;
    const std::string view = document->canonicalView();
    const auto again = decodeBinary(encodeBinary(*document));
    EVENTSYNC_ASSERT(again.has_value() && again->canonicalView() == view);
    static_cast<void>(encodeCompact(*document));
    static_cast<void>(encodeVerbose(*document));
    const auto indexed = decodeIndexed(encodeIndexed(*document));
    EVENTSYNC_ASSERT(document->clock().isServer() || (indexed.has_value() && indexed->canonicalView() == view));
    if (const auto sidecar = encodeSidecar(*document))
        static_cast<void>(decodeSidecar(*sidecar));
    const Document fork = document->fork(123456);
    EVENTSYNC_ASSERT(fork.canonicalView() == view);
    return 0;
}
