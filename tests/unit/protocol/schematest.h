// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// docs/protocol.schema.json and docs/protocol-messages.md beside the codecs, both ways.
class SchemaTest : public QObject
{
    Q_OBJECT

public:
    static bool writePage(const QString &path);

private Q_SLOTS:
    void everyMessageHasASchema();
    void whatIsEncodedFitsTheSchemaAndIsNamedInIt();
    void flagsAreWrittenAsBooleans_data();
    void flagsAreWrittenAsBooleans();
    void theDecoderTakesWhatTheSchemaTakes_data();
    void theDecoderTakesWhatTheSchemaTakes();
    void thePageIsMadeFromTheSchema();
};
