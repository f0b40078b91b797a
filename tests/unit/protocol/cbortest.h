// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// The deterministic encoding of RFC 8949, with the examples of its appendix A where the value domain has them.
class CborTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void valuesHaveOneEncoding_data();
    void valuesHaveOneEncoding();
    void otherEncodingsAreRefused_data();
    void otherEncodingsAreRefused();
    void everyHalfIsReadAndWritten();
    void shortestFloatsAreChosen();
    void bytesStandWhereTheShapeSays();
    void canonicalJsonIsTranscoded();
    void otherTextIsNotTranscoded_data();
    void otherTextIsNotTranscoded();
    void depthIsChargedBeforeItIsEntered();
    void aClaimedLengthCostsNothing();
};
