// SPDX-License-Identifier: Apache-2.0
// Any bytes lead to a request or to a named error, and to the same one however they are cut (G16).
#include <server/http/httprequestreader.h>
#include <server/http/jsonlist.h>
#include <server/http/upgradecheck.h>

#include <eventsync/transport/sseparser_p.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace eventsync;
using namespace eventsync::server;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

struct Outcome
{
    int status = 0; // 0: a request; -1: more is needed
    std::string body;
    std::size_t taken = 0;
    bool operator==(const Outcome &) const = default;
};

Outcome read(std::string_view bytes, std::size_t step)
{
    HttpRequestReader reader({.headBytes = 2000, .bodyBytes = 1000});
    std::size_t taken = 0;
    for (std::size_t seen = std::min(step, bytes.size());; seen = std::min(seen + step, bytes.size())) {
        for (;;) {
            const auto some = reader.feed(bytes.substr(taken, seen - taken));
            if (!some) {
                require(reader.errorStatus() >= 400);
                return {reader.errorStatus(), {}, 0};
            }
            taken += *some;
            require(taken <= seen);
            if (reader.isComplete()) {
                HttpRequest request = reader.takeRequest();
                require(request.body.size() <= 1000);
                if (isUpgradeRequest(request)) {
                    const auto decision = checkUpgrade(request, OriginPolicy({.hosts = {"sync.example.org"}}), Reach::Loopback);
                    require(decision.error || (!request.path.empty() && request.path.front() == "sync"));
                }
                request.accepts("text/event-stream");
                ifMatchFails(request, 1);
                ifNoneMatchHolds(request, 1);
                return {0, std::move(request.body), taken};
            }
            if (*some == 0)
                break;
        }
        if (seen == bytes.size())
            return {-1, {}, 0};
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    if (size > 16'000)
        return 0;
    const Outcome whole = read(bytes, bytes.size() + 1);
    const Outcome cut = read(bytes, size % 7 + 1);
    // Cut differently, an error may be met before another one further on; but a request stays the same request.
    require((whole.status == 0) == (cut.status == 0));
    if (whole.status == 0)
        require(whole == cut);

    if (const auto elements = splitJsonList(bytes, 100)) {
        for (const auto element : *elements)
            require(element.data() >= bytes.data() && element.data() + element.size() <= bytes.data() + bytes.size());
    }
    transport::SseParser parser(500);
    for (std::size_t at = 0; at < bytes.size(); at += 11) {
        if (!parser.feed(bytes.substr(at, 11)))
            break;
    }
    return 0;
}
