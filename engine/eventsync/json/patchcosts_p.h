// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

#include <cstddef>
#include <cstdint>

namespace eventsync::json {

// The cost of applying one patch: bytes of the document, bytes copied, values and array elements visited. Everything is charged
// before it is done, so a refusal changes nothing. Unlimited costs are for undoing and redoing operations that were checked
// before. Owner only.
class PatchCosts
{
public:
    enum class Mode { Limited, Unlimited };

    PatchCosts(const ApplyLimits &limits, Mode mode) : m_limits(limits), m_isLimited(mode == Mode::Limited) {}

    bool isLimited() const { return m_isLimited; }
    // The document's canonical size.
    std::ptrdiff_t size() const { return m_size; }
    void setSize(std::ptrdiff_t size) { m_size = size; }
    // A value's canonical size; 0 if costs are unlimited.
    std::ptrdiff_t sizeOf(const Value &value) const;

    Result<> charge(std::ptrdiff_t change); // the document grows by so many bytes, or shrinks: TooLarge
    void give(std::ptrdiff_t change) { m_size += change; } // the same for changes that cannot fail: shrinking and undoing
    Result<> copy(std::ptrdiff_t bytes);    // TooLarge
    Result<> work(std::uint64_t amount);    // TooLarge: limits::kPatchWork
    Result<> depth(const Pointer &path, const Value &value); // of the value at its place: TooDeep

private:
    const ApplyLimits &m_limits;
    const bool m_isLimited;
    std::ptrdiff_t m_size = 0;
    std::uint64_t m_work = 0, m_copied = 0;
};

} // namespace eventsync::json
