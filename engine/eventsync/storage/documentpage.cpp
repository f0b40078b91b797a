// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/documentpage.h>

#include <eventsync/base/bytes.h>
#include <eventsync/storage/limits.h>

#include <algorithm>

namespace eventsync::storage {

DocumentPage::DocumentPage(const FindOptions &options) : m_options(options)
{
    m_options.limit = std::clamp<std::size_t>(m_options.limit, 1, limits::kPageItems);
}

Result<DocumentPage> DocumentPage::begin(const FindOptions &options)
{
    if (options.sort.size() > limits::kSortKeys)
        return failure(ErrorCode::TooLarge, "a list is sorted by at most " + std::to_string(limits::kSortKeys) + " paths", "/sort");
    DocumentPage page(options);
    if (options.pageToken.empty())
        return page;
    const auto refuse = [] { return failure(ErrorCode::InvalidValue, "not a page token of this list", "/pageToken"); };
    const auto text = fromBase64Url(options.pageToken);
    const auto token = text ? json::parse(*text) : Result<json::Value>(failure(text.error()));
    if (!token || !token->is_array() || token->get_array().size() != 2)
        return refuse();
    const json::Array &parts = token->get_array();
    if (!parts[0].is_string() || !parts[1].is_array() || parts[1].get_array().size() != options.sort.size())
        return refuse();
    page.m_after = Place{parts[1].get_array(), std::string(parts[0].get_string())};
    return page;
}

std::optional<std::string> DocumentPage::startId() const
{
    return m_options.sort.empty() && m_after ? std::optional(m_after->id) : std::nullopt;
}

bool DocumentPage::before(const Place &a, const Place &b) const
{
    for (std::size_t i = 0; i < m_options.sort.size(); ++i) {
        if (const int order = json::compareValues(a.keys[i], b.keys[i]); order != 0)
            return m_options.sort[i].descending ? order > 0 : order < 0;
    }
    return a.id < b.id;
}

bool DocumentPage::isFull() const
{
    return m_candidates.size() > m_options.limit || (m_bytes > m_options.bytes && m_candidates.size() > 1);
}

void DocumentPage::dropLast()
{
    std::pop_heap(m_candidates.begin(), m_candidates.end(),
                  [this](const Candidate &a, const Candidate &b) { return before(a.place, b.place); });
    m_bytes -= m_candidates.back().bytes;
    m_end = std::move(m_candidates.back().place);
    m_candidates.pop_back();
}

bool DocumentPage::add(StoredDocument document, Budget &budget)
{
    if (!m_options.filter.matches(document.value, budget))
        return !budget.isExhausted();
    Place place{{}, document.id.text()};
    for (const json::SortKey &key : m_options.sort) {
        const json::Value *value = json::find(std::as_const(document.value), key.path);
        place.keys.push_back(value ? json::Value(json::Array{json::sortValue(*value, budget)}) : json::Value(json::Array()));
    }
    if (m_after && !before(*m_after, place))
        return true;
    if (!m_end || before(place, *m_end)) {
        if (!m_options.fields.empty())
            document.value = json::project(document.value, m_options.fields, budget);
        const std::size_t bytes = json::canonicalSize(document.value) + place.id.size();
        m_candidates.push_back({std::move(place), std::move(document), bytes});
        m_bytes += bytes;
        std::push_heap(m_candidates.begin(), m_candidates.end(),
                       [this](const Candidate &a, const Candidate &b) { return before(a.place, b.place); });
        while (isFull())
            dropLast();
    }
    return !budget.isExhausted() && (!m_end || !m_options.sort.empty());
}

FindPage DocumentPage::finish()
{
    std::sort_heap(m_candidates.begin(), m_candidates.end(),
                   [this](const Candidate &a, const Candidate &b) { return before(a.place, b.place); });
    FindPage page;
    if (m_end) {
        const Place &last = m_candidates.back().place;
        const json::Array token{json::Value(last.id), json::Value(last.keys)};
        page.nextPageToken = toBase64Url(json::canonical(token));
    }
    for (Candidate &candidate : m_candidates)
        page.documents.push_back(std::move(candidate.document));
    return page;
}

} // namespace eventsync::storage
