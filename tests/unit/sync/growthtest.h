// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// What messages alone can make the service keep, in memory and in the store.
class GrowthTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aConnectionWatchesSoManyCollections();
    void aWatcherThatDoesNotReadIsListedTheChangesAgain_data();
    void aWatcherThatDoesNotReadIsListedTheChangesAgain();
    void presenceHasRoomForSoMuch();
    void idsThatWroteNothingAreForgotten();
    void inventedIdsDoNotFillTheStore();
    void longReadsOfSubscriptionsAreInTheLane_data();
    void longReadsOfSubscriptionsAreInTheLane();
    void olderEventsAreReadForAPushAsFarAsThereIsRoom();
    void askingForSnapshotsOftenKeepsFew();
    void aNameBeyondThoseThatRestMayGiveIsNumberedWithTheOthers();
    void aFullClockTakesNoNewAuthor();
    void cursorsOfManyClientsForgetTheOldest();
};

} // namespace eventsync::sync::test
