#include "tests/contract/network_contract.hpp"

#include "sim/net/fluid_network.hpp"

namespace millrace {
namespace {

INSTANTIATE_TEST_SUITE_P(Fluid, NetworkContract,
                         testing::Values(NetworkUnderTest{"raw_framing", Transport::raw, make_fluid_network},
                                         NetworkUnderTest{"tcp_framing", Transport::tcp, make_fluid_network}),
                         name_of_network);

}  // namespace
}  // namespace millrace
