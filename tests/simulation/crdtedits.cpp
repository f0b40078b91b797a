// SPDX-License-Identifier: Apache-2.0
#include "crdtedits.h"

#include "ledger.h"

#include <eventsync/base/random.h>

namespace eventsync::simulation {

using crdt::Api;

namespace {

QString word(SeededRandom &random)
{
    static const QString kWords[] = {QStringLiteral("a"), QStringLiteral("bc"), QStringLiteral("안녕"), QStringLiteral("😀"),
                                     QStringLiteral("x😀y"), QStringLiteral("def g")};
    return kWords[random.below(6)];
}

json::Value value(SeededRandom &random)
{
    switch (random.below(5)) {
    case 0:
        return static_cast<std::int64_t>(random.below(100));
    case 1:
        return json::Value(json::String(word(random).toStdString()));
    case 2:
        return json::Array{static_cast<std::int64_t>(random.below(10)), "in a list"};
    case 3:
        return json::Object{{"deep", json::String(word(random).toStdString())}};
    default:
        return nullptr;
    }
}

std::string key(SeededRandom &random)
{
    return "k" + std::to_string(random.below(4));
}

Result<> editText(Api &api, const std::string &pointer, SeededRandom &random)
{
    EVENTSYNC_TRY(crdt::StrApi str, api.str(pointer));
    const qsizetype length = str.length();
    const auto at = static_cast<qsizetype>(random.below(static_cast<std::uint64_t>(length) + 1));
    if (length > 0 && random.below(3) == 0)
        return str.del(at, std::min<qsizetype>(1 + static_cast<qsizetype>(random.below(4)), length - at)); // fails within a pair
    return str.ins(random.below(3) ? at : length, word(random));
}

Result<> editList(Api &api, SeededRandom &random)
{
    EVENTSYNC_TRY(crdt::ArrApi list, api.arr("/list"));
    const std::size_t length = list.length();
    const std::size_t at = random.below(length + 1);
    switch (random.below(4)) {
    case 0:
        return list.del(at, 1); // fails behind the last
    case 1:
        return list.upd(at, value(random));
    default:
        return list.ins(at, {value(random), value(random)});
    }
}

Result<> editObject(Api &api, SeededRandom &random)
{
    EVENTSYNC_TRY(crdt::ObjApi object, api.obj("/o"));
    const std::string name = key(random);
    switch (random.below(4)) {
    case 0:
        return object.del(name);
    case 1:
        if (api.str("/o/" + name + "/deep"))
            return editText(api, "/o/" + name + "/deep", random);
        [[fallthrough]];
    default:
        return object.set(name, value(random));
    }
}

} // namespace

bool isCrdt(const DocumentId &id)
{
    return id.text().starts_with("text");
}

CollectionName collectionOf(const DocumentId &id)
{
    return CollectionName(isCrdt(id) ? "notes" : "things");
}

json::Value freshCrdt(std::uint64_t randomBits)
{
    return json::Object{{"text", "start"}, {"list", json::Array{1, "two"}}, {"o", json::Object{{"k0", "zero"}}},
                        {"n", static_cast<std::int64_t>(randomBits % 10)}};
}

client::ClientCore::CrdtEdit randomCrdtEdit(std::uint64_t randomBits)
{
    return [randomBits](Api &api) -> Result<> {
        SeededRandom random(randomBits);
        for (std::uint64_t count = 1 + random.below(3); count > 0; --count) {
            switch (random.below(6)) {
            case 0:
                EVENTSYNC_CHECK(editList(api, random));
                break;
            case 1:
                EVENTSYNC_CHECK(editObject(api, random));
                break;
            case 2: {
                EVENTSYNC_TRY(crdt::ObjApi root, api.obj(""));
                EVENTSYNC_CHECK(random.below(8) ? root.set("n", value(random)) : root.set("text", json::Value("anew")));
                break;
            }
            default:
                EVENTSYNC_CHECK(editText(api, "/text", random));
                break;
            }
        }
        return {};
    };
}

void editCrdtValue(json::Value &value, std::uint64_t randomBits)
{
    SeededRandom random(randomBits);
    json::Object *object = value.if_object();
    if (!object)
        return;
    json::Value *text = object->if_contains("text"), *list = object->if_contains("list");
    if (random.below(2) && text && text->is_string())
        text->get_string().append(word(random).toStdString());
    else if (random.below(2) && list && list->is_array() && !list->get_array().empty())
        list->get_array().erase(list->get_array().begin());
    else
        (*object)[key(random)] = simulation::value(random);
}

bool isWrittenAgain(const Diff &one, const Diff &other)
{
    if (!one.isCrdt() || !other.isCrdt() || !one.hasChanges() || !other.hasChanges())
        return false;
    const auto a = crdt::Patch::decode(one.crdt()), b = crdt::Patch::decode(other.crdt());
    if (!a || !b || a->span() != b->span())
        return false;
    const crdt::IdSpan ids = a->idSpan(), others = b->idSpan();
    return a->renamed([&](crdt::Id id) {
                const bool isOwn = id.sid == ids.sid && id.time >= ids.time && id.time < ids.end();
                return isOwn ? others.first().plus(id.time - ids.time) : id;
            }) == *b;
}

void EditorText::read(const crdt::Document *document)
{
    m_node = crdt::kOrigin;
    m_text.clear();
    if (!document)
        return;
    Api api(const_cast<crdt::Document &>(*document)); // to read only
    if (const auto str = api.str("/text")) {
        m_node = str->id();
        std::u16string units; // as they are: half of a pair, whose other half somebody deleted, is told as it is too
        const crdt::Sequence &sequence = document->node(document->find(m_node)).sequence();
        sequence.appendUtf16(units, 0, sequence.length());
        m_text = QString::fromStdU16String(units);
    }
}

void EditorText::follow(const client::CrdtChanged &notification, const crdt::Document *document, const std::string &who)
{
    const crdt::Id node = m_node;
    QString text = m_text;
    read(document);
    if (notification.reset || node != m_node || node == crdt::kOrigin)
        return;
    for (const client::CrdtChange &change : notification.changes) {
        if (change.kind == crdt::Change::Kind::Text && change.node == node)
            text.replace(static_cast<qsizetype>(change.position), static_cast<qsizetype>(change.removed), change.text);
    }
    if (text != m_text)
        throw Violation("editor", who + ": the changes told lead to \"" + text.toStdString() + "\", the document has \"" +
                                      m_text.toStdString() + "\"");
}

} // namespace eventsync::simulation
