// SPDX-License-Identifier: Apache-2.0
//
// Applying a patch in place.
//
// Every step writes down how to take it back before the next one starts; read backwards, these steps are the inverse, and
// after a failure they are run at once. Values go from the document into the inverse by moving, so that nothing is copied
// but what the patch itself says. Two kinds of move are taken back by value: one that overwrites a member (undone as a move,
// it could find the path of the overwritten member shifted, where that leads through the array the value returns into),
// and one that puts an element before the element it came out of (its reverse would move a value below its own path).
//
// Size is charged before memory is used: each operation changes the canonical size by an amount found from the values it
// touches, and `copy` is refused before it copies. Where the size of a value cancels out (move) it is not measured.
// What else a few bytes of patch could ask for (shifting long arrays, measuring deep values again and again) is charged to
// limits::kPatchWork.
#include <eventsync/json/patch.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/bytes.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/json/footprintbuilder.h>
#include <eventsync/json/numbers.h>

#include <algorithm>

namespace eventsync::json {

namespace {

using Kind = OperationKind;

// Depth as depth() gives it, and how many values were looked at for it.
int depthCounted(const Value &value, std::uint64_t &seen)
{
    int inside = 0;
    ++seen;
    if (const Array *array = value.if_array()) {
        for (const Value &element : *array)
            inside = std::max(inside, depthCounted(element, seen));
    } else if (const Object *object = value.if_object()) {
        for (const auto &member : *object)
            inside = std::max(inside, depthCounted(member.value(), seen));
    } else {
        return 0;
    }
    return inside + 1;
}

class Applier
{
public:
    enum class Mode { Checked, Trusted }; // Trusted: taking back or redoing what was checked before

    Applier(Value &root, bool &present, bool mayBeAbsent, const ApplyOptions &options, Mode mode)
        : m_root(root), m_present(present), m_mayBeAbsent(mayBeAbsent), m_options(options), m_mode(mode)
    {
    }

    Result<Applied> run(const Patch &patch);

private:
    // Where a path leads: into an object under `key`, into an array at `index`, or to the root (no container).
    struct Place
    {
        Object *object = nullptr;
        Array *array = nullptr;
        std::string_view key = {};
        std::size_t index = 0; // == array->size(): behind the last element
        Value *target = nullptr;
        bool inArray = false; // an array on the way, or the container
    };
    enum class Want { Existing, Insertion };
    struct Taken
    {
        Value value;
        bool fromArray = false;
    };

    Result<> step(const PatchOperation &op);
    Result<> runAdd(const PatchOperation &op);
    Result<> runRemove(const PatchOperation &op);
    Result<> runReplace(const PatchOperation &op);
    Result<> runMove(const PatchOperation &op);
    Result<> runCopy(const PatchOperation &op);
    Result<> runTest(const PatchOperation &op);
    Result<> runInc(const PatchOperation &op);
    Result<> runMax(const PatchOperation &op);

    Result<Place> locate(const Pointer &path, Want want);
    Result<> checkDepth(const Pointer &path, const Value &value);
    Result<> charge(std::ptrdiff_t change);
    Result<> work(std::uint64_t amount);
    Result<std::optional<Value>> put(const Pointer &path, Place &place, Value &&value, std::ptrdiff_t valueSize);
    Value takeOut(Place &place);
    void noteWrite(const Pointer &path, const Place &place, bool structural, FootprintBuilder::By by);
    void touched(const Pointer &path, bool structural);
    Pointer resolved(const Pointer &path, const Place &place) const;
    void undoPut(const Pointer &path, const Place &place, std::optional<Value> &&old);

    void rollBack();
    Patch takeInverse();
    bool hasChanged(std::ptrdiff_t change);
    bool comparedBeforeAndAfter();
    std::vector<std::string> textsAt(const std::vector<Pointer> &paths) const;

    Value &m_root;
    bool &m_present;
    const bool m_mayBeAbsent;
    const ApplyOptions &m_options;
    const Mode m_mode;

