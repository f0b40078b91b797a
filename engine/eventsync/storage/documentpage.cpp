// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/documentpage.h>

#include <eventsync/base/bytes.h>
#include <eventsync/base/limits.h>

#include <algorithm>

namespace eventsync::storage {

DocumentPage::DocumentPage(const FindOptions &options) : m_options(options)
{
    m_options.limit = std::clamp<std::size_t>(m_options.limit, 1, limits::kPageItems);
}

Result<DocumentPage> DocumentPage::begin(const FindOptions &options)
{
    DocumentPage page(options);
    if (options.pageToken.empty())
        return page;
    const auto refuse = [] { return failure(ErrorCode::InvalidValue, "not a page token of this list"); };
    const auto text = fromBase64Url(options.pageToken);
    const auto token = text ? json::parse(*text) : Result<json::Value>(failure(text.error()));
    if (!token || !token->is_array() || token->get_array().size() != 2)
        return refuse();
    const json::Array &parts = token->get_array();
    if (!parts[0].is_string() || !parts[1].is_array() || parts[1].get_array().size() != options.sort.size())
        return refuse();
    page.m_afterId = std::string(parts[0].get_string());
    page.m_afterKeys = parts[1].get_array();
    return page;
}

std::optional<std::string> DocumentPage::startId() const
{
    return m_options.sort.empty() ? m_afterId : std::nullopt;
}

int DocumentPage::compare(const json::Array &keysA, const std::string &idA, const json::Array &keysB,
                          const std::string &idB) const
{
    for (std::size_t i = 0; i < m_options.sort.size(); ++i) {
        if (const int order = json::compareValues(keysA[i], keysB[i]); order != 0)
            return m_options.sort[i].descending ? -order : order;
    }
    return idA.compare(idB);
}

bool DocumentPage::before(const Candidate &a, const Candidate &b) const
{
    return compare(a.keys, a.document.id.text(), b.keys, b.document.id.text()) < 0;
}

void DocumentPage::cut(std::size_t size)
{
    if (m_candidates.size() <= size)
        return;
    std::nth_element(m_candidates.begin(), m_candidates.begin() + static_cast<std::ptrdiff_t>(size), m_candidates.end(),
                     [this](const Candidate &a, const Candidate &b) { return before(a, b); });
    m_candidates.erase(m_candidates.begin() + static_cast<std::ptrdiff_t>(size), m_candidates.end());
}

bool DocumentPage::add(StoredDocument document)
{
    if (!m_options.filter.matches(document.value))
        return true;
    json::Array keys;
    for (const json::SortKey &key : m_options.sort) {
        const json::Value *value = json::find(std::as_const(document.value), key.path);
        keys.push_back(value ? json::Value(json::Array{*value}) : json::Value(json::Array()));
    }
    if (m_afterId && compare(keys, document.id.text(), m_afterKeys, *m_afterId) <= 0)
        return true;
    m_candidates.push_back({std::move(keys), std::move(document)});
    const std::size_t wanted = m_options.limit + 1;
    if (m_options.sort.empty())
        return m_candidates.size() < wanted;
    if (m_candidates.size() >= 2 * wanted)
        cut(wanted);
    return true;
}

FindPage DocumentPage::finish()
{
    std::sort(m_candidates.begin(), m_candidates.end(),
              [this](const Candidate &a, const Candidate &b) { return before(a, b); });
    FindPage page;
    if (m_candidates.size() > m_options.limit) {
        const Candidate &last = m_candidates[m_options.limit - 1];
        json::Array token;
        token.push_back(json::Value(last.document.id.text()));
        token.push_back(json::Value(last.keys));
        page.nextPageToken = toBase64Url(json::canonical(json::Value(std::move(token))));
        m_candidates.resize(m_options.limit);
    }
    for (Candidate &candidate : m_candidates) {
        if (!m_options.fields.empty())
            candidate.document.value = json::project(candidate.document.value, m_options.fields);
        page.documents.push_back(std::move(candidate.document));
    }
    return page;
}

} // namespace eventsync::storage
