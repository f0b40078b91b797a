// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::desktop::test {

class EditorTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void placesMoveWithTheirText_data();
    void placesMoveWithTheirText();
    void showsAnyTextUnitForUnit_data();
    void showsAnyTextUnitForUnit();
    void writesWhatIsTyped_data();
    void writesWhatIsTyped();
    void remoteEditsOfEqualLettersMoveNothingElse();
    void aTextWrittenAnewChangesOnlyWhatDiffers();
    void halvesOfPairsShowAsReplacement();
    void whatIsRefusedStaysAndIsTriedAgain();
    void whatIsRefusedStaysInItsPlaceWhileOthersWrite();
    void whatHasNoPlaceAnyMoreIsHandedOver_data();
    void whatHasNoPlaceAnyMoreIsHandedOver();
    void theOwnCursorStaysWithItsText_data();
    void theOwnCursorStaysWithItsText();
    void whatIsOnTheScreenStays();
    void aCompositionGoesOnWhileOthersWrite_data();
    void aCompositionGoesOnWhileOthersWrite();
    void undoIsLeftToTheOwner();
    void showsWhereOthersAre();
    void aNameOverTheTextGoesWhenItsCursorRests();
    void foreignPresenceIsNotTrusted_data();
    void foreignPresenceIsNotTrusted();
    void agreesAfterAnyEdits_data();
    void agreesAfterAnyEdits();
};

} // namespace eventsync::desktop::test
