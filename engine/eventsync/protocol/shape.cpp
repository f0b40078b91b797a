// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/shape_p.h>

namespace eventsync::protocol {

namespace {

using Kind = Shape::Kind;

constexpr Shape kLoose{.kind = Kind::Loose};
constexpr Shape kValue{.kind = Kind::Value};
constexpr Shape kHash{.kind = Kind::Hash};
constexpr Shape kBytes{.kind = Kind::Bytes};

constexpr Shape::Field kDiffFields[] = {{"patch", &kValue}, {"crdt", &kBytes}};
constexpr Shape kDiff{.kind = Kind::Fields, .fields = kDiffFields};

constexpr Shape::Field kEventFields[] = {{"diff", &kDiff}, {"metadata", &kValue}, {"salt", &kBytes}};
constexpr Shape kEvent{.kind = Kind::Fields, .fields = kEventFields};

// An event, or {event, vectorClock}.
constexpr Shape::Field kEventItemFields[] = {
    {"diff", &kDiff}, {"metadata", &kValue}, {"salt", &kBytes}, {"event", &kEvent}};
constexpr Shape kEventItem{.kind = Kind::Fields, .fields = kEventItemFields};
constexpr Shape kEvents{.kind = Kind::Items, .item = &kEventItem};

constexpr Shape kCheckpoint{.kind = Kind::Pair, .item = &kHash};
constexpr Shape kCheckpoints{.kind = Kind::Items, .item = &kCheckpoint};

constexpr Shape::Field kHeadFields[] = {{"fields", &kValue}};
constexpr Shape kHead{.kind = Kind::Fields, .fields = kHeadFields};
constexpr Shape kHeads{.kind = Kind::Items, .item = &kHead};

constexpr Shape::Field kMessageFields[] = {
    {"chain", &kHash},      {"sha256", &kHash},   {"bytes", &kBytes},  {"events", &kEvents}, {"checkpoints", &kCheckpoints},
    {"state", &kValue},     {"heads", &kHeads},   {"policy", &kValue}, {"filter", &kValue},  {"items", &kValue},
    {"stateVectors", &kValue}, {"stats", &kValue},
};
constexpr Shape kMessage{.kind = Kind::Fields, .fields = kMessageFields};

} // namespace

const Shape &Shape::member(std::string_view name) const
{
    if (kind == Kind::Value)
        return *this;
    if (kind == Kind::Fields) {
        for (const Field &field : fields) {
            if (field.name == name)
                return *field.shape;
        }
    }
    return kLoose;
}

const Shape &Shape::element(std::size_t index) const
{
    if (kind == Kind::Value)
        return *this;
    if (kind == Kind::Items || (kind == Kind::Pair && index == 1))
        return *item;
    return kLoose;
}

const Shape &messageShape()
{
    return kMessage;
}

} // namespace eventsync::protocol
