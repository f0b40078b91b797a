// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/digest.h>

#include <eventsync/base/assert.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

namespace eventsync {

struct Sha256::Context
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(md); }
};

namespace {

// Fetching the algorithm costs more than hashing an event: OpenSSL 3 looks it up by name unless the caller keeps it.
const EVP_MD *algorithm()
{
    // OpenSSL must not clean up at exit: a QThread counts as ended while its thread still frees objects of OpenSSL.
    static const EVP_MD *md = (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr), EVP_MD_fetch(nullptr, "SHA256", nullptr));
    EVENTSYNC_ASSERT(md);
    return md;
}

} // namespace

Sha256::Sha256() : m_context(std::make_unique<Context>())
{
    EVENTSYNC_ASSERT(m_context->md && EVP_DigestInit_ex(m_context->md, algorithm(), nullptr) == 1);
}

Sha256::~Sha256() = default;

Sha256 &Sha256::add(std::string_view bytes)
{
    EVENTSYNC_ASSERT(EVP_DigestUpdate(m_context->md, bytes.data(), bytes.size()) == 1);
    return *this;
}

Digest Sha256::finish()
{
    Digest digest;
    EVENTSYNC_ASSERT(EVP_DigestFinal_ex(m_context->md, digest.bytes.data(), nullptr) == 1);
    return digest;
}

// Each thread has one context, because creating it takes a third of the time of hashing an event.
Digest sha256(std::string_view bytes)
{
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    Digest digest;
    EVENTSYNC_ASSERT(context && EVP_DigestInit_ex(context.get(), algorithm(), nullptr) == 1 &&
                     EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                     EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr) == 1);
    return digest;
}

Result<Digest> Digest::fromBytes(std::string_view raw)
{
    Digest digest;
    if (raw.size() != digest.bytes.size())
        return failure(ErrorCode::InvalidValue, "a SHA-256 value has 32 bytes");
    std::copy(raw.begin(), raw.end(), digest.bytes.begin());
    return digest;
}

Result<Digest> Digest::fromHex(std::string_view text)
{
    EVENTSYNC_TRY(const Bytes raw, eventsync::fromHex(text));
    return fromBytes(raw);
}

} // namespace eventsync
