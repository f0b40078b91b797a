// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/json/limits.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

/// \file
/// JSON values in EventSync's value domain, which is I-JSON (RFC 7493): see G4 in docs/guarantees.md.
///
/// A Value is Boost.JSON's, with one form per value: an integer with |n| <= 2^53-1 is always kind int64; any other number is a
/// finite double that is not such an integer; -0 is 0; kind uint64 never occurs; strings are valid UTF-8; keys are unique and
/// hold no NUL; depth and size are bounded. All input of EventSync passes parse() or normalize(), so other code may compare
/// kinds and values directly.
namespace eventsync::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;

/// How much a JSON text may contain. TooLarge or TooDeep beyond it.
struct ParseLimits
{
    std::size_t bytes = limits::kDocumentBytes;
    int depth = limits::kDepth; ///< containers from the root; [[]] has depth 2
};

/// RFC 8259 text -> Value. TooLarge, TooDeep, or InvalidValue with the byte offset in the message. Never throws.
Result<Value> parse(std::string_view text, const ParseLimits &limits = {});
/// The same, but a number written as an integer (no point, no exponent) that parse() would round is InvalidValue. Numbers like
/// 100000000000000000000 pass, because they are written as they were read.
Result<Value> parseUnrounded(std::string_view text, const ParseLimits &limits = {});

/// Converts a value that was built by code to the value domain, or fails with InvalidValue or TooDeep (path set).
Result<> normalize(Value &value, int depth = limits::kDepth);

/// RFC 8785: sorted by UTF-16 code units, ECMAScript numbers. Defined for values in the domain.
std::string canonical(const Value &value);
void appendCanonical(std::string &out, const Value &value);
std::size_t canonicalSize(const Value &value); ///< bytes, without building the text
std::size_t canonicalStringSize(std::string_view text);

/// The text form of a double as ECMAScript's Number::toString gives it.
std::string numberText(double number);

/// Same canonical form. (Boost's == on values in the domain, but a double never equals an int64.)
bool equal(const Value &a, const Value &b);

int depth(const Value &value); ///< 0 for a scalar

} // namespace eventsync::json
