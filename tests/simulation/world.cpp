// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "edits.h"

#include <algorithm>
#include <cstdio>

namespace eventsync::simulation {

using Kind = Action::Kind;

// The server's way out to one link.
class World::Sink final : public sync::SessionSink
{
public:
    Sink(World &world, Link &link) : m_world(world), m_link(link) {}

    void send(const protocol::OutgoingPtr &message) override
    {
        m_world.checkSent(m_link, message);
        Link::Down down{message};
        if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message->message())) {
            if (const Ledger::Log *log = m_world.m_ledger.log(snapshot->documentId)) {
                for (const auto &logged : log->events) {
                    if (logged.event->serverSeq <= snapshot->position.serverSeq)
                        down.covers.push_back(logged.number);
                }
            }
        }
        m_link.sendDown(std::move(down));
    }
    void close(ErrorCode code, const std::string &reason) override
    {
        m_world.say("    server closes link " + std::to_string(m_link.number) + ": " + std::string(errorName(code)) + " " + reason);
        m_link.sendDown({});
        m_link.closedByServer = true;
    }
    std::size_t unsentBytes() const override { return m_link.downBytes; }

private:
    World &m_world;
    Link &m_link;
};

std::string_view actionName(Kind kind)
{
    static constexpr std::string_view kNames[] = {"edit", "up", "down", "work", "disk", "flow", "tick", "connect", "notice", "cut",
        "device crash", "server crash", "backup", "restore", "compact", "copy", "resolve", "undo", "expire", "code write",
        "store fault", "repeat", "open or close"};
    return kNames[static_cast<std::size_t>(kind)];
}

void SimulatedExecutor::runOne()
{
    if (m_tasks.empty())
        return;
    const Task task = std::move(m_tasks.front());
    m_tasks.pop_front();
    task();
}

Traits Traits::ofSeed(std::uint64_t seed)
{
    SeededRandom random(seed * 2 + 1);
    Traits traits;
    traits.seed = seed;
    static constexpr int kDevices[] = {2, 2, 2, 3, 3, 4, 5, 8};
    traits.devices = kDevices[random.below(8)];
    traits.documents = traits.devices > 3 ? 1 + static_cast<int>(random.below(3)) : (random.below(4) ? 1 : 2);
    traits.inFlight = 1 + static_cast<std::int64_t>(random.below(4));
    static constexpr std::size_t kKeep[] = {2, 4, 50, 0};
    if (const std::size_t keep = kKeep[random.below(4)])
        traits.ackedKeep = keep;
    traits.splitSnapshots = random.below(3) == 0;
    traits.slowReaders = random.below(4) == 0;
    traits.lazyServerDisk = random.below(2) == 0;
    traits.lazyDeviceDisks = random.below(3) == 0;
    traits.snapshotEvery = random.below(2) ? 0 : 3;
    switch (random.below(8)) {
    case 0:
        traits.codec = Codec::Json;
        break;
    case 1:
        traits.codec = Codec::Cbor;
        break;
    default:
        break;
    }
    static constexpr unsigned kCrdt[] = {0, 0, 0, 1, 2, 7};
    traits.crdt = kCrdt[random.below(6)];
    traits.calmCrdt = random.below(2) == 0;
    traits.anyRoot = random.below(8) == 0;
    if (random.below(3) == 0)
        traits.places = 1 + static_cast<std::int64_t>(random.below(2));
    traits.worker = random.below(3) == 0;
    return traits;
}

World::World(Traits traits, bool verbose) : m_traits(std::move(traits)), m_verbose(verbose), m_seeds(m_traits.seed ^ 0xE5E5)
{
    for (int i = 0; i < m_traits.documents; ++i)
        m_documents.emplace_back((m_traits.crdt >> i & 1 ? "text-" : "doc-") + std::to_string(i + 1));
    m_store = std::make_unique<storage::MemoryBackend>(sync::SyncService::schema(),
                                                       m_traits.lazyServerDisk ? storage::MemoryBackend::Completion::InFlight
                                                                               : storage::MemoryBackend::Completion::AtOnce);
    startServer();
    for (int i = 0; i < m_traits.devices; ++i) {
        std::vector<DocumentId> follows;
        for (const DocumentId &document : m_documents) {
            if (m_traits.devices < 4 || m_seeds.below(3))
                follows.push_back(document);
        }
        if (follows.empty())
            follows.push_back(m_documents.front());
        m_devices.push_back(std::make_unique<Device>(*this, std::string(1, static_cast<char>('A' + i)), std::move(follows)));
    }
}