    std::ptrdiff_t m_size = 0;
    std::uint64_t m_work = 0, m_copied = 0;
    std::vector<PatchOperation> m_undo; // in the order of the steps they take back
    FootprintBuilder m_footprint;
    std::vector<Pointer> m_touched; // what each effective step wrote
    bool m_shifted = false;         // a step wrote a whole array
    std::size_t m_effective = 0;    // steps that changed something when they ran
};

std::ptrdiff_t signedSize(std::size_t size)
{
    return static_cast<std::ptrdiff_t>(size);
}

// What a member or element adds to its container beside its own bytes.
std::ptrdiff_t framing(const Object *object, std::string_view key, std::size_t othersCount)
{
    return (object ? signedSize(canonicalStringSize(key)) + 1 : 0) + (othersCount > 0 ? 1 : 0);
}

Result<Applied> Applier::run(const Patch &patch)
{
    const bool wasPresent = m_present;
    const std::ptrdiff_t before = m_mode == Mode::Trusted ? 0
        : m_options.size                                  ? signedSize(*m_options.size)
        : wasPresent                                      ? signedSize(canonicalSize(m_root))
                                                          : 0;
    m_size = before;
    m_undo.reserve(patch.operations().size());
    std::size_t number = 0;
    for (const PatchOperation &op : patch.operations()) {
        if (Result<> done = step(op); !done) {
            EVENTSYNC_ASSERT(m_mode == Mode::Checked);
            rollBack();
            Error error = std::move(done).error();
            error.message = "operation " + std::to_string(number) + ": " + error.message;
            if (error.path.empty())
                error.path = op.path.toText();
            return failure(std::move(error));
        }
        ++number;
    }

    Applied applied;
    applied.sizeChange = m_size - before;
    if (m_options.wantFootprint)
        applied.footprint = std::move(m_footprint).finish(m_root);
    applied.changed = m_mode == Mode::Trusted || wasPresent != m_present || hasChanged(applied.sizeChange);
    if (m_options.wantInverse && applied.changed)
        applied.inverse = takeInverse();
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

Result<Applier::Place> Applier::locate(const Pointer &path, Want want)
{
    auto refuse = [&](std::string why) { return failure(ErrorCode::PatchFailed, std::move(why), path.toText()); };
    Place place;
    if (path.isRoot()) {
        place.target = m_present ? &m_root : nullptr;
        if (!place.target && want == Want::Existing)
            return refuse("no document");
        return place;
    }
    if (!m_present)
        return refuse("no document");

    Value *at = &m_root;
    const auto &tokens = path.tokens();
    for (std::size_t i = 0;; ++i) {
        const bool isLast = i + 1 == tokens.size();
        Value *next = nullptr;
        if (Object *object = at->if_object()) {
            next = object->if_contains(tokens[i]);
            if (isLast)
                place.object = object;
        } else if (Array *array = at->if_array()) {
            place.inArray = true;
            const bool isEnd = isLast && want == Want::Insertion && tokens[i] == "-";
            const auto index = isEnd ? std::optional(array->size()) : arrayIndex(tokens[i]);
            if (!index)
                return refuse("no array index: \"" + tokens[i] + '"');
            if (*index < array->size())
                next = &(*array)[*index];
            else if (!isLast || want == Want::Existing || *index > array->size())
                return refuse("no such array element");
            if (isLast) {
                place.array = array;
                place.index = *index;
            }
        } else {
            return refuse("the parent is no container");
        }
        if (isLast) {
            place.key = tokens[i];
            place.target = next;
            if (!next && want == Want::Existing)
                return refuse("no value");
            return place;
        }
        if (!next)
            return refuse("no parent");
        at = next;
    }
}

Result<> Applier::work(std::uint64_t amount)
{
    m_work += amount;
    if (m_mode == Mode::Checked && m_work > limits::kPatchWork)
        return failure(ErrorCode::TooLarge, "the patch asks for too much work");
    return {};
}

// To be called before the change is made: after a failure nothing has happened yet.
Result<> Applier::charge(std::ptrdiff_t change)
{
    if (m_mode == Mode::Checked && change > 0 && m_size + change > signedSize(m_options.limits.bytes))
        return failure(ErrorCode::TooLarge, "the document would have " + std::to_string(m_size + change) + " bytes");
    m_size += change;
    return {};
}

Result<> Applier::checkDepth(const Pointer &path, const Value &value)
{
    if (m_mode == Mode::Trusted)
        return {};
    std::uint64_t seen = 0;
    if (depthCounted(value, seen) + static_cast<int>(path.tokens().size()) > m_options.limits.depth)
        return failure(ErrorCode::TooDeep, "nested too deep");
    return work(seen);
}

// Puts a value where `place` says: a new member or element, or in place of an old member or the root, which it gives
// back. Fails before it changes anything.
Result<std::optional<Value>> Applier::put(const Pointer &path, Place &place, Value &&value, std::ptrdiff_t valueSize)
{
    std::optional<Value> old;
    if (place.array) {
        EVENTSYNC_CHECK(work(place.array->size() - place.index));
        EVENTSYNC_CHECK(charge(valueSize + framing(nullptr, {}, place.array->size())));
        place.array->insert(place.array->begin() + place.index, std::move(value));
    } else if (place.object && !place.target) {
        if (place.key.find('\0') != std::string_view::npos || !isValidUtf8(place.key))
            return failure(ErrorCode::InvalidValue, "a key that is not UTF-8 without NUL");
        EVENTSYNC_CHECK(charge(valueSize + framing(place.object, place.key, place.object->size())));
        place.object->emplace(place.key, std::move(value));
    } else if (place.target) {
        EVENTSYNC_CHECK(charge(valueSize - (m_mode == Mode::Trusted ? 0 : signedSize(canonicalSize(*place.target)))));
        old = std::move(*place.target);
        *place.target = std::move(value);
    } else {
        EVENTSYNC_ASSERT(path.isRoot());
        if (!m_mayBeAbsent)
            return failure(ErrorCode::PatchFailed, "no document");
        EVENTSYNC_CHECK(charge(valueSize));
        m_root = std::move(value);
        m_present = true;
    }
    return old;
}

// Takes an existing member or element out; the size is the caller's to charge.
Value Applier::takeOut(Place &place)
{
    Value value = std::move(*place.target);
    if (place.array)
        place.array->erase(place.array->begin() + place.index);
    else
        place.object->erase(place.key);
    return value;
}

Pointer Applier::resolved(const Pointer &path, const Place &place) const
{
    return place.array && path.last() == "-" ? path.parent().child(std::to_string(place.index)) : path;
}

void Applier::undoPut(const Pointer &path, const Place &place, std::optional<Value> &&old)
{
    if (old)
        m_undo.push_back({.kind = Kind::Replace, .path = path, .value = std::move(*old)});
    else
        m_undo.push_back({.kind = Kind::Remove, .path = resolved(path, place)});
}

void Applier::touched(const Pointer &path, bool structural)
{
    ++m_effective;
    m_shifted |= structural;
    m_touched.push_back(structural ? path.parent() : path);
}

// `structural`: an element came, went or moved, which writes the whole array.
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
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Insertion));
    EVENTSYNC_CHECK(checkDepth(op.path, op.value));
    const auto size = m_mode == Mode::Trusted ? 0 : signedSize(canonicalSize(op.value));
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, Value(op.value), size));
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::AddOrReplace);
    if (old && equal(*old, op.value))
        return {};
    touched(op.path, place.array != nullptr);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runReplace(const PatchOperation &op)
{
    const bool makesRoot = op.path.isRoot() && m_mayBeAbsent && !m_present;
    EVENTSYNC_TRY(Place place, locate(op.path, makesRoot ? Want::Insertion : Want::Existing));
    EVENTSYNC_CHECK(checkDepth(op.path, op.value));
    noteWrite(op.path, place, false, FootprintBuilder::By::AddOrReplace);
    if (place.target && equal(*place.target, op.value))
        return {};
    place.array = nullptr; // in place, not by insertion
    const auto size = m_mode == Mode::Trusted ? 0 : signedSize(canonicalSize(op.value));
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, Value(op.value), size));
    touched(op.path, false);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runRemove(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Existing));
    if (op.path.isRoot() && !m_mayBeAbsent)
        return failure(ErrorCode::PatchFailed, "the root cannot be removed");
    const std::ptrdiff_t size = m_mode == Mode::Trusted ? 0 : signedSize(canonicalSize(*place.target));
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::Other);
    if (op.path.isRoot()) {
        m_undo.push_back({.kind = Kind::Add, .path = op.path, .value = std::move(m_root)});
        m_root = nullptr;
        m_present = false;
        m_size -= size;
        touched(op.path, false);
        return {};
    }
    if (place.array)
        EVENTSYNC_CHECK(work(place.array->size() - place.index));
    const std::size_t others = (place.array ? place.array->size() : place.object->size()) - 1;
    m_size -= size + framing(place.object, place.key, others);
    m_undo.push_back({.kind = Kind::Add, .path = op.path, .value = takeOut(place)});
    touched(op.path, place.array != nullptr);
    return {};
}

