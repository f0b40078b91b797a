// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>

/// \file
/// Files that one user makes in the place of another's: an administrator restores a store, and the service must be able to
/// open it.
namespace eventsync::storage {

/// Gives `file` the owner, the group and the permissions of `model`. StoreReadOnly where the system does not let us.
Result<> copyOwnerAndMode(const std::string &model, const std::string &file);

/// What root makes in the folder of another user belongs to that user. Nothing happens for other users, whose files are their
/// own.
Result<> giveToFolderOwner(const std::string &path);

/// "." for a bare name.
std::string folderOf(const std::string &path);

/// Brings the names in the folder of `path` to the disk: after a rename there.
Result<> syncFolderOf(const std::string &path);

} // namespace eventsync::storage
