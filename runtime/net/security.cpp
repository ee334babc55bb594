#include "runtime/net/security.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/base/log.hpp"
#include "runtime/net/asio_tls.hpp"

namespace millrace {

namespace {

constexpr std::string_view kHostUri = "urn:millrace:host";
constexpr std::string_view kScraperUri = "urn:millrace:scraper";
constexpr std::string_view kDeviceUri = "urn:millrace:device:";
// The most bytes of certificates that a stranger may send.
constexpr long kLongestChain = 16 << 10;

PeerNames names_in(const X509* certificate) {
  PeerNames names;
  auto* list =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_URI) continue;
    const auto* text = name->d.uniformResourceIdentifier;
    const std::string_view uri(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (uri == kHostUri) names.host = true;
    if (uri == kScraperUri) names.scraper = true;
    if (uri.starts_with(kDeviceUri)) names.devices.emplace(uri.substr(kDeviceUri.size()));
  }
  GENERAL_NAMES_free(list);
  return names;
}

// OpenSSL's own codes do not say that a file is missing, so this asks the system.
Error bad_keys(const std::string& file, const error_code& error) {
  const auto finding = access(file.c_str(), R_OK) != 0 ? std::string(std::strerror(errno))
                                                       : "it cannot be used: " + error.message();
  return {
      fmt::format("{}: {}; `millrace keys` makes a folder with ca.crt, node.crt and node.key", file, finding),
      ExitCode::authentication};
}

}  // namespace

std::string to_string(const PeerNames& names) {
  if (names.host) return "the host";
  if (names.scraper && names.devices.empty()) return "a scraper of figures";
  if (names.devices.empty()) return "nobody known";
  return fmt::format("device {}", fmt::join(names.devices, ", "));
}

Security::Security() : impl_(std::make_unique<Impl>()) {}
Security::~Security() = default;

Result<std::shared_ptr<const Security>> Security::load(const std::string& folder) {
  const std::shared_ptr<Security> made(new Security());
  auto& context = made->impl_->context;
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_max_early_data(native, 0);
  SSL_CTX_set_max_cert_list(native, kLongestChain);
  context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  error_code error;
  const auto ca = folder + "/ca.crt", certificate = folder + "/node.crt", key = folder + "/node.key";
  if (context.load_verify_file(ca, error)) return bad_keys(ca, error);
  if (context.use_certificate_chain_file(certificate, error)) return bad_keys(certificate, error);
  if (context.use_private_key_file(key, asio::ssl::context::pem, error)) return bad_keys(key, error);
  struct stat facts {};
  if (stat(key.c_str(), &facts) == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    log_warning("{}: others than its owner can read it; chmod 600 keeps the key secret", key);
  made->own_ = names_in(SSL_CTX_get0_certificate(native));
  return std::shared_ptr<const Security>(made);
}

Result<std::shared_ptr<const Security>> Security::load_for_host(const std::string& folder) {
  auto keys = load(folder);
  if (keys && !(*keys)->own().host)
    return Error{
        fmt::format("--keys {}: these are the keys of {}, and a host takes the folder host/ that `millrace "
                    "keys` made beside it",
                    folder, to_string((*keys)->own())),
        ExitCode::authentication};
  return keys;
}

Result<std::shared_ptr<const Security>> Security::load_for_agent(const std::string& folder,
                                                                 const std::vector<std::string>& devices) {
  auto keys = load(folder);
  if (!keys) return keys;
  const auto& own = (*keys)->own();
  const bool all =
      std::ranges::all_of(devices, [&](const auto& device) { return own.devices.contains(device); });
  if (own.devices.empty() || !all)
    return Error{
        fmt::format("--keys {}: these are the keys of {}, and an agent takes the folder of {} that "
                    "`millrace keys` made",
                    folder, to_string(own),
                    devices.empty() ? "its device" : fmt::format("device {}", fmt::join(devices, ", "))),
        ExitCode::authentication};
  return keys;
}

PeerNames names_of_peer(TlsStream& stream) {
  const auto* certificate = SSL_get0_peer_certificate(stream.native_handle());
  return certificate == nullptr ? PeerNames{} : names_in(certificate);
}

bool is_tls_error(error_code error) { return error.category() == asio::error::get_ssl_category(); }

bool met_no_tls(error_code error) {
  if (!is_tls_error(error)) return false;
  const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST;
}

Result<void> may_be_host(const std::optional<PeerNames>& names) {
  if (!names || names->host) return {};
  return Error{fmt::format("the certificate is that of {}, not of the host", to_string(*names)),
               ExitCode::authentication};
}

Result<void> may_read_figures(const std::optional<PeerNames>& names) {
  if (!names || names->host || names->scraper) return {};
  return Error{fmt::format("the certificate is that of {}, not of the host or a scraper", to_string(*names)),
               ExitCode::authentication};
}

Result<void> may_be_devices(const std::optional<PeerNames>& names, const std::vector<std::string>& devices) {
  if (!names) return {};
  for (const auto& device : devices) {
    if (!names->devices.contains(device)) {
      return Error{fmt::format("the certificate is that of {}, not of device {}", to_string(*names), device),
                   ExitCode::authentication};
    }
  }
  return {};
}

}  // namespace millrace
