// SPDX-License-Identifier: Apache-2.0
//
// Applying a patch in place.
//
// Every step records its own inverse before the next one starts (UndoJournal). In reverse order these are the inverse of the
// patch; after a failure they are executed at once. Values are moved from the document into the inverse, so only `copy` copies.
// Two kinds of move are undone by value: one that overwrites a member (undone as a move, it could find the path of the
// overwritten member shifted, where that leads through the array the value returns into), and one that puts an element before
// the element it came out of (its reverse would move a value below its own path).
//
// Steps can keep far more than they change: a large value that is copied and removed again is in the inverse completely. So a
// large inverse is replaced by one that restores the values at the written paths, if that is smaller; it is never larger than
// the state before.
//
// Size is charged before memory is used (PatchCosts): each operation changes the canonical size by an amount found from the
// values it touches, and `copy` is refused before it copies. Where the size of a value cancels out (move) it is not measured.
// What else a few bytes of patch could ask for (shifting long arrays, measuring deep values again and again) is charged to
// limits::kPatchWork.
#include <eventsync/json/patch.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/bytes.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/json/footprintbuilder_p.h>
#include <eventsync/json/heldbytes.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>
#include <eventsync/json/patchcosts_p.h>
#include <eventsync/json/place_p.h>
#include <eventsync/json/undojournal_p.h>

namespace eventsync::json {

namespace {

using Kind = OperationKind;

class Applier
{
public:
    // Unlimited costs are for undoing or redoing operations that were checked before.
    Applier(Value &root, bool &present, bool mayBeAbsent, const ApplyOptions &options, PatchCosts::Mode mode)
        : m_root(root), m_present(present), m_mayBeAbsent(mayBeAbsent), m_options(options), m_costs(options.limits, mode)
    {
    }

    Result<Applied> run(const Patch &patch);

private:
    Result<> step(const PatchOperation &op);
    Result<> runAdd(const PatchOperation &op);
    Result<> runRemove(const PatchOperation &op);
    Result<> runReplace(const PatchOperation &op);
    Result<> runMove(const PatchOperation &op);
    Result<> runCopy(const PatchOperation &op);
    Result<> runTest(const PatchOperation &op);
    Result<> runInc(const PatchOperation &op);
    Result<> runMax(const PatchOperation &op);

    Result<Place> at(const Pointer &path, Want want) { return locate(m_present ? &m_root : nullptr, path, want); }
    Result<std::optional<Value>> put(const Pointer &path, Place &place, Value &&value, std::ptrdiff_t valueSize);
    void noteWrite(const Pointer &path, const Place &place, bool structural, FootprintBuilder::By by);
    void undoPut(const Pointer &path, const Place &place, std::optional<Value> &&old);

    bool hasChanged(std::ptrdiff_t change);
    bool comparedBeforeAndAfter();
    Patch inverse(bool wasPresent);
    Patch placesAsBefore(const Patch &inverse);
    std::vector<std::string> textsAt(const std::vector<Pointer> &paths) const;

