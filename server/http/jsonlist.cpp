// SPDX-License-Identifier: Apache-2.0
#include <server/http/jsonlist.h>

namespace eventsync::server {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view withoutBlanks(std::string_view text)
{
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The end of the element that starts at `at`: the comma or bracket behind it, or npos if there is none.
std::size_t elementEnd(std::string_view text, std::size_t at)
{
    std::size_t depth = 0;
    bool inString = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (inString) {
            if (c == '\\')
                ++at;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            return at;
        } else if (c == ']' || c == '}') {
            if (depth == 0)
                return std::string_view::npos;
            --depth;
        }
    }
    return std::string_view::npos;
}

} // namespace

Result<std::vector<std::string_view>> splitJsonList(std::string_view body, std::size_t maxElements)
{
    const std::string_view text = withoutBlanks(body);
    if (text.empty())
        return failure(ErrorCode::InvalidMessage, "the body is empty");
    if (text.front() != '[')
        return std::vector<std::string_view>{text};

    std::vector<std::string_view> elements;
    std::size_t at = 1;
    if (withoutBlanks(text.substr(1)) == "]")
        return elements;
    for (;;) {
        const auto end = elementEnd(text, at);
        if (end == std::string_view::npos)
            return failure(ErrorCode::InvalidMessage, "the list does not end");
        const auto element = withoutBlanks(text.substr(at, end - at));
        if (element.empty())
            return failure(ErrorCode::InvalidMessage, "the list lacks an element");
        if (elements.size() == maxElements)
            return failure(ErrorCode::TooLarge, "the list has more than " + std::to_string(maxElements) + " messages");
        elements.push_back(element);
        at = end + 1;
        if (text[end] == ']')
            break;
    }
    if (at != text.size())
        return failure(ErrorCode::InvalidMessage, "there is something behind the list");
    return elements;
}

} // namespace eventsync::server
