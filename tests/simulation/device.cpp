// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include "edits.h"
#include "world.h"

#include <algorithm>

namespace eventsync::simulation {

namespace {

void mark(std::vector<bool> &set, std::uint32_t number)
{
    if (set.size() <= number)
        set.resize(number + 1);
    set[number] = true;
}

template<class... Handlers>
struct Overloaded : Handlers...
{
    using Handlers::operator()...;
};

// A message handed over without encoding looks like a decoded one: every event is there as a value.
protocol::Message decoded(const protocol::Message &message, const std::optional<Codec> &codec)
{
    if (codec) {
        auto result = protocol::decode(protocol::encode(message, *codec), *codec);
        if (!result)
            throw Violation("codec", "a message does not come back: " + result.error().toString());
        return std::move(*result);
    }
    protocol::Message copy = message;
    if (auto *events = std::get_if<protocol::Events>(&copy)) {
        for (auto &item : events->events) {
            if (item.event)
                continue;
            auto event = eventFromBytes(*item.canonical, EventForm::Logged);
            if (!event)
                throw Violation("codec", "a stored event is not readable: " + event.error().toString());
            item.event = std::make_shared<const Event>(std::move(*event));
        }
    }
    return copy;
}

json::Footprint netChange(const json::State &before, const json::State &after)
{
    if (!before && !after)
        return {};
    if (!before || !after)
        return json::Footprint::everything();
    json::Value value = *before;
    const auto applied = json::apply(value, json::diff(*before, *after), {.size = json::canonicalSize(value)});
    if (!applied)
        throw Violation("setup", "a difference does not apply: " + applied.error().toString());
    return applied->footprint;
}

} // namespace

Device::Device(World &world, std::string name, std::vector<DocumentId> documents)
    : m_world(world), m_name(std::move(name)), m_documents(std::move(documents)),
      m_disk(std::make_unique<storage::MemoryBackend>(client::ClientCore::schema())),
      m_lagging(world.traits().lazyDeviceDisks)
{
    load();
    openAll();
    settleDisk();
}

Device::Device(const Device &original, std::string name)
    : m_world(original.m_world), m_name(std::move(name)), m_documents(original.m_documents), m_open(original.m_open),
      m_disk(std::make_unique<storage::MemoryBackend>(client::ClientCore::schema())),
      m_memory(original.m_lagging ? original.m_durable : original.m_memory), m_durable(m_memory), m_copied(true),
      m_lagging(original.m_lagging)
{
    m_disk->restore(original.m_disk->snapshot());
    original.m_hasTwin = true;
    load();
}

Device::~Device() = default;

void Device::load()
{
    client::ClientOptions options;
    options.userAgent = "simulation";
    options.queueEntries = m_world.traits().queueEntries;
    options.ackedKeepCount = m_world.traits().ackedKeep;
    options.checkpointEvery = 2;
    options.checkpoints = 3;
    options.followTurn = kFollowTurn;
    options.validators = [](const CollectionName &collection) {
        return collection == CollectionName("things") ? commonRules() : nullptr;
    };
    m_editors.clear();
    m_core.reset();
    m_random = std::make_unique<SeededRandom>(m_world.nextSeed());
    auto view = m_disk->view();
    if (!view)
        throw Violation("G5", m_name + " cannot read its disk");
    auto core = client::ClientCore::load(**view, m_world.clock(), *m_random, std::move(options));
    if (!core)
        throw Violation("G5", m_name + " does not start: " + core.error().toString());
    m_core = std::move(*core);
}

void Device::connect()
{
    if (m_link || m_away)
        return;
    m_link = m_world.newLink(*this);
    perform(m_core->connected());
}

void Device::notice()
{
    if (!m_link || !m_link->cut)
        return;
    m_link->dead = true;
    m_link->down.clear();
    m_link = nullptr;
    perform(m_core->disconnected());
}

void Device::crash(std::uint64_t randomBits)
{
    if (m_link) {
        m_link->sever(randomBits);
        m_link->dead = true;
        m_link->down.clear();
        m_link = nullptr;
    }
    m_steps.clear();
    if (m_lagging)
        m_memory = m_durable;
    load();
    for (const DocumentId &id : m_open) // the user opens what was open
        perform(m_core->openDocument(id, collectionOf(id)).value());
}

void Device::perform(client::Changes changes)
{
    checkCrdt(changes);
    for (const DocumentId &id : m_documents)
        noteEntries(id);
    if (changes.writes.isEmpty() && changes.messages.empty() && changes.notifications.empty() && !changes.close)
        return;
    const bool isClosing = changes.close.has_value();
    m_steps.push_back({std::move(changes), m_link, m_lagging ? m_memory : Memory()});
    if (!m_lagging || isClosing)
        settleDisk();
}

void Device::settleDisk()
{
    while (!m_steps.empty())
        disk();
}

void Device::disk()
{
    if (m_steps.empty())
        return;
    Step step = std::move(m_steps.front());
    m_steps.pop_front();
    struct Later final : Executor
    {
        std::vector<Task> tasks;
        void post(Task task) override { tasks.push_back(std::move(task)); }
    } later;
    std::optional<Result<storage::Committed>> committed;
    if (!step.changes.writes.isEmpty()) {
        m_disk->commit(std::move(step.changes.writes), later, [&](Result<storage::Committed> result) { committed = std::move(result); });
        for (const Executor::Task &task : later.tasks)
            task();
        if (!committed || !*committed)
            throw Violation("G5", m_name + " cannot write: " + (committed ? committed->error().toString() : std::string("no answer")));
    }
    if (m_lagging)
        m_durable = std::move(step.memory);
    Ledger &ledger = m_world.ledger();
    const Memory &durable = m_lagging ? m_durable : m_memory;
    ledger.edits.insert(durable.made.begin(), durable.made.end());
    ledger.discarded.insert(durable.discarded.begin(), durable.discarded.end());
    for (protocol::Message &message : step.changes.messages) {
        if (!step.link || step.link != m_link)
            break;
        if (const auto *push = std::get_if<protocol::Push>(&message)) {
            for (const EventPtr &event : push->events) {
                const auto note = durable.notes.find(event->id);
                if (note == durable.notes.end())
                    throw Violation("G5", m_name + " pushes " + describe(*event) + " before it is durable");
                checkNet(*event, note->second);
                ledger.pushed(*event, note->second);
                m_world.say("    " + m_name + " pushes " + describe(*event));
            }
        }
        step.link->sendUp(std::move(message));
    }
    for (const client::Notification &notification : step.changes.notifications)
        apply(notification);
    if (step.changes.close && m_link && step.link == m_link) {
        m_world.say("    " + m_name + " leaves: " + step.changes.close->reason.toString());
        m_link->sever(0);
        notice();
    }
}

// What a snapshot changed, as a whole, is like one event that the author has not seen: a push that claims to know the
// snapshot must not overlap it.
void Device::checkNet(const Event &event, const EditNote &note) const
{
    for (const EditNote::Net &net : note.net) {
        if (event.baseSeq >= net.until && !event.onOverlap && json::overlaps(net.change, net.edit))
            throw Violation("silent conflict", m_name + " pushes " + describe(event) + ", which overlaps what a snapshot changed");
    }
}

void Device::apply(const client::Notification &notification)
{
    std::visit(Overloaded{
                   [&](const client::ClientIdChanged &changed) {
                       m_world.say("    " + m_name + ": new client id " + changed.now.text() + " (" + changed.reason.toString() + ")");
                       if (!m_copied && !m_hasTwin && !m_world.expired().contains(changed.before))
                           throw Violation("false fork", m_name + " was never copied but takes itself for a copy: " +
                                                             changed.reason.toString());
                   },
                   [&](const client::DeadLettered &dead) {
                       m_world.say("    " + m_name + ": dead letter " + dead.entry.toText().substr(19) + ": " + dead.reason.toString());
                       for (const auto &entry : m_core->queue(dead.documentId)) {
                           if (entry.id == dead.entry && dead.reason.code == ErrorCode::Invalid && !entry.diff.isCrdt() &&
                               entry.operation == Operation::Update && isGoldOnly(entry.diff.patch()))
                               throw Violation("intent", m_name + ": a legal " + json::canonical(entry.diff.toJson()) +
                                                             " was refused for ever instead of parked");
                       }
                   },
                   [&](const client::DocumentDiverged &diverged) {
                       m_world.say("    " + m_name + ": diverged, back to " + std::to_string(diverged.commonSeq.value()));
                   },
                   [](const auto &) {},
               },
               notification);
}

void Device::noteEntries(const DocumentId &document)
{
    const auto entries = m_core->queue(document);
    std::vector<const client::QueueEntry *> before;
    std::set<EventId> queued;
    for (const client::QueueEntry &entry : entries) {
        queued.insert(entry.first());
        if (!m_memory.notes.contains(entry.id)) {
            EditNote note;
            note.id = entry.id;
            note.root = entry.first();
            note.made = m_core->position(document).value_or(Position()).serverSeq;
            note.saw = m_memory.saw[document];
            for (const client::QueueEntry *earlier : before) {
                if (json::overlaps(earlier->footprint, entry.footprint))
                    note.deps.push_back(m_world.ledger().number(earlier->id));
            }
            m_memory.made.insert(note.root);
            m_world.say("    " + m_name + " queues " + entry.id.toText().substr(19) + " " + json::canonical(entry.diff.toJson()) + " on " +
                        std::to_string(entry.baseSeq.value()) +
                        (entry.firstId ? " replaces " + entry.firstId->toText().substr(19) : std::string()));
            noteRenewed(entry);
            m_memory.notes.emplace(entry.id, std::move(note));
        }
        if (entry.isPending())
            before.push_back(&entry);
    }
    std::set<EventId> &pending = m_memory.pending[document];
    pending.clear();
    for (const client::QueueEntry *entry : before)
        pending.insert(entry->id);
    checkLeft(document, queued);
    m_memory.queued[document] = std::move(queued);
}

// [G9] at every step: what left the queue is in what this device has of the log, or was given up. Else its person would see
// the edit vanish, and new edits would be made on a state without it.
void Device::checkLeft(const DocumentId &document, const std::set<EventId> &queued) const
{
    const auto before = m_memory.queued.find(document);
    if (before == m_memory.queued.end())
        return;
    const auto seen = m_memory.saw.find(document);
    const auto sawIt = [&](std::uint32_t number) {
        return seen != m_memory.saw.end() && number < seen->second.size() && seen->second[number];
    };
    for (const EventId &root : before->second) {
        if (queued.contains(root) || m_memory.discarded.contains(root))
            continue;
        const auto versions = m_world.ledger().versions.find(root);
        if (versions == m_world.ledger().versions.end() ||
            std::none_of(versions->second.begin(), versions->second.end(), sawIt))
            throw Violation("G9", m_name + ": " + root.toText() + " left the queue before its event came");
    }
}

void Device::receive(Link::Down down)
{
    if (!down.message) {
        m_world.say("    " + m_name + ": closed by the server");
        m_link->cut = true;
        notice();
        return;
    }
    const protocol::Message message = decoded(down.message->message(), m_world.traits().codec);
    if (const auto *events = std::get_if<protocol::Events>(&message)) {
        const ServerSeq before = m_core->position(events->documentId).value_or(Position()).serverSeq;
        for (const auto &item : events->events)
            noteTwinsVersion(*item.event);
        auto changes = m_core->receive(message);
        const ServerSeq after = m_core->position(events->documentId).value_or(Position()).serverSeq;
        for (const auto &item : events->events) {
            if (item.event->serverSeq > before && item.event->serverSeq <= after)
                mark(m_memory.saw[events->documentId], m_world.ledger().number(item.event->id));
        }
        perform(std::move(changes));
        return;
    }
    const auto *snapshot = std::get_if<protocol::Snapshot>(&message);
    const auto *diverged = std::get_if<protocol::Diverged>(&message);
    if (!snapshot && !diverged) {
        perform(m_core->receive(message));
        return;
    }
    const DocumentId document = snapshot ? snapshot->documentId : diverged->documentId;
    std::set<EventId> queued;
    for (const auto &entry : m_core->queue(document))
        queued.insert(entry.id);
    const DocumentState *confirmed = m_core->confirmed(document);
    const json::State old = confirmed ? confirmed->jsonState() : json::State();
    const auto before = m_core->position(document);
    auto changes = m_core->receive(message);
    const auto after = m_core->position(document);
    const bool installed = snapshot && after && before != after;
    json::Footprint change;
    if (installed) {
        for (const std::uint32_t number : down.covers)
            mark(m_memory.saw[document], number);
        confirmed = m_core->confirmed(document);
        change = netChange(old, confirmed ? confirmed->jsonState() : json::State());
    }
    for (const auto &entry : m_core->queue(document)) {
        const auto note = m_memory.notes.find(entry.id);
        if (note == m_memory.notes.end())
            continue;
        if (!queued.contains(entry.id) || (installed && entry.isPending()))
            note->second.made = after->serverSeq; // from here on its knowledge is exact again
        else if (diverged)
            note->second.made = std::min(note->second.made, diverged->commonSeq);
        if (diverged)
            std::erase_if(note->second.net, [&](const EditNote::Net &net) { return net.until > diverged->commonSeq; });
        else if (installed && !change.isEmpty() && entry.isPending() && queued.contains(entry.id)
                 && !(isCrdt(entry.documentId) && entry.operation == Operation::Update))
            note->second.net.push_back({after->serverSeq, change, entry.footprint});
    }
    perform(std::move(changes));
}

void Device::tick()
{
    perform(m_core->tick());
}

void Device::edit(std::uint64_t randomBits)
{
    const DocumentId &document = m_documents[randomBits % m_documents.size()];
    if (isCrdt(document)) {
        editCrdt(document, randomBits / 16);
        return;
    }
    const DocumentState *state = m_core->optimistic(document);
    const RandomEdit edit = randomEdit(state ? state->jsonState() : json::State(), randomBits / 16, m_world.traits().anyRoot);
    Result<client::ClientCore::Edited> edited = failure(ErrorCode::NotFound);
    if (edit.kind == EditKind::Create)
        edited = m_core->create(document, CollectionName("things"), edit.state);
    else if (edit.kind == EditKind::Remove)
        edited = m_core->remove(document);
    else
        edited = m_core->update(document, edit.patch);
    if (edited)
        perform(std::move(edited->changes));
}

void Device::undo(std::uint64_t randomBits)
{
    const DocumentId &document = m_documents[randomBits % m_documents.size()];
    auto edited = (randomBits / 16) % 3 ? m_core->undo(document) : m_core->redo(document);
    if (edited)
        perform(std::move(edited->changes));
}

void Device::openOrClose(std::uint64_t randomBits)
{
    const DocumentId &document = m_documents[randomBits % m_documents.size()];
    if (m_open.erase(document) > 0) {
        m_world.say("    " + m_name + " closes " + document.text());
        perform(m_core->closeDocument(document));
    } else {
        m_world.say("    " + m_name + " opens " + document.text());
        m_open.insert(document);
        perform(m_core->openDocument(document, collectionOf(document)).value());
    }
}

void Device::openAll()
{
    m_open.insert(m_documents.begin(), m_documents.end());
    for (const DocumentId &id : m_documents)
        perform(m_core->openDocument(id, collectionOf(id)).value());
}

// A third of all conflicts are left for the person, who may never come.
bool Device::isPersons(const client::QueueEntry &entry) const
{
    return static_cast<unsigned char>(entry.id.view()[15]) % 3 == 0;
}

std::optional<client::QueueEntry> Device::nextConflict(bool person)
{
    for (const DocumentId &document : m_documents) {
        for (const client::QueueEntry &entry : m_core->queue(document)) {
            if (entry.state == client::EntryState::Conflict && entry.ready && (person || !isPersons(entry)))
                return entry;
        }
    }
    return std::nullopt;
}

Result<client::Changes> Device::decide(const client::QueueEntry &entry, std::uint64_t randomBits)
{
    static constexpr client::Decision kDecisions[] = {client::Decision::Ours, client::Decision::Theirs, client::Decision::Merged};
    client::Resolution resolution{.decision = kDecisions[randomBits % 3], .merged = {}, .strategy = "random", .decidedBy = m_name};
    if (resolution.decision == client::Decision::Merged) {
        const DocumentState *state = m_core->optimistic(entry.documentId);
        resolution.merged = state ? state->jsonState() : json::State();
        const RandomEdit edit = randomEdit(resolution.merged, randomBits / 3, m_world.traits().anyRoot);
        if (edit.kind == EditKind::Create)
            resolution.merged = edit.state;
        else if (edit.kind == EditKind::Remove)
            resolution.merged.reset();
        else if (!json::apply(resolution.merged, edit.patch))
            resolution.decision = client::Decision::Theirs;
    }
    return m_core->resolve(entry.id, std::move(resolution));
}

bool Device::resolve(std::uint64_t randomBits, bool person)
{
    const auto entry = nextConflict(person);
    if (!entry)
        return false;
    auto changes = decide(*entry, randomBits);
    if (!changes) { // what was chosen cannot be had: the person gives it up
        m_world.say("    " + m_name + " discards " + entry->id.toText().substr(19) + ": " + changes.error().toString());
        m_memory.discarded.insert(entry->first());
        changes = m_core->discard(entry->id);
        if (!changes)
            throw Violation("jam", m_name + " cannot discard a conflict: " + changes.error().toString());
    } else {
        m_world.say("    " + m_name + " resolves " + entry->id.toText().substr(19));
    }
    perform(std::move(*changes));
    return true;
}

} // namespace eventsync::simulation
