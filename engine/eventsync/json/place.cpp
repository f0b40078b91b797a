// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/place_p.h>

#include <string>
#include <utility>

namespace eventsync::json {

std::ptrdiff_t Place::framing(std::size_t others) const
{
    return (object ? static_cast<std::ptrdiff_t>(canonicalStringSize(key)) + 1 : 0) + (others > 0 ? 1 : 0);
}

Value Place::takeOut()
{
    Value value = std::move(*target);
    if (array)
        array->erase(array->begin() + index);
    else
        object->erase(key);
    return value;
}

Pointer Place::resolved(const Pointer &path) const
{
    return array && path.last() == "-" ? path.parent().child(std::to_string(index)) : path;
}

Result<Place> locate(Value *root, const Pointer &path, Want want)
{
    auto refuse = [&](std::string why) { return failure(ErrorCode::PatchFailed, std::move(why), path.toText()); };
    Place place;
    if (path.isRoot()) {
        place.target = root;
        if (!place.target && want == Want::Existing)
            return refuse("no document");
        return place;
    }
    if (!root)
        return refuse("no document");

    Value *at = root;
    const auto &tokens = path.tokens();
    for (std::size_t i = 0;; ++i) {
        const bool isLast = i + 1 == tokens.size();
        Value *next = nullptr;
        if (Object *object = at->if_object()) {
            next = object->if_contains(tokens[i]);
            if (isLast)
                place.object = object;
        } else if (Array *array = at->if_array()) {
            place.inArray = true;
            const bool isEnd = isLast && want == Want::Insertion && tokens[i] == "-";
            const auto index = isEnd ? std::optional(array->size()) : arrayIndex(tokens[i]);
            if (!index)
                return refuse("no array index: \"" + tokens[i] + '"');
            if (*index < array->size())
                next = &(*array)[*index];
            else if (!isLast || want == Want::Existing || *index > array->size())
                return refuse("no such array element");
            if (isLast) {
                place.array = array;
                place.index = *index;
            }
        } else {
            return refuse("the parent is no container");
        }
        if (isLast) {
            place.key = tokens[i];
            place.target = next;
            if (!next && want == Want::Existing)
                return refuse("no value");
            return place;
        }
        if (!next)
            return refuse("no parent");
        at = next;
    }
}

} // namespace eventsync::json
