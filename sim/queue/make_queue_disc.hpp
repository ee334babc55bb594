// A queue discipline by its name in scenarios.
#pragma once

#include <memory>

#include "runtime/base/random.hpp"
#include "runtime/base/units.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/queue/codel.hpp"
#include "sim/queue/drop_tail.hpp"
#include "sim/queue/fq_codel.hpp"
#include "sim/queue/pie.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

struct QueueDiscSetup {
  Bytes limit;           // of all that waits; FQ-CoDel counts it in full packets
  Bytes mtu;             // the size of a full packet, as packets' sizes are counted
  Random random{0, ""};  // PIE's
};

// REQUIRES setup.mtu > 0.
template <class Payload>
std::unique_ptr<QueueDisc<Payload>> make_queue_disc(QueueDiscipline discipline, QueueDiscSetup setup) {
  switch (discipline) {
    case QueueDiscipline::codel:
      return std::make_unique<Codel<Payload>>(setup.limit, setup.mtu);
    case QueueDiscipline::fq_codel:
      return std::make_unique<FqCodel<Payload>>(setup.limit, setup.mtu);
    case QueueDiscipline::pie:
      return std::make_unique<Pie<Payload>>(setup.limit, setup.random);
    case QueueDiscipline::drop_tail:
      break;
  }
  return std::make_unique<DropTail<Payload>>(setup.limit);
}

}  // namespace millrace
