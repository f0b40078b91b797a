// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/canonicalwriter.h>

#include <eventsync/json/keyorder.h>
#include <eventsync/json/text.h>

#include <boost/container/small_vector.hpp>

#include <algorithm>

namespace eventsync::canonical {

namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string_view operationText(json::OperationKind kind)
{
    switch (kind) {
    case json::OperationKind::Add:
        return R"("op":"add","path":)";
    case json::OperationKind::Remove:
        return R"("op":"remove","path":)";
    case json::OperationKind::Replace:
        return R"("op":"replace","path":)";
    case json::OperationKind::Move:
        return R"("op":"move","path":)";
    case json::OperationKind::Copy:
        return R"("op":"copy","path":)";
    case json::OperationKind::Test:
        return R"("op":"test","path":)";
    case json::OperationKind::Inc:
        return R"("op":"inc","path":)";
    case json::OperationKind::Max:
        return R"("op":"max","path":)";
    }
    return {};
}

} // namespace

void appendPointer(std::string &out, const json::Pointer &pointer)
{
    out += '"';
    for (const std::string &token : pointer.tokens()) {
        out += '/';
        const std::string_view text = token;
        std::size_t run = 0;
        for (std::size_t at = text.find_first_of("~/"); at != std::string_view::npos; at = text.find_first_of("~/", run)) {
            json::appendEscaped(out, text.substr(run, at - run));
            out += text[at] == '~' ? "~0" : "~1";
            run = at + 1;
        }
        json::appendEscaped(out, text.substr(run));
    }
    out += '"';
}

void appendUuid(std::string &out, const Uuid &id)
{
    char text[38];
    char *at = text;
    *at++ = '"';
    const std::string_view bytes = id.view();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        const auto byte = static_cast<unsigned char>(bytes[i]);
        *at++ = kHex[byte >> 4];
        *at++ = kHex[byte & 15];
    }
    *at++ = '"';
    out.append(text, at);
}

void appendObject(std::string &out, const json::Object &object)
{
    boost::container::small_vector<const json::Object::value_type *, 16> members;
    for (const auto &member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto *a, const auto *b) { return json::compareUtf16(a->key(), b->key()) < 0; });
    out += '{';
    for (const auto *member : members) {
        if (member != members.front())
            out += ',';
        json::appendString(out, member->key());
        out += ':';
        json::appendCanonical(out, member->value());
    }
    out += '}';
}

void appendPatch(std::string &out, const json::Patch &patch)
{
    out += '[';
    bool first = true;
    for (const json::PatchOperation &operation : patch.operations()) {
        out += first ? "{" : ",{";
        first = false;
        if (json::hasFrom(operation.kind)) {
            out += R"("from":)";
            appendPointer(out, operation.from);
            out += ',';
        }
        out += operationText(operation.kind);
        appendPointer(out, operation.path);
        if (json::hasValue(operation.kind)) {
            out += R"(,"value":)";
            json::appendCanonical(out, operation.value);
        }
        out += '}';
    }
    out += ']';
}

} // namespace eventsync::canonical
