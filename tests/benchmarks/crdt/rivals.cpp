// SPDX-License-Identifier: Apache-2.0
#include "rivals.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>

namespace eventsync::bench {

namespace {

// A program's output, and whether it ended well.
std::pair<std::string, bool> run(const std::string &command)
{
    std::string output;
    FILE *pipe = popen(command.c_str(), "r");
    if (!pipe)
        return {output, false};
    std::array<char, 4096> buffer;
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
        output.append(buffer.data(), n);
    return {output, pclose(pipe) == 0};
}

// Lines of: rival, work, number.
void collect(const std::string &output, std::vector<Rival> &rivals)
{
    std::istringstream lines(output);
    std::string name;
    std::string work;
    double number = 0;
    while (lines >> name >> work >> number) {
        if (rivals.empty() || rivals.back().name != name)
            rivals.push_back({name, {}});
        rivals.back().results[work] = number;
    }
}

std::string quoted(const std::string &path)
{
    return "\"" + path + "\"";
}

void measureJsonJoy(const std::string &source, const std::string &folder, std::vector<Rival> &rivals)
{
    const std::string node = folder + "/node";
    std::filesystem::create_directories(node);
    if (!run("node --version 2>&1").second) {
        std::fprintf(stderr, "json-joy is not measured: there is no node here\n");
        return;
    }
    if (!std::filesystem::exists(node + "/node_modules/json-joy/package.json")) {
        const auto installed = run("cd " + quoted(node) + " && npm install --no-audit --no-fund --ignore-scripts --silent json-joy@17.67.0 2>&1");
        if (!installed.second) {
            std::fprintf(stderr, "json-joy is not measured: npm could not install it\n%s\n", installed.first.substr(0, 500).c_str());
            return;
        }
    }
    const auto measured = run("node --expose-gc " + quoted(source + "/rivals/jsonjoy.js") + " " + quoted(node) + " " + quoted(folder));
    collect(measured.first, rivals);
    if (!measured.second)
        std::fprintf(stderr, "json-joy's measurement stopped early\n");
}

void measureNative(const std::string &source, const std::string &folder, std::vector<Rival> &rivals)
{
    if (!run("cargo --version 2>&1").second) {
        std::fprintf(stderr, "the native rivals are not measured: there is no cargo here\n");
        return;
    }
    std::fprintf(stderr, "building the native rivals; the first time this takes minutes\n");
    const std::string target = folder + "/cargo";
    const auto built = run("cargo build --release --locked --quiet --manifest-path " + quoted(source + "/rivals/native/Cargo.toml")
                           + " --target-dir " + quoted(target) + " 2>&1");
    if (!built.second) {
        std::fprintf(stderr, "the native rivals are not measured: cargo could not build them\n%s\n", built.first.substr(0, 500).c_str());
        return;
    }
    for (const char *rival : {"cola", "diamond-types", "yrs", "loro"}) { // a process each: none inherits another's heap
        const auto measured = run(quoted(target + "/release/crdt-rivals") + " " + quoted(folder) + " " + rival);
        collect(measured.first, rivals);
        if (!measured.second)
            std::fprintf(stderr, "the measurement of %s stopped early\n", rival);
    }
}

} // namespace

std::vector<Rival> measureRivals(const std::string &source, const std::string &folder)
{
    std::vector<Rival> rivals;
    measureJsonJoy(source, folder, rivals);
    measureNative(source, folder, rivals);
    return rivals;
}

} // namespace eventsync::bench