    Value &m_root;
    bool &m_present;
    const bool m_mayBeAbsent;
    const ApplyOptions &m_options;
    PatchCosts m_costs;
    UndoJournal m_journal;
    FootprintBuilder m_footprint;
};

// Executes a patch that is known to apply, and returns its inverse.
Patch runTrusted(Value &root, bool &present, const Patch &patch)
{
    const ApplyOptions options{.size = 0, .wantFootprint = false};
    auto applied = Applier(root, present, true, options, PatchCosts::Mode::Unlimited).run(patch);
    EVENTSYNC_ASSERT(applied.has_value());
    return std::move(applied->inverse);
}

Result<Applied> Applier::run(const Patch &patch)
{
    const bool wasPresent = m_present;
    const std::ptrdiff_t before = m_options.size && m_costs.isLimited() ? static_cast<std::ptrdiff_t>(*m_options.size)
        : wasPresent                                                    ? m_costs.sizeOf(m_root)
                                                                        : 0;
    m_costs.setSize(before);
    m_journal.reserve(patch.operations().size());
    std::size_t number = 0;
    for (const PatchOperation &op : patch.operations()) {
        if (Result<> done = step(op); !done) {
            EVENTSYNC_ASSERT(m_costs.isLimited());
            runTrusted(m_root, m_present, m_journal.takeInverse());
            Error error = std::move(done).error();
            error.message = "operation " + std::to_string(number) + ": " + error.message;
            if (error.path.empty())
                error.path = op.path.toText();
            return failure(std::move(error));
        }
        ++number;
    }

    Applied applied;
    applied.sizeChange = m_costs.size() - before;
    if (m_options.wantFootprint)
        applied.footprint = std::move(m_footprint).finish(m_root);
    applied.changed = !m_costs.isLimited() || wasPresent != m_present || hasChanged(applied.sizeChange);
    if (m_options.wantInverse && applied.changed)
        applied.inverse = inverse(wasPresent);
    return applied;
}

Result<> Applier::step(const PatchOperation &op)
{
    switch (op.kind) {
    case Kind::Add:
        return runAdd(op);
    case Kind::Remove:
        return runRemove(op);
    case Kind::Replace:
        return runReplace(op);
    case Kind::Move:
        return runMove(op);
    case Kind::Copy:
        return runCopy(op);
    case Kind::Test:
        return runTest(op);
    case Kind::Inc:
        return runInc(op);
    case Kind::Max:
        return runMax(op);
    }
    return failure(ErrorCode::PatchFailed, "an operation of unknown kind");
}

// Puts a value where `place` says: a new member or element, or in place of an old member or the root, which it gives
// back. Fails before it changes anything.
Result<std::optional<Value>> Applier::put(const Pointer &path, Place &place, Value &&value, std::ptrdiff_t valueSize)
{
    std::optional<Value> old;
    if (place.array) {
        EVENTSYNC_CHECK(m_costs.work(place.array->size() - place.index));
        EVENTSYNC_CHECK(m_costs.charge(valueSize + place.framing(place.siblings())));
        place.array->insert(place.array->begin() + place.index, std::move(value));
    } else if (place.object && !place.target) {
        if (place.key.find('\0') != std::string_view::npos || !isValidUtf8(place.key))
            return failure(ErrorCode::InvalidValue, "a key that is not UTF-8 without NUL");
        EVENTSYNC_CHECK(m_costs.charge(valueSize + place.framing(place.siblings())));
        place.object->emplace(place.key, std::move(value));
    } else if (place.target) {
        EVENTSYNC_CHECK(m_costs.charge(valueSize - m_costs.sizeOf(*place.target)));
        old = std::move(*place.target);
        *place.target = std::move(value);
    } else {
        EVENTSYNC_ASSERT(path.isRoot());
        if (!m_mayBeAbsent)
            return failure(ErrorCode::PatchFailed, "no document");
        EVENTSYNC_CHECK(m_costs.charge(valueSize));
        m_root = std::move(value);
        m_present = true;
    }
    return old;
}

void Applier::undoPut(const Pointer &path, const Place &place, std::optional<Value> &&old)
{
    if (old)
        m_journal.add({.kind = Kind::Replace, .path = path, .value = std::move(*old)});
    else
        m_journal.add({.kind = Kind::Remove, .path = place.resolved(path)});
}

// `structural`: an element was added, removed or moved, which writes the whole array.
void Applier::noteWrite(const Pointer &path, const Place &place, bool structural, FootprintBuilder::By by)
{
    if (!m_options.wantFootprint)
        return;
    if (path.isRoot())
        m_footprint.rootReplaced();
    else if (structural)
        m_footprint.write(path.parent(), true, FootprintBuilder::By::Other);
    else
        m_footprint.write(path, place.inArray, by);
}

Result<> Applier::runAdd(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, at(op.path, Want::Insertion));
    EVENTSYNC_CHECK(m_costs.depth(op.path, op.value));
    const auto size = m_costs.sizeOf(op.value);
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, Value(op.value), size));
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::AddOrReplace);
    if (old && equal(*old, op.value))
        return {};
    m_journal.touched(op.path, place.array != nullptr);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runReplace(const PatchOperation &op)
{
    const bool makesRoot = op.path.isRoot() && m_mayBeAbsent && !m_present;
    EVENTSYNC_TRY(Place place, at(op.path, makesRoot ? Want::Insertion : Want::Existing));
    EVENTSYNC_CHECK(m_costs.depth(op.path, op.value));
    noteWrite(op.path, place, false, FootprintBuilder::By::AddOrReplace);
    if (place.target && equal(*place.target, op.value))
        return {};
    place.array = nullptr; // in place, not by insertion
    const auto size = m_costs.sizeOf(op.value);
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, Value(op.value), size));
    m_journal.touched(op.path, false);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runRemove(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, at(op.path, Want::Existing));
    if (op.path.isRoot() && !m_mayBeAbsent)
        return failure(ErrorCode::PatchFailed, "the root cannot be removed");
    const std::ptrdiff_t size = m_costs.sizeOf(*place.target);
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::Other);
    if (op.path.isRoot()) {
        m_journal.add({.kind = Kind::Add, .path = op.path, .value = std::move(m_root)});
        m_root = nullptr;
        m_present = false;
        m_costs.give(-size);
        m_journal.touched(op.path, false);
        return {};
    }
    if (place.array)
        EVENTSYNC_CHECK(m_costs.work(place.array->size() - place.index));
    const std::size_t others = place.siblings() - 1;
    m_costs.give(-size - place.framing(others));
    m_journal.add({.kind = Kind::Add, .path = op.path, .value = place.takeOut()});
    m_journal.touched(op.path, place.array != nullptr);
    return {};
}

