// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>

// How large the classes of a C++ source are, without a compiler: enough to notice one that hides a second noun.
struct ClassSize
{
    QString name;
    int functions = 0;      // declared or defined in the class; not deleted or defaulted ones
    int members = 0;        // data members that are not static
    bool hasReason = false; // the comment before it says "Large because"
};

QList<ClassSize> classSizes(const QString &source);
