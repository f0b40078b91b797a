// SPDX-License-Identifier: Apache-2.0
//
// The difference of two values as a patch.
//
// Objects: member by member, which is minimal. Arrays: equal ends are cut off; in the middle a longest common subsequence
// (dynamic programming over element numbers, equal elements having equal numbers) finds the elements that stayed. Between them,
// removed and added elements are paired in order and compared recursively, so that an edit within an element does not write the
// whole array. If the table would cost more than `arrayCost`, elements are compared place by place instead.
//
// The search for equal ends, the numbering of elements and the table visit an element once for each array around it, and values
// can have many nested arrays. So this work is charged to a budget for the whole diff. Once that is exhausted, all further
// arrays are compared place by place. That comparison, and all other work here, visits each value once.
//
// The cost of the operations is counted while they are made. As soon as those of one container cost more than the container
// itself they are dropped for one `replace` of it, and the rest of it is not compared any more.
#include <eventsync/json/diff.h>

#include <eventsync/base/timestamp.h>
#include <eventsync/json/compare.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

namespace eventsync::json {

namespace {

using Kind = OperationKind;

class Differ
{
public:
    explicit Differ(const DiffOptions &options) : m_options(options) {}

    Patch run(const Value &before, const Value &after)
    {
        values(before, after);
        std::vector<PatchOperation> operations;
        operations.reserve(m_operations.size());
        for (Operation &operation : m_operations)
            operations.push_back({.kind = operation.kind, .path = std::move(operation.path), .value = operation.value()});
        return Patch(std::move(operations));
    }

private:
    // The path to where we are; made into a Pointer only when something differs.
    struct Step
    {
        std::string_view key;
        std::size_t index = 0;
        std::size_t length = 0; // of the array
        bool isIndex = false;
    };
    // The value is copied at the end only, because operations may be replaced by one for a container around them.
    struct Operation
    {
        Kind kind;
        Pointer path;
        const Value *from = nullptr; // in `after`; nullptr where it is a number of its own, or has none
        std::optional<std::int64_t> number = {};

        Value value() const { return from ? *from : number ? Value(*number) : Value(); }
    };
    using Slice = std::pair<std::size_t, std::size_t>; // [first, second)
    struct OperationCost
    {
        std::size_t bytes = 0;   // of the operations
        std::uint64_t work = 0;  // array elements that they shift
        std::size_t ignored = 0; // differences at Engine paths
    };
    struct Container // that is being compared
    {
        const Value &after;
        std::size_t depth, firstOperation;
        OperationCost before;
        std::optional<std::size_t> whole = {}; // the cost of replacing it, once computed
        bool isRuled = false;
    };

    Pointer path() const { return path(m_steps.size()); }
    Pointer path(std::size_t depth) const
    {
        std::vector<std::string> tokens;
        tokens.reserve(depth);
        for (std::size_t i = 0; i < depth; ++i)
            tokens.push_back(m_steps[i].isIndex ? std::to_string(m_steps[i].index) : std::string(m_steps[i].key));
        return Pointer(std::move(tokens));
    }
    PathRule rule(const Pointer &at) const { return m_options.rule ? m_options.rule(at) : PathRule::Plain; }

    // As canonicalSize(), but each container is measured once.
    std::size_t sizeOf(const Value &value)
    {
        if (!value.is_structured())
            return canonicalSize(value);
        if (const auto known = m_sizes.find(&value); known != m_sizes.end())
            return known->second;
        std::size_t size = 1; // the brackets; each element brings a comma but the first
        if (const Array *array = value.if_array()) {
            for (const Value &element : *array)
                size += 1 + sizeOf(element);
            size += array->empty() ? 1 : 0;
        } else {
            for (const auto &member : value.get_object())
                size += 2 + canonicalStringSize(member.key()) + sizeOf(member.value());
            size += value.get_object().empty() ? 1 : 0;
        }
        m_sizes.emplace(&value, size);
        return size;
    }
    std::size_t replaceBytes(const Pointer &at, std::size_t valueBytes) const
    {
        std::size_t bytes = 36; // {"op":"replace","path":"","value":},
        for (const std::string &token : at.tokens())
            bytes += 1 + token.size();
        return bytes + valueBytes;
    }
    void emit(Operation operation)
    {
        m_spent.bytes += replaceBytes(operation.path, operation.from ? sizeOf(*operation.from) : canonicalSize(operation.value()));
        const bool shifts = operation.kind == Kind::Add || operation.kind == Kind::Remove;
        if (shifts && !m_steps.empty() && m_steps.back().isIndex)
            m_spent.work += m_steps.back().length - std::min(m_steps.back().length, m_steps.back().index);
        m_operations.push_back(std::move(operation));
    }
    void emit(Kind kind, const Value *value = nullptr)
    {
        Pointer at = path();
        if (rule(at) == PathRule::Engine)
            ++m_spent.ignored;
        else
            emit({.kind = kind, .path = std::move(at), .from = value});
    }