Result<> Applier::runMove(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place from, at(op.from, Want::Existing));
    if (op.from == op.path) {
        if (m_options.wantFootprint) {
            m_footprint.read(op.from, from.inArray);
            noteWrite(op.path, from, from.array != nullptr, FootprintBuilder::By::Other);
        }
        return {};
    }
    if (op.from.isPrefixOf(op.path))
        return failure(ErrorCode::PatchFailed, "a value cannot move into itself");
    if (op.path.tokens().size() > op.from.tokens().size())
        EVENTSYNC_CHECK(m_costs.depth(op.path, *from.target));
    if (from.array)
        EVENTSYNC_CHECK(m_costs.work(from.array->size() - from.index));

    // The value is removed first: the target path refers to the document without it. From here on a failure restores it.
    const std::size_t others = from.siblings() - 1;
    const std::ptrdiff_t left = from.framing(others);
    m_costs.give(-left);
    Value value = from.takeOut();
    auto putBack = [&](Error error) {
        m_costs.give(left);
        if (from.array)
            from.array->insert(from.array->begin() + from.index, std::move(value));
        else
            from.object->emplace(from.key, std::move(value));
        return failure(std::move(error));
    };
    Result<Place> to = at(op.path, Want::Insertion);
    if (!to)
        return putBack(std::move(to).error());
    Value kept; // see the top of this file
    std::ptrdiff_t valueSize = 0;
    const bool byValue = (to->target && !to->array) || to->resolved(op.path).isPrefixOf(op.from);
    if (byValue) {
        valueSize = m_costs.sizeOf(value);
        if (Result<> copied = m_costs.copy(valueSize); !copied)
            return putBack(std::move(copied).error());
        kept = value;
        m_costs.give(-valueSize); // it left; put() charges it again
    }
    const Place target = *to;
    auto old = put(op.path, *to, std::move(value), valueSize);
    if (!old) {
        m_costs.give(valueSize);
        return putBack(std::move(old).error());
    }
    if (m_options.wantFootprint) {
        m_footprint.read(op.from, from.inArray);
        noteWrite(op.from, from, from.array != nullptr, FootprintBuilder::By::Other);
        noteWrite(op.path, target, target.array != nullptr, FootprintBuilder::By::Other);
    }
    m_journal.touched(op.from, from.array != nullptr);
    m_journal.touched(op.path, target.array != nullptr);
    if (byValue) {
        m_journal.add({.kind = Kind::Add, .path = op.from, .value = std::move(kept)});
        undoPut(op.path, target, std::move(*old));
    } else {
        m_journal.add({.kind = Kind::Move, .path = op.from, .from = target.resolved(op.path)});
    }
    return {};
}

Result<> Applier::runCopy(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place from, at(op.from, Want::Existing));
    EVENTSYNC_TRY(Place place, at(op.path, Want::Insertion));
    EVENTSYNC_CHECK(m_costs.depth(op.path, *from.target));
    const std::ptrdiff_t size = m_costs.sizeOf(*from.target);
    EVENTSYNC_CHECK(m_costs.copy(size));
    if (!place.target) { // put() charges it again; here so that a copy that does not fit is never made
        EVENTSYNC_CHECK(m_costs.charge(size));
        m_costs.give(-size);
    }
    Value value = *from.target;
    if (m_options.wantFootprint)
        m_footprint.read(op.from, from.inArray);
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::Other);
    if (place.target && !place.array && equal(*place.target, value))
        return {};
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, std::move(value), size));
    m_journal.touched(op.path, place.array != nullptr);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runTest(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, at(op.path, Want::Existing));
    if (!equal(*place.target, op.value))
        return failure(ErrorCode::PatchFailed, "the value is another");
    if (m_options.wantFootprint)
        m_footprint.test(op.path, place.inArray);
    return {};
}

