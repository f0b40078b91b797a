// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

#include <cstddef>
#include <vector>

namespace eventsync::json {

// The inverses of the steps that a patch has executed so far, and the paths that they wrote. Owner only.
class UndoJournal
{
public:
    enum class Outcome {
        Unchanged,
        Changed,
        Unclear // steps wrote the same places: the last may have undone the first; the values at written() must be compared
    };

    void reserve(std::size_t steps) { m_undo.reserve(steps); }
    // In the order of the steps that they undo.
    void add(PatchOperation undo) { m_undo.push_back(std::move(undo)); }
    // A step changed something at `path`. `structural`: an element was added, removed or moved, which writes the whole array.
    void touched(const Pointer &path, bool structural);

    // The inverse of all steps so far; the journal is empty of steps then.
    Patch takeInverse();
    void setInverse(const Patch &inverse);

    // Of all steps together, which changed the canonical size by so many bytes.
    Outcome outcome(std::ptrdiff_t sizeChange);
    const std::vector<Pointer> &written(); // the outermost paths: none lies below another

private:
    bool keepOutermost(); // of the paths; false if it found some below others

    std::vector<PatchOperation> m_undo;
    std::vector<Pointer> m_touched;
    bool m_shifted = false;      // a step wrote a whole array
    std::size_t m_effective = 0; // steps that changed something when they ran
};

} // namespace eventsync::json
