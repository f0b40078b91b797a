// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

#include <QObject>
#include <QTimer>
#include <QUrl>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace eventsync::abuse {

using Milliseconds = std::chrono::duration<double, std::milli>;

// How long something took, many times.
class Durations
{
public:
    void add(Milliseconds time) { m_all.push_back(time); }
    std::size_t count() const { return m_all.size(); }
    Milliseconds quantile(double part) const; // 0 where there is none
    void clear() { m_all.clear(); }

private:
    std::vector<Milliseconds> m_all;
};

// Ten people who do what clients are for: each edits a document that they share and lists the collection, through the public
// client library. What they wait for is measured. One thread, with an event loop.
class OrdinaryClients : public QObject
{
public:
    static constexpr int kClients = 10;

    explicit OrdinaryClients(const QUrl &server);
    ~OrdinaryClients() override;

    bool begin();        // everybody is online and has the document
    void work(bool on);  // whether they edit and read
    bool settle();       // whether everything that was edited is acknowledged, and every list is answered

    // From an edit to its acknowledgement, and from a question to its answer; since the last clear().
    Durations edits, reads;
    const std::set<EventId> &edited() const { return m_edited; } // each must be in the log exactly once
    const std::map<std::string, int> &failures() const { return m_failures; }

private:
    struct Person;
    void edit(Person &person);
    void read(Person &person);

    std::vector<std::unique_ptr<Person>> m_people;
    std::set<EventId> m_edited;
    std::map<std::string, int> m_failures; // of reads: an edit waits until it is taken
    QTimer m_edits, m_reads;
};

extern const char *const kSharedDocument;
extern const char *const kOrdinaryCollection;

} // namespace eventsync::abuse
