// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// The editing sessions that are measured, from flat files, so that no rival inherits a heap that JSON was parsed in. One edit:
// u32 position, u32 deleted, u32 bytes of text, the text (UTF-8); positions are code points, which in these traces are also
// UTF-16 units. A concurrent session puts u32 agent, u32 number of parents, u32 parents..., u32 edits before each transaction.
namespace eventsync::bench {

struct Edit
{
    std::uint32_t position = 0;
    std::uint32_t deleted = 0;
    std::string text;
};

struct Transaction
{
    std::uint32_t agent = 0;
    std::vector<std::uint32_t> parents;
    std::vector<Edit> edits;
};

struct Trace
{
    std::string endContent;
    std::vector<Edit> edits;
};

struct ConcurrentTrace
{
    std::string endContent;
    std::vector<Transaction> transactions;
};

// Where the flat files lie; made from the conformance data by a process of its own if they are not there. False: no data.
bool prepareTraces(const std::string &program, const std::string &folder);
int flatten(const std::string &from, const std::string &to); // what that process does

Trace readTrace(const std::string &file);
ConcurrentTrace readConcurrentTrace(const std::string &file);

// Two people who edit the same text for a while without seeing each other: bursts of typing here and there.
std::vector<Edit> offlineSession(std::uint64_t seed, std::uint32_t length, std::size_t edits);
void writeTrace(const std::string &file, const Trace &trace);

} // namespace eventsync::bench
