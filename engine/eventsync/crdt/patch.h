// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/operation.h>

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace eventsync::crdt {

/// A patch, read in place from bytes that it does not own, without allocation. Operations have consecutive ids, so the patch's
/// id and the operations' lengths determine all ids. Immutable; any thread.
class PatchView
{
public:
    /// Checks every byte; a valid patch can be read without further checks. InvalidValue.
    static Result<PatchView> decode(std::string_view bytes);
    /// The same into an existing view.
    Result<> read(std::string_view bytes);

    Id id() const { return m_id; }
    std::uint64_t span() const { return m_span; }
    IdSpan idSpan() const { return {m_id.sid, m_id.time, m_span}; }
    std::uint64_t operationCount() const { return m_count; }
    std::string_view bytes() const { return m_bytes; }
    std::optional<json::Value> meta() const; ///< attached by the author; not interpreted
    const Operation &first() const { return m_few.front(); }

    /// Calls f(operation) for each one, in order.
    template<class F>
    void forEach(F &&f) const
    {
        if (m_count <= kFew) {
            for (std::uint64_t i = 0; i < m_count; ++i)
                f(m_few[i]);
            return;
        }
        ByteReader in(m_operations);
        std::uint64_t time = m_id.time;
        Operation operation;
        for (std::uint64_t i = 0; i < m_count; ++i) {
            readAgain(in, m_id.sid, time, operation);
            time += operation.span;
            f(operation);
        }
    }

private:
    friend class Patch;
    static constexpr std::size_t kFew = 2; // the operations of one key press or one set value
    Id m_id;
    std::uint64_t m_span = 0;
    std::uint64_t m_count = 0;
    std::string_view m_bytes;
    std::string_view m_meta;
    std::string_view m_operations;
    std::array<Operation, kFew> m_few;
};

/// A patch that keeps its bytes: the binary encoding is the object. A value; any thread (immutable).
class Patch
{
public:
    Patch() = default; ///< no operations: applies as nothing, encodes as nothing
    static Result<Patch> decode(Bytes bytes);
    static Result<Patch> fromVerbose(std::string_view json);
    static Result<Patch> fromCompact(std::string_view json);

    bool isEmpty() const { return m_bytes.empty(); }
    const Bytes &bytes() const { return m_bytes; }
    PatchView view() const;
    Id id() const { return view().id(); }
    std::uint64_t span() const { return view().span(); }
    IdSpan idSpan() const { return view().idSpan(); }

    std::string toVerbose() const;
    std::string toCompact() const;

    /// The same operations with the patch's first id at `time`: for patches that were not sent yet. Ids of the patch's own
    /// session from `from` on (default: its own) are shifted as well, also in deleted spans.
    Patch rebased(std::uint64_t time, std::optional<std::uint64_t> from = {}) const;
    /// The same operations under another session: every id of the patch's session from its first on is renamed.
    Patch withSession(std::uint64_t sid) const;
    /// The same operations with renamed ids, the patch's own included. Consecutive ids must stay consecutive.
    Patch renamed(const std::function<Id(Id)> &rename) const;
    /// Adjacent inserts of text that continue each other are joined. Same ids, same effect, fewer bytes.
    Patch compacted() const;
    /// One patch from several of one session with ascending ids; gaps become nop. InvalidValue if they are not that.
    static Result<Patch> combined(const std::vector<Patch> &patches);

    bool operator==(const Patch &other) const { return m_bytes == other.m_bytes; }

private:
    friend class PatchBuilder;
    explicit Patch(Bytes checked) : m_bytes(std::move(checked)) {}
    Bytes m_bytes;
};

/// Writes the operations of one patch, in order, directly into its binary form. The ids are consecutive from the one given;
/// skipTo() leaves a gap (a nop). Contents must be valid: text UTF-8 and not empty, lists not empty, indices up to 255. Owner
/// only.
class PatchBuilder
{
public:
    PatchBuilder() = default;
    explicit PatchBuilder(Id first) { begin(first); }
    PatchBuilder(const PatchBuilder &) = delete;
    PatchBuilder &operator=(const PatchBuilder &) = delete;

    void begin(Id first); ///< discards what was written
    bool isEmpty() const { return m_count == 0; }
    Id next() const { return {m_first.sid, m_time}; }
    void skipTo(std::uint64_t time);
    void setMeta(const json::Value &meta);

    Id newCon(const Constant &constant);
    Id newNode(OpCode code); ///< NewVal .. NewArr
    Id insVal(Id object, Id value);
    Id insObj(Id object, const std::vector<std::pair<std::string, Id>> &entries);
    Id insObj(Id object, std::string_view key, Id value);
    Id insVec(Id object, const std::vector<std::pair<std::uint32_t, Id>> &entries);
    Id insStr(Id object, Id ref, std::string_view utf8);
    Id insStr(Id object, Id ref, std::string_view utf8, std::uint64_t units); ///< the UTF-16 length, if known
    Id insBin(Id object, Id ref, std::string_view bytes);
    Id insArr(Id object, Id ref, const std::vector<Id> &elements);
    Id updArr(Id object, Id ref, Id value);
    Id del(Id object, std::span<const IdSpan> spans);
    Id del(Id object, std::initializer_list<IdSpan> spans) { return del(object, std::span(spans.begin(), spans.size())); }
    Id nop(std::uint64_t span);
    void copy(const Operation &operation, const std::function<Id(Id)> &rename); ///< with other ids inside

    Operation last() const; ///< the operation written last, read in place: valid until the next one
    Patch flush(); ///< the patch so far; the builder continues after it. May be empty
    void flush(Bytes &out); ///< the same into a reusable buffer

private:
    struct Session // its number in vu57
    {
        char bytes[8];
        std::size_t size = 0;
    };
    class Head;
    Id insContent(OpCode code, Id object, Id ref, std::string_view content, std::uint64_t span);
    Id take(std::uint64_t span)
    {
        const Id id = next();
        m_lastTime = m_time;
        m_lastStart = m_nextStart;
        m_nextStart = m_operations.size();
        m_time += span;
        ++m_count;
        return id;
    }
    void header(OpCode code, std::uint64_t length);
    void id(Id value);

    Id m_first;
    Session m_session;
    std::uint64_t m_time = 0;
    std::uint64_t m_count = 0;
    std::size_t m_lastStart = 0; // in m_operations: of the last operation, and of the next
    std::size_t m_nextStart = 0;
    std::uint64_t m_lastTime = 0;
    Bytes m_meta;
    Bytes m_operations;
    ByteWriter m_out{m_operations};
};

} // namespace eventsync::crdt
