// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QStringList>

class ConformanceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyOrderLeadsToTheStoredDocument_data();
    void everyOrderLeadsToTheStoredDocument();
    void modelsDecodeAndEncodeToTheSameBytes_data();
    void modelsDecodeAndEncodeToTheSameBytes();
    void patchesEncodeToTheBytesTheyCameFrom_data();
    void patchesEncodeToTheBytesTheyCameFrom();

private:
    void addTraces();
    QStringList m_traces;
};