World::~World()
{
    m_service.reset();
}

void World::say(const std::string &text) const
{
    if (m_verbose)
        std::printf("%s\n", text.c_str());
}

Link *World::newLink(Device &device)
{
    m_links.push_back(std::make_unique<Link>(++m_linkCount, &device));
    return m_links.back().get();
}

const DocumentId &World::document(std::uint64_t randomBits) const
{
    return m_documents[randomBits % m_documents.size()];
}

void World::startServer()
{
    sync::ServiceOptions options;
    options.policies.set(CollectionName("things"), policy());
    options.validators = [](const CollectionName &collection) {
        return collection == CollectionName("things") ? serverRules() : nullptr;
    };
    options.limits.inFlight = m_traits.inFlight;
    options.limits.documentsPerConnection = m_traits.places;
    options.epoch = "simulation";
    options.heartbeat = std::chrono::minutes(30); // quiet means quiet
    options.snapshotEvery = m_traits.snapshotEvery;
    if (m_traits.splitSnapshots)
        options.catchUpChunkBytes = 48;
    if (m_traits.slowReaders)
        options.highWaterBytes = 1500;
    if (m_traits.worker) {
        options.worker = &m_executor;
        options.lightBytes = 0;
    }
    m_serverRandom = std::make_unique<SeededRandom>(m_seeds.next());
    m_service = std::make_unique<sync::SyncService>(*m_store, m_executor, m_clock, *m_serverRandom, std::move(options));
}

// The process dies: nothing of it runs any more, and of what was on its way to the disk a part may have arrived.
void World::stopServer(std::uint64_t randomBits)
{
    for (const auto &link : m_links) {
        link->sever(randomBits);
        link->up.clear();
        link->closedByServer = true;
    }
    const std::size_t inFlight = m_store->inFlight();
    m_store->crash(inFlight ? randomBits % (inFlight + 1) : 0);
    m_service.reset();
    m_executor.clear();
    m_sinks.clear();
    readCommitted();
}

void World::readCommitted()
{
    static const std::size_t bodyColumn = [] {
        for (const auto &set : sync::SyncService::schema().sets) {
            for (std::size_t i = 0; set.name == "events" && i < set.columns.size(); ++i) {
                if (set.columns[i].name == "body")
                    return i;
            }
        }
        throw Violation("setup", "the events set has no column `body`");
    }();
    auto view = m_store->view();
    if (!view)
        throw Violation("setup", "the store gives no view");
    std::vector<storage::Row> rows;
    const storage::Scan scan{.set = "events", .from = storage::Cell(m_ledger.lastPosition + 1)};
    const auto scanned = (*view)->scan(scan, [&](const storage::Row &row) {
        rows.push_back(row);
        return true;
    });
    if (!scanned)
        throw Violation("setup", scanned.error().toString());
    for (const storage::Row &row : rows) {
        const storage::Cell &body = row[bodyColumn];
        const std::string &bytes = std::holds_alternative<storage::Blob>(body) ? std::get<storage::Blob>(body).bytes
                                                                               : std::get<std::string>(body);
        auto event = eventFromBytes(bytes, EventForm::Logged);
        if (!event)
            throw Violation("G4", "a logged event is not readable: " + event.error().toString());
        say("    committed " + std::to_string(event->serverSeq.value()) + " " + describe(*event));
        m_ledger.committed(std::make_shared<const Event>(std::move(*event)));
        m_ledger.lastPosition = std::get<std::int64_t>(row[0]);
    }
}

// What a message from the server says of a position is the chain of that position, as the log stands.
void World::checkPosition(const DocumentId &id, const Position &said, std::string_view where) const
{
    const Ledger::Log *log = m_ledger.log(id);
    const auto at = static_cast<std::size_t>(said.serverSeq.value());
    const bool isRight = at == 0 ? said.chain == chainStart(collectionOf(id), id)
                                 : log && at < log->chains.size() && said.chain == log->chains[at];
    if (!isRight)
        throw Violation("chain", "`" + std::string(where) + "` of " + id.text() + " says " + said.chain.toHex() + " at " +
                                     std::to_string(said.serverSeq.value()));
}

