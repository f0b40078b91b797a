// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

#include <desktop/icons.h>

#include <QCoreApplication>

#include <functional>

namespace eventsync::desktop {

// What people call a replica.
using NameOf = std::function<QString(const ClientId &)>;

// The engine's values in words for a person, in the person's language. Stateless; the GUI thread.
class Texts
{
    Q_DECLARE_TR_FUNCTIONS(eventsync::desktop::Texts)

public:
    static QString error(const Error &error); // a sentence for the code; the engine's English detail only where it helps
    static QString operation(Operation operation);
    static QString entryState(const client::QueueEntry &entry);
    static Icon entryIcon(const client::QueueEntry &entry);
    static QString connection(client::SyncClient::State state);
    static Icon connectionIcon(client::SyncClient::State state);

    static QString value(const json::Value &value);          // on one line, strings in quotes
    static QString state(const json::State &state);          // the same, or "(not there)"
    static QString change(Operation operation, const Diff &diff); // "gold +50, name = "Zoe""
    static QString time(Timestamp time);                     // the person's clock; the date too, unless it is today
    static QString clock(const VectorClock &clock, const NameOf &nameOf); // "alice 3, bob 1"
    static QString shortId(const std::string &id);           // long ids in their middle cut

    static QString fromUtf8(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }
};

} // namespace eventsync::desktop
