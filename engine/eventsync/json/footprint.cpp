// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/footprint.h>

#include <eventsync/json/limits.h>

#include <algorithm>

namespace eventsync::json {

namespace {

using Kind = FootprintEntry::Kind;

bool isBefore(const FootprintEntry &a, const FootprintEntry &b)
{
    const auto order = a.path <=> b.path;
    return order != 0 ? order < 0 : a.kind < b.kind;
}

bool isSame(const FootprintEntry &a, const FootprintEntry &b)
{
    return a.kind == b.kind && a.path == b.path;
}

// Two entries of one path and kind become one; written twice, a value can no longer count as "the only write".
void join(FootprintEntry &into, const FootprintEntry &other)
{
    into.guarded |= other.guarded;
    into.inArray |= other.inArray;
    into.value.reset();
}

// Byte form: format, flags; then per entry a byte (kind, guarded, inArray, has a value), how many tokens it shares with the
// entry before, how many follow, each with its length in front; the digest.
constexpr char kFormat = 1;
enum : unsigned char { kKindMask = 3, kGuarded = 4, kInArray = 8, kHasValue = 16, kEntryBits = 31 };

void writeNumber(Bytes &out, std::size_t n)
{
    for (; n >= 0x80; n >>= 7)
        out += static_cast<char>(n | 0x80);
    out += static_cast<char>(n);
}

class Reader
{
public:
    explicit Reader(std::string_view bytes) : m_bytes(bytes) {}
    bool atEnd() const { return m_bytes.empty(); }

    std::optional<unsigned char> byte()
    {
        if (m_bytes.empty())
            return std::nullopt;
        const auto b = static_cast<unsigned char>(m_bytes.front());
        m_bytes.remove_prefix(1);
        return b;
    }
    std::optional<std::size_t> number()
    {
        std::size_t n = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            const auto b = byte();
            if (!b)
                return std::nullopt;
            n |= static_cast<std::size_t>(*b & 0x7F) << shift;
            if (!(*b & 0x80))
                return *b == 0 && shift > 0 ? std::nullopt : std::optional(n); // one form per number
        }
        return std::nullopt;
    }
    std::optional<std::string_view> take(std::size_t size)
    {
        if (size > m_bytes.size())
            return std::nullopt;
        const std::string_view taken = m_bytes.substr(0, size);
        m_bytes.remove_prefix(size);
        return taken;
    }

private:
    std::string_view m_bytes;
};

std::optional<FootprintEntry> readEntry(Reader &reader, const std::vector<std::string> &before)
{
    const auto bits = reader.byte();
    const auto shared = reader.number();
    const auto more = reader.number();
    if (!bits || (*bits & ~kEntryBits) != 0 || !shared || !more || *shared > before.size()
        || *more > limits::kPointerTokens || *shared + *more > limits::kPointerTokens)
        return std::nullopt;
    std::vector<std::string> tokens(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(*shared));
    for (std::size_t i = 0; i < *more; ++i) {
        const auto size = reader.number();
        const auto token = size ? reader.take(*size) : std::nullopt;
        if (!token || !isValidUtf8(*token))
            return std::nullopt;
        tokens.emplace_back(*token);
    }
    FootprintEntry entry{.path = Pointer(std::move(tokens)),
                         .kind = static_cast<Kind>(*bits & kKindMask),
                         .guarded = (*bits & kGuarded) != 0,
                         .inArray = (*bits & kInArray) != 0};
    if (*bits & kHasValue) {
        const auto raw = reader.take(sizeof(Digest::bytes));
        if (!raw || entry.kind != Kind::Write)
            return std::nullopt;
        auto digest = Digest::fromBytes(*raw);
        if (!digest)
            return std::nullopt;
        entry.value = *digest;
    }
    return entry;
}

} // namespace

Footprint Footprint::everything()
{
    Footprint footprint;
    footprint.m_everything = true;
    return footprint;
}

Footprint Footprint::fromEntries(std::vector<FootprintEntry> entries)
{
    Footprint footprint;
    std::sort(entries.begin(), entries.end(), isBefore);
    for (FootprintEntry &entry : entries) {
        if (!footprint.m_entries.empty() && isSame(footprint.m_entries.back(), entry))
            join(footprint.m_entries.back(), entry);
        else
            footprint.m_entries.push_back(std::move(entry));
    }
    return footprint;
}

void Footprint::add(FootprintEntry entry)
{
    if (m_everything)
        return;
    const auto at = std::lower_bound(m_entries.begin(), m_entries.end(), entry, isBefore);
    if (at != m_entries.end() && isSame(*at, entry))
        join(*at, entry);
    else
        m_entries.insert(at, std::move(entry));
}

Bytes Footprint::toBytes() const
{
    Bytes out{kFormat, static_cast<char>(m_everything)};
    static const std::vector<std::string> kNone;
    const std::vector<std::string> *before = &kNone;
    for (const FootprintEntry &entry : m_entries) {
        const auto &tokens = entry.path.tokens();
        const auto split = std::mismatch(tokens.begin(), tokens.end(), before->begin(), before->end()).first;
        out += static_cast<char>(static_cast<unsigned char>(entry.kind) | (entry.guarded ? kGuarded : 0)
                                 | (entry.inArray ? kInArray : 0) | (entry.value ? kHasValue : 0));
        writeNumber(out, static_cast<std::size_t>(split - tokens.begin()));
        writeNumber(out, static_cast<std::size_t>(tokens.end() - split));
        for (auto token = split; token != tokens.end(); ++token) {
            writeNumber(out, token->size());
            out += *token;
        }
        if (entry.value)
            out += entry.value->view();
        before = &tokens;
    }
    return out;
}

Result<Footprint> Footprint::fromBytes(std::string_view bytes)
{
    Reader reader(bytes);
    const auto format = reader.byte();
    const auto flag = reader.byte();
    if (format != kFormat || !flag || *flag > 1 || (*flag == 1 && !reader.atEnd()))
        return failure(ErrorCode::Corrupt, "not a footprint");
    if (*flag == 1)
        return everything();
    Footprint footprint;
    static const std::vector<std::string> kNone;
    while (!reader.atEnd()) {
        auto &entries = footprint.m_entries;
        auto entry = readEntry(reader, entries.empty() ? kNone : entries.back().path.tokens());
        if (!entry || (!entries.empty() && !isBefore(entries.back(), *entry)))
            return failure(ErrorCode::Corrupt, "a footprint's entry " + std::to_string(entries.size()) + " is malformed");
        entries.push_back(std::move(*entry));
    }
    return footprint;
}

} // namespace eventsync::json
