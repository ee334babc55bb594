// Records to and from their wire form. Private to runtime/wire: the only header that uses Protocol Buffers.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/node/record.hpp"
#include "runtime/wire/wire.pb.h"

namespace millrace {

void to_wire(const Record& record, wire::Record& wire);
Result<Record> from_wire(const wire::Record& wire);

}  // namespace millrace
