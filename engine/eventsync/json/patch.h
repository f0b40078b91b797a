// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/pointer.h>
#include <eventsync/json/value.h>

#include <optional>
#include <vector>

namespace eventsync::json {

/// The operations of RFC 6902, and two that always merge: `inc` adds to a number, `max` keeps the larger value.
enum class OperationKind { Add, Remove, Replace, Move, Copy, Test, Inc, Max };

std::optional<OperationKind> operationKindFrom(std::string_view name);
constexpr bool hasFrom(OperationKind kind) { return kind == OperationKind::Move || kind == OperationKind::Copy; }
constexpr bool hasValue(OperationKind kind) { return kind != OperationKind::Remove && !hasFrom(kind); }
Result<> checkOperand(OperationKind kind, const Value &operand); ///< InvalidValue: not an operand of `inc` or `max`

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
    static Result<Patch> fromJson(Value &&value); ///< moves the values out of it
    Value toJson() const; ///< members: op, from, path, value, each only where it has a meaning

    const std::vector<PatchOperation> &operations() const { return m_operations; }
    bool isEmpty() const { return m_operations.empty(); }
    void append(PatchOperation operation) { m_operations.push_back(std::move(operation)); }

    bool operator==(const Patch &) const = default;

private:
    std::vector<PatchOperation> m_operations;
};

/// A document's state: none before its create and after its delete.
using State = std::optional<Value>;

/// How large the result of a patch may be.
struct ApplyLimits
{
    std::size_t bytes = limits::kDocumentBytes; ///< of the result's canonical form, charged while applying
    int depth = limits::kDepth;
};

/// What applying a patch did.
struct Applied
{
    Patch inverse;        ///< applied to the result, restores the state before, byte for byte in canonical form
    Footprint footprint;
    bool changed = false; ///< canonical forms before and after differ
    std::ptrdiff_t sizeChange = 0; ///< bytes of canonical form
};

/// How a patch is applied.
struct ApplyOptions
{
    ApplyLimits limits = {};
    /// The canonical size of the document before, if the caller knows it: saves computing it.
    std::optional<std::size_t> size = {};
    bool wantInverse = true;
    bool wantFootprint = true;
};

/// Applies all operations in place, or none: on an error `document` is as it was. PatchFailed (path and reason), TooLarge,
/// TooDeep, InvalidValue. The cost depends on the values that the patch changes, not on the size of the document (given
/// `size`); a patch that makes more copies than fit a document, or for more work than limits::kPatchWork, is TooLarge. The
/// order of an object's members may change. Removing the root is PatchFailed here.
Result<Applied> apply(Value &document, const Patch &patch, const ApplyOptions &options = {});

/// The same for a document that may be absent: adding or replacing the root creates it; removing the root ("remove" with path
/// "") deletes it, and is the inverse of a create.
Result<Applied> apply(State &document, const Patch &patch, const ApplyOptions &options = {});

} // namespace eventsync::json
