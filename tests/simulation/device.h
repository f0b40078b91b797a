// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "crdtedits.h"
#include "ledger.h"
#include "link.h"

#include <eventsync/base/executor.h>
#include <eventsync/base/random.h>
#include <eventsync/client/clientcore.h>
#include <eventsync/storage/memorybackend.h>

#include <map>
#include <set>

namespace eventsync::simulation {

class World;

// How long a document that is only read keeps its place while others wait: longer than a run, until healing.
constexpr auto kFollowTurn = std::chrono::minutes(10);

// One replica: the real client core on a disk that a crash takes back to what was durable, with a person before it who edits
// and decides at random.
class Device
{
public:
    Device(World &world, std::string name, std::vector<DocumentId> documents);
    Device(const Device &original, std::string name); // a copied profile
    ~Device();

    const std::string &name() const { return m_name; }
    client::ClientCore &core() { return *m_core; }
    const std::vector<DocumentId> &documents() const { return m_documents; }
    bool hasLink() const { return m_link != nullptr; }
    Link *link() const { return m_link; }
    bool owes() const { return !m_steps.empty(); } // writes that are not yet durable
    bool wasCopied() const { return m_copied; }

    void connect();
    void notice();                   // that the connection is cut
    void crash(std::uint64_t randomBits);
    void receive(Link::Down down);
    void disk();                     // the oldest step becomes durable; its messages go out
    void settleDisk();
    void tick();
    void edit(std::uint64_t randomBits);
    bool resolve(std::uint64_t randomBits, bool person); // false: nothing to decide
    void undo(std::uint64_t randomBits);
    void openOrClose(std::uint64_t randomBits);
    void openAll();
    void stayAway() { m_away = true; }
    void comeBack() { m_away = false; }

private:
    struct Memory // what the checker knows of this device; goes back with the disk
    {
        std::map<EventId, EditNote> notes;
        std::map<DocumentId, std::vector<bool>> saw;
        std::map<DocumentId, std::set<EventId>> queued; // first ids
        std::map<DocumentId, std::set<EventId>> pending; // in the queue at the last look
        std::set<EventId> made;      // first ids of edits
        std::set<EventId> discarded; // and of those given up
    };
    struct Step
    {
        client::Changes changes;
        Link *link;
        Memory memory; // as of this step
    };

    void load();
    void perform(client::Changes changes);
    void checkNet(const Event &event, const EditNote &note) const;
    void noteEntries(const DocumentId &document);
    void noteRenewed(const client::QueueEntry &entry);
    void noteTwinsVersion(const Event &event) const;
    void editCrdt(const DocumentId &document, std::uint64_t randomBits);
    void checkCrdt(const client::Changes &changes);
    void checkLeft(const DocumentId &document, const std::set<EventId> &queued) const;
    void apply(const client::Notification &notification);
    bool isPersons(const client::QueueEntry &entry) const;
    std::optional<client::QueueEntry> nextConflict(bool person);
    Result<client::Changes> decide(const client::QueueEntry &entry, std::uint64_t randomBits);

    World &m_world;
    std::string m_name;
    std::vector<DocumentId> m_documents;
    std::set<DocumentId> m_open;                // as the person sees it
    std::unique_ptr<storage::MemoryBackend> m_disk;
    std::unique_ptr<SeededRandom> m_random; // each start draws other numbers, as a new process does
    std::unique_ptr<client::ClientCore> m_core;
    std::deque<Step> m_steps;
    Memory m_memory, m_durable;
    std::map<DocumentId, EditorText> m_editors; // of this start of the program
    Link *m_link = nullptr;
    bool m_copied = false;
    mutable bool m_hasTwin = false;
    bool m_away = false;
    bool m_lagging;

    friend class World;
};

} // namespace eventsync::simulation
