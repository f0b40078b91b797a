// SPDX-License-Identifier: Apache-2.0
#include <desktop/icons.h>

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPalette>
#include <QPixmap>

namespace eventsync::desktop {

namespace {

// All icons are drawn on 24 by 24 units with lines of two.
constexpr qreal kGrid = 24;

QPainterPath lines(std::initializer_list<std::initializer_list<QPointF>> strokes)
{
    QPainterPath path;
    for (const auto &stroke : strokes) {
        const QPointF *point = stroke.begin();
        path.moveTo(*point);
        while (++point != stroke.end())
            path.lineTo(*point);
    }
    return path;
}

// The strokes of both; QPainterPath's own + unites areas, in which lines have none.
QPainterPath both(QPainterPath a, const QPainterPath &b)
{
    a.addPath(b);
    return a;
}

QPainterPath circle(QPointF centre, qreal radius)
{
    QPainterPath path;
    path.addEllipse(centre, radius, radius);
    return path;
}

QPainterPath turn(bool forward)
{
    QPainterPath path;
    path.moveTo(4, 9);
    path.lineTo(15, 9);
    path.cubicTo(22, 9, 22, 19, 15, 19);
    path.lineTo(9, 19);
    path.addPath(lines({{{9, 4}, {4, 9}, {9, 14}}}));
    return forward ? QTransform(-1, 0, 0, 1, kGrid, 0).map(path) : path;
}

QPainterPath shape(Icon id)
{
    switch (id) {
    case Icon::Waiting: // a clock
        return both(circle({12, 12}, 9), lines({{{12, 6.5}, {12, 12}, {16, 14.5}}}));
    case Icon::Sent: // an arrow that leaves
        return lines({{{12, 20}, {12, 4}}, {{5, 11}, {12, 4}, {19, 11}}});
    case Icon::Conflict: // a warning triangle
        return lines({{{12, 3}, {22, 20}, {2, 20}, {12, 3}}, {{12, 10}, {12, 14}}, {{12, 17}, {12, 17.2}}});
    case Icon::DeadLetter:
    case Icon::Refused:
        return both(circle({12, 12}, 9), lines({{{8.5, 8.5}, {15.5, 15.5}}, {{15.5, 8.5}, {8.5, 15.5}}}));
    case Icon::Confirmed:
        return lines({{{4, 13}, {9.5, 18.5}, {20, 6}}});
    case Icon::Online:
        return both(circle({12, 12}, 9), lines({{{7.5, 12.5}, {11, 16}, {16.5, 9}}}));
    case Icon::Connecting:
        return both(circle({12, 12}, 9), lines({{{7.5, 12}, {7.7, 12}}, {{12, 12}, {12.2, 12}}, {{16.5, 12}, {16.7, 12}}}));
    case Icon::Offline:
        return both(circle({12, 12}, 9), lines({{{5.6, 5.6}, {18.4, 18.4}}}));
    case Icon::Add:
        return lines({{{12, 4}, {12, 20}}, {{4, 12}, {20, 12}}});
    case Icon::Delete:
        return lines({{{4, 6.5}, {20, 6.5}}, {{9, 6.5}, {9, 3.5}, {15, 3.5}, {15, 6.5}},
                      {{6, 6.5}, {7, 21}, {17, 21}, {18, 6.5}}, {{10, 11}, {10, 17}}, {{14, 11}, {14, 17}}});
    case Icon::Undo: return turn(false);
    case Icon::Redo: return turn(true);
    case Icon::Gold:
        return both(circle({12, 12}, 9), circle({12, 12}, 4.5));
    case Icon::Experience: // a star
        return lines({{{12, 2.5}, {14.8, 8.9}, {21.5, 9.5}, {16.4, 14}, {18, 20.8}, {12, 17.2}, {6, 20.8}, {7.6, 14},
                       {2.5, 9.5}, {9.2, 8.9}, {12, 2.5}}});
    case Icon::LevelUp:
        return lines({{{5, 12}, {12, 5}, {19, 12}}, {{5, 19}, {12, 12}, {19, 19}}});
    case Icon::Save: return shape(Icon::Confirmed);
    case Icon::Revert: return shape(Icon::Undo);
    case Icon::Sync: {
        QPainterPath path;
        path.arcMoveTo(4, 4, 16, 16, 20);
        path.arcTo(4, 4, 16, 16, 20, 150);
        path.arcMoveTo(4, 4, 16, 16, 200);
        path.arcTo(4, 4, 16, 16, 200, 150);
        return both(path, lines({{{19.5, 3.5}, {19.5, 9.2}, {14, 9.2}}, {{4.5, 20.5}, {4.5, 14.8}, {10, 14.8}}}));
    }
    case Icon::Window:
        return lines({{{3, 4}, {21, 4}, {21, 20}, {3, 20}, {3, 4}}, {{3, 9}, {21, 9}}});
    case Icon::Decide:
        return lines({{{12, 21}, {12, 13}, {5, 6}}, {{12, 13}, {19, 6}}, {{4.5, 11}, {4.5, 5.5}, {10, 5.5}},
                      {{19.5, 11}, {19.5, 5.5}, {14, 5.5}}});
    case Icon::Up:
        return lines({{{12, 20}, {12, 4}}, {{5, 11}, {12, 4}, {19, 11}}});
    case Icon::Down:
        return lines({{{12, 4}, {12, 20}}, {{5, 13}, {12, 20}, {19, 13}}});
    case Icon::Game: // a die
        return both(lines({{{4, 4}, {20, 4}, {20, 20}, {4, 20}, {4, 4}}}),
                    both(circle({8.5, 8.5}, 0.6), both(circle({12, 12}, 0.6), circle({15.5, 15.5}, 0.6))));
    case Icon::Text:
        return lines({{{4, 6}, {20, 6}}, {{4, 12}, {20, 12}}, {{4, 18}, {13, 18}}});
    case Icon::List:
        return both(lines({{{9, 6}, {20, 6}}, {{9, 12}, {20, 12}}, {{9, 18}, {20, 18}}}),
                    both(circle({4, 6}, 0.7), both(circle({4, 12}, 0.7), circle({4, 18}, 0.7))));
    }
    return {};
}

// Colours with enough contrast on the palette's own background; the rest is drawn in the text's colour.
QColor colour(Icon id, const QPalette &palette, QIcon::Mode mode)
{
    if (mode == QIcon::Selected)
        return palette.color(QPalette::Active, QPalette::HighlightedText);
    if (mode == QIcon::Disabled)
        return palette.color(QPalette::Disabled, QPalette::WindowText);
    const bool dark = palette.color(QPalette::Window).lightness() < 128;
    switch (id) {
    case Icon::Conflict:
    case Icon::Connecting:
        return dark ? QColor(0xff, 0xb7, 0x4d) : QColor(0x9a, 0x52, 0x00);
    case Icon::DeadLetter:
    case Icon::Refused:
        return dark ? QColor(0xff, 0x8a, 0x80) : QColor(0xb0, 0x1e, 0x1e);
    case Icon::Online:
    case Icon::Confirmed:
        return dark ? QColor(0x81, 0xc7, 0x84) : QColor(0x1b, 0x6e, 0x2a);
    default: return palette.color(QPalette::Active, QPalette::WindowText);
    }
}

class Engine final : public QIconEngine
{
public:
    explicit Engine(Icon id) : m_id(id) {}

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->translate(rect.topLeft());
        painter->scale(rect.width() / kGrid, rect.height() / kGrid);
        painter->strokePath(shape(m_id), QPen(colour(m_id, QGuiApplication::palette(), mode), 2, Qt::SolidLine,
                                                   Qt::RoundCap, Qt::RoundJoin));
        painter->restore();
    }

    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }

    QIconEngine *clone() const override { return new Engine(m_id); }

private:
    Icon m_id;
};

} // namespace

QIcon icon(Icon id)
{
    return QIcon(new Engine(id));
}

} // namespace eventsync::desktop
