#include "tests/contract/network_contract.hpp"

#include "sim/ns3/ns3_network.hpp"

namespace millrace {
namespace {

Result<std::unique_ptr<Network>> make_bbr(NetworkSpec spec) {
  spec.tcp_variant = "bbr";
  return make_ns3_network(spec);
}

INSTANTIATE_TEST_SUITE_P(
    Ns3, NetworkContract,
    testing::Values(NetworkUnderTest{"raw", Transport::raw,
                                     [](const NetworkSpec& spec) { return make_ns3_network(spec); }},
                    NetworkUnderTest{"tcp", Transport::tcp,
                                     [](const NetworkSpec& spec) { return make_ns3_network(spec); }},
                    NetworkUnderTest{"tcp_bbr", Transport::tcp, make_bbr}),
    name_of);

}  // namespace
}  // namespace millrace
