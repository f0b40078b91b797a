// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>

/// \file
/// Ownership of files that one user creates for another: an administrator restores a store, and the service must be able to
/// open it.
namespace eventsync::storage {

/// Gives `file` the owner, the group and the permissions of `model`. StoreReadOnly if the system does not permit it.
Result<> copyOwnerAndMode(const std::string &model, const std::string &file);

/// Files that root creates in the folder of another user get that user as their owner. Does nothing for other users.
Result<> giveToFolderOwner(const std::string &path);

/// "." for a bare name.
std::string folderOf(const std::string &path);

/// Makes the names in the folder of `path` durable, after a rename.
Result<> syncFolderOf(const std::string &path);

} // namespace eventsync::storage
