// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class CodecTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void randomMessagesSurviveBothCodecs_data();
    void randomMessagesSurviveBothCodecs();
    void theDirectWaysAgreeWithTheGeneralOnes();
    void damagedPushesAreReadAlikeOnBothWays();
    void jsonFramesAreCanonical();
    void storedBytesGoOutUntouched();
    void aMessageIsEncodedOncePerCodec();
    void anotherProtocolIsReadAsSuch();
    void unknownFieldsOfMessagesAreIgnored();
    void listsOfMessagesAreRead();
    void resultsCannotPretend();
    void whatAnEventMayBeFitsAFrameOfEitherCodec_data();
    void whatAnEventMayBeFitsAFrameOfEitherCodec();
};
