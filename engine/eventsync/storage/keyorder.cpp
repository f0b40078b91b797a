// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/keyorder_p.h>

namespace eventsync::storage {

namespace {

void appendInteger(std::string &out, std::int64_t number)
{
    const std::uint64_t bits = static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << 63);
    out.push_back('\x01');
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((bits >> shift) & 0xff));
}

void appendBytes(std::string &out, char tag, const std::string &bytes)
{
    out.push_back(tag);
    for (std::size_t begin = 0;;) {
        const std::size_t zero = bytes.find('\0', begin);
        if (zero == std::string::npos) {
            out.append(bytes, begin, std::string::npos);
            break;
        }
        out.append(bytes, begin, zero - begin);
        out.append("\x00\xff", 2);
        begin = zero + 1;
    }
    out.append(2, '\0');
}

} // namespace

void appendOrdered(std::string &out, const Cell &cell)
{
    switch (cell.index()) {
    case 0:
        out.push_back('\0');
        return;
    case 1:
        appendInteger(out, std::get<std::int64_t>(cell));
        return;
    case 2:
        appendBytes(out, '\x02', std::get<std::string>(cell));
        return;
    default:
        appendBytes(out, '\x03', std::get<Blob>(cell).bytes);
        return;
    }
}

std::string ordered(const Key &cells)
{
    std::string out;
    out.reserve(cells.size() * 24);
    for (const Cell &cell : cells)
        appendOrdered(out, cell);
    return out;
}

} // namespace eventsync::storage
