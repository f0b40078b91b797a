// SPDX-License-Identifier: Apache-2.0
#include <desktop/editor/people.h>

#include <QPalette>

#include <array>

namespace eventsync::desktop {

namespace {

json::Value idValue(crdt::Id id)
{
    return json::Array{std::int64_t(id.sid), std::int64_t(id.time)};
}

std::optional<crdt::Id> idFrom(const json::Object &object, const char *name)
{
    const json::Value *value = object.if_contains(name);
    if (!value || !value->is_array() || value->get_array().size() != 2)
        return std::nullopt;
    const json::Array &pair = value->get_array();
    if (!pair[0].is_int64() || !pair[1].is_int64() || pair[0].get_int64() < 0 || pair[1].get_int64() < 0)
        return std::nullopt;
    return crdt::Id{std::uint64_t(pair[0].get_int64()), std::uint64_t(pair[1].get_int64())};
}

} // namespace

json::Value presenceOf(const QString &name, const std::optional<TextSelection> &selection)
{
    json::Object presence;
    if (!name.isEmpty())
        presence["name"] = json::String(name.toStdString());
    if (selection) {
        presence["text"] = idValue(selection->text);
        presence["anchor"] = idValue(selection->anchor.after);
        presence["head"] = idValue(selection->head.after);
    }
    return presence;
}

QString nameFrom(const json::Value &name)
{
    if (!name.is_string())
        return {};
    return QString::fromUtf8(name.get_string().data(), qsizetype(name.get_string().size())).simplified().left(kNameLetters);
}

Person personFrom(const ClientId &id, const json::Value &presence)
{
    Person person{.id = id, .name = {}, .selection = {}};
    if (!presence.is_object())
        return person;
    const json::Object &object = presence.get_object();
    if (const json::Value *name = object.if_contains("name"))
        person.name = nameFrom(*name);
    const auto text = idFrom(object, "text"), anchor = idFrom(object, "anchor"), head = idFrom(object, "head");
    if (text && anchor && head)
        person.selection = TextSelection{*text, {*anchor}, {*head}};
    return person;
}

QColor colourOf(const ClientId &id, const QPalette &palette)
{
    struct Pair
    {
        QRgb light, dark; // on a light background, and on a dark one
    };
    static constexpr std::array<Pair, 8> colours = {{{0xffb3261e, 0xffff8a80}, {0xff1b5fb4, 0xff82b1ff}, {0xff1b6e2a, 0xff81c784},
                                                     {0xff8e24aa, 0xffce93d8}, {0xff9a5200, 0xffffb74d}, {0xff00696f, 0xff4dd0e1},
                                                     {0xffad1457, 0xfff48fb1}, {0xff4e5d00, 0xffdce775}}};
    std::uint32_t hash = 2166136261u; // FNV-1a: the same on every machine
    for (const char letter : id.text())
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
    const Pair &pair = colours[(hash >> 8) % colours.size()];
    return QColor::fromRgb(palette.color(QPalette::Base).lightness() < 128 ? pair.dark : pair.light);
}

} // namespace eventsync::desktop
