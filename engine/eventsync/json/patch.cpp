// SPDX-License-Identifier: Apache-2.0 The form of a patch: JSON to operations and back. apply.cpp executes them.
#include <eventsync/json/patch.h>

#include <eventsync/base/timestamp.h>
#include <eventsync/json/limits.h>

#include <algorithm>
#include <iterator>

namespace eventsync::json {

namespace {

struct NameRow
{
    std::string_view name;
    OperationKind kind;
};

constexpr NameRow kNames[] = {
    {"add", OperationKind::Add},   {"remove", OperationKind::Remove}, {"replace", OperationKind::Replace},
    {"move", OperationKind::Move}, {"copy", OperationKind::Copy},     {"test", OperationKind::Test},
    {"inc", OperationKind::Inc},   {"max", OperationKind::Max},
};

Result<Pointer> pointerMember(const Object &operation, std::string_view name)
{
    const Value *member = operation.if_contains(name);
    if (!member || !member->is_string())
        return failure(ErrorCode::InvalidValue, "an operation needs the string \"" + std::string(name) + '"');
    return Pointer::parse(std::string_view(member->get_string()));
}

Result<PatchOperation> operationFrom(Value &value)
{
    Object *object = value.if_object();
    if (!object)
        return failure(ErrorCode::InvalidValue, "an operation is an object");
    const Value *op = object->if_contains("op");
    if (!op || !op->is_string())
        return failure(ErrorCode::InvalidValue, "an operation needs the string \"op\"");
    const std::string_view name = op->get_string();
    const auto kind = operationKindFrom(name);
    if (!kind)
        return failure(ErrorCode::InvalidValue, "an operation of unknown kind");

    PatchOperation operation{.kind = *kind};
    EVENTSYNC_TRY(operation.path, pointerMember(*object, "path"));
    if (hasFrom(*kind)) {
        EVENTSYNC_TRY(operation.from, pointerMember(*object, "from"));
    }
    if (!hasValue(*kind))
        return operation;
    Value *operand = object->if_contains("value");
    if (!operand)
        return failure(ErrorCode::InvalidValue, std::string(name) + " needs a value");
    EVENTSYNC_CHECK(checkOperand(*kind, *operand));
    operation.value = std::move(*operand);
    return operation;
}

} // namespace

std::optional<OperationKind> operationKindFrom(std::string_view name)
{
    const auto *row = std::find_if(std::begin(kNames), std::end(kNames), [&](const NameRow &r) { return r.name == name; });
    return row == std::end(kNames) ? std::nullopt : std::optional(row->kind);
}

Result<> checkOperand(OperationKind kind, const Value &operand)
{
    if (kind == OperationKind::Inc && !operand.is_int64())
        return failure(ErrorCode::InvalidValue, "inc needs an integer");
    if (kind == OperationKind::Max && !operand.is_int64()
        && !(operand.is_string() && isTimestampText(std::string_view(operand.get_string()))))
        return failure(ErrorCode::InvalidValue, "max needs an integer or a time");
    return {};
}

Result<Patch> Patch::fromJson(const Value &value)
{
    return fromJson(Value(value));
}

Result<Patch> Patch::fromJson(Value &&value)
{
    Array *array = value.if_array();
    if (!array)
        return failure(ErrorCode::InvalidValue, "a JSON Patch is an array");
    if (array->size() > limits::kPatchOperations)
        return failure(ErrorCode::TooLarge, "a patch of " + std::to_string(array->size()) + " operations");
    std::vector<PatchOperation> operations;
    operations.reserve(array->size());
    for (Value &element : *array) {
        Result<PatchOperation> operation = operationFrom(element);
        if (!operation) {
            Error error = std::move(operation).error();
            error.path = '/' + std::to_string(operations.size());
            return failure(std::move(error));
        }
        operations.push_back(std::move(*operation));
    }
    return Patch(std::move(operations));
}

Value Patch::toJson() const
{
    Array array;
    array.reserve(m_operations.size());
    for (const PatchOperation &operation : m_operations) {
        Object object;
        object.reserve(3);
        const auto *row = std::find_if(std::begin(kNames), std::end(kNames),
                                       [&](const NameRow &r) { return r.kind == operation.kind; });
        if (hasFrom(operation.kind)) // members in canonical order, so that writing them sorts nothing
            object.emplace("from", operation.from.toText());
        object.emplace("op", row->name);
        object.emplace("path", operation.path.toText());
        if (hasValue(operation.kind))
            object.emplace("value", operation.value);
        array.emplace_back(std::move(object));
    }
    return array;
}

} // namespace eventsync::json
