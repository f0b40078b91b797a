// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <QString>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventsync::test {

// docs/protocol.schema.json: what the documents promise about each message.
class MessageSchema
{
public:
    static MessageSchema load(); // an assertion if the file is not there or not a schema
    MessageSchema(MessageSchema &&) noexcept;
    ~MessageSchema();

    std::vector<std::string> types() const; // of messages, in the file's order
    bool allows(const json::Value &message) const;
    // JSON Pointers of members that `message` has and the schema does not name; what stands in a user's value does not count.
    std::vector<std::string> unnamedMembers(const json::Value &message) const;
    // The page docs/protocol-messages.md.
    std::string page() const;

private:
    MessageSchema();
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace eventsync::test