Result<> Applier::runMove(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place from, locate(op.from, Want::Existing));
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
        EVENTSYNC_CHECK(checkDepth(op.path, *from.target));
    if (from.array)
        EVENTSYNC_CHECK(work(from.array->size() - from.index));

    // The value leaves first: the target path is read in what is left. From here on a failure puts it back.
    const std::size_t others = (from.array ? from.array->size() : from.object->size()) - 1;
    const std::ptrdiff_t left = framing(from.object, from.key, others);
    m_size -= left;
    Value value = takeOut(from);
    auto putBack = [&](Error error) {
        m_size += left;
        if (from.array)
            from.array->insert(from.array->begin() + from.index, std::move(value));
        else
            from.object->emplace(from.key, std::move(value));
        return failure(std::move(error));
    };
    Result<Place> to = locate(op.path, Want::Insertion);
    if (!to)
        return putBack(std::move(to).error());
    Value kept; // see the top of this file
    std::ptrdiff_t valueSize = 0;
    const bool byValue = (to->target && !to->array) || resolved(op.path, *to).isPrefixOf(op.from);
    if (byValue) {
        valueSize = signedSize(canonicalSize(value));
        m_copied += static_cast<std::uint64_t>(valueSize);
        if (m_mode == Mode::Checked && m_copied > m_options.limits.bytes)
            return putBack({ErrorCode::TooLarge, "the patch copies too much"});
        kept = value;
        m_size -= valueSize; // it left; put() charges it again
    }
    const Place target = *to;
    auto old = put(op.path, *to, std::move(value), valueSize);
    if (!old) {
        m_size += valueSize;
        return putBack(std::move(old).error());
    }
    if (m_options.wantFootprint) {
        m_footprint.read(op.from, from.inArray);
        noteWrite(op.from, from, from.array != nullptr, FootprintBuilder::By::Other);
        noteWrite(op.path, target, target.array != nullptr, FootprintBuilder::By::Other);
    }
    touched(op.from, from.array != nullptr);
    touched(op.path, target.array != nullptr);
    if (byValue) {
        m_undo.push_back({.kind = Kind::Add, .path = op.from, .value = std::move(kept)});
        undoPut(op.path, target, std::move(*old));
    } else {
        m_undo.push_back({.kind = Kind::Move, .path = op.from, .from = resolved(op.path, target)});
    }
    return {};
}

