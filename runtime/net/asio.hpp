// The only header that includes Boost.Asio's core. For .cpp files of runtime/net only, as it takes 3 s to
// compile.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp needs it and does not include it

#include <boost/asio.hpp>
#include <thread>

#include "runtime/net/io_loop.hpp"

namespace millrace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct IoLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;
};

}  // namespace millrace
