// SPDX-License-Identifier: Apache-2.0
#include <desktop/panels/peoplelabel.h>

#include <QPainter>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWidest = 300, kNameWidth = 110, kDot = 8, kGap = 6;

} // namespace

PeopleLabel::PeopleLabel(Session &session, QWidget *parent) : QLabel(parent), m_session(session)
{
    setObjectName("people"_L1);
    setTextFormat(Qt::PlainText);
    connect(&session, &Session::peopleChanged, this, [this](const DocumentId &id) {
        if (id == m_id)
            refresh();
    });
    connect(&session, &Session::namesLearned, this, &PeopleLabel::refresh);
    hide();
}

void PeopleLabel::setDocument(const std::optional<DocumentId> &id)
{
    m_id = id;
    refresh();
}

void PeopleLabel::refresh()
{
    m_people = m_id ? m_session.people(*m_id) : People();
    QStringList names;
    for (const Person &person : m_people)
        names += m_session.personName(person);
    setText(names.join(", "_L1)); // the painted names, for screen readers
    setToolTip(names.isEmpty() ? QString() : tr("They look at this document now: %1").arg(names.join(", "_L1)));
    setVisible(!names.isEmpty());
    updateGeometry();
    update();
}

QSize PeopleLabel::minimumSizeHint() const
{
    return {fontMetrics().horizontalAdvance(u"+99"_s) + 2 * kGap, fontMetrics().height() + 4};
}

QSize PeopleLabel::sizeHint() const
{
    int width = kGap;
    for (const Person &person : m_people)
        width += kDot + 2 * kGap + 4 + std::min(kNameWidth, fontMetrics().horizontalAdvance(m_session.personName(person)));
    return {std::min(width, kWidest), minimumSizeHint().height()};
}

void PeopleLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    int x = kGap;
    for (std::size_t i = 0; i < m_people.size(); ++i) {
        const QString name = fontMetrics().elidedText(m_session.personName(m_people[i]), Qt::ElideRight, kNameWidth);
        const int needed = kDot + kGap + fontMetrics().horizontalAdvance(name);
        const QString rest = u"+%1"_s.arg(m_people.size() - i);
        const bool isLast = i + 1 == m_people.size();
        if (x + needed + (isLast ? 0 : kGap + 4 + fontMetrics().horizontalAdvance(rest)) > width()) {
            painter.setPen(palette().color(QPalette::WindowText));
            painter.drawText(QRect(x, 0, width() - x, height()), int(Qt::AlignLeading | Qt::AlignVCenter), rest);
            return;
        }
        painter.setPen(Qt::NoPen);
        painter.setBrush(colourOf(m_people[i].id, palette()));
        painter.drawEllipse(x, (height() - kDot) / 2, kDot, kDot);
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(QRect(x + kDot + kGap, 0, needed, height()), int(Qt::AlignLeading | Qt::AlignVCenter), name);
        x += needed + kGap + 4;
    }
}

} // namespace eventsync::desktop
