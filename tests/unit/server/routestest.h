// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "httpclient.h"

#include <QObject>

namespace eventsync::server {

class RoutesTest : public QObject
{
    Q_OBJECT

public:
    explicit RoutesTest(StoreLocation::Kind kind) : m_kind(kind) {}

private Q_SLOTS:
    void initTestCase();
    void init();

    void createdDocumentIsReadBackWithItsVersion();
    void createMakesAnIdWhereNoneIsGiven();
    void secondCreateOfAnIdIsRefused();
    void anIdBelongsToItsCollectionForEver();
    void integersThatWouldBeRoundedAreRefused();
    void putCreatesAndReplaces();
    void patchesOfBothKindsChangeTheDocument();
    void crdtDocumentsAreWrittenAsJson();
    void crdtDocumentsAreReadInEveryFormat();
    void crdtPatchesArePushedOverHttp();
    void aDocumentKeepsItsKind();
    void deletedDocumentIsGoneAndItsPastIsNot();
    void deletionGivesTheDocumentToWhoPrefersIt();
    void documentOfAnotherCollectionIsNotThere();
    void staleIfMatchIsRefusedAndChangesNothing();
    void ifNoneMatchSavesTheBody();
    void putIfNoneMatchStarCreatesOnlyOnce();
    void editThatChangesNothingKeepsTheVersion();
    void engineFieldsAreAddedAndIgnored();
    void policyRefusesANegativeCounter();
    void pastVersionsAreRead();
    void listFiltersSortsAndReducesFields();
    void listGoesPageByPage();
    void aPageTokenOfLongTextsFitsTheNextRequest();
    void aListEndsItsPageAtItsBytes();
    void largeAnswersAreCompressedToo();
    void aLargeExchangeIsRead();
    void aLongListIsEmptiedByOnePut();
    void clocksBesideEventsCountInTheAnswer();
    void eventsComeAsAListAfterAPosition();
    void eventsComeWithTheirClocks();
    void eventsComeLive();
    void liveEventsResumeFromTheLastEventId();
    void eventsThatCatchUpHaveIds();
    void aLastEventIdOfAnotherHistoryIsToldDiverged_data();
    void aLastEventIdOfAnotherHistoryIsToldDiverged();
    void aLastEventIdThatCannotBeFollowedIsAnError();
    void snapshotsAreMadeAndRead();
    void aNullDocumentIsNotADeletedOne();
    void stateVectorsTellWhoHasWhat();
    void exchangePullsAndPushes();
    void exchangeNeedsNoClientToRead();
    void exchangeRefusesThePositionsThatASubscribeRefuses_data();
    void exchangeRefusesThePositionsThatASubscribeRefuses();
    void exchangeKeepsWhatTheClientHas();
    void exchangeAnswersARepetitionAsDuplicate();
    void exchangeTellsWhatAConflictIsAbout();
    void exchangeTellsOfADivergedHistory();
    void idempotencyKeyRepeatsTheFirstAnswer();
    void idempotencyKeyKeepsFinalRefusalsOnly();
    void idempotencyKeyIsRecognisedBeforeConditions_data();
    void idempotencyKeyIsRecognisedBeforeConditions();
    void aWriteThatChangedNothingIsKeptToo();
    void idempotencyKeyOfAnotherRequestIsRefused();
    void headersThatNameNothingAreRefused_data();
    void headersThatNameNothingAreRefused();
    void requestsOfOneKeyAtATimeWriteOnce();
    void writesAreNumberedUnderTheirClient();
    void statusRoutesAnswer();
    void thePageIsServedWithAStrictPolicy();
    void theFilesOfThePageHaveTheirTypes();
    void everyRouteIsDescribedInOpenApi();
    void badInputHasItsNamedError_data();
    void badInputHasItsNamedError();

private:
    Reply create(const QByteArray &id, const QByteArray &state, const QByteArray &collection = "games");

    const StoreLocation::Kind m_kind;
    std::unique_ptr<RunningServer> m_server;
    std::unique_ptr<HttpClient> m_http;
    int m_count = 0;
    QByteArray m_id; // a new one for each test
};

} // namespace eventsync::server