    // Work is weighted by the ratio of its limit to that of an event's bytes.
    bool costsMoreThanWhole(Container &container)
    {
        constexpr std::uint64_t kWorkPerByte = limits::kPatchWork / limits::kEventBytes;
        const std::uint64_t cost =
            m_spent.bytes - container.before.bytes + (m_spent.work - container.before.work) / kWorkPerByte;
        if (cost <= m_options.fineBytes)
            return false;
        if (!container.whole) {
            const Pointer at = path(container.depth);
            container.whole = replaceBytes(at, sizeOf(container.after));
            container.isRuled = m_options.rule && (!m_options.ruledBelow || m_options.ruledBelow(at));
        }
        return cost > *container.whole && (!container.isRuled || cost > limits::kEventBytes / 2);
    }
    // Of the innermost container. If there are rules, all of it is compared, because an Engine path may follow.
    bool isGivenUp()
    {
        Container &container = m_containers.back();
        return costsMoreThanWhole(container) && !container.isRuled;
    }
    void takeBack(const Container &container)
    {
        m_operations.erase(m_operations.begin() + static_cast<std::ptrdiff_t>(container.firstOperation), m_operations.end());
        m_spent.bytes = container.before.bytes;
        m_spent.work = container.before.work;
    }

    void values(const Value &before, const Value &after)
    {
        const bool areObjects = before.is_object() && after.is_object();
        if (!areObjects && !(before.is_array() && after.is_array())) {
            if (!equal(before, after))
                changed(before, after);
            return;
        }
        m_containers.push_back({.after = after, .depth = m_steps.size(), .firstOperation = m_operations.size(), .before = m_spent});
        if (areObjects)
            objects(before.get_object(), after.get_object());
        else
            arrays(before.get_array(), after.get_array());
        Container container = m_containers.back();
        m_containers.pop_back();
        if (m_operations.size() == container.firstOperation)
            return;
        // Something below differs: the rule of this container's path is needed as well.
        if (m_options.rule && rule(path()) == PathRule::Engine) {
            takeBack(container);
            ++m_spent.ignored;
        } else if (costsMoreThanWhole(container) && m_spent.ignored == container.before.ignored) {
            takeBack(container);
            emit({.kind = Kind::Replace, .path = path(), .from = &after});
        }
    }

    void changed(const Value &before, const Value &after)
    {
        Pointer at = path();
        const PathRule ruled = rule(at);
        Operation operation{.kind = Kind::Replace, .path = std::move(at), .from = &after};
        switch (ruled) {
        case PathRule::Engine:
            ++m_spent.ignored;
            return;
        case PathRule::Counter:
            if (before.is_int64() && after.is_int64()) {
                const std::int64_t by = after.get_int64() - before.get_int64();
                if (isDomainInteger(by)) {
                    operation.kind = Kind::Inc;
                    operation.from = nullptr;
                    operation.number = by;
                }
            }
            break;
        case PathRule::Latest:
            if (hasGrown(before, after))
                operation.kind = Kind::Max;
            break;
        case PathRule::Plain:
            break;
        }
        emit(std::move(operation));
    }

    static bool hasGrown(const Value &before, const Value &after)
    {
        if (before.is_int64() && after.is_int64())
            return after.get_int64() > before.get_int64();
        return before.is_string() && after.is_string() && isTimestampText(std::string_view(before.get_string()))
            && isTimestampText(std::string_view(after.get_string())) && after.get_string() > before.get_string();
    }

    void objects(const Object &before, const Object &after)
    {
        m_steps.push_back({});
        for (const auto &member : before) {
            if (isGivenUp())
                break;
            m_steps.back().key = member.key();
            if (const Value *now = after.if_contains(member.key()))
                values(member.value(), *now);
            else
                emit(Kind::Remove);
        }
        for (const auto &member : after) {
            if (isGivenUp())
                break;
            m_steps.back().key = member.key();
            if (!before.contains(member.key()))
                emit(Kind::Add, &member.value());
        }
        m_steps.pop_back();
    }

