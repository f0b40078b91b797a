// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/patchcosts_p.h>

#include <eventsync/json/limits.h>

#include <algorithm>
#include <string>

namespace eventsync::json {

namespace {

// The same as depth(), and the number of visited values.
int depthCounted(const Value &value, std::uint64_t &seen)
{
    int inside = 0;
    ++seen;
    if (const Array *array = value.if_array()) {
        for (const Value &element : *array)
            inside = std::max(inside, depthCounted(element, seen));
    } else if (const Object *object = value.if_object()) {
        for (const auto &member : *object)
            inside = std::max(inside, depthCounted(member.value(), seen));
    } else {
        return 0;
    }
    return inside + 1;
}

} // namespace

std::ptrdiff_t PatchCosts::sizeOf(const Value &value) const
{
    return m_isLimited ? static_cast<std::ptrdiff_t>(canonicalSize(value)) : 0;
}

Result<> PatchCosts::charge(std::ptrdiff_t change)
{
    if (m_isLimited && change > 0 && m_size + change > static_cast<std::ptrdiff_t>(m_limits.bytes))
        return failure(ErrorCode::TooLarge, "the document would have " + std::to_string(m_size + change) + " bytes");
    m_size += change;
    return {};
}

Result<> PatchCosts::copy(std::ptrdiff_t bytes)
{
    m_copied += static_cast<std::uint64_t>(bytes);
    if (m_isLimited && m_copied > m_limits.bytes)
        return failure(ErrorCode::TooLarge, "the patch copies too much");
    return {};
}

Result<> PatchCosts::work(std::uint64_t amount)
{
    m_work += amount;
    if (m_isLimited && m_work > limits::kPatchWork)
        return failure(ErrorCode::TooLarge, "the patch asks for too much work");
    return {};
}

Result<> PatchCosts::depth(const Pointer &path, const Value &value)
{
    if (!m_isLimited)
        return {};
    std::uint64_t seen = 0;
    if (depthCounted(value, seen) + static_cast<int>(path.tokens().size()) > m_limits.depth)
        return failure(ErrorCode::TooDeep, "nested too deep");
    return work(seen);
}

} // namespace eventsync::json
