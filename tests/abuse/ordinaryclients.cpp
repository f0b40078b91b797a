// SPDX-License-Identifier: Apache-2.0
#include "ordinaryclients.h"

#include <QTest>

#include <algorithm>
#include <unordered_map>

namespace eventsync::abuse {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using client::SyncClient;

constexpr auto kEditEvery = 200ms;
constexpr auto kReadEvery = 500ms;
constexpr int kLongMs = 120'000;

Milliseconds since(SteadyClock::time_point begin)
{
    return SteadyClock::now() - begin;
}

} // namespace

const char *const kSharedDocument = "shared";
const char *const kOrdinaryCollection = "work";

Milliseconds Durations::quantile(double part) const
{
    if (m_all.empty())
        return {};
    std::vector<Milliseconds> sorted = m_all;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
}

struct OrdinaryClients::Person
{
    std::unique_ptr<SyncClient> client;
    std::string name;
    std::int64_t edits = 0;
    std::unordered_map<EventId, SteadyClock::time_point> begun; // edits that are not acknowledged
    bool isReading = false;
};

OrdinaryClients::OrdinaryClients(const QUrl &server)
{
    for (int i = 0; i < kClients; ++i) {
        client::SyncClientOptions options;
        options.connect = client::dialing(server);
        auto client = SyncClient::inMemory(std::move(options));
        if (!client)
            return;
        auto person = std::make_unique<Person>();
        person->client = std::move(*client);
        person->name = "person-" + std::to_string(i);
        connect(person->client.get(), &SyncClient::editLogged, this, [this, &person = *person](const client::EditLogged &notification) {
            if (const auto found = person.begun.find(notification.id); found != person.begun.end()) {
                edits.add(since(found->second));
                person.begun.erase(found);
            }
        });
        m_people.push_back(std::move(person));
    }
    connect(&m_edits, &QTimer::timeout, this, [this] {
        for (const auto &person : m_people)
            edit(*person);
    });
    connect(&m_reads, &QTimer::timeout, this, [this] {
        for (const auto &person : m_people)
            read(*person);
    });
}

OrdinaryClients::~OrdinaryClients()
{
    m_people.clear(); // their futures end with them, and what follows uses the other members
}

bool OrdinaryClients::begin()
{
    if (m_people.size() != kClients)
        return false;
    const DocumentId document(kSharedDocument);
    const CollectionName collection(kOrdinaryCollection);
    for (const auto &person : m_people) {
        person->client->openDocument(document, collection);
        person->client->goOnline();
    }
    SyncClient &first = *m_people.front()->client;
    first.create(document, collection, json::Object{{"edits", 0}, {"last", json::Object()}});
    return QTest::qWaitFor(
        [&] {
            return std::all_of(m_people.begin(), m_people.end(), [&](const auto &person) {
                const DocumentState *state = person->client->core().confirmed(document);
                return state && state->exists();
            });
        },
        kLongMs);
}

void OrdinaryClients::work(bool on)
{
    if (!on) {
        m_edits.stop();
        m_reads.stop();
        return;
    }
    m_edits.start(kEditEvery);
    m_reads.start(kReadEvery);
}

bool OrdinaryClients::settle()
{
    return QTest::qWaitFor(
        [&] {
            return std::all_of(m_people.begin(), m_people.end(),
                               [](const auto &person) { return person->begun.empty() && !person->isReading; });
        },
        kLongMs);
}

void OrdinaryClients::edit(Person &person)
{
    json::Patch patch;
    patch.append({json::OperationKind::Inc, json::Pointer({"edits"}), {}, 1});
    patch.append({json::OperationKind::Add, json::Pointer({"last", person.name}), {}, ++person.edits});
    const auto begun = SteadyClock::now();
    person.client->update(DocumentId(kSharedDocument), std::move(patch))
        .then(this, [this, &person, begun](const Result<std::optional<EventId>> &made) {
            if (!made || !*made) {
                ++m_failures["an edit was not made"];
                return;
            }
            m_edited.insert(**made);
            person.begun.emplace(**made, begun);
        });
}

void OrdinaryClients::read(Person &person)
{
    if (std::exchange(person.isReading, true))
        return;
    const auto begun = SteadyClock::now();
    person.client->list({.collection = CollectionName(kOrdinaryCollection)})
        .then(this, [this, &person, begun](const Result<json::Object> &answer) {
            person.isReading = false;
            if (answer)
                reads.add(since(begun));
            else
                ++m_failures["a list was answered " + std::string(errorName(answer.error().code))];
        });
}

} // namespace eventsync::abuse
