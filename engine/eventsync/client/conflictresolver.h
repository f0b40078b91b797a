// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>

#include <memory>
#include <string>

namespace eventsync::client {

/// Decides about an edit that overlaps edits of others which its author had not seen (docs/merging.md, Resolvers). The decision
/// is pushed as a new event with its record in the metadata, so every conflict is in the log. Implementations are pure
/// functions of the view; Decision::Ask leaves the conflict to the user. One per collection, see SyncClient::setResolver.
class ConflictResolver
{
public:
    virtual ~ConflictResolver() = default;
    virtual std::string name() const = 0;
    virtual Resolution resolve(const ConflictView &view) const = 0;
};

using ResolverPtr = std::shared_ptr<const ConflictResolver>;

ResolverPtr askResolver();            ///< the user always decides
ResolverPtr oursResolver();           ///< the own values, at the paths that the own edit wrote
ResolverPtr theirsResolver();         ///< the own edit is dropped, and the log records it
/// The edit that reaches the server last, which is the one in conflict, wins. The order of arrival is the only clock that all
/// clients share.
ResolverPtr lastWriterWinsResolver();
/// A three-way merge of members: what only one side changed is taken from that side. If both changed a value differently, or
/// the base is not known any more, `otherwise` decides about the whole document.
ResolverPtr fieldMergeResolver(ResolverPtr otherwise = askResolver());

/// The three-way merge itself; none if both sides changed one value differently. Arrays are compared as a whole.
std::optional<json::State> mergeFields(const json::State &base, const json::State &ours, const json::State &theirs);

} // namespace eventsync::client
