// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "traces.h"

#include <map>
#include <string>

namespace eventsync::bench {

// The work that every implementation does; results are milliseconds of processor time, bytes or kilobytes by name.
extern const char *const kTypeEncoded;
extern const char *const kType;
extern const char *const kReceive;
extern const char *const kReceiveBytes; // per patch
extern const char *const kConcurrent;
extern const char *const kOffline;
extern const char *const kKeysLocal;
extern const char *const kKeysReceived;
extern const char *const kSave;
extern const char *const kLoad;
extern const char *const kSavedKb;
extern const char *const kHeapKb;

using Results = std::map<std::string, double>;

Results measureEventSync(const std::string &folder);

struct Growth
{
    std::string what;
    std::size_t count = 0; // n
    double small = 0;      // milliseconds for n
    double large = 0;      // for 10 n
    double setSmall = 0;   // what a std::set takes for n random numbers, and for 10 n: n log n, and the machine's caches
    double setLarge = 0;
};
std::vector<Growth> measureGrowth(const std::string &folder);

} // namespace eventsync::bench
