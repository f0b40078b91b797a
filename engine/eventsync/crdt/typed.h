// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>

#include <concepts>
#include <string>
#include <utility>

namespace eventsync::crdt {

/// Typed views over a document of a fixed shape: a struct whose members are fields with their paths.
///
///   struct Note : TypedView
///   {
///       using TypedView::TypedView;
///       TextField title{*this, "title"};
///       ValueField<std::int64_t> stars{*this, "stars"};
///       ListField<ValueField<bool>> done{*this, "done"};
///   };
///   Note note(api);             // or Note(api, "/notes/3")
///   note.title->ins(0, u"할 일"_s);
///   note.stars.set(5);
///
/// A view has no values of its own: it reads the document each time, and returns NotFound or Invalid if the document has
/// another shape.
class TypedView
{
public:
    explicit TypedView(Api &api, std::string pointer = {}) : m_api(&api), m_pointer(std::move(pointer)) {}
    Api &api() const { return *m_api; }
    const std::string &pointer() const { return m_pointer; }

private:
    Api *m_api;
    std::string m_pointer;
};

/// A member of a TypedView, by its pointer.
class Field
{
public:
    Field(const TypedView &view, std::string_view name) : Field(view.api(), view.pointer() + '/' + std::string(name)) {}
    Field(Api &api, std::string pointer) : m_api(&api), m_pointer(std::move(pointer)) {}
    const std::string &pointer() const { return m_pointer; }

protected:
    Api *m_api;
    std::string m_pointer;
};

/// A member that is a text.
class TextField : public Field
{
public:
    using Field::Field;
    Result<StrApi> operator*() const { return m_api->str(m_pointer); }
    /// For chains; the call fails with NotFound if the text is not there.
    struct Arrow
    {
        StrApi str;
        StrApi *operator->() { return &str; }
    };
    Arrow operator->() const { return Arrow{m_api->str(m_pointer).value_or(StrApi(*m_api, kOrigin))}; }
    QString text() const { return (*this)->text(); }
};

/// A boolean, a number or a short text that is replaced as a whole.
template<class T>
class ValueField : public Field
{
public:
    using Field::Field;
    Result<T> get() const
    {
        EVENTSYNC_TRY(const NodeApi node, m_api->at(m_pointer));
        const json::Value view = node.view();
        if constexpr (std::same_as<T, bool>) {
            if (view.is_bool())
                return view.get_bool();
        } else if constexpr (std::integral<T>) {
            if (view.is_int64() && std::in_range<T>(view.get_int64()))
                return static_cast<T>(view.get_int64());
        } else if constexpr (std::floating_point<T>) {
            if (view.is_number())
                return static_cast<T>(view.is_double() ? view.get_double() : static_cast<double>(view.get_int64()));
        } else {
            static_assert(std::same_as<T, QString>, "bool, a number or QString");
            if (view.is_string())
                return QString::fromUtf8(view.get_string().data(), static_cast<qsizetype>(view.get_string().size()));
        }
        return failure(ErrorCode::Invalid, "a value of another type", m_pointer);
    }
    Result<> set(const T &value)
    {
        if constexpr (std::same_as<T, QString>)
            return put(json::Value(boost::json::string(value.toStdString())));
        else
            return put(json::Value(value));
    }

private:
    Result<> put(const json::Value &value)
    {
        const std::size_t slash = m_pointer.rfind('/');
        if (auto val = m_api->val(m_pointer))
            return val->set(value);
        EVENTSYNC_TRY(ObjApi obj, m_api->obj(std::string_view(m_pointer).substr(0, slash)));
        std::string key = m_pointer.substr(slash + 1);
        for (std::size_t at = 0; (at = key.find('~', at)) != std::string::npos; ++at)
            key.replace(at, 2, key[at + 1] == '0' ? "~" : "/");
        const Constant constant = value; // replaced as a whole, texts too
        return obj.setConstant(key, constant);
    }
};

/// A list; `Element` is a field or another typed view.
template<class Element>
class ListField : public Field
{
public:
    using Field::Field;
    Result<ArrApi> operator*() const { return m_api->arr(m_pointer); }
    std::size_t size() const
    {
        const auto arr = m_api->arr(m_pointer);
        return arr ? arr->length() : 0;
    }
    Element at(std::size_t index) const { return Element(*m_api, m_pointer + '/' + std::to_string(index)); }
    Result<> append(const json::Value &value)
    {
        EVENTSYNC_TRY(ArrApi arr, m_api->arr(m_pointer));
        return arr.ins(arr.length(), {value});
    }
};

} // namespace eventsync::crdt
