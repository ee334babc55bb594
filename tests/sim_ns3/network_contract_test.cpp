#include "tests/contract/network_contract.hpp"

#include "sim/ns3/ns3_network.hpp"

namespace millrace {
namespace {

Result<std::unique_ptr<Network>> make_bbr(NetworkSpec spec, const NetworkTaps& taps) {
  spec.tcp_variant = "bbr";
  return make_ns3_network(spec, taps);
}

INSTANTIATE_TEST_SUITE_P(Ns3, NetworkContract,
                         testing::Values(NetworkUnderTest{"raw", Transport::raw, make_ns3_network},
                                         NetworkUnderTest{"tcp", Transport::tcp, make_ns3_network},
                                         NetworkUnderTest{"tcp_bbr", Transport::tcp, make_bbr}),
                         name_of_network);

}  // namespace
}  // namespace millrace
