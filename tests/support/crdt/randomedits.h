// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>
#include <eventsync/crdt/api.h>

#include <QString>

#include <string_view>

namespace eventsync::test {

// Random edits of a JSON CRDT document, whatever is in it: values of every kind, any node, any edit its kind allows, text
// with everything that UTF-16 makes difficult. The same random numbers give the same edits. An edit that is refused fails
// the current test.
std::string_view randomWord(Random &random);
qsizetype pairSafe(const QString &text, std::uint64_t position); // at most one before it: never inside a surrogate pair
json::Value randomValue(Random &random, int depth);
crdt::Id randomNode(Random &random, const crdt::Document &document); // by walking down from the root
void randomEdit(Random &random, crdt::Api &api);

} // namespace eventsync::test
