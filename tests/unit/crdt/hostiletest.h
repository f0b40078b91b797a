// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// What comes from somebody who does not mean well: bytes that are no document, and patches that no editor makes.
class HostileTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void brokenDocumentsAreRefused_data();
    void brokenDocumentsAreRefused();
    void nodeInTwoPlacesSurvivesEveryEncoding_data();
    void nodeInTwoPlacesSurvivesEveryEncoding();
    void constantsInTwoPlacesShowInBoth();
    void doublingsDoNotMultiply();
    void contentIsWrittenOnce();
    void placesOutsideTheDocumentDoNotCount();
};
