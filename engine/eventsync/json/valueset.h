// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/json/value.h>

#include <string>
#include <vector>

namespace eventsync::json {

/// The values of a list as sorted canonical forms, for searching. Immutable; any thread.
class ValueSet
{
public:
    ValueSet() = default;
    ValueSet(const Array &values, Budget &budget); ///< has no meaning once the budget is exhausted

    bool contains(const Value &value, Budget &budget) const; ///< false once the budget is exhausted
    bool hasDuplicates() const;

private:
    std::vector<std::string> m_forms;
};

} // namespace eventsync::json
