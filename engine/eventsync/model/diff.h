// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/ids.h>
#include <eventsync/json/patch.h>

#include <optional>
#include <variant>

namespace eventsync {

/// The bytes of a JSON CRDT patch (binary codec).
struct CrdtPatchBytes
{
    Bytes bytes;
    bool operator==(const CrdtPatchBytes &) const = default;
};

/// What one edit changes: a JSON Patch, or a JSON CRDT patch. Made by an edit function (then it has the resulting version and,
/// if one exists, the merge patch) or read from an event. On the wire {"patch": [...]} or {"crdt": "<base64url>"}. Value type.
class Diff
{
public:
    Diff() = default; ///< no changes
    explicit Diff(json::Patch patch) : m_content(std::move(patch)) {}
    explicit Diff(CrdtPatchBytes crdt) : m_content(std::move(crdt)) {}

    static Result<Diff> fromJson(const json::Value &value); ///< InvalidMessage, UnknownField, InvalidValue
    json::Value toJson() const;

    bool isCrdt() const { return std::holds_alternative<CrdtPatchBytes>(m_content); }
    const json::Patch &patch() const { return std::get<json::Patch>(m_content); } ///< only if !isCrdt()
    const Bytes &crdt() const { return std::get<CrdtPatchBytes>(m_content).bytes; } ///< only if isCrdt()
    bool hasChanges() const { return isCrdt() ? !crdt().empty() : !patch().isEmpty(); }

    /// Known only where the diff was made; never on the wire, and not compared.
    ServerSeq version() const { return m_version; }
    const std::optional<json::Value> &mergePatch() const { return m_mergePatch; }
    void setVersion(ServerSeq version) { m_version = version; }
    void setMergePatch(std::optional<json::Value> mergePatch) { m_mergePatch = std::move(mergePatch); }

    bool operator==(const Diff &other) const { return m_content == other.m_content; }

private:
    std::variant<json::Patch, CrdtPatchBytes> m_content;
    ServerSeq m_version;
    std::optional<json::Value> m_mergePatch;
};

} // namespace eventsync
