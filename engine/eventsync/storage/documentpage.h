// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/storage.h>

#include <optional>
#include <string>
#include <vector>

namespace eventsync::storage {

// Gathers one page of a sorted list from documents in any order: keeps the `limit` + 1 first ones behind the page token, never
// more than twice as many. A page token is the sort values and the id of the last document of the page before, so that a
// list which changes meanwhile neither repeats nor skips what did not move. Owner only.
class DocumentPage
{
public:
    static Result<DocumentPage> begin(const FindOptions &options); // InvalidValue: not a page token

    // The id behind which rows count, where the page is ordered by id alone: the scan may begin there.
    std::optional<std::string> startId() const;
    // False: no further document (in the order of ids) can belong to the page.
    bool add(StoredDocument document);
    FindPage finish();

private:
    struct Candidate
    {
        json::Array keys; // for each sort key [] (missing) or [value]
        StoredDocument document;
    };
    explicit DocumentPage(const FindOptions &options);
    int compare(const json::Array &keysA, const std::string &idA, const json::Array &keysB, const std::string &idB) const;
    bool before(const Candidate &a, const Candidate &b) const;
    void cut(std::size_t size);

    FindOptions m_options;
    std::optional<std::string> m_afterId;
    json::Array m_afterKeys;
    std::vector<Candidate> m_candidates;
};

} // namespace eventsync::storage
