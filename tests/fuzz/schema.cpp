// SPDX-License-Identifier: Apache-2.0
//
// {"schema": ..., "values": [...]}: a JSON Schema and what is held against it. Compiling and validating end within their
// budgets; the answer is the same the second time, and with the schema in its canonical form; what passes has no complaint.
#include <eventsync/base/assert.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/validator.h>

#include <cstdint>

using namespace eventsync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto input = json::parse({reinterpret_cast<const char *>(data), size}, {.bytes = limits::kEventBytes, .depth = 32});
    const auto *object = input ? input->if_object() : nullptr;
    const auto *schema = object ? object->if_contains("schema") : nullptr;
    const auto *values = object && object->contains("values") ? object->at("values").if_array() : nullptr;
    if (!schema || !values)
        return 0;
    const auto validator = schemaValidator(*schema);
    const auto again = json::parse(json::canonical(*schema));
    EVENTSYNC_ASSERT(again.has_value());
    const auto same = schemaValidator(*again);
    EVENTSYNC_ASSERT(validator.has_value() == same.has_value());
    if (!validator)
        return 0;
    const CollectionName collection("things");
    for (const json::Value &value : *values) {
        const auto valid = (*validator)->validate(collection, value);
        EVENTSYNC_ASSERT(valid.has_value() == (*validator)->validate(collection, value).has_value());
        EVENTSYNC_ASSERT(valid.has_value() == (*same)->validate(collection, value).has_value());
        const auto complaints = (*validator)->complaints(collection, value);
        EVENTSYNC_ASSERT(!valid || complaints.empty());
        EVENTSYNC_ASSERT(valid || !complaints.empty());
    }
    return 0;
}
