#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

#include "runtime/base/fleet_keys.hpp"

namespace millrace {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Memory = std::unique_ptr<BIO, Free>;

Error openssl_error(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return {what + ": " + text.data()};
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const auto length = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(length)};
}

Result<std::string> pem_of(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1)
    return openssl_error("writing a certificate");
  return text_of(memory.get());
}

Result<std::string> pem_of(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error("writing a key");
  return text_of(memory.get());
}

// A random number of 127 bits.
bool set_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, Free> number(BN_new());
  return number && BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Result<Certificate> unsigned_certificate(EVP_PKEY* key, const std::string& name,
                                         CertificateAuthority::Validity validity) {
  Certificate made(X509_new());
  constexpr long kVersion3 = 2;
  if (!made || X509_set_version(made.get(), kVersion3) != 1 || !set_serial(made.get()) ||
      X509_gmtime_adj(X509_getm_notBefore(made.get()), validity.from_s) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(made.get()), validity.until_s) == nullptr ||
      X509_set_pubkey(made.get(), key) != 1 ||
      X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) != 1) {
    return openssl_error("making a certificate");
  }
  return made;
}

// Millrace itself reads the URIs only; the DNS names are for other programs, such as Prometheus, which
// expects the same name from every agent of a job.
std::string alternative_names(const CertifiedNames& names) {
  std::string text;
  const auto add = [&text](const std::string& name) { text += (text.empty() ? "" : ",") + name; };
  if (names.host) add("URI:urn:millrace:host");
  if (names.scraper) add("URI:urn:millrace:scraper");
  for (const auto& device : names.devices) {
    add("URI:urn:millrace:device:" + device);
    add("DNS:" + device);
  }
  if (!names.devices.empty()) add("DNS:" + std::string(kAgentName));
  return text;
}

}  // namespace

struct CertificateAuthority::Parts {
  Key key;
  Certificate certificate;
  std::string pem;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::create(Validity validity) {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("making a key");
  auto made = unsigned_certificate(key.get(), "millrace throw-away authority", validity);
  if (!made) return made.error();
  auto& certificate = *made;
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) != 1 ||
      !add_extension(certificate.get(), certificate.get(), NID_basic_constraints,
                     "critical,CA:TRUE,pathlen:0") ||
      !add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign") ||
      !add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_error("making an authority");
  }
  auto pem = pem_of(certificate.get());
  if (!pem) return pem.error();
  return CertificateAuthority(
      std::unique_ptr<Parts>(new Parts{std::move(key), std::move(certificate), std::move(*pem)}));
}

Result<CertificateAuthority> CertificateAuthority::load(const PemPair& pem) {
  const auto reader = [](const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  const auto certificate_text = reader(pem.certificate), key_text = reader(pem.key);
  Certificate certificate(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1)
    return openssl_error("reading an authority");
  return CertificateAuthority(
      std::unique_ptr<Parts>(new Parts{std::move(key), std::move(certificate), pem.certificate}));
}

const std::string& CertificateAuthority::certificate() const { return parts_->pem; }
Result<std::string> CertificateAuthority::key() const { return pem_of(parts_->key.get()); }

Result<PemPair> CertificateAuthority::issue(const CertifiedNames& names, Validity validity) const {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("making a key");
  const auto name = names.host               ? std::string("host")
                    : !names.devices.empty() ? names.devices.front()
                                             : std::string(names.scraper ? "scraper" : "host");
  auto made = unsigned_certificate(key.get(), name, validity);
  if (!made) return made.error();
  auto* certificate = made->get();
  auto* issuer = parts_->certificate.get();
  const auto alternatives = alternative_names(names);
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
      !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth") ||
      !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") ||
      (!alternatives.empty() && !add_extension(certificate, issuer, NID_subject_alt_name, alternatives)) ||
      X509_sign(certificate, parts_->key.get(), EVP_sha256()) == 0) {
    return openssl_error("making a certificate");
  }
  auto certificate_text = pem_of(certificate), key_text = pem_of(key.get());
  if (!certificate_text) return certificate_text.error();
  if (!key_text) return key_text.error();
  return PemPair{std::move(*certificate_text), std::move(*key_text)};
}

}  // namespace millrace