Result<> Applier::runCopy(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place from, locate(op.from, Want::Existing));
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Insertion));
    EVENTSYNC_CHECK(checkDepth(op.path, *from.target));
    const std::size_t size = canonicalSize(*from.target);
    m_copied += size;
    if (m_mode == Mode::Checked && m_copied > m_options.limits.bytes)
        return failure(ErrorCode::TooLarge, "the patch copies too much");
    // Charged here as well, so that a copy that will not fit is never made.
    if (m_mode == Mode::Checked && !place.target && m_size + signedSize(size) > signedSize(m_options.limits.bytes))
        return failure(ErrorCode::TooLarge, "the document would be too large");
    Value value = *from.target;
    if (m_options.wantFootprint)
        m_footprint.read(op.from, from.inArray);
    noteWrite(op.path, place, place.array != nullptr, FootprintBuilder::By::Other);
    if (place.target && !place.array && equal(*place.target, value))
        return {};
    EVENTSYNC_TRY(std::optional<Value> old, put(op.path, place, std::move(value), signedSize(size)));
    touched(op.path, place.array != nullptr);
    undoPut(op.path, place, std::move(old));
    return {};
}

Result<> Applier::runTest(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Existing));
    if (!equal(*place.target, op.value))
        return failure(ErrorCode::PatchFailed, "the value is another");
    if (m_options.wantFootprint)
        m_footprint.test(op.path, place.inArray);
    return {};
}

