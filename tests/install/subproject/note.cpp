// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/value.h>

#include <cstdio>

int main()
{
    const auto note = eventsync::json::parse(R"({"text": "milk", "done": false})");
    std::printf("%s\n", note ? eventsync::json::canonical(*note).c_str() : note.error().toString().c_str());
}
