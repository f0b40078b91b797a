// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <string>

namespace eventsync::storage {

// Cells as bytes whose order under memcmp is the order of cells (backend.h), and in which the cells of a prefix give a prefix
// of the bytes: one string for a key of any columns. null: 00. Integer: 01, then eight bytes, most significant first, with the
// sign bit inverted. Text: 02, blob: 03, then the bytes with 00 written 00 FF, ended by 00 00.
void appendOrdered(std::string &out, const Cell &cell);
std::string ordered(const Key &cells);

} // namespace eventsync::storage
