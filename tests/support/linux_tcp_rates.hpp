// What Linux's TCP gets under loss: bulk transfers of Linux 6.18 over an emulated link of 20 Mbit/s, lossy
// both ways, in Mbit/s. Means of several runs, which differ by 5 to 20 % among themselves.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace millrace {

struct LinuxTcpRates {
  double loss_percent;
  std::int64_t delay_ms;  // one way
  double cubic, reno, bbr;

  std::array<std::pair<std::string, double>, 3> by_name() const {
    return {std::pair("cubic", cubic), std::pair("reno", reno), std::pair("bbr", bbr)};
  }
};

inline constexpr std::array kLinuxTcpRates{
    LinuxTcpRates{0.1, 5, 19.0, 19.1, 19.0},  LinuxTcpRates{0.1, 20, 12.1, 11.7, 18.9},
    LinuxTcpRates{0.1, 50, 5.62, 4.16, 19.0}, LinuxTcpRates{0.5, 5, 14.5, 15.5, 18.9},
    LinuxTcpRates{0.5, 20, 4.45, 4.83, 18.7}, LinuxTcpRates{0.5, 50, 2.26, 2.12, 18.8},
    LinuxTcpRates{1, 5, 9.66, 11.8, 18.8},    LinuxTcpRates{1, 20, 2.97, 3.24, 18.8},
    LinuxTcpRates{1, 50, 1.22, 1.25, 18.5},   LinuxTcpRates{2, 5, 6.60, 7.73, 18.6},
    LinuxTcpRates{2, 20, 1.86, 2.18, 18.6},   LinuxTcpRates{2, 50, 0.93, 0.91, 17.8}};

}  // namespace millrace
