// SPDX-License-Identifier: Apache-2.0
// The two encodings that come in pieces: sidecar (view, meta) and indexed (fields). The input is cut at length bytes.
#include <eventsync/base/assert.h>
#include <eventsync/crdt/encoding.h>

using namespace eventsync;
using namespace eventsync::crdt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view input(reinterpret_cast<const char *>(data), size);
    const auto take = [&input](bool all = false) {
        const std::size_t wanted = input.empty() ? 0 : static_cast<unsigned char>(input[0]);
        input.remove_prefix(input.empty() ? 0 : 1);
        const std::string_view piece = input.substr(0, all ? input.size() : wanted);
        input.remove_prefix(piece.size());
        return Bytes(piece);
    };
    if (input.empty())
        return 0;
    const bool isSidecar = input[0] % 2 == 0;
    input.remove_prefix(1);
    if (isSidecar) {
        Sidecar sidecar;
        sidecar.view = take();
        sidecar.meta = take(true);
        if (const auto document = decodeSidecar(sidecar)) {
            const auto again = decodeBinary(encodeBinary(*document));
            EVENTSYNC_ASSERT(again.has_value() && again->canonicalView() == document->canonicalView());
        }
        return 0;
    }
    IndexedFields fields{{"c", take()}, {"r", take()}};
    while (!input.empty() && fields.size() < 64) {
        const Bytes name = take();
        fields.emplace_back(name, take());
    }
    if (const auto document = decodeIndexed(fields)) {
        static_cast<void>(document->canonicalView());
        static_cast<void>(encodeBinary(*document));
        static_cast<void>(encodeIndexed(*document));
    }
    return 0;
}
