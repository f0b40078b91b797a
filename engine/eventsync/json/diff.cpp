// SPDX-License-Identifier: Apache-2.0
//
// The difference of two values as a patch.
//
// Objects: member by member, which is minimal. Arrays: equal ends are cut off; in the middle a longest common subsequence
// (dynamic programming over element numbers, equal elements having equal numbers) tells what stayed. Between elements that
// stayed, removed and added ones are paired in order and diffed inside, so that an edit within an element stays an edit
// within it and does not write the whole array. Where that table would cost more than `arrayCost`, elements are compared
// place by place instead.
#include <eventsync/json/diff.h>

#include <eventsync/base/timestamp.h>
#include <eventsync/json/numbers.h>

#include <algorithm>
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
        return Patch(std::move(m_operations));
    }

private:
    // The path to where we are; made into a Pointer only when something differs.
    struct Step
    {
        std::string_view key;
        std::size_t index = 0;
        bool isIndex = false;
    };
    using Slice = std::pair<std::size_t, std::size_t>; // [first, second)

    Pointer path() const
    {
        std::vector<std::string> tokens;
        tokens.reserve(m_steps.size());
        for (const Step &step : m_steps)
            tokens.push_back(step.isIndex ? std::to_string(step.index) : std::string(step.key));
        return Pointer(std::move(tokens));
    }
    PathRule rule(const Pointer &at) const { return m_options.rule ? m_options.rule(at) : PathRule::Plain; }
    void emit(Kind kind, const Value *value = nullptr)
    {
        Pointer at = path();
        if (rule(at) == PathRule::Engine)
            return;
        m_operations.push_back({.kind = kind, .path = std::move(at), .value = value ? *value : Value()});
    }

    void values(const Value &before, const Value &after)
    {
        const std::size_t start = m_operations.size();
        if (before.is_object() && after.is_object())
            objects(before.get_object(), after.get_object());
        else if (before.is_array() && after.is_array())
            arrays(before.get_array(), after.get_array());
        else if (!equal(before, after))
            return changed(before, after);
        // Something below differs: the path of this container is asked about as well.
        if (m_operations.size() > start && m_options.rule && rule(path()) == PathRule::Engine)
            m_operations.resize(start);
    }

    void changed(const Value &before, const Value &after)
    {
        Pointer at = path();
        PatchOperation operation{.kind = Kind::Replace, .path = at, .value = after};
        switch (rule(at)) {
        case PathRule::Engine:
            return;
        case PathRule::Counter:
            if (before.is_int64() && after.is_int64()) {
                const std::int64_t by = after.get_int64() - before.get_int64();
                if (isDomainInteger(by)) {
                    operation.kind = Kind::Inc;
                    operation.value = by;
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
        m_operations.push_back(std::move(operation));
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
            m_steps.back().key = member.key();
            if (const Value *now = after.if_contains(member.key()))
                values(member.value(), *now);
            else
                emit(Kind::Remove);
        }
        for (const auto &member : after) {
            m_steps.back().key = member.key();
            if (!before.contains(member.key()))
                emit(Kind::Add, &member.value());
        }
        m_steps.pop_back();
    }

    void arrays(const Array &before, const Array &after)
    {
        std::size_t head = 0;
        while (head < before.size() && head < after.size() && equal(before[head], after[head]))
            ++head;
        std::size_t tail = 0;
        while (head + tail < before.size() && head + tail < after.size()
               && equal(before[before.size() - 1 - tail], after[after.size() - 1 - tail]))
            ++tail;
        const Slice was{head, before.size() - tail};
        const Slice is{head, after.size() - tail};
        const std::size_t n = was.second - was.first;
        const std::size_t m = is.second - is.first;
        m_steps.push_back({.isIndex = true});
        if (n == 0 || m == 0 || n > m_options.arrayCost / m)
            gap(before, was, after, is);
        else
            common(before, was, after, is);
        m_steps.pop_back();
    }

    // What stands between elements that stayed. `is.first` is also the position reached in the patched array.
    void gap(const Array &before, Slice was, const Array &after, Slice is)
    {
        for (; was.first < was.second && is.first < is.second; ++was.first, ++is.first) {
            m_steps.back().index = is.first;
            values(before[was.first], after[is.first]);
        }
        m_steps.back().index = is.first;
        for (; was.first < was.second; ++was.first)
            emit(Kind::Remove);
        for (; is.first < is.second; ++is.first) {
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
        while (i < a.size() && j < b.size()) {
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
    std::vector<PatchOperation> m_operations;
};

} // namespace

Patch diff(const Value &before, const Value &after, const DiffOptions &options)
{
    return Differ(options).run(before, after);
}

} // namespace eventsync::json
