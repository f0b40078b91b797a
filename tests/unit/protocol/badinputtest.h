// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class BadInputTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void badFramesHaveNamedErrors_data();
    void badFramesHaveNamedErrors();
    void refusedMessagesNameTheirDocument();
    void badFieldsHaveNamedErrors_data();
    void badFieldsHaveNamedErrors();
    void limitsAreCharged_data();
    void limitsAreCharged();
    void aMissingFieldIsNamed_data();
    void aMissingFieldIsNamed();
    void aFieldOfAnotherTypeIsNamed_data();
    void aFieldOfAnotherTypeIsNamed();
    void aRefusedQueryTellsItsRequestId_data();
    void aRefusedQueryTellsItsRequestId();
};
