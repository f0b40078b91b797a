// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/backend.h>

#include <iterator>

namespace eventsync::storage {

Batch::Batch() = default;
Batch::Batch(const Batch &other) = default;
Batch::Batch(Batch &&other) noexcept = default;
Batch &Batch::operator=(const Batch &other) = default;
Batch &Batch::operator=(Batch &&other) noexcept = default;
Batch::~Batch() = default;

Batch &Batch::put(std::string set, Row row)
{
    return add(Put{std::move(set), std::move(row)});
}

Batch &Batch::insert(std::string set, Row row)
{
    return add(Insert{std::move(set), std::move(row)});
}

Batch &Batch::erase(std::string set, Key key)
{
    return add(Erase{std::move(set), std::move(key)});
}

Batch &Batch::require(std::string set, Key key, std::size_t column, Cell expected)
{
    return add(Require{std::move(set), std::move(key), column, std::move(expected)});
}

Batch &Batch::add(Step step)
{
    m_steps.push_back(std::move(step));
    return *this;
}

Batch &Batch::append(Batch other)
{
    m_steps.insert(m_steps.end(), std::make_move_iterator(other.m_steps.begin()), std::make_move_iterator(other.m_steps.end()));
    return *this;
}

} // namespace eventsync::storage
