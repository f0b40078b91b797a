// SPDX-License-Identifier: Apache-2.0
//
// Frames of both codecs: the first byte chooses. Whatever is accepted must be written in one form that is read back to the
// same, in both codecs; a CBOR frame of known fields only is already in that form.
#include <eventsync/base/assert.h>
#include <eventsync/base/limits.h>
#include <eventsync/protocol/codec.h>

#include <cstdint>

using namespace eventsync;
using namespace eventsync::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view frame(reinterpret_cast<const char *>(data) + 1, size - 1);
    if (data[0] % 3 == 2) {
        static_cast<void>(decodeList(frame));
        return 0;
    }
    const auto message = decode(frame, data[0] % 3 == 0 ? Codec::Json : Codec::Cbor);
    if (!message)
        return 0;
    const Bytes json = encode(*message, Codec::Json), cbor = encode(*message, Codec::Cbor);
    // A frame at the limit may grow past it in the other codec; everything below it must come back.
    constexpr std::size_t kRoom = limits::kFrameBytes / 8;
    if (json.size() > kRoom)
        return 0;
    const auto fromJson = decode(json, Codec::Json), fromCbor = decode(cbor, Codec::Cbor);
    EVENTSYNC_ASSERT(fromJson && fromCbor);
    EVENTSYNC_ASSERT(encode(*fromJson, Codec::Json) == json && encode(*fromJson, Codec::Cbor) == cbor);
    EVENTSYNC_ASSERT(encode(*fromCbor, Codec::Json) == json && encode(*fromCbor, Codec::Cbor) == cbor);
    return 0;
}