Result<> Applier::runInc(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, at(op.path, Want::Existing));
    if (!op.value.is_int64() || !isDomainInteger(op.value.get_int64()) || !place.target->is_int64())
        return failure(ErrorCode::PatchFailed, "inc needs two integers");
    const std::int64_t by = op.value.get_int64();
    const std::int64_t sum = place.target->get_int64() + by; // both below 2^53: cannot overflow
    if (!isDomainInteger(sum))
        return failure(ErrorCode::PatchFailed, "inc leaves the range of integers");
    const Value result(sum);
    EVENTSYNC_CHECK(m_costs.charge(m_costs.sizeOf(result) - m_costs.sizeOf(*place.target)));
    *place.target = result;
    if (m_options.wantFootprint)
        m_footprint.count(op.path, FootprintEntry::Kind::Inc, place.inArray);
    if (by != 0) {
        m_journal.touched(op.path, false);
        m_journal.add({.kind = Kind::Inc, .path = op.path, .value = -by});
    }
    return {};
}

Result<> Applier::runMax(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, at(op.path, Want::Existing));
    Value &target = *place.target;
    bool isLarger = false;
    if (target.is_int64() && op.value.is_int64() && isDomainInteger(op.value.get_int64())) {
        isLarger = op.value.get_int64() > target.get_int64();
    } else if (target.is_string() && op.value.is_string() && isTimestampText(std::string_view(target.get_string()))
               && isTimestampText(std::string_view(op.value.get_string()))) {
        isLarger = op.value.get_string() > target.get_string();
    } else {
        return failure(ErrorCode::PatchFailed, "max needs two integers or two times");
    }
    if (m_options.wantFootprint)
        m_footprint.count(op.path, FootprintEntry::Kind::Max, place.inArray);
    if (!isLarger)
        return {};
    EVENTSYNC_CHECK(m_costs.charge(m_costs.sizeOf(op.value) - m_costs.sizeOf(target)));
    m_journal.touched(op.path, false);
    m_journal.add({.kind = Kind::Replace, .path = op.path, .value = std::move(target)});
    target = op.value;
    return {};
}

// Did the steps together change anything?
bool Applier::hasChanged(std::ptrdiff_t change)
{
    const UndoJournal::Outcome outcome = m_journal.outcome(change);
    return outcome == UndoJournal::Outcome::Unclear ? comparedBeforeAndAfter() : outcome == UndoJournal::Outcome::Changed;
}

// Reverts the steps, compares the values, and executes the steps again; if nothing differs, the steps stay reverted.
bool Applier::comparedBeforeAndAfter()
{
    const auto after = textsAt(m_journal.written());
    const Patch redo = runTrusted(m_root, m_present, m_journal.takeInverse());
    if (textsAt(m_journal.written()) == after)
        return false;
    m_journal.setInverse(runTrusted(m_root, m_present, redo));
    return true;
}

Patch Applier::inverse(bool wasPresent)
{
    Patch steps = m_journal.takeInverse();
    const bool isPlain = steps.operations().size() < 2 || !m_costs.isLimited() || !wasPresent || !m_present;
    if (isPlain || heldBytes(steps) <= limits::kInverseBytes)
        return steps;
    Patch places = placesAsBefore(steps);
    return heldBytes(places) < heldBytes(steps) ? places : steps;
}

// Reverts the steps to read the values before, and executes them again.
Patch Applier::placesAsBefore(const Patch &inverse)
{
    const std::vector<Pointer> &written = m_journal.written();
    const Patch redo = runTrusted(m_root, m_present, inverse);
    std::vector<std::optional<Value>> before;
    for (const Pointer &path : written) {
        const Value *value = find(std::as_const(m_root), path);
        before.push_back(value ? std::optional(*value) : std::nullopt);
    }
    runTrusted(m_root, m_present, redo);
    Patch places;
    for (std::size_t i = 0; i < written.size(); ++i) {
        const Value *now = find(std::as_const(m_root), written[i]);
        if (!before[i] && now)
            places.append({.kind = Kind::Remove, .path = written[i]});
        else if (before[i] && (!now || !equal(*now, *before[i])))
            places.append({.kind = now ? Kind::Replace : Kind::Add, .path = written[i], .value = std::move(*before[i])});
    }
    return places;
}

std::vector<std::string> Applier::textsAt(const std::vector<Pointer> &paths) const
{
    std::vector<std::string> texts;
    for (const Pointer &path : paths) {
        const Value *value = m_present ? find(std::as_const(m_root), path) : nullptr;
        texts.push_back(value ? canonical(*value) : std::string());
    }
    return texts;
}

} // namespace

Result<Applied> apply(Value &document, const Patch &patch, const ApplyOptions &options)
{
    bool present = true;
    return Applier(document, present, false, options, PatchCosts::Mode::Limited).run(patch);
}

Result<Applied> apply(State &document, const Patch &patch, const ApplyOptions &options)
{
    bool present = document.has_value();
    if (!present)
        document.emplace(nullptr);
    auto applied = Applier(*document, present, true, options, PatchCosts::Mode::Limited).run(patch);
    if (!present)
        document.reset();
    return applied;
}

} // namespace eventsync::json
