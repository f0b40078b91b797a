// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/eventloopexecutor.h>

#include <QEventLoop>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <atomic>
#include <vector>

using namespace eventsync;

class TestExecutor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tasksRunInOrderAndNeverInsidePost()
    {
        EventLoopExecutor executor;
        std::vector<int> ran;
        executor.post([&] {
            ran.push_back(1);
            executor.post([&] { ran.push_back(3); });
            QCOMPARE(ran.size(), std::size_t(1));
        });
        executor.post([&] { ran.push_back(2); });
        QVERIFY(ran.empty());
        QTRY_COMPARE(ran, (std::vector<int>{1, 2, 3}));
    }
    void orderIsKeptThroughANestedEventLoop()
    {
        EventLoopExecutor executor;
        std::vector<int> ran;
        executor.post([&] {
            ran.push_back(1);
            QEventLoop nested;
            executor.post([&] {
                ran.push_back(3);
                nested.quit();
            });
            nested.exec();
            ran.push_back(4);
        });
        executor.post([&] { ran.push_back(2); });
        QTRY_COMPARE(ran, (std::vector<int>{1, 2, 3, 4}));
    }
    void tasksOfADestroyedExecutorAreDropped()
    {
        int ran = 0;
        {
            EventLoopExecutor executor;
            executor.post([&] { ++ran; });
        }
        QCoreApplication::processEvents();
        QCOMPARE(ran, 0);
    }
    void aTaskMayDestroyItsExecutor()
    {
        auto executor = std::make_unique<EventLoopExecutor>();
        int ran = 0;
        executor->post([&] {
            ++ran;
            executor.reset();
        });
        executor->post([&] { ++ran; });
        QTRY_COMPARE(ran, 1);
        QCoreApplication::processEvents();
        QCOMPARE(ran, 1);
    }
    void aDroppedTaskMayPost()
    {
        struct Poster
        {
            EventLoopExecutor *executor;
            int *ran;
            ~Poster()
            {
                executor->post([count = ran] { ++*count; });
            }
        };
        int ran = 0;
        auto executor = std::make_unique<EventLoopExecutor>();
        executor->post([poster = std::shared_ptr<Poster>(new Poster{executor.get(), &ran})] {});
        executor->end();
        executor.reset();
        QCoreApplication::processEvents();
        QCOMPARE(ran, 0);
    }
    void waitingTasksThatHoldTheirExecutorGoWhenItEnds()
    {
        auto executor = std::make_shared<EventLoopExecutor>();
        auto held = std::make_shared<int>(0);
        const std::weak_ptr<int> watched = held;
        executor->post([executor, kept = std::move(held)] {});
        executor->end();
        QVERIFY(watched.expired());
        QCOMPARE(executor.use_count(), 1L);
    }
    void manyThreadsPostAndNothingIsLost()
    {
        QThread owner;
        owner.start();
        EventLoopExecutor executor(&owner);
        std::atomic<int> ran{0};
        std::vector<std::unique_ptr<QThread>> posters;
        for (int i = 0; i < 4; ++i) {
            posters.emplace_back(QThread::create([&] {
                for (int n = 0; n < 2000; ++n)
                    executor.post([&] { ran.fetch_add(1); });
            }));
            posters.back()->start();
        }
        for (const auto &poster : posters)
            QVERIFY(poster->wait(20'000));
        QTRY_COMPARE(ran.load(), 8000);
        owner.quit();
        QVERIFY(owner.wait(20'000));
    }
};

QTEST_GUILESS_MAIN(TestExecutor)
#include "tst_executor.moc"
