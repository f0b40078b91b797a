// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace eventsync::storage {

/// A file that somebody names as the target of a backup, an export, a restore. It is written under another name beside its
/// own, and takes its name only when it is whole and on the disk: until then, and after a failure, whatever had the name
/// keeps it. It never takes the place of a file of a store in use (`reserved`), by whatever name that is reached: through
/// `..`, a symbolic link or a hard link.
///
/// What is no regular file (a pipe, /dev/null) is written to as it is. Movable; one thread at a time.
class OutputFile
{
public:
    struct Options
    {
        bool replace = false;                   ///< an older file of that name, which then keeps its owner and permissions
        std::vector<std::string> reserved = {}; ///< paths, whether there is a file or not (sqliteStoreFiles())
    };

    /// Conflict: there is a file of that name; Invalid: the name is reserved, or a folder's; NotFound: its folder is not there;
    /// PermissionDenied; StoreFull; IoError.
    static Result<OutputFile> create(const std::string &path, const Options &options);
    static OutputFile standardOutput();
    ~OutputFile(); ///< without commit(): what was written so far is removed
    OutputFile(OutputFile &&other) noexcept;
    OutputFile &operator=(OutputFile &&other) noexcept;

    bool isRegular() const { return !m_part.empty(); }
    const std::string &path() const { return m_path; } ///< with all symbolic links followed
    const std::string &part() const { return m_part; } ///< where it is now, if it is regular: for a writer that wants a name
    Result<> write(std::string_view bytes);
    Result<> commit(); ///< once, last

private:
    OutputFile() = default;
    void drop();

    std::string m_path, m_part;
    int m_file = -1;
    bool m_replace = false;
};

} // namespace eventsync::storage
