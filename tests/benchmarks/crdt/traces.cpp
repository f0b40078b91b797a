// SPDX-License-Identifier: Apache-2.0
#include "traces.h"

#include <eventsync/base/limits.h>
#include <eventsync/base/random.h>
#include <eventsync/json/value.h>

#include <zlib.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace eventsync::bench {

namespace {

using json::Value;

constexpr const char *kTraces[] = {"automerge-paper", "sveltecomponent", "friendsforever.concurrent"};

void put(std::ofstream &out, std::size_t number)
{
    const auto narrow = static_cast<std::uint32_t>(number);
    out.write(reinterpret_cast<const char *>(&narrow), 4);
}

void put(std::ofstream &out, const std::string &text)
{
    put(out, text.size());
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

class FlatReader
{
public:
    explicit FlatReader(const std::string &file)
    {
        std::ifstream in(file, std::ios::binary);
        std::stringstream content;
        content << in.rdbuf();
        m_data = content.str();
    }
    std::uint32_t number()
    {
        std::uint32_t value = 0;
        std::memcpy(&value, m_data.data() + m_at, 4);
        m_at += 4;
        return value;
    }
    std::string text()
    {
        const std::uint32_t size = number();
        m_at += size;
        return m_data.substr(m_at - size, size);
    }
    Edit edit()
    {
        Edit edit;
        edit.position = number();
        edit.deleted = number();
        edit.text = text();
        return edit;
    }
    bool atEnd() const { return m_at >= m_data.size(); }

private:
    std::string m_data;
    std::size_t m_at = 0;
};

void putEdit(std::ofstream &out, const Value &patch)
{
    const auto &parts = patch.get_array();
    put(out, static_cast<std::size_t>(parts[0].get_int64()));
    put(out, static_cast<std::size_t>(parts[1].get_int64()));
    put(out, std::string(parts[2].get_string()));
}

} // namespace

int flatten(const std::string &from, const std::string &to)
{
    const gzFile file = gzopen(from.c_str(), "rb");
    if (!file)
        return 1;
    std::string text;
    char buffer[65536];
    for (int n = 0; (n = gzread(file, buffer, sizeof(buffer))) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
    gzclose(file);
    const auto json = json::parse(text, {512 * limits::kMiB, 64});
    if (!json)
        return 1;
    std::ofstream out(to + ".part", std::ios::binary);
    put(out, std::string(json->get_object().at("endContent").get_string()));
    for (const Value &transaction : json->get_object().at("txns").get_array()) {
        const auto &patches = transaction.get_object().at("patches").get_array();
        if (const Value *parents = transaction.get_object().if_contains("parents")) {
            put(out, static_cast<std::size_t>(transaction.get_object().at("agent").get_int64()));
            put(out, parents->get_array().size());
            for (const Value &parent : parents->get_array())
                put(out, static_cast<std::size_t>(parent.get_int64()));
            put(out, patches.size());
        }
        for (const Value &patch : patches)
            putEdit(out, patch);
    }
    out.close();
    std::filesystem::rename(to + ".part", to);
    return 0;
}

bool prepareTraces(const std::string &program, const std::string &folder)
{
    const char *configured = std::getenv("EVENTSYNC_CONFORMANCE_DIR");
    const std::string data = (configured ? std::string(configured) : std::string("../shared/conformance")) + "/editing-traces/";
    std::filesystem::create_directories(folder);
    for (const char *name : kTraces) {
        const std::string flat = folder + "/" + name + ".flat";
        if (std::filesystem::exists(flat))
            continue;
        const std::string command = "\"" + program + "\" --flatten \"" + data + name + ".json.gz\" \"" + flat + "\"";
        if (std::system(command.c_str()) != 0)
            return false;
    }
    return true;
}

Trace readTrace(const std::string &file)
{
    FlatReader in(file);
    Trace trace;
    trace.endContent = in.text();
    while (!in.atEnd())
        trace.edits.push_back(in.edit());
    return trace;
}

ConcurrentTrace readConcurrentTrace(const std::string &file)
{
    FlatReader in(file);
    ConcurrentTrace trace;
    trace.endContent = in.text();
    while (!in.atEnd()) {
        Transaction &transaction = trace.transactions.emplace_back();
        transaction.agent = in.number();
        for (std::uint32_t n = in.number(); n > 0; --n)
            transaction.parents.push_back(in.number());
        for (std::uint32_t n = in.number(); n > 0; --n)
            transaction.edits.push_back(in.edit());
    }
    return trace;
}

std::vector<Edit> offlineSession(std::uint64_t seed, std::uint32_t length, std::size_t edits)
{
    SeededRandom random(seed);
    std::vector<Edit> session;
    std::uint32_t cursor = 0;
    for (std::size_t i = 0; i < edits; ++i) {
        if (i % 12 == 0)
            cursor = static_cast<std::uint32_t>(random.below(length + 1));
        if (random.below(8) == 0 && cursor > 0) { // backspace
            session.push_back({--cursor, 1, {}});
            --length;
        } else {
            session.push_back({cursor++, 0, std::string(1, static_cast<char>('a' + random.below(26)))});
            ++length;
        }
    }
    return session;
}

void writeTrace(const std::string &file, const Trace &trace)
{
    std::ofstream out(file, std::ios::binary);
    put(out, trace.endContent);
    for (const Edit &edit : trace.edits) {
        put(out, edit.position);
        put(out, edit.deleted);
        put(out, edit.text);
    }
}

} // namespace eventsync::bench
