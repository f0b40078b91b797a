// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/compare.h>
#include <eventsync/json/pointer.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::json {

/// {all|any|not: [...]} over {path, op: eq|ne|lt|le|gt|ge|in|exists|prefix, value}; `not` holds when none of its list does;
/// `in` takes an array, `exists` a boolean, `prefix` a text; no other member is allowed. This evaluator defines the meaning;
/// backends may only pre-filter. `lt`, `le`, `gt` and `ge` are false between values of two kinds (the kinds: null, boolean,
/// number, text, list, object). A comparison with a path that is not there is false (`ne` is true, `exists: false` is true).
/// Immutable; any thread.
class Filter
{
public:
    Filter(); ///< matches everything
    ~Filter();
    Filter(const Filter &);
    Filter &operator=(const Filter &);

    /// InvalidValue, TooDeep, with path; TooLarge: more conditions than limits::kFilterSteps permit.
    static Result<Filter> fromJson(const Value &value);
    Value toJson() const;
    bool matches(const Value &state) const;
    bool matches(const Value &state, Budget &budget) const; ///< false once the budget is exhausted
    bool matchesAll() const; ///< has no condition

private:
    struct Node;
    std::shared_ptr<const Node> m_root;
};

/// One key of a sort order: the value at a path.
struct SortKey
{
    Pointer path;
    bool descending = false;
    bool operator==(const SortKey &) const = default;
};

/// "-/gold,/name"; a missing value sorts before every other. A comma ends a path only before the next "/" or "-/".
Result<std::vector<SortKey>> sortKeysFrom(std::string_view text);
/// The value by which a list is sorted: the first limits::kSortCharacters characters of a text, and as many in all of a list or
/// object, so that a page token stays short. Values that agree in them count as equal.
Value sortValue(const Value &value);
Value sortValue(const Value &value, Budget &budget); ///< incomplete once the budget is exhausted

/// "/name,/gold" and the value reduced to those paths (containers on the way are kept, empty paths are not made; of an array
/// the elements named, in its order).
Result<std::vector<Pointer>> fieldsFrom(std::string_view text);
Value project(const Value &state, const std::vector<Pointer> &fields);
Value project(const Value &state, const std::vector<Pointer> &fields, Budget &budget); ///< incomplete once it is exhausted

} // namespace eventsync::json
