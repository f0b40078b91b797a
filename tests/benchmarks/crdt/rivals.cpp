// SPDX-License-Identifier: Apache-2.0
#include "rivals.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>

namespace bench {

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
void collect(const std::string &output, std::vector<std::pair<std::string, Results>> &rivals)
{
    std::istringstream lines(output);
    std::string name;
    std::string work;
    double number = 0;
    while (lines >> name >> work >> number) {
        if (rivals.empty() || rivals.back().first != name)
            rivals.emplace_back(name, Results());
        rivals.back().second[work] = number;
    }
}

std::string quoted(const std::string &path)
{
    return "\"" + path + "\"";
}

} // namespace

std::vector<std::pair<std::string, Results>> measureRivals(const std::string &source, const std::string &folder)
{
    std::vector<std::pair<std::string, Results>> rivals;
    const std::string node = folder + "/node";
    std::filesystem::create_directories(node);
    bool hasNode = std::filesystem::exists(node + "/node_modules/json-joy/package.json");
    if (!hasNode)
        hasNode = run("cd " + quoted(node) + " && npm install --no-audit --no-fund --ignore-scripts --silent json-joy@17.67.0 2>&1").second;
    if (hasNode)
        collect(run("node --expose-gc " + quoted(source + "/rivals/jsonjoy.js") + " " + quoted(node) + " " + quoted(folder)).first, rivals);
    else
        std::fprintf(stderr, "json-joy is not measured: npm could not install it\n");

    const std::string target = folder + "/cargo";
    const auto built = run("cargo build --release --quiet --manifest-path " + quoted(source + "/rivals/native/Cargo.toml")
                           + " --target-dir " + quoted(target) + " 2>&1");
    if (built.second)
        collect(run(quoted(target + "/release/crdt-rivals") + " " + quoted(folder)).first, rivals);
    else
        std::fprintf(stderr, "native rivals are not measured: cargo could not build them\n%s\n", built.first.substr(0, 500).c_str());
    return rivals;
}

} // namespace bench
