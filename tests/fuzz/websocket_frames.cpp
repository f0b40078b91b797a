// SPDX-License-Identifier: Apache-2.0
// Any bytes lead to messages within the limit or to a violation with a code that may be sent, and to the same ones however
// they are cut (G16).
#include <server/http/websocketreader.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

using namespace eventsync;
using namespace eventsync::server;
using transport::CloseCode;

namespace {

constexpr std::size_t kLimit = 300;

void require(bool condition)
{
    if (!condition)
        std::abort();
}

struct Outcome
{
    std::vector<WebSocketReader::Message> messages;
    std::optional<CloseCode> violation;
};

void check(const WebSocketReader::Message &message)
{
    using Kind = WebSocketReader::Kind;
    const bool isData = message.kind == Kind::Text || message.kind == Kind::Binary;
    require(message.payload.size() <= (isData ? kLimit : 125));
    if (message.kind == Kind::Text || message.kind == Kind::Close)
        require(isValidUtf8(message.payload));
    require(!message.code || message.kind == Kind::Close);
}

Outcome read(std::string_view bytes, std::size_t step)
{
    WebSocketReader reader(kLimit);
    Outcome outcome;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::string_view rest = bytes.substr(at, step);
        while (!rest.empty()) {
            auto taken = reader.feed(rest);
            if (!taken) {
                outcome.violation = taken.error().code;
                require(!taken.error().text.empty());
                return outcome;
            }
            require(taken->bytes > 0 && taken->bytes <= rest.size());
            rest.remove_prefix(taken->bytes);
            require(taken->message || rest.empty());
            if (taken->message) {
                check(*taken->message);
                outcome.messages.push_back(std::move(*taken->message));
            }
        }
    }
    return outcome;
}

bool sameMessage(const WebSocketReader::Message &a, const WebSocketReader::Message &b)
{
    return a.kind == b.kind && a.payload == b.payload && a.code == b.code;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    const Outcome whole = read(bytes, bytes.size() + 1);
    const Outcome cut = read(bytes, size % 7 + 1);
    require(whole.violation == cut.violation);
    require(std::equal(whole.messages.begin(), whole.messages.end(), cut.messages.begin(), cut.messages.end(), sameMessage));
    if (whole.violation)
        require(*whole.violation == CloseCode::ProtocolError || *whole.violation == CloseCode::InvalidPayload
                || *whole.violation == CloseCode::TooLarge);
    return 0;
}
