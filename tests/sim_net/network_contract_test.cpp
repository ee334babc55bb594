#include "tests/contract/network_contract.hpp"

#include "sim/net/fluid_network.hpp"

namespace millrace {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Fluid, NetworkContract,
    testing::Values(NetworkUnderTest{"raw_framing", Transport::raw,
                                     [](const NetworkSpec& spec) { return make_fluid_network(spec); }},
                    NetworkUnderTest{"tcp_framing", Transport::tcp,
                                     [](const NetworkSpec& spec) { return make_fluid_network(spec); }}),
    name_of);

}  // namespace
}  // namespace millrace
