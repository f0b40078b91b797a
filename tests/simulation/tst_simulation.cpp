// SPDX-License-Identifier: Apache-2.0
#include "hunt.h"

#include <QTest>

using namespace eventsync::simulation;

// The short version of ./dev simulate: G1 to G13 on the real code, under 300 seeds.
class TestSimulation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theSameSeedGivesTheSameSchedule()
    {
        const auto one = schedule(42), two = schedule(42), other = schedule(43);
        QCOMPARE(one.size(), two.size());
        for (std::size_t i = 0; i < one.size(); ++i)
            QVERIFY(one[i].kind == two[i].kind && one[i].randomBits == two[i].randomBits);
        QVERIFY(one.size() != other.size() || one.front().randomBits != other.front().randomBits);
    }
    void everyRunKeepsTheGuarantees()
    {
        const auto failures = hunt({.first = 1, .runs = 300});
        for (const Failure &failure : failures)
            explain(failure);
        QVERIFY2(failures.empty(), failures.empty() ? "" : failures.front().text.c_str());
    }
};

QTEST_GUILESS_MAIN(TestSimulation)
#include "tst_simulation.moc"
