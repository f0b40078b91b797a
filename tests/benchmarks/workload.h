// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/assert.h>
#include <eventsync/base/random.h>
#include <eventsync/model/event.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

// The same documents and events for all benchmarks: a small record, and edits of one of its texts.
namespace eventsync::bench {

constexpr std::size_t kPatchBytes = 200; // of the JSON Patch of an edit; the logged event around it has some 500

inline json::Value parsed(std::string_view text)
{
    auto value = json::parse(text);
    EVENTSYNC_ASSERT(value.has_value());
    return std::move(*value);
}

inline json::Patch patchOf(std::string_view text)
{
    auto patch = json::Patch::fromJson(parsed(text));
    EVENTSYNC_ASSERT(patch.has_value());
    return std::move(*patch);
}

// [{"op":"replace","path":"/note","value":"..."}], kPatchBytes long; no two alike.
inline json::Patch editPatch(std::int64_t number)
{
    const std::string head = R"([{"op":"replace","path":"/note","value":")", tail = R"("}])";
    std::string value = std::to_string(number) + ' ';
    value.resize(kPatchBytes - head.size() - tail.size(), 'n');
    return patchOf(head + value + tail);
}

// Makes events as one author of one document pushes them: the create first, then edits.
class Author
{
public:
    Author(DocumentId document, ClientId client, std::uint64_t seed)
        : m_document(std::move(document)), m_client(std::move(client)), m_random(seed)
    {
    }
    Author(const Author &) = delete;
    Author &operator=(const Author &) = delete;

    EventPtr create(std::string_view state = R"({"gold":10,"name":"Alice","note":""})")
    {
        return make(Operation::Create, patchOf(R"([{"op":"add","path":"","value":)" + std::string(state) + "}]"),
                    ServerSeq());
    }
    EventPtr edit(ServerSeq base) { return make(Operation::Update, editPatch(m_clientSeq.value()), base); }

    const DocumentId &document() const { return m_document; }
    const ClientId &client() const { return m_client; }
    static CollectionName collection() { return CollectionName("notes"); }

private:
    EventPtr make(Operation operation, json::Patch patch, ServerSeq base)
    {
        m_clientSeq = m_clientSeq.next();
        return std::make_shared<const Event>(Event{.id = m_ids.next(),
                                                   .documentId = m_document,
                                                   .collection = collection(),
                                                   .operation = operation,
                                                   .serverSeq = {},
                                                   .clientId = m_client,
                                                   .clientSeq = m_clientSeq,
                                                   .baseSeq = base,
                                                   .timestamp = m_clock.wall(),
                                                   .storedAt = {},
                                                   .diff = Diff(std::move(patch))});
    }

    DocumentId m_document;
    ClientId m_client;
    ClientSeq m_clientSeq;
    SystemClock m_clock;
    SeededRandom m_random;
    UuidGenerator m_ids{m_clock, m_random};
};

// The canonical bytes of an edit as it stands in a log: what a baseline stores.
inline Bytes loggedBytes(Author &author, ServerSeq seq)
{
    Event event = *author.edit(seq.previous());
    event.serverSeq = seq;
    event.storedAt = event.timestamp;
    return canonicalBytes(event, EventForm::Logged);
}

// A folder on a real disk, where fsync means something; removed at the end.
class Folder
{
public:
    Folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "eventsync-bench-XXXXXX").string();
        EVENTSYNC_ASSERT(mkdtemp(name.data()) != nullptr);
        m_path = name;
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    std::string file(const char *name) const { return (m_path / name).string(); }

private:
    std::filesystem::path m_path;
};

} // namespace eventsync::bench
