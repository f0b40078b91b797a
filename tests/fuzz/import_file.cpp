// SPDX-License-Identifier: Apache-2.0
// Any file given to `import` ends in documents that fold, or in a named error. What got in is exported and read again: the
// second store must be equal to the first.
#include <eventsync/base/assert.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/sync/syncservice.h>

#include <server/store.h>
#include <server/transfer/exporter.h>
#include <server/transfer/importer.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace eventsync;
using namespace eventsync::server;

namespace {

Result<ExportEnd> importAll(storage::Backend &backend, std::string_view text)
{
    Importer importer(backend, [&](storage::Batch batch) { return commitAndWait(backend, std::move(batch)); });
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        EVENTSYNC_CHECK(importer.takeLine(line));
    }
    return importer.finish();
}

std::string exportAll(storage::Backend &backend)
{
    std::string text;
    const auto view = backend.view();
    EVENTSYNC_ASSERT(view);
    const auto end = exportStore(
        **view, {.createdAt = Timestamp(0), .epoch = {}},
        [&](const std::string &line) -> Result<> {
            text += line;
            return {};
        },
        [](const ExportEnd &) {});
    EVENTSYNC_ASSERT(end && end->leftOut == 0);
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    storage::MemoryBackend first(sync::SyncService::schema());
    if (!importAll(first, {reinterpret_cast<const char *>(data), size}))
        return 0;
    const std::string exported = exportAll(first);
    storage::MemoryBackend second(sync::SyncService::schema());
    EVENTSYNC_ASSERT(importAll(second, exported));
    EVENTSYNC_ASSERT(exportAll(second) == exported);
    return 0;
}
