// SPDX-License-Identifier: Apache-2.0
#include <server/program.h>

#include <server/commands/command.h>
#include <server/logging.h>
#include <server/store.h>
#include <server/version.h>

#include <QCoreApplication>

#include <cstddef>
#include <cstdio>
#include <map>
#include <sys/stat.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace eventsync::server {

namespace {

using Run = int (*)(const CommandContext &);

Run commandNamed(const std::string &name)
{
    static const std::map<std::string, Run> commands{
        {"serve", runServe},   {"log", runLog},         {"show", runShow},       {"verify", runVerify},
        {"rebuild", runRebuild}, {"snapshot", runSnapshot}, {"compact", runCompact}, {"export", runExport},
        {"import", runImport}, {"backup", runBackup},   {"restore", runRestore}, {"stats", runStats},
    };
    return commands.at(name);
}

// Threads pass memory to each other and free it in bursts. By default glibc returns the memory of a burst to the system, and
// requests it again page by page in the next one; that took a seventh of the engine thread's time. Each of the two settings
// disables glibc's automatic adjustment of the other: without the second one, each block from 128 KiB on (a chunk of a
// catch-up, a snapshot) would be mapped and unmapped separately.
void keepFreedMemory()
{
#ifdef __GLIBC__
    constexpr int kKeptBytes = 16 * 1024 * 1024; // of each thread's heap
    constexpr int kMappedFromBytes = 4 * 1024 * 1024;
    ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
    ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
#endif
}

void print(const std::string &text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
}

} // namespace

void complain(const std::string &text)
{
    std::fprintf(stderr, "eventsync-server: %s\n", text.c_str());
}

Result<storage::OutputFile> outputOf(const CommandContext &context, const std::string &path)
{
    auto output = storage::OutputFile::create(path, {.replace = context.invocation.has("force"),
                                                     .reserved = reservedFiles(context.configuration)});
    if (!output && output.error().code == ErrorCode::Conflict)
        return failure(ErrorCode::Conflict, output.error().message + "; --force replaces it");
    return output;
}

int storeFailed(const Error &error)
{
    complain(error.message.empty() ? error.toString() : error.message);
    switch (error.code) {
    case ErrorCode::StoreLocked:
    case ErrorCode::StoreReadOnly:
    case ErrorCode::StoreFull:
    case ErrorCode::StoreTooNew:
    case ErrorCode::IoError:
    case ErrorCode::Corrupt:
        return exitcode::kStore;
    default:
        return exitcode::kFailed;
    }
}

int runProgram(int argc, char **argv)
{
    ::umask(0077); // the server's files are for their owner only
    keepFreedMemory();
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("eventsync-server"));
    QCoreApplication::setApplicationVersion(QString::fromLatin1(kVersion));
    const auto invocation = parseCommandLine({argv + 1, argv + argc});
    if (!invocation) {
        complain(invocation.error().message);
        return exitcode::kBadOption;
    }
    if (invocation->wantsVersion) {
        print("eventsync-server " + std::string(kVersion) + '\n');
        return exitcode::kDone;
    }
    if (invocation->wantsHelp) {
        print(helpText(invocation->command, invocation->wantsAllHelp));
        return exitcode::kDone;
    }
    if (const auto alone = configurationFrom(invocation->settings); !alone) { // checks the command line alone
        complain(alone.error().message);
        return exitcode::kBadOption;
    }
    const auto configuration = loadConfiguration({.commandLine = invocation->settings, .environment = environmentVariable});
    if (!configuration) {
        complain(configuration.error().message);
        return exitcode::kBadConfiguration;
    }
    if (invocation->settings.contains("check-config")) {
        print("The configuration is good.\n");
        return exitcode::kDone;
    }
    LogOptions log = configuration->log;
    if (invocation->command != "serve" && !invocation->settings.contains("log-level"))
        log.level = LogLevel::Warning; // the user wants to see the command's own output
    installLogging(log);
    return commandNamed(invocation->command)({*invocation, *configuration});
}

} // namespace eventsync::server
