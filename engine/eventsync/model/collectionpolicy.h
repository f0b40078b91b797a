// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/diff.h>
#include <eventsync/model/event.h>
#include <eventsync/model/jsonfields.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventsync {

/// Fields: edits of different places commute. Strict: any unseen event is a conflict.
enum class MergeRule { Fields, Strict };

/// How the documents of one collection merge (docs/merging.md, Policy). Acts when an event is made or merged; folding a log
/// never reads it. Sent to clients in `synced`. A `*` token in a path stands for any one token. Value type.
///   {"merge": "fields", "paths": {"/gold": {"rule": "counter", "min": 0}, "/lastUpdated": {"rule": "latest"},
///    "/version": {"rule": "engine"}}, "schema": {...}, "redaction": false}
class CollectionPolicy
{
public:
    struct Path
    {
        json::Pointer path;
        json::PathRule rule = json::PathRule::Plain;
        std::optional<std::int64_t> min = {}, max = {}; ///< of a counter, checked on the merged result
        bool operator==(const Path &) const = default;
    };

    CollectionPolicy() = default;
    static CollectionPolicy games(); ///< gold, experience, level: counters, gold min 0; lastUpdated latest; version engine

    /// A configuration is read with Refuse, so that typing errors are found; a peer's policy with Ignore, because a newer
    /// server may know more fields and rules.
    static Result<CollectionPolicy> fromJson(const json::Value &value, UnknownFields unknown = UnknownFields::Refuse);
    json::Value toJson() const;

    MergeRule merge() const { return m_merge; }
    void setMerge(MergeRule merge) { m_merge = merge; }
    bool redaction() const { return m_redaction; }
    void setRedaction(bool allowed) { m_redaction = allowed; }
    const std::optional<json::Value> &schema() const { return m_schema; } ///< JSON Schema, see validator.h
    void setSchema(std::optional<json::Value> schema) { m_schema = std::move(schema); }
    const std::vector<Path> &paths() const { return m_paths; }
    void setPath(Path path);

    json::PathRule rule(const json::Pointer &path) const;
    json::DiffOptions diffOptions() const; ///< holds a copy of the rules

    /// Invalid, with path, if a counter of `state` stands outside its bounds.
    Result<> checkCounters(const json::Value &state) const;
    /// Invalid if the patch writes an engine path.
    Result<> checkEnginePaths(const json::Patch &patch) const;
    bool hasEnginePaths() const;
    /// The same for the result of a patch of another kind: Invalid if the state has anything at an engine path.
    Result<> checkNoEngineFields(const json::Value &state) const;
    /// The patch with every UTC time later than `latest` that it writes at a path with the rule `latest` replaced by `now`: a
    /// wrong clock must not win for years. None if the patch writes no such time, which is usual.
    std::optional<json::Patch> withBoundTimes(const json::Patch &patch, Timestamp now, Timestamp latest) const;
    /// The state for views, with engine paths set from the version; and the inverse, with engine paths removed.
    json::Value withEngineFields(json::Value state, ServerSeq version) const;
    json::Value withoutEngineFields(json::Value state) const;

    bool operator==(const CollectionPolicy &) const = default;

private:
    MergeRule m_merge = MergeRule::Fields;
    bool m_redaction = false;
    std::vector<Path> m_paths;
    std::optional<json::Value> m_schema;
};

/// The policies of a store, by collection; the default policy for all others. Value type.
class Policies
{
public:
    const CollectionPolicy &of(const CollectionName &collection) const;
    void set(const CollectionName &collection, CollectionPolicy policy);

private:
    std::map<CollectionName, CollectionPolicy> m_policies;
};

} // namespace eventsync