// A device may still be in a history that a restore has ended.
void World::checkReceived(const protocol::Message &message) const
{
    const auto *subscribe = std::get_if<protocol::Subscribe>(&message);
    if (!subscribe)
        return;
    std::vector<Position> positions;
    if (subscribe->chain)
        positions.push_back({subscribe->afterSeq.value_or(ServerSeq()), *subscribe->chain});
    for (const protocol::Checkpoint &checkpoint : subscribe->checkpoints)
        positions.push_back({checkpoint.serverSeq, checkpoint.chain});
    for (const Position &position : positions) {
        if (!m_ledger.hadPosition(subscribe->documentId, position))
            throw Violation("chain", "`subscribe` to " + subscribe->documentId.text() + " says " + position.chain.toHex() + " at " +
                                         std::to_string(position.serverSeq.value()));
    }
}

// [G1] nobody hears of what a crash can still take back.
void World::checkSent(Link &link, const protocol::OutgoingPtr &outgoing)
{
    readCommitted();
    const auto &message = outgoing->message();
    if (const auto *events = std::get_if<protocol::Events>(&message)) {
        ServerSeq seq;
        for (const auto &item : events->events) {
            if (item.event)
                seq = item.event->serverSeq;
            else if (auto event = eventFromBytes(*item.canonical, EventForm::Logged))
                seq = event->serverSeq;
            if (seq > m_ledger.head(events->documentId))
                throw Violation("G1", "an event was sent to " + link.device->name() + " before it was durable");
        }
        checkPosition(events->documentId, {seq, events->chain}, "events");
    } else if (const auto *ack = std::get_if<protocol::Ack>(&message)) {
        for (const auto &result : ack->results) {
            const bool logged = result.status == AckStatus::Applied || result.status == AckStatus::Merged ||
                                result.status == AckStatus::Duplicate;
            if (logged && (!result.serverSeq || *result.serverSeq > m_ledger.head(ack->documentId)))
                throw Violation("G1", "an edit of " + link.device->name() + " was acknowledged before it was durable");
        }
    } else if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message)) {
        checkPosition(snapshot->documentId, snapshot->position, "snapshot");
    } else if (const auto *synced = std::get_if<protocol::Synced>(&message)) {
        checkPosition(synced->documentId, synced->position, "synced");
    } else if (const auto *error = std::get_if<protocol::ErrorMessage>(&message); error && error->code == ErrorCode::QueueFull) {
        throw Violation("places", link.device->name() + " follows more documents than one connection may");
    }
}

void World::work()
{
    m_executor.runOne();
    readCommitted();
}

void World::serverReceives(Link &link)
{
    protocol::Message message = std::move(link.up.front());
    link.up.pop_front();
    if (link.closedByServer)
        return;
    if (m_traits.codec) {
        auto copy = protocol::decode(protocol::encode(message, *m_traits.codec), *m_traits.codec);
        if (!copy)
            throw Violation("codec", std::string(protocol::messageType(message)) + " does not come back: " + copy.error().toString());
        message = std::move(*copy);
    }
    if (!link.session) {
        m_sinks.push_back(std::make_unique<Sink>(*this, link));
        link.session = m_service->open(*m_sinks.back(), {.peer = link.device->name(), .document = {}});
    }
    say("    link " + std::to_string(link.number) + " -> server: " + std::string(protocol::messageType(message)));
    checkReceived(message);
    m_service->receive(*link.session, message);
    readCommitted();
}

void World::deviceReceives(Link &link)
{
    Link::Down down = std::move(link.down.front());
    link.down.pop_front();
    if (down.message) {
        const std::size_t before = link.downBytes;
        link.downBytes -= roughBytes(down.message->message());
        say("    server -> " + link.device->name() + ": " + std::string(protocol::messageType(down.message->message())));
        if (before > 700 && link.downBytes <= 700 && link.session && !link.closedByServer && m_service)
            m_service->drained(*link.session);
    }
    link.device->receive(std::move(down));
}