Result<> Applier::runInc(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Existing));
    if (!op.value.is_int64() || !isDomainInteger(op.value.get_int64()) || !place.target->is_int64())
        return failure(ErrorCode::PatchFailed, "inc needs two integers");
    const std::int64_t by = op.value.get_int64();
    const std::int64_t sum = place.target->get_int64() + by; // both below 2^53: cannot overflow
    if (!isDomainInteger(sum))
        return failure(ErrorCode::PatchFailed, "inc leaves the range of integers");
    const Value result(sum);
    EVENTSYNC_CHECK(charge(signedSize(canonicalSize(result)) - signedSize(canonicalSize(*place.target))));
    *place.target = result;
    if (m_options.wantFootprint)
        m_footprint.count(op.path, FootprintEntry::Kind::Inc, place.inArray);
    if (by != 0) {
        touched(op.path, false);
        m_undo.push_back({.kind = Kind::Inc, .path = op.path, .value = -by});
    }
    return {};
}

Result<> Applier::runMax(const PatchOperation &op)
{
    EVENTSYNC_TRY(Place place, locate(op.path, Want::Existing));
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
    EVENTSYNC_CHECK(charge(signedSize(canonicalSize(op.value)) - signedSize(canonicalSize(target))));
    touched(op.path, false);
    m_undo.push_back({.kind = Kind::Replace, .path = op.path, .value = std::move(target)});
    target = op.value;
    return {};
}

Patch Applier::takeInverse()
{
    std::reverse(m_undo.begin(), m_undo.end());
    return Patch(std::move(m_undo));
}

// Runs a patch that is known to fit, and gives back its inverse.
Patch runTrusted(Value &root, bool &present, const Patch &patch)
{
    const ApplyOptions options{.size = 0, .wantFootprint = false};
    auto applied = Applier(root, present, true, options, Applier::Mode::Trusted).run(patch);
    EVENTSYNC_ASSERT(applied.has_value());
    return std::move(applied->inverse);
}

void Applier::rollBack()
{
    const Patch inverse = takeInverse();
    runTrusted(m_root, m_present, inverse);
}

// Did the steps together change anything? Mostly plain: one effective step did, and so did steps that wrote apart from
// each other. Only where steps wrote on top of each other may the last have taken back the first.
bool Applier::hasChanged(std::ptrdiff_t change)
{
    if (m_effective == 0)
        return false;
    if (change != 0 || m_effective == 1)
        return true;
    std::sort(m_touched.begin(), m_touched.end());
    bool apart = !m_shifted;
    std::vector<Pointer> outermost;
    for (Pointer &path : m_touched) {
        if (!outermost.empty() && outermost.back().isPrefixOf(path))
            apart = false;
        else
            outermost.push_back(std::move(path));
    }
    m_touched = std::move(outermost);
    return apart || comparedBeforeAndAfter();
}

// Goes back, looks at what was there, and comes forward again; if nothing differs, it stays where it went back to.
bool Applier::comparedBeforeAndAfter()
{
    const auto after = textsAt(m_touched);
    const Patch redo = runTrusted(m_root, m_present, takeInverse());
    if (textsAt(m_touched) == after)
        return false;
    m_undo = runTrusted(m_root, m_present, redo).operations();
    std::reverse(m_undo.begin(), m_undo.end());
    return true;
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
    return Applier(document, present, false, options, Applier::Mode::Checked).run(patch);
}

Result<Applied> apply(State &document, const Patch &patch, const ApplyOptions &options)
{
    bool present = document.has_value();
    if (!present)
        document.emplace(nullptr);
    auto applied = Applier(*document, present, true, options, Applier::Mode::Checked).run(patch);
    if (!present)
        document.reset();
    return applied;
}

} // namespace eventsync::json
