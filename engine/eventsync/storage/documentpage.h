// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/storage/storage.h>

#include <optional>
#include <string>
#include <vector>

namespace eventsync::storage {

/// Gathers one page of a sorted list from documents in any order. Keeps the first ones behind the page token, never more than
/// `limit` of them nor more than `bytes`, except for a single document; a page that is cut short says so by its token, as any
/// other. A page token is the sort values (json::sortValue) and the id of the last document of the page before, so that a list
/// which changes meanwhile neither repeats nor skips what did not move. Owner only.
class DocumentPage
{
public:
    static Result<DocumentPage> begin(const FindOptions &options); ///< InvalidValue: not a page token; TooLarge: too many sort keys

    /// The id behind which rows count, where the page is ordered by id alone: the scan may begin there.
    std::optional<std::string> startId() const;
    /// False: no further document (in the order of ids) can belong to the page, or the budget is exhausted.
    bool add(StoredDocument document, Budget &budget);
    FindPage finish();

private:
    struct Place
    {
        json::Array keys; // for each sort key [] (missing) or [value]
        std::string id;
    };
    struct Candidate
    {
        Place place;
        StoredDocument document; // reduced to the fields asked for
        std::size_t bytes = 0;
    };
    explicit DocumentPage(const FindOptions &options);
    bool before(const Place &a, const Place &b) const;
    bool isFull() const;
    void dropLast();

    FindOptions m_options;
    std::optional<Place> m_after; // the page begins behind it
    std::optional<Place> m_end;   // and ends before it: the first one that found no room
    std::vector<Candidate> m_candidates; // a heap, the last one in front
    std::size_t m_bytes = 0;
};

} // namespace eventsync::storage
