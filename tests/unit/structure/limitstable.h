// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QList>
#include <QSet>
#include <QString>
#include <QStringList>

// The limits of one module, as its limits.h names them.
struct ModuleLimits
{
    struct Limit
    {
        QString name, value, meaning;
    };
    QString module, header; // "sync", "eventsync/sync/limits.h"
    QString about;
    QList<Limit> limits;
    QStringList faults; // lines that the page cannot show
};

// Every limit of the project: read from its headers, compared with the sources, written as a page.
class LimitsTable
{
public:
    // `reach`: what each module may include, itself among it; `modules`: their order on the page.
    LimitsTable(QString sourceFolder, const QStringList &modules, QHash<QString, QSet<QString>> reach);

    LimitsTable(const LimitsTable &) = delete;
    LimitsTable &operator=(const LimitsTable &) = delete;

    const QList<ModuleLimits> &modules() const { return m_modules; }
    QString page() const;            // docs/limits.md
    QStringList misplaced() const;   // limits that belong into another module
    QStringList wrongIncludes() const; // sources that name a limit without including its header, or the other way round

private:
    struct Source
    {
        QString name, module;
        QSet<QString> limits;  // that it names
        QSet<QString> headers; // limits.h that it includes
    };
    void readSources();

    const QString m_folder;
    const QHash<QString, QSet<QString>> m_reach;
    QList<ModuleLimits> m_modules;
    QHash<QString, const ModuleLimits *> m_moduleOf; // by the name of the limit
    QList<Source> m_sources;
};

ModuleLimits limitsIn(const QString &module, const QString &header, const QString &text);
