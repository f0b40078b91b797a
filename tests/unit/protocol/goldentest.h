// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// The bytes of every message, in both codecs, against the files in golden/. They were checked by eye and with an
// independent CBOR reader; see main.cpp for writing them anew.
class GoldenTest : public QObject
{
    Q_OBJECT

public:
    static bool write(const QString &folder);

private Q_SLOTS:
    void everyTypeHasASample();
    void bytesAreGolden_data();
    void bytesAreGolden();
    void goldenBytesAreReadBack_data();
    void goldenBytesAreReadBack();
    void noPrefixIsAMessage_data();
    void noPrefixIsAMessage();
    void everyChangedByteIsAnAnswer_data();
    void everyChangedByteIsAnAnswer();
};
