// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/value.h>

#include <eventsync/base/bytes.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>
#include <eventsync/json/pointer.h>

#include <algorithm>
#include <vector>

namespace eventsync::json {

namespace {

// Depth first; on a failure the path is put together while returning, so that the good case carries none.
class Normalizer
{
public:
    Result<> run(Value &value, int room)
    {
        if (visit(value, room))
            return {};
        std::reverse(m_path.begin(), m_path.end());
        return failure(m_code, m_message, Pointer(std::move(m_path)).toText());
    }

private:
    bool refuse(ErrorCode code, const char *message)
    {
        m_code = code;
        m_message = message;
        return false;
    }
    bool at(std::string token)
    {
        m_path.push_back(std::move(token));
        return false;
    }

    bool visit(Value &value, int room)
    {
        switch (value.kind()) {
        case boost::json::kind::null:
        case boost::json::kind::bool_:
            return true;
        case boost::json::kind::int64:
            if (!isDomainInteger(value.get_int64()))
                value = static_cast<double>(value.get_int64());
            return true;
        case boost::json::kind::uint64:
            if (const std::uint64_t n = value.get_uint64(); n <= static_cast<std::uint64_t>(limits::kMaxInteger))
                value = static_cast<std::int64_t>(n);
            else
                value = static_cast<double>(n);
            return true;
        case boost::json::kind::double_:
            if (!std::isfinite(value.get_double()))
                return refuse(ErrorCode::InvalidValue, "a number that is not finite");
            value = domainNumber(value.get_double());
            return true;
        case boost::json::kind::string:
            return isValidUtf8(std::string_view(value.get_string())) || refuse(ErrorCode::InvalidValue, "text that is not UTF-8");
        case boost::json::kind::array:
        case boost::json::kind::object:
            break;
        }
        if (room <= 0)
            return refuse(ErrorCode::TooDeep, "nested too deep");
        return value.is_array() ? visitArray(value.get_array(), room - 1) : visitObject(value.get_object(), room - 1);
    }

    bool visitArray(Array &array, int room)
    {
        for (std::size_t i = 0; i < array.size(); ++i)
            if (!visit(array[i], room))
                return at(std::to_string(i));
        return true;
    }

    bool visitObject(Object &object, int room)
    {
        for (auto &member : object) {
            const std::string_view key = member.key();
            if (!isValidUtf8(key))
                return refuse(ErrorCode::InvalidValue, "a key that is not UTF-8");
            if (key.find('\0') != std::string_view::npos)
                return refuse(ErrorCode::InvalidValue, "a key holds NUL");
            if (!visit(member.value(), room))
                return at(std::string(key));
        }
        return true;
    }

    std::vector<std::string> m_path; // from the inside out
    ErrorCode m_code = ErrorCode::InvalidValue;
    const char *m_message = "";
};

} // namespace

Result<> normalize(Value &value, int depth)
{
    return Normalizer().run(value, depth);
}

bool equal(const Value &a, const Value &b)
{
    return a == b;
}

int depth(const Value &value)
{
    int inside = 0;
    if (const Array *array = value.if_array()) {
        for (const Value &element : *array)
            inside = std::max(inside, depth(element));
    } else if (const Object *object = value.if_object()) {
        for (const auto &member : *object)
            inside = std::max(inside, depth(member.value()));
    } else {
        return 0;
    }
    return inside + 1;
}

} // namespace eventsync::json
