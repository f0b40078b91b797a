// SPDX-License-Identifier: Apache-2.0
// Any bytes as a message between nodes: refused by name, or read; what is read can be written again in every format and means
// the same; and a node that is told it goes on working.
#include <eventsync/base/assert.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdtsync/binarycodec.h>
#include <eventsync/crdtsync/synccore.h>

#include <cstddef>
#include <cstdint>

using namespace eventsync;
using namespace eventsync::crdtsync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char *>(data), size);
    const auto message = decode(bytes);
    if (!message)
        return 0;
    const Bytes binary = encodeBinaryMessage(*message);
    for (const EncodingFormat format : {EncodingFormat::Json, EncodingFormat::CompactJson, EncodingFormat::Binary}) {
        const auto again = decode(encode(*message, format));
        EVENTSYNC_ASSERT(again.has_value());
        EVENTSYNC_ASSERT(encodeBinaryMessage(*again) == binary);
    }

    SeededRandom random(1);
    crdt::Document document(70'000);
    SyncCore core(document, {"me", Exchange::Automatic, std::chrono::milliseconds(1'000), 3}, random);
    crdt::Api api(document);
    Effects effects;
    for (int i = 0; i < 5; ++i) {
        EVENTSYNC_ASSERT(api.root(json::Object{{"n", i}}).has_value());
        EVENTSYNC_ASSERT(core.applyLocal(api.flush(), effects).has_value());
    }
    core.stored(effects.store, std::chrono::milliseconds(0), effects);
    Message told = *message;
    told.from = "you";
    for (const char *to : {"", "me"}) {
        told.to = to;
        Effects answer;
        core.receive(told, std::chrono::milliseconds(1), answer);
        if (answer.adopt) {
            std::vector<NumberedPatch> own;
            for (const auto &step : effects.store)
                own.push_back(std::get<NumberedPatch>(step));
            core.adopt(*answer.adopt, std::move(own), answer);
        }
        for (const Message &sent : answer.send)
            EVENTSYNC_ASSERT(decode(encodeBinaryMessage(sent)).has_value());
    }
    EVENTSYNC_ASSERT(core.replica().vector().at(ReplicaId(70'000)) >= PatchNumber(5));
    return 0;
}
