// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/patchid.h>

#include <algorithm>

namespace eventsync::crdtsync {

namespace {

std::string littleEndian(std::uint64_t value)
{
    std::string bytes(8, '\0');
    for (char &byte : bytes) {
        byte = static_cast<char>(value & 0xFF);
        value >>= 8;
    }
    return bytes;
}

} // namespace

PatchDigest PatchDigest::of(const PatchId &id, const crdt::Patch &patch)
{
    Sha256 hash;
    hash.add(littleEndian(static_cast<std::uint64_t>(id.replica.value())));
    hash.add(littleEndian(static_cast<std::uint64_t>(id.number.value())));
    hash.add(patch.bytes());
    return fromDigest(hash.finish());
}

PatchDigest PatchDigest::fromDigest(const Digest &digest)
{
    PatchDigest patchDigest;
    for (std::size_t i = 0; i < digest.bytes.size(); ++i)
        patchDigest.m_words[i / 8] |= std::uint64_t(digest.bytes[i]) << (i % 8 * 8);
    return patchDigest;
}

Digest PatchDigest::toDigest() const
{
    Digest digest;
    for (std::size_t i = 0; i < digest.bytes.size(); ++i)
        digest.bytes[i] = static_cast<unsigned char>(m_words[i / 8] >> (i % 8 * 8));
    return digest;
}

PatchDigest &PatchDigest::operator+=(const PatchDigest &other)
{
    __extension__ using Wide = unsigned __int128;
    Wide carry = 0;
    for (std::size_t i = 0; i < m_words.size(); ++i) {
        carry += Wide(m_words[i]) + other.m_words[i];
        m_words[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    return *this;
}

Fingerprint Fingerprint::of(const PatchDigest &sum, std::int64_t count)
{
    Sha256 hash;
    hash.add(sum.toDigest().view()).add(littleEndian(static_cast<std::uint64_t>(count)));
    return fromBytes(hash.finish().view().substr(0, kBytes));
}

Fingerprint Fingerprint::fromBytes(std::string_view raw)
{
    Fingerprint fingerprint;
    std::copy_n(raw.begin(), std::min(raw.size(), kBytes), fingerprint.bytes.begin());
    return fingerprint;
}

} // namespace eventsync::crdtsync
