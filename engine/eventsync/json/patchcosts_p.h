// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

#include <cstddef>
#include <cstdint>

namespace eventsync::json {

// What applying one patch costs: bytes of the document, bytes copied, values and array elements passed by. Everything is
// charged before it is done, so after a refusal nothing has happened. Unlimited costs are for what was checked before:
// taking back and redoing. Owner only.
class PatchCosts
{
public:
    enum class Mode { Limited, Unlimited };

    PatchCosts(const ApplyLimits &limits, Mode mode) : m_limits(limits), m_isLimited(mode == Mode::Limited) {}

    bool isLimited() const { return m_isLimited; }
    // The document's canonical size.
    std::ptrdiff_t size() const { return m_size; }
    void setSize(std::ptrdiff_t size) { m_size = size; }
    // A value's canonical size; 0 where nobody counts.
    std::ptrdiff_t sizeOf(const Value &value) const;

    Result<> charge(std::ptrdiff_t change); // the document grows by so many bytes, or shrinks: TooLarge
    void give(std::ptrdiff_t change) { m_size += change; } // the same where it cannot fail: shrinking, and taking back
    Result<> copy(std::ptrdiff_t bytes);    // TooLarge
    Result<> work(std::uint64_t amount);    // TooLarge: limits::kPatchWork
    Result<> depth(const Pointer &path, const Value &value); // of the value where the path puts it: TooDeep

private:
    const ApplyLimits &m_limits;
    const bool m_isLimited;
    std::ptrdiff_t m_size = 0;
    std::uint64_t m_work = 0, m_copied = 0;
};

} // namespace eventsync::json