void World::dropCutLinks()
{
    for (const auto &link : m_links) {
        if (link->cut && link->up.empty() && link->session && !link->closedByServer) {
            link->closedByServer = true;
            m_service->lost(*link->session);
        }
    }
    std::erase_if(m_links, [](const auto &link) {
        return link->up.empty() && link->dead && (link->closedByServer || !link->session);
    });
}

void World::codeWrite(std::uint64_t randomBits)
{
    sync::SyncService::Write write;
    write.documentId = document(randomBits);
    write.collection = collectionOf(write.documentId);
    write.clientId = ClientId("rest:web");
    write.editsAnywhere = true;
    write.edit = [randomBits, crdt = isCrdt(write.documentId), anyRoot = m_traits.anyRoot](json::State &state) -> Result<> {
        if (crdt) {
            if (state)
                editCrdtValue(*state, randomBits / 8);
            return {};
        }
        const RandomEdit edit = randomEdit(state, randomBits / 8, anyRoot);
        if (edit.kind == EditKind::Create)
            state = edit.state;
        else if (edit.kind == EditKind::Remove)
            state.reset();
        else
            EVENTSYNC_CHECK(json::apply(state, edit.patch));
        return {};
    };
    m_service->write(std::move(write), [](Result<sync::SyncService::Written>) {});
}

void World::step(const Action &action)
{
    const std::uint64_t randomBits = action.randomBits;
    const std::uint64_t rest = randomBits / 8;
    Device &device = *m_devices[randomBits % m_devices.size()];
    if (m_verbose && action.kind != Kind::Flow)
        say(std::string(actionName(action.kind)) + " (" + device.name() + ")");
    m_clock.advance(std::chrono::milliseconds(randomBits % 7));
    const auto pick = [&](auto ready) -> Link * {
        std::vector<Link *> links;
        for (const auto &link : m_links) {
            if (ready(*link))
                links.push_back(link.get());
        }
        return links.empty() ? nullptr : links[rest % links.size()];
    };
    switch (action.kind) {
    case Kind::Edit:
        device.edit(rest);
        break;
    case Kind::Up:
        if (Link *link = pick([](const Link &l) { return !l.up.empty(); }))
            serverReceives(*link);
        break;
    case Kind::Down:
        if (Link *link = pick([](const Link &l) { return !l.down.empty() && !l.dead; }))
            deviceReceives(*link);
        break;
    case Kind::Work:
        work();
        break;
    case Kind::Disk:
        device.disk();
        break;
    case Kind::Flow: {
        static constexpr Kind kFlow[] = {Kind::Up, Kind::Down, Kind::Work, Kind::Disk};
        SeededRandom random(rest);
        for (std::uint64_t i = 0; i < 1 + rest % 24; ++i)
            step({kFlow[random.below(4)], random.next() & 0xFFFFFF});
        break;
    }
    case Kind::Tick:
        m_clock.advance(std::chrono::milliseconds(rest % 2000));
        device.tick();
        m_service->tick();
        readCommitted();
        break;
    case Kind::Connect:
        device.connect();
        break;
    case Kind::Notice:
        device.notice();
        break;
    case Kind::Cut:
        if (device.link())
            device.link()->sever(rest);
        break;
    case Kind::DeviceCrash:
        device.crash(rest);
        break;
    case Kind::ServerCrash:
        stopServer(rest);
        startServer();
        break;
    case Kind::Backup:
        readCommitted();
        m_backups.push_back({m_store->snapshot(), m_ledger.save()});
        break;
    case Kind::Restore:
        if (!m_backups.empty()) {
            stopServer(rest);
            const Backup &backup = m_backups[rest % m_backups.size()];
            m_store->restore(backup.image);
            m_ledger.load(backup.ledger);
            startServer();
        }
        break;
    case Kind::Compact: {
        const DocumentId &id = document(rest);
        const ServerSeq head = m_ledger.head(id);
        if (head.value() > 0)
            m_service->compact(id, head.next() - static_cast<std::int64_t>(rest / 8 % 3), [](Result<ServerSeq>) {});
        break;
    }
    case Kind::Copy:
        if (m_devices.size() < static_cast<std::size_t>(m_traits.devices) + 2) {
            m_devices.push_back(std::make_unique<Device>(device, std::string(1, static_cast<char>('A' + m_devices.size()))));
            say("    " + m_devices.back()->name() + " is a copy of " + device.name() + "'s profile");
        }
        break;
    case Kind::Resolve:
        device.resolve(rest, true);
        break;
    case Kind::Undo:
        device.undo(rest);
        break;
    case Kind::Expire: {
        const ClientId client = device.core().clientId();
        m_expired.insert(client);
        m_service->expireClient(client, [](Result<>) {});
        break;
    }
    case Kind::CodeWrite:
        codeWrite(rest);
        break;
    case Kind::StoreFault:
        m_store->failNextCommits({ErrorCode::StoreFull, "the disk is full"}, 1 + static_cast<int>(rest % 2),
                                 rest % 5 ? storage::MemoryBackend::Fault::Refused : storage::MemoryBackend::Fault::Answered);
        break;
    case Kind::OpenClose:
        device.openOrClose(rest);
        break;
    case Kind::Repeat:
        if (Link *link = pick([](const Link &l) { return l.canRepeat(); }))
            link->repeat();
        break;
    }
    dropCutLinks();
}

