// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>

#include <memory>
#include <string>

namespace eventsync::client {

/// Decides what becomes of an edit that overlaps what others did meanwhile (docs/merging.md, Resolvers). The decision is
/// pushed as a new event with its record in the metadata, so every conflict is in the log. Implementations are pure
/// functions of the view; Ask leaves the conflict to a person. One per collection, see SyncClient::setResolver.
class ConflictResolver
{
public:
    virtual ~ConflictResolver() = default;
    virtual std::string name() const = 0;
    virtual Resolution resolve(const ConflictView &view) const = 0;
};

using ResolverPtr = std::shared_ptr<const ConflictResolver>;

ResolverPtr askResolver();            ///< always a person
ResolverPtr oursResolver();           ///< our values at the paths we wrote
ResolverPtr theirsResolver();         ///< our edit is given up, on the record
/// By the order in which edits reach the server, its clock being the only one that all agree on: the edit that arrives last,
/// which is the one in conflict, wins.
ResolverPtr lastWriterWinsResolver();
/// Member by member, three ways: what only one side changed is taken from it. Where both changed one value differently (or
/// the base is not known any more) `otherwise` decides about the whole.
ResolverPtr fieldMergeResolver(ResolverPtr otherwise = askResolver());

/// The three-way merge itself; none if both sides changed one value differently. Arrays are values, not merged inside.
std::optional<json::State> mergeFields(const json::State &base, const json::State &ours, const json::State &theirs);

} // namespace eventsync::client
