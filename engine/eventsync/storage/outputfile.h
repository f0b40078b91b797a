// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace eventsync::storage {

/// The target file of a backup, an export or a restore. It is written under a temporary name in the same folder, and gets its
/// name only when it is complete and on the disk: until then, and after a failure, an existing file of that name stays. It
/// never replaces a file of a store in use (`reserved`), whatever name leads to it: through `..`, a symbolic link or a hard
/// link.
///
/// A target that is not a regular file (a pipe, /dev/null) is written to directly. Movable; one thread at a time.
class OutputFile
{
public:
    struct Options
    {
        bool replace = false;                   ///< replaces an existing file of that name; the new one gets its owner and permissions
        std::vector<std::string> reserved = {}; ///< paths, whether there is a file or not (sqliteStoreFiles())
    };

    /// Conflict: there is a file of that name; Invalid: the name is reserved, or a folder's; NotFound: its folder is not there;
    /// PermissionDenied; StoreFull; IoError.
    static Result<OutputFile> create(const std::string &path, const Options &options);
    static OutputFile standardOutput();
    ~OutputFile(); ///< without commit(): the temporary file is removed
    OutputFile(OutputFile &&other) noexcept;
    OutputFile &operator=(OutputFile &&other) noexcept;

    bool isRegular() const { return !m_part.empty(); }
    const std::string &path() const { return m_path; } ///< with all symbolic links followed
    const std::string &part() const { return m_part; } ///< the temporary name of a regular file, for a writer that needs a name
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