    void arrays(const Array &before, const Array &after)
    {
        const auto same = [this](const Value &a, const Value &b) { return equal(a, b, m_budget); };
        std::size_t head = 0;
        while (head < before.size() && head < after.size() && same(before[head], after[head]))
            ++head;
        std::size_t tail = 0;
        while (head + tail < before.size() && head + tail < after.size()
               && same(before[before.size() - 1 - tail], after[after.size() - 1 - tail]))
            ++tail;
        const Slice was{head, before.size() - tail};
        const Slice is{head, after.size() - tail};
        const std::size_t n = was.second - was.first;
        const std::size_t m = is.second - is.first;
        m_steps.push_back({.length = std::max(before.size(), after.size()), .isIndex = true});
        if (n == 0 || m == 0 || !hasRoomForTable(before, was, after, is))
            gap(before, was, after, is);
        else
            common(before, was, after, is);
        m_steps.pop_back();
    }

    // Charges the table and the numbering. A cell of the table is less work than a step.
    bool hasRoomForTable(const Array &before, Slice was, const Array &after, Slice is)
    {
        constexpr std::size_t kCellsPerStep = 16;
        const std::size_t n = was.second - was.first, m = is.second - is.first;
        if (n > m_options.arrayCost / m || !m_budget.charge(n * m / kCellsPerStep))
            return false;
        const auto isCharged = [this](const Value &element) { return chargeWhole(element, m_budget); };
        return std::all_of(before.begin() + was.first, before.begin() + was.second, isCharged)
            && std::all_of(after.begin() + is.first, after.begin() + is.second, isCharged);
    }

    // The elements between two that stayed. `is.first` is also the position reached in the patched array.
    void gap(const Array &before, Slice was, const Array &after, Slice is)
    {
        for (; was.first < was.second && is.first < is.second && !isGivenUp(); ++was.first, ++is.first) {
            m_steps.back().index = is.first;
            values(before[was.first], after[is.first]);
        }
        m_steps.back().index = is.first;
        for (; was.first < was.second && !isGivenUp(); ++was.first)
            emit(Kind::Remove);
        for (; is.first < is.second && !isGivenUp(); ++is.first) {
            m_steps.back().index = is.first;
            emit(Kind::Add, &after[is.first]);
        }
    }

    void common(const Array &before, Slice was, const Array &after, Slice is)
    {
        std::unordered_map<std::string, std::uint32_t> known;
        auto numbers = [&](const Array &array, Slice slice) {
            std::vector<std::uint32_t> result;
            for (std::size_t i = slice.first; i < slice.second; ++i)
                result.push_back(known.emplace(canonical(array[i]), static_cast<std::uint32_t>(known.size())).first->second);
            return result;
        };
        const auto a = numbers(before, was);
        const auto b = numbers(after, is);
        // length[i][j]: of the longest common subsequence of a from i and b from j.
        const std::size_t width = b.size() + 1;
        std::vector<std::uint32_t> length((a.size() + 1) * width);
        for (std::size_t i = a.size(); i-- > 0;)
            for (std::size_t j = b.size(); j-- > 0;)
                length[i * width + j] = a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                                                     : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
        Slice gone{was.first, was.first};
        Slice come{is.first, is.first};
        std::size_t i = 0, j = 0;
        while (i < a.size() && j < b.size() && !isGivenUp()) {
            if (a[i] == b[j]) {
                gap(before, {gone.first, was.first + i}, after, {come.first, is.first + j});
                ++i, ++j;
                gone.first = was.first + i;
                come.first = is.first + j;
            } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
                ++i;
            } else {
                ++j;
            }
        }
        gap(before, {gone.first, was.second}, after, {come.first, is.second});
    }

    const DiffOptions &m_options;
    std::vector<Step> m_steps;
    std::vector<Container> m_containers;
    OperationCost m_spent;
    std::vector<Operation> m_operations;
    std::unordered_map<const Value *, std::size_t> m_sizes; // of containers in `after`
    Budget m_budget{limits::kDiffSteps};
};

} // namespace

Patch diff(const Value &before, const Value &after, const DiffOptions &options)
{
    return Differ(options).run(before, after);
}

} // namespace eventsync::json
