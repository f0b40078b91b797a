// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/rowchecksum.h>

#include <eventsync/base/digest.h>

#include <array>
#include <bit>

namespace eventsync::eventlog {

namespace {

std::string_view bytesOf(const storage::Cell &cell)
{
    if (const auto *text = std::get_if<std::string>(&cell))
        return *text;
    if (const auto *blob = std::get_if<storage::Blob>(&cell))
        return blob->bytes;
    return {};
}

void addNumber(Sha256 &hash, std::uint64_t number)
{
    std::array<char, 8> bytes;
    for (char &byte : bytes) {
        byte = static_cast<char>(number & 0xFF);
        number >>= 8;
    }
    hash.add({bytes.data(), bytes.size()});
}

// Each cell is hashed as its type, its number or length, and its bytes, so that two different rows never give the same input.
std::int64_t checksumOf(const storage::Row &row, const CheckedCells &cells)
{
    Sha256 hash;
    for (std::size_t i = cells.first; i < cells.end; ++i) {
        const storage::Cell &cell = row[i];
        const std::string_view bytes = bytesOf(cell);
        const auto *number = std::get_if<std::int64_t>(&cell);
        addNumber(hash, cell.index());
        addNumber(hash, number ? static_cast<std::uint64_t>(*number) : bytes.size());
        hash.add(bytes);
    }
    const Digest digest = hash.finish();
    std::uint64_t checksum = 0;
    for (std::size_t i = 0; i < 8; ++i)
        checksum = checksum << 8 | digest.bytes[i];
    return std::bit_cast<std::int64_t>(checksum);
}

} // namespace

void setChecksum(storage::Row &row, const CheckedCells &cells)
{
    row[cells.checksum] = checksumOf(row, cells);
}

bool hasSoundChecksum(const storage::Row &row, const CheckedCells &cells)
{
    return isNull(row, cells.checksum) || row[cells.checksum] == storage::Cell(checksumOf(row, cells));
}

} // namespace eventsync::eventlog