std::string World::picture()
{
    std::string picture;
    for (const auto &device : m_devices) {
        picture += device->core().clientId().text();
        for (const DocumentId &id : device->documents()) {
            const auto position = device->core().position(id).value_or(Position());
            picture += ' ' + std::to_string(position.serverSeq.value()) + position.chain.toHex().substr(0, 8);
        }
        for (const auto &entry : device->core().queue())
            picture += ' ' + entry.id.toText() + std::to_string(static_cast<int>(entry.state));
    }
    for (const auto &[id, log] : m_ledger.logs())
        picture += ' ' + log.chains.back().toHex();
    return picture;
}

void World::healNetwork(SeededRandom &random, Device &device)
{
    int idle = 0;
    for (int n = 0; n < 20'000; ++n) {
        const bool up = std::any_of(m_links.begin(), m_links.end(), [](const auto &l) { return !l->up.empty(); });
        const bool down = std::any_of(m_links.begin(), m_links.end(), [](const auto &l) { return !l->down.empty() && !l->dead; });
        const bool owes = std::any_of(m_devices.begin(), m_devices.end(), [](const auto &d) { return d->owes(); });
        if (up || down || owes || !m_executor.isIdle()) {
            idle = 0;
            if (owes)
                std::for_each(m_devices.begin(), m_devices.end(), [](const auto &d) { d->settleDisk(); });
            step({up && random.below(3) ? Kind::Up : random.below(2) ? Kind::Down : Kind::Work, random.next() & 0xFFFFFF});
            continue;
        }
        bool stale = false;
        for (const auto &other : m_devices) {
            if (other->hasLink() && other->link()->cut) {
                other->notice();
                stale = true;
            }
        }
        if (!device.hasLink()) {
            device.connect();
            if (stale || device.hasLink())
                continue;
        }
        if (device.resolve(random.next() & 0xFFFFF, false))
            continue;
        if (++idle > 2)
            return;
        m_clock.advance(std::chrono::milliseconds(1'500));
        m_service->tick();
        for (const auto &other : m_devices)
            other->tick();
    }
    throw Violation("livelock", device.name() + " does not come to rest");
}

void World::heal()
{
    say("--- healing");
    m_store->failNextCommits({ErrorCode::StoreFull, ""}, 0);
    SeededRandom random(m_traits.seed ^ 0x5EED);
    becomeQuiet(random);
    for (const auto &device : m_devices)
        checkSettled(*device); // whatever is open and whatever is not
    say("--- everything is opened");
    for (const auto &device : m_devices)
        device->openAll();
    becomeQuiet(random);
    if (m_traits.places > 0 && m_traits.places < m_traits.documents)
        readInTurns(random);
}

// Where not all documents have a place, each gets one after the other, until no replica has anything new.
void World::readInTurns(SeededRandom &random)
{
    for (int round = 0; round < 20; ++round) {
        const std::string before = picture();
        for (int turn = 0; turn < m_traits.documents; ++turn) {
            m_clock.advance(kFollowTurn);
            for (const auto &device : m_devices)
                device->tick();
            becomeQuiet(random);
        }
        if (picture() == before)
            return;
    }
    throw Violation("livelock", "reading in turns does not end");
}

void World::becomeQuiet(SeededRandom &random)
{
    std::string before;
    for (int turn = 0; turn < 60; ++turn) {
        for (std::size_t i = 0; i < m_devices.size(); ++i) {
            m_devices[i]->comeBack();
            m_devices[i]->connect();
            healNetwork(random, *m_devices[i]);
        }
        std::string now = picture();
        if (now == before)
            return;
        before = std::move(now);
    }
    throw Violation("livelock", "healing does not end");
}

void World::checkDevice(Device &device, std::map<EventId, std::string> &held)
{
    for (const DocumentId &id : device.documents()) {
        const Ledger::Log *log = m_ledger.log(id);
        const auto position = device.core().position(id).value_or(Position{});
        const DocumentState *confirmed = device.core().confirmed(id);
        const std::string state = confirmed ? confirmed->canonical() : std::string();
        if (position.serverSeq != m_ledger.head(id) || (log && position.chain != log->chains.back()) ||
            state != (log ? log->state.canonical() : std::string()))
            throw Violation("G8", device.name() + " at " + std::to_string(position.serverSeq.value()) + " " + state +
                                      " differs from the server at " + std::to_string(m_ledger.head(id).value()) + " " +
                                      (log ? log->state.canonical() : std::string()));
        checkCrdt(device, id);
        for (const auto &entry : device.core().queue(id))
            held.emplace(entry.first(), device.name());
    }
    checkSettled(device);
}

void World::checkSettled(Device &device) const
{
    for (const auto &entry : device.core().queue()) {
        if (entry.isPending())
            throw Violation("jam", device.name() + " still has " + entry.id.toText() + " of " + entry.documentId.text());
        if (entry.state == client::EntryState::Conflict && !device.isPersons(entry))
            throw Violation("jam", "the resolver of " + device.name() + " never gets to " + entry.id.toText());
    }
}

// [G4] on the server: what it would give a new client is what the log says.
void World::checkServer()
{
    for (const DocumentId &id : m_documents) {
        std::optional<Result<DocumentRecord>> record;
        m_service->read(id, [&](Result<DocumentRecord> result) { record = std::move(result); });
        for (int i = 0; i < 1000 && !record; ++i)
            work();
        const Ledger::Log *log = m_ledger.log(id);
        if (!record || (!*record && log))
            throw Violation("G4", "the server cannot read " + id.text() + (record ? ": " + record->error().toString() : ""));
        if (!log)
            continue;
        const std::string state = (*record)->state ? json::canonical(*(*record)->state) : std::string();
        if ((*record)->position.serverSeq != m_ledger.head(id) || (*record)->position.chain != log->chains.back() ||
            state != log->state.canonical())
            throw Violation("G4", "the server's " + id.text() + " " + state + " is not the fold of its log " + log->state.canonical());
    }
}

void World::check()
{
    checkServer();
    std::map<EventId, std::string> held;
    for (const auto &device : m_devices)
        checkDevice(*device, held);
    std::map<EventId, EventPtr> logged;
    for (const auto &[id, log] : m_ledger.logs()) {
        for (const auto &entry : log.events)
            logged.emplace(entry.root, entry.event);
    }
    for (const EventId &root : m_ledger.edits) {
        const auto there = logged.find(root);
        const auto holder = held.find(root);
        if (there != logged.end() && holder != held.end())
            throw Violation("G9", root.toText() + " is in the log as " + describe(*there->second) + " and still waits at " + holder->second);
        if (there != logged.end() || holder != held.end() || m_ledger.discarded.contains(root))
            continue;
        // A restore may lose what its author no longer keeps (limits.ackedKeep): accepted and said in G12.
        if (m_ledger.restores && m_traits.ackedKeep && m_ledger.everLogged.contains(root))
            continue;
        throw Violation("G9", "edit " + root.toText() + " is nowhere");
    }
}

} // namespace eventsync::simulation
