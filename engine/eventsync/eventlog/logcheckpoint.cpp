// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/logcheckpoint.h>

#include <eventsync/base/bytes.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/json/limits.h>

#include <charconv>
#include <optional>

namespace eventsync::eventlog {

namespace {

Result<Digest> chainOf(const storage::Row &row)
{
    EVENTSYNC_TRY(const std::string_view bytes, blobOf(row, event::Chain));
    return Digest::fromBytes(bytes);
}

storage::Scan scanOf(std::int64_t from, std::int64_t until)
{
    return {.set = sets::kEvents, .from = storage::Cell(from), .until = storage::Cell(until), .descending = true, .limit = 1,
            .columns = {event::Position, event::Chain}};
}

} // namespace

Result<LogCheckpoint> LogCheckpoint::upTo(storage::ReadView &view, std::string epoch, std::int64_t position)
{
    LogCheckpoint checkpoint{std::move(epoch), 0, {}};
    Result<Digest> chain = Digest();
    EVENTSYNC_CHECK(view.scan(scanOf(1, position + 1), [&](const storage::Row &row) {
        checkpoint.position = integerOf(row, event::Position).value_or(0);
        chain = chainOf(row);
        return false;
    }));
    EVENTSYNC_TRY(checkpoint.chain, std::move(chain));
    return checkpoint;
}

Result<bool> LogCheckpoint::isIn(storage::ReadView &view, const std::string &itsEpoch) const
{
    if (epoch != itsEpoch)
        return false;
    if (position == 0)
        return true;
    Result<Digest> found = Digest();
    EVENTSYNC_CHECK(view.scan(scanOf(position, position + 1), [&](const storage::Row &row) {
        found = chainOf(row);
        return false;
    }));
    EVENTSYNC_TRY(const Digest there, std::move(found));
    return there == chain;
}

// "2 <position> <chain as base64url> <epoch>", the whole as base64url.
std::string LogCheckpoint::toToken() const
{
    return toBase64Url("2 " + std::to_string(position) + ' ' + toBase64Url(chain.view()) + ' ' + epoch);
}

Result<LogCheckpoint> LogCheckpoint::fromToken(std::string_view token)
{
    const auto wrong = [] { return failure(ErrorCode::InvalidValue, "this is no token of a position"); };
    const auto text = fromBase64Url(token);
    if (!text || !text->starts_with("2 "))
        return wrong();
    const std::string_view rest = std::string_view(*text).substr(2);
    const auto first = rest.find(' ');
    const auto second = first == std::string_view::npos ? first : rest.find(' ', first + 1);
    if (second == std::string_view::npos)
        return wrong();
    LogCheckpoint checkpoint{std::string(rest.substr(second + 1)), -1, {}};
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + first, checkpoint.position);
    const auto bytes = fromBase64Url(rest.substr(first + 1, second - first - 1));
    const auto chain = bytes ? Digest::fromBytes(*bytes) : Result<Digest>(failure(bytes.error()));
    if (error != std::errc() || end != rest.data() + first || checkpoint.position < 0 || checkpoint.position > limits::kMaxInteger || !chain)
        return wrong();
    checkpoint.chain = *chain;
    return checkpoint;
}

} // namespace eventsync::eventlog
