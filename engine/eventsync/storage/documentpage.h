// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/storage/storage.h>

#include <optional>
#include <string>
#include <vector>

namespace eventsync::storage {

/// Gathers one page of a sorted list from documents in any order. Keeps the first ones behind the page token, never more than
/// `limit` of them nor more than `bytes`, except for a single document; a shortened page has a token like any other. A page
/// token is the sort values (json::sortValue) and the id of the last document of the page before, so that documents that do not
/// move are neither repeated nor skipped if the list changes meanwhile. Owner only.
class DocumentPage
{
public:
    static Result<DocumentPage> begin(const FindOptions &options); ///< InvalidValue: not a page token; TooLarge: too many sort keys

    /// If the page is ordered by id alone: the id after which the scan may begin.
    std::optional<std::string> startId() const;
    /// Returns false if no further document (in the order of ids) can belong to the page, or if the budget is exhausted.
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
        StoredDocument document; // reduced to the requested fields
        std::size_t bytes = 0;
    };
    explicit DocumentPage(const FindOptions &options);
    bool before(const Place &a, const Place &b) const;
    bool isFull() const;
    void dropLast();

    FindOptions m_options;
    std::optional<Place> m_after; // the page begins after it
    std::optional<Place> m_end;   // and ends before it: the first document that did not fit
    std::vector<Candidate> m_candidates; // a heap, the last one in front
    std::size_t m_bytes = 0;
};

} // namespace eventsync::storage
