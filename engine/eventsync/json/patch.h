// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/pointer.h>
#include <eventsync/json/value.h>

#include <optional>
#include <vector>

namespace eventsync::json {

enum class OperationKind { Add, Remove, Replace, Move, Copy, Test, Inc, Max };

std::optional<OperationKind> operationKindFrom(std::string_view name);
constexpr bool hasFrom(OperationKind kind) { return kind == OperationKind::Move || kind == OperationKind::Copy; }
constexpr bool hasValue(OperationKind kind) { return kind != OperationKind::Remove && !hasFrom(kind); }
Result<> checkOperand(OperationKind kind, const Value &operand); ///< InvalidValue: not what `inc` or `max` can take

/// One operation of RFC 6902, or EventSync's `inc` (add to an integer) and `max` (keep the larger), see docs/merging.md.
struct PatchOperation
{
    OperationKind kind = OperationKind::Test;
    Pointer path;
    Pointer from = {};  ///< Move, Copy
    Value value = {};   ///< Add, Replace, Test, Inc, Max

    bool operator==(const PatchOperation &) const = default;
};

/// A JSON Patch, checked for form. Value type; any thread when const.
class Patch
{
public:
    Patch() = default;
    explicit Patch(std::vector<PatchOperation> operations) : m_operations(std::move(operations)) {}

    /// Unknown members of an operation are ignored, as RFC 6902 says; InvalidValue with the path of the operation at fault,
    /// TooLarge above limits::kPatchOperations.
    static Result<Patch> fromJson(const Value &value);
    static Result<Patch> fromJson(Value &&value); ///< takes the values out of it
    Value toJson() const; ///< members: op, from, path, value, each only where it means something

    const std::vector<PatchOperation> &operations() const { return m_operations; }
    bool isEmpty() const { return m_operations.empty(); }
    void append(PatchOperation operation) { m_operations.push_back(std::move(operation)); }

    bool operator==(const Patch &) const = default;

private:
    std::vector<PatchOperation> m_operations;
};

/// A document's state: none before its create and after its delete.
using State = std::optional<Value>;

struct ApplyLimits
{
    std::size_t bytes = limits::kDocumentBytes; ///< of the result's canonical form, charged while applying
    int depth = limits::kDepth;
};

struct Applied
{
    Patch inverse;        ///< applied to the result, gives back the state before, byte for byte in canonical form
    Footprint footprint;
    bool changed = false; ///< canonical forms before and after differ
    std::ptrdiff_t sizeChange = 0; ///< bytes of canonical form
};

struct ApplyOptions
{
    ApplyLimits limits = {};
    /// The canonical size of the document before, if the caller keeps it: saves measuring the whole document.
    std::optional<std::size_t> size = {};
    bool wantInverse = true;
    bool wantFootprint = true;
};

/// Applies all operations in place, or none: on an error `document` is as it was. PatchFailed (path and reason), TooLarge,
/// TooDeep, InvalidValue. Costs what the patch touches, not what the document holds (given `size`); a patch that asks for
/// more copies than a document may hold, or for more work than limits::kPatchWork, is TooLarge. The order of an object's
/// members is no part of what is kept. Removing the root is PatchFailed here.
Result<Applied> apply(Value &document, const Patch &patch, const ApplyOptions &options = {});

/// The same for a document that may be absent: adding or replacing the root creates it; removing the root ("remove" with
/// path "") deletes it, and is also what the inverse of a create is.
Result<Applied> apply(State &document, const Patch &patch, const ApplyOptions &options = {});

} // namespace eventsync::json
